//! A call as its row, and back.

use domain::budget::Quote;
use domain::call::{Call, Placement};
use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Answer, CallFacts, Correction, Ending, Source};
use domain::ids::{CallId, CampaignId, ProspectId, ScriptId, WorkspaceId};
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use domain::reaction::Reaction;
use domain::recording_consent::RecordingRuling;
use domain::refusal::RefusalMeaning;

use super::CallRecord;
use crate::store::entities::calls::Model;
use crate::store::scripts::ScriptVersion;
use crate::store::{StoreError, millis, month, time};

fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "calls", column }
}

/// A word of a closed list, or a row that is not understood.
fn word<T>(column: &'static str, text: &str, parse: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| corrupt(column))
}

fn number<N: TryFrom<i64>>(column: &'static str, stored: i64) -> Result<N, StoreError> {
    N::try_from(stored).map_err(|_| corrupt(column))
}

impl TryFrom<Model> for CallRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let ending = match (&row.ending_status, &row.ending_source) {
            (Some(status), Some(source)) => Some(Ending {
                status: word("ending_status", status, CarrierStatus::parse)?,
                source: word("ending_source", source, Source::parse)?,
                at: row.ended_at.map(time),
            }),
            _ => None,
        };
        let answer = match (&row.answered_by, &row.answered_by_source) {
            (Some(by), Some(source)) => Some(Answer {
                by: word("answered_by", by, AnsweredBy::parse)?,
                source: word("answered_by_source", source, Source::parse)?,
            }),
            _ => None,
        };
        let corrected = row.corrected_answered_by.as_deref();
        let correction = corrected.map(|by| {
            let by = word("corrected_answered_by", by, AnsweredBy::parse)?;
            Ok::<_, StoreError>(Correction { by, at: row.corrected_at.map(time) })
        });
        let facts = CallFacts {
            progress: row
                .progress
                .as_deref()
                .map(|p| word("progress", p, CarrierStatus::parse))
                .transpose()?,
            initiated_at: row.initiated_at.map(time),
            ringing_at: row.ringing_at.map(time),
            answered_at: row.answered_at.map(time),
            ending,
            duration_seconds: row.duration_seconds.map(|n| number("duration_seconds", n)).transpose()?,
            price: row.price_micros.map(Usd::from_micros),
            answer,
            correction: correction.transpose()?,
            sip_code: row.sip_code.map(|n| number("sip_code", n)).transpose()?,
            error_code: row.error_code.map(|n| number("error_code", n)).transpose()?,
            reaction: row.reaction.as_deref().map(|r| word("reaction", r, Reaction::parse)).transpose()?,
        };
        let script = match (row.script_id, row.script_version) {
            (Some(id), Some(version)) => Some(ScriptVersion {
                script: ScriptId::from_uuid(id),
                version: number("script_version", version)?,
            }),
            _ => None,
        };
        let call = Call {
            placement: word("placement", &row.placement, Placement::parse)?,
            refusal: row.refusal.as_deref().map(|r| word("refusal", r, RefusalMeaning::parse)).transpose()?,
            closed_at: row.closed_at.map(time),
            facts,
        };
        Ok(Self {
            id: CallId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            campaign: CampaignId::from_uuid(row.campaign_id),
            prospect: ProspectId::from_uuid(row.prospect_id),
            attempt: number("attempt", row.attempt)?,
            from: PhoneNumber::from_e164_unchecked(row.from_number),
            to: PhoneNumber::from_e164_unchecked(row.to_number),
            call,
            refusal_message: row.refusal_message,
            not_before: row.not_before.map(time),
            scheduled_for: row.scheduled_for.map(time),
            day: row.day.map(|day| day.parse().map_err(|_| corrupt("day"))).transpose()?,
            sends: number("sends", row.sends)?,
            armed_by: row.armed_by,
            armed_at: row.armed_at.map(time),
            placed_at: row.placed_at.map(time),
            carrier_sid: row.carrier_sid,
            recording_sid: row.recording_sid,
            end_requested_at: row.end_requested_at.map(time),
            next_poll_at: row.next_poll_at.map(time),
            polls: number("polls", row.polls)?,
            quote: Quote {
                worst_case: Usd::from_micros(row.worst_case_micros),
                beside_the_price: Usd::from_micros(row.beside_price_micros),
                second_call: Usd::from_micros(row.second_call_micros),
            },
            looked_at: row.looked_at.map(time),
            late: row.late,
            recording_ruling: row
                .recording_ruling
                .as_deref()
                .map(|ruling| word("recording_ruling", ruling, RecordingRuling::parse))
                .transpose()?,
            dial_by: row.dial_by.map(time),
            script,
            metadata: row.metadata,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

impl From<&CallRecord> for Model {
    fn from(record: &CallRecord) -> Self {
        let CallRecord { call, .. } = record;
        let facts = &call.facts;
        Self {
            id: record.id.uuid(),
            workspace_id: record.workspace.uuid(),
            campaign_id: record.campaign.uuid(),
            prospect_id: record.prospect.uuid(),
            attempt: record.attempt.into(),
            from_number: record.from.as_str().to_owned(),
            to_number: record.to.as_str().to_owned(),
            placement: call.placement.as_str().to_owned(),
            status: call.status().as_str().to_owned(),
            live: call.is_live(),
            disposition: call.disposition().map(|disposition| disposition.as_str().to_owned()),
            refusal: call.refusal.map(|meaning| meaning.as_str().to_owned()),
            refusal_message: record.refusal_message.clone(),
            closed_at: call.closed_at.map(millis),
            not_before: record.not_before.map(millis),
            scheduled_for: record.scheduled_for.map(millis),
            day: record.day.map(|day| day.to_string()),
            sends: record.sends.into(),
            armed_by: record.armed_by.clone(),
            armed_at: record.armed_at.map(millis),
            placed_at: record.placed_at.map(millis),
            carrier_sid: record.carrier_sid.clone(),
            progress: facts.progress.map(|status| status.as_str().to_owned()),
            initiated_at: facts.initiated_at.map(millis),
            ringing_at: facts.ringing_at.map(millis),
            answered_at: facts.answered_at.map(millis),
            ending_status: facts.ending.map(|ending| ending.status.as_str().to_owned()),
            ending_source: facts.ending.map(|ending| ending.source.as_str().to_owned()),
            ended_at: facts.ending.and_then(|ending| ending.at).map(millis),
            duration_seconds: facts.duration_seconds.map(Into::into),
            price_micros: facts.price.map(Usd::micros),
            answered_by: facts.answer.map(|answer| answer.by.as_str().to_owned()),
            answered_by_source: facts.answer.map(|answer| answer.source.as_str().to_owned()),
            sip_code: facts.sip_code.map(Into::into),
            error_code: facts.error_code.map(Into::into),
            recording_sid: record.recording_sid.clone(),
            end_requested_at: record.end_requested_at.map(millis),
            next_poll_at: record.next_poll_at.map(millis),
            polls: record.polls.into(),
            metadata: record.metadata.clone(),
            created_at: millis(record.created_at),
            updated_at: millis(record.updated_at),
            month: month(record.created_at),
            worst_case_micros: record.quote.worst_case.micros(),
            beside_price_micros: record.quote.beside_the_price.micros(),
            looked_at: record.looked_at.map(millis),
            late: record.late,
            dial_by: record.dial_by.map(millis),
            script_id: record.script.map(|said| said.script.uuid()),
            script_version: record.script.map(|said| said.version.into()),
            second_call_micros: record.quote.second_call.micros(),
            reaction: facts.reaction.map(|reaction| reaction.as_str().to_owned()),
            corrected_answered_by: facts.correction.map(|said| said.by.as_str().to_owned()),
            recording_ruling: record.recording_ruling.map(RecordingRuling::stored),
            corrected_at: facts.correction.and_then(|said| said.at).map(millis),
        }
    }
}
