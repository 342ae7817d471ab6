//! Who did what: one row in the same transaction as the deed.

use jiff::Timestamp;

use super::{Actor, new_uuid};
use crate::store::people::AuditRow;
use crate::store::{StoreError, Tx, millis};

/// Writes down a deed.
pub(super) async fn note(
    tx: &Tx,
    actor: &Actor,
    action: &str,
    subject: impl ToString,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.add_audits(vec![entry(actor, action, subject, detail, now)]).await
}

/// What is written down of a deed.
pub(super) fn entry(
    actor: &Actor,
    action: &str,
    subject: impl ToString,
    detail: serde_json::Value,
    now: Timestamp,
) -> AuditRow {
    AuditRow {
        id: new_uuid(now),
        workspace_id: actor.workspace.uuid(),
        actor: actor.name.clone(),
        action: action.to_owned(),
        subject: subject.to_string(),
        detail: detail.to_string(),
        at: millis(now),
    }
}
