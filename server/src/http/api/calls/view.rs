//! A call as the API shows it.

use domain::call::CallStatus;
use domain::ids::RecordingId;
use domain::phone_number::PhoneNumber;
use domain::recording_consent::RecordingRuling;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::actions::users::Role;
use crate::http::api::recordings::view::audio_url;
use crate::http::api::words::{maybe_time, stored_json, time};
use crate::http::state::{HttpState, ServerFacts};
use crate::store::StoreError;
use crate::store::calls::CallRecord;

/// One attempt to ring one prospect.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Call)]
pub struct CallView {
    /// `call_…`
    id: String,
    campaign_id: String,
    prospect_id: String,
    /// The how-many-eth attempt of this prospect, from 1.
    attempt: u32,
    /// Twilio's name for it, once it has one.
    twilio_call_sid: Option<String>,
    /// The number shown; its middle is hidden from listeners.
    from_number: String,
    /// The number rung; its middle is hidden from listeners.
    to_number: String,
    /// `queued`, `ringing`, `in-progress`, `completed`, `failed`, `busy`, `no-answer`, `canceled`, or `unknown` while
    /// the carrier's answer was lost.
    status: &'static str,
    /// Always `outbound-api`.
    direction: &'static str,
    /// How it ended for the campaign; null while it may still change.
    disposition: Option<&'static str>,
    /// What the person did by a key or after the tone: `confirmed`, `abandoned` (asked for a person and got none),
    /// `left_message`, `transferred` or `opted_out`.
    reaction: Option<&'static str>,
    /// What was said on it: `scr_…`.
    script_id: Option<String>,
    /// In this version.
    script_version: Option<u32>,
    /// Seconds of audio.
    duration: Option<u32>,
    /// Where it is heard, once it is stored here; for whoever may.
    recording_url: Option<String>,
    recording_sid: Option<String>,
    /// Whether it was to be recorded, and why: `announced`, `one_party` (recorded where one party's consent is enough), `all_parties`
    /// (not recorded: everybody must agree there) or `unknown_place` (not recorded). Null where the campaign does not record.
    recording_consent: Option<&'static str>,
    /// US dollars as a decimal, once rated.
    #[schema(example = "0.0140")]
    cost: Option<String>,
    /// Twilio's error code.
    error_code: Option<u32>,
    /// What went wrong and what it means.
    error_message: Option<String>,
    /// `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax` or `unknown`.
    /// What somebody of the team said counts most.
    answered_by: Option<&'static str>,
    /// The same by the carrier alone.
    answered_by_carrier: Option<&'static str>,
    /// When somebody of the team said who picked up; null when nobody did.
    #[schema(format = DateTime)]
    answered_by_corrected_at: Option<String>,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// When somebody wanted it made.
    #[schema(format = DateTime)]
    scheduled_for: Option<String>,
    timeline: Timeline,
    /// Your own JSON; empty for listeners.
    #[schema(value_type = Object)]
    metadata: Value,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// When what happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// Chosen to be made.
    #[schema(format = DateTime)]
    reserved_at: String,
    /// Committed to be sent.
    #[schema(format = DateTime)]
    armed_at: Option<String>,
    /// Taken by the carrier.
    #[schema(format = DateTime)]
    placed_at: Option<String>,
    /// Dialing began.
    #[schema(format = DateTime)]
    initiated_at: Option<String>,
    /// The phone began to ring.
    #[schema(format = DateTime)]
    ringing_at: Option<String>,
    /// Somebody or something picked up.
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    /// Somebody asked for its end.
    #[schema(format = DateTime)]
    end_requested_at: Option<String>,
    /// It was over.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl CallView {
    /// A call as it is now, for somebody with this role. Whoever only listens is told no whole number, and nothing in which
    /// one could stand.
    pub fn of(record: &CallRecord, recording: Option<RecordingId>, server: &ServerFacts, role: Role) -> Self {
        let call = &record.call;
        let facts = &call.facts;
        let ended_at = maybe_time(call.ended_at());
        Self {
            id: record.id.to_string(),
            campaign_id: record.campaign.to_string(),
            prospect_id: record.prospect.to_string(),
            attempt: record.attempt,
            twilio_call_sid: record.carrier_sid.clone(),
            from_number: number(&record.from, role),
            to_number: number(&record.to, role),
            status: call.status().as_str(),
            direction: "outbound-api",
            disposition: call.disposition().map(|disposition| disposition.as_str()),
            reaction: facts.reaction.map(|reaction| reaction.as_str()),
            script_id: record.script.map(|said| said.script.to_string()),
            script_version: record.script.map(|said| said.version),
            duration: facts.duration_seconds,
            recording_url: recording.map(|id| audio_url(id, server)),
            recording_sid: record.recording_sid.clone(),
            recording_consent: record.recording_ruling.map(RecordingRuling::as_str),
            cost: facts.price.map(|price| price.to_string()),
            error_code: facts.error_code,
            error_message: error_message(record, role),
            answered_by: facts.answered_by().map(|by| by.as_str()),
            answered_by_carrier: facts.answer.map(|answer| answer.by.as_str()),
            answered_by_corrected_at: maybe_time(facts.correction.and_then(|said| said.at)),
            started_at: maybe_time(facts.initiated_at.or(facts.ringing_at).or(facts.answered_at)),
            ended_at: ended_at.clone(),
            scheduled_for: maybe_time(record.scheduled_for),
            timeline: Timeline {
                reserved_at: time(record.created_at),
                armed_at: maybe_time(record.armed_at),
                placed_at: maybe_time(record.placed_at),
                initiated_at: maybe_time(facts.initiated_at),
                ringing_at: maybe_time(facts.ringing_at),
                answered_at: maybe_time(facts.answered_at),
                end_requested_at: maybe_time(record.end_requested_at),
                ended_at,
            },
            metadata: stored_json(if role > Role::Listener { &record.metadata } else { "{}" }),
            created_at: time(record.created_at),
            updated_at: time(record.updated_at),
        }
    }
}

