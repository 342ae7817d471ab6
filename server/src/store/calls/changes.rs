//! Writing changed calls back: only the columns that a change can have touched, so that only their indexes are kept.

use domain::call::Call;
use domain::facts::CallFacts;
use sea_orm::{ConnectionTrait, IdenStatic, Iterable};

use super::CallRecord;
use crate::store::entities::calls::{Column, Model};
use crate::store::given::{self, Given};
use crate::store::{StoreError, Tx, sql};

/// How much of a call a change touches, each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The phone rings, or somebody picks up: what most news says.
    Progress,
    /// Whatever the carrier tells of a call that it has.
    News,
    /// Also how it came to be made.
    All,
}

impl Extent {
    const EACH: [Self; 3] = [Self::Progress, Self::News, Self::All];

    fn of(before: &CallRecord, after: &CallRecord) -> Self {
        let CallRecord { call, recording_sid, next_poll_at, polls, updated_at, .. } = after;
        let news = CallRecord {
            call: Call { facts: call.facts.clone(), ..before.call.clone() },
            recording_sid: recording_sid.clone(),
            next_poll_at: *next_poll_at,
            polls: *polls,
            updated_at: *updated_at,
            ..before.clone()
        };
        if news != *after {
            return Self::All;
        }
        let CallFacts { progress, initiated_at, ringing_at, answered_at, answer, .. } = call.facts;
        let facts = CallFacts {
            progress,
            initiated_at,
            ringing_at,
            answered_at,
            answer,
            ..before.call.facts.clone()
        };
        let plan = |record: &CallRecord| (record.next_poll_at, record.polls);
        let is_progress = facts == call.facts
            // Whoever picked up tells how the call ended.
            && facts.ending.is_none()
            && *recording_sid == before.recording_sid
            && plan(before) == plan(after);
        if is_progress { Self::Progress } else { Self::News }
    }

    const fn touches(self, column: Column) -> bool {
        let is_progress = matches!(
            column,
            Column::Status
                | Column::Progress
                | Column::InitiatedAt
                | Column::RingingAt
                | Column::AnsweredAt
                | Column::AnsweredBy
                | Column::AnsweredBySource
                | Column::UpdatedAt
        );
        match self {
            Self::Progress => is_progress,
            Self::News => is_progress || is_news(column),
            Self::All => !is_fixed(column),
        }
    }
}

impl Tx {
    /// Writes changed calls back, given as they were read and as they are.
    pub async fn save_changes<'a>(
        &self,
        changes: impl Iterator<Item = (&'a CallRecord, &'a CallRecord)>,
    ) -> Result<(), StoreError> {
        let changes: Vec<(Extent, &CallRecord)> =
            changes.map(|(before, after)| (Extent::of(before, after), after)).collect();
        for extent in Extent::EACH {
            let some: Vec<&CallRecord> =
                changes.iter().filter(|change| change.0 == extent).map(|change| change.1).collect();
            self.save_columns_of_calls(&some, extent).await?;
        }
        Ok(())
    }

    /// Writes changed calls back: what can change of a call once it exists.
    pub async fn save_calls(&self, calls: &[CallRecord]) -> Result<(), StoreError> {
        self.save_columns_of_calls(&calls.iter().collect::<Vec<_>>(), Extent::All).await
    }

    async fn save_columns_of_calls(&self, calls: &[&CallRecord], extent: Extent) -> Result<(), StoreError> {
        let db = self.connection();
        let columns: Vec<Column> = Column::iter().filter(|column| extent.touches(*column)).collect();
        let changes: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} = given.{column}", column = column.as_str()))
            .collect();
        let columns: Vec<Column> = std::iter::once(Column::Id).chain(columns).collect();
        let change = format!("UPDATE calls SET {} FROM given WHERE calls.id = given.id", changes.join(", "));
        for some in calls.chunks(given::MOST) {
            let rows: Vec<Model> = some.iter().map(|call| Model::from(*call)).collect();
            let changed = Given::models(db.get_database_backend(), &columns, &rows);
            let (change, values) = changed.statement(&change);
            sql::run(db, &change, values).await?;
        }
        Ok(())
    }
}

/// What news changes of a call, besides its progress.
const fn is_news(column: Column) -> bool {
    matches!(
        column,
        Column::Live
            | Column::Disposition
            | Column::EndingStatus
            | Column::EndingSource
            | Column::EndedAt
            | Column::DurationSeconds
            | Column::PriceMicros
            | Column::SipCode
            | Column::ErrorCode
            | Column::RecordingSid
            | Column::Reaction
            | Column::CorrectedAnsweredBy
            | Column::CorrectedAt
            | Column::NextPollAt
            | Column::Polls
    )
}

/// What a call keeps from its making to its end.
const fn is_fixed(column: Column) -> bool {
    matches!(
        column,
        Column::Id
            | Column::WorkspaceId
            | Column::CampaignId
            | Column::ProspectId
            | Column::Attempt
            | Column::FromNumber
            | Column::ToNumber
            | Column::ScheduledFor
            | Column::Metadata
            | Column::CreatedAt
            | Column::Month
    )
}

