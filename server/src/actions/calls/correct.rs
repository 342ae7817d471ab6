//! Somebody of the team says who picked up a call. Their word is evidence like the carrier's: it stands beside it, counts more,
//! and everything that follows from a call follows from it in the same transaction.

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Evidence, Source};
use domain::ids::{CallId, CarrierEventId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::settle::{Changed, settle};
use crate::actions::carrier_events::News;
use crate::actions::{Actions, Actor, audit, new_uuid};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::carrier_events::CarrierEventRecord;

/// The kind of these events.
const KIND: &str = "correction";

/// Why it cannot be said of a call who picked up.
#[derive(Debug, thiserror::Error)]
pub enum CorrectRefused {
    /// The call is not there.
    #[error("there is no such call")]
    NoSuchCall,
    /// Nobody and nothing picked up, or not yet.
    #[error("nobody picked up this call, so there is nothing to correct")]
    NotAnswered,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Writes down who picked up, by the word of a person. The last word counts; whether the prospect is rung again is decided
    /// by it as it would have been by the carrier's. `reason`: how they know, for the audit trail.
    pub async fn correct_answered_by(
        &self,
        actor: Actor,
        id: CallId,
        by: AnsweredBy,
        reason: Option<String>,
    ) -> Result<CallRecord, CorrectRefused> {
        let now = self.clock.now();
        let call = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_calls(&[id]).await?.pop();
                let record = found.filter(|call| call.workspace == actor.workspace);
                let mut change = Changed::from(record.ok_or(CorrectRefused::NoSuchCall)?);
                if !was_answered(&change.after) {
                    return Err(CorrectRefused::NotAnswered);
                }
                let evidence = said(&change.after, by, now);
                tx.add_events(&[event(&change.after, &evidence, &actor, now)]).await?;
                let before = change.after.call.facts.answered_by();
                change.after.call.facts.apply(&evidence);
                let fallback = change.after.clone();
                let detail = json!({
                    "was": before.map(AnsweredBy::as_str),
                    "is": by.as_str(),
                    "carrierSays": fallback.call.facts.answer.map(|answer| answer.by.as_str()),
                    "reason": reason,
                });
                audit::note(&tx, &actor, "call.correct_answered_by", id, detail, now).await?;
                let settled = settle(&tx, vec![change], now).await?.pop();
                Ok::<_, CorrectRefused>(settled.unwrap_or(fallback))
            })
            .await?;
        self.tell(std::slice::from_ref(&call));
        self.wake.dialer();
        Ok(call)
    }
}

fn was_answered(call: &CallRecord) -> bool {
    let facts = &call.call.facts;
    facts.answered_at.is_some() || facts.status() == Some(CarrierStatus::Completed) || facts.answer.is_some()
}

/// The evidence, behind every earlier word on this call, in whole milliseconds as it is stored.
fn said(call: &CallRecord, by: AnsweredBy, now: Timestamp) -> Evidence {
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let earlier = call.call.facts.correction.and_then(|said| said.at);
    let behind = earlier.and_then(|at| at.checked_add(SignedDuration::from_millis(1)).ok());
    Evidence {
        answered_by: Some(by),
        at: Some(behind.map_or(now, |behind| behind.max(now))),
        ..Evidence::from(Source::Person)
    }
}

fn event(call: &CallRecord, evidence: &Evidence, actor: &Actor, now: Timestamp) -> CarrierEventRecord {
    let by = evidence.answered_by.map(AnsweredBy::as_str).unwrap_or_default();
    let at = evidence.at.map(|at| at.to_string()).unwrap_or_default();
    let fields =
        [("answeredBy", by), ("at", at.as_str())].map(|(name, value)| (name.to_owned(), value.to_owned()));
    CarrierEventRecord {
        id: CarrierEventId::from_uuid(new_uuid(now)),
        workspace: call.workspace,
        call: Some(call.id),
        carrier_sid: None,
        kind: KIND.to_owned(),
        content_key: News::content_key(KIND, Some(call.id), &fields),
        evidence: Some(evidence.clone()),
        payload: json!({ "answeredBy": by, "by": actor.name }).to_string(),
        received_at: now,
    }
}