/// Calls as they are shown, each with the address of its recording where that is stored.
pub async fn shown(state: &HttpState, calls: &[CallRecord], role: Role) -> Result<Vec<CallView>, StoreError> {
    let sids: Vec<&str> = calls.iter().filter_map(|call| call.recording_sid.as_deref()).collect();
    let stored = state.actions.store.stored_recordings(&sids).await?;
    let recording_of = |call: &CallRecord| stored.get(call.recording_sid.as_deref()?).copied();
    Ok(calls.iter().map(|call| CallView::of(call, recording_of(call), &state.server, role)).collect())
}

/// One call as it is shown.
pub async fn shown_one(state: &HttpState, call: &CallRecord, role: Role) -> Result<CallView, StoreError> {
    let stored = state.actions.store.stored_recordings(call.recording_sid.as_deref().as_slice()).await?;
    Ok(CallView::of(call, stored.into_values().next(), &state.server, role))
}

fn number(number: &PhoneNumber, role: Role) -> String {
    if role > Role::Listener { number.to_string() } else { number.masked() }
}

/// What went wrong, in plain words; nothing where nothing did. The carrier's own words often quote the number.
pub fn error_message(record: &CallRecord, role: Role) -> Option<String> {
    let call = &record.call;
    if let Some(message) = record.refusal_message.as_ref().filter(|_| role > Role::Listener) {
        return Some(message.clone());
    }
    if let Some(meaning) = call.refusal {
        return Some(meaning.explain(call.facts.error_code));
    }
    match call.status() {
        CallStatus::Unknown => Some(
            "The carrier's answer was lost, so the phone may or may not ring. It is being looked for; nobody is \
             rung again on a guess."
                .to_owned(),
        ),
        CallStatus::Failed => Some(failure(call.facts.sip_code, call.facts.error_code)),
        _ => None,
    }
}

/// What a failed call's SIP response means (RFC 3261, section 21).
fn failure(sip_code: Option<u16>, error_code: Option<u32>) -> String {
    let meaning = match sip_code {
        Some(404 | 410 | 484 | 604) => "The number does not exist or is written incompletely",
        Some(408 | 480) => "The phone could not be reached",
        Some(401 | 403 | 407 | 603) => "The call was declined by the network or the person",
        Some(486 | 600) => "The line was engaged",
        Some(488 | 606) => "The two networks could not agree on how to carry the call",
        Some(500..=599) => "The network on the way to the phone failed",
        _ => "The call could not be connected",
    };
    let codes = [sip_code.map(|code| format!("SIP {code}")), error_code.map(|code| format!("Twilio {code}"))];
    let codes: Vec<String> = codes.into_iter().flatten().collect();
    if codes.is_empty() { format!("{meaning}.") } else { format!("{meaning} ({}).", codes.join(", ")) }
}