#[cfg(test)]
mod tests {
    use domain::budget::Quote;
    use domain::call::Placement;
    use domain::carrier_event::{AnsweredBy, CarrierStatus};
    use domain::facts::{Evidence, Source};
    use domain::ids::{CallId, CampaignId, ProspectId, WorkspaceId};
    use domain::money::Usd;
    use domain::phone_number::PhoneNumber;
    use domain::reaction::Reaction;
    use jiff::Timestamp;
    use sea_orm::ModelTrait as _;
    use uuid::Uuid;

    use super::*;

    fn placed() -> CallRecord {
        let number = PhoneNumber::from_e164_unchecked("+14155550100".to_owned());
        CallRecord {
            id: CallId::from_uuid(Uuid::nil()),
            workspace: WorkspaceId::from_uuid(Uuid::nil()),
            campaign: CampaignId::from_uuid(Uuid::nil()),
            prospect: ProspectId::from_uuid(Uuid::nil()),
            attempt: 1,
            from: number.clone(),
            to: number,
            call: Call { placement: Placement::Placed, ..Call::reserved() },
            refusal_message: None,
            not_before: None,
            scheduled_for: None,
            day: None,
            sends: 0,
            armed_by: None,
            armed_at: None,
            placed_at: None,
            carrier_sid: None,
            recording_sid: None,
            end_requested_at: None,
            next_poll_at: None,
            polls: 0,
            quote: Quote::default(),
            script: None,
            recording_ruling: None,
            looked_at: None,
            late: false,
            dial_by: None,
            metadata: "{}".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Everything that evidence can say, one at a time.
    fn all_evidence() -> Vec<Evidence> {
        let nothing = Evidence {
            source: Source::Rest,
            status: None,
            at: Some(Timestamp::MAX),
            duration_seconds: None,
            price: None,
            answered_by: None,
            sip_code: None,
            error_code: None,
            reaction: None,
        };
        let statuses = CarrierStatus::ALL.map(|status| Evidence { status: Some(status), ..nothing.clone() });
        let answers = AnsweredBy::ALL.map(|by| Evidence { answered_by: Some(by), ..nothing.clone() });
        let corrections = answers.clone().map(|said| Evidence { source: Source::Person, ..said });
        let others = [
            Evidence { duration_seconds: Some(7), ..nothing.clone() },
            Evidence { price: Some(Usd::from_micros(7)), ..nothing.clone() },
            Evidence { sip_code: Some(486), ..nothing.clone() },
            Evidence { reaction: Some(Reaction::OptedOut), ..nothing.clone() },
            Evidence { error_code: Some(30_001), ..nothing },
        ];
        statuses.into_iter().chain(answers).chain(corrections).chain(others).collect()
    }

    fn assert_all_is_written(before: &CallRecord, after: &CallRecord) {
        let extent = Extent::of(before, after);
        let (was, is) = (Model::from(before), Model::from(after));
        for column in Column::iter().filter(|column| was.get(*column) != is.get(*column)) {
            assert!(extent.touches(column), "{extent:?} leaves out {column:?} of {after:?}");
        }
    }

    #[test]
    fn whatever_two_pieces_of_news_change_is_written() {
        for first in all_evidence() {
            let mut before = placed();
            before.call.facts.apply(&first);
            for second in all_evidence() {
                let mut after = before.clone();
                after.call.facts.apply(&second);
                assert_all_is_written(&before, &after);
            }
        }
    }

    #[test]
    fn whatever_changes_besides_the_facts_is_written() {
        let changes: [fn(&mut CallRecord); 9] = [
            |call| call.recording_sid = Some("RE1".to_owned()),
            |call| call.next_poll_at = Some(Timestamp::MAX),
            |call| call.polls = 3,
            |call| call.call.placement = Placement::PresumedNotPlaced,
            |call| call.call.closed_at = Some(Timestamp::MAX),
            |call| call.carrier_sid = Some("CA1".to_owned()),
            |call| call.late = true,
            |call| call.end_requested_at = Some(Timestamp::MAX),
            |call| call.looked_at = Some(Timestamp::MAX),
        ];
        for change in changes {
            let mut after = placed();
            change(&mut after);
            after.updated_at = Timestamp::MAX;
            assert_all_is_written(&placed(), &after);
        }
    }

    #[test]
    fn a_phone_that_rings_touches_little() {
        let (before, mut after) = (placed(), placed());
        let rings = Evidence { status: Some(CarrierStatus::Ringing), ..Evidence::from(Source::Callback) };
        after.call.facts.apply(&rings);
        assert_eq!(Extent::of(&before, &after), Extent::Progress);
        after.call.facts.apply(&Evidence { status: Some(CarrierStatus::Busy), ..rings });
        assert_eq!(Extent::of(&before, &after), Extent::News);
        after.carrier_sid = Some("CA1".to_owned());
        assert_eq!(Extent::of(&before, &after), Extent::All);
    }
}
