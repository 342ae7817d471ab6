//! What follows from an incident, once, whoever noted it: the campaign that rang at a wrong time is stopped.

use domain::ids::{CallId, CampaignId, IncidentId, WorkspaceId};
use jiff::Timestamp;
use tracing::error;

use super::calls::settle::Changed;
use super::{Actions, Actor, audit, new_uuid};
use crate::live::Subject;
use crate::store::incidents::{IncidentKind, IncidentRecord};
use crate::store::{StoreError, Tx};

impl Actions {
    /// Does what follows from an incident, unless it was done before.
    pub async fn handle_incident(&self, incident: IncidentRecord) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (id, workspace) = (incident.id, incident.workspace);
        let noted = incident.clone();
        let stopped = self
            .store
            .transaction(move |tx| async move {
                if !tx.handle_incident(id, now).await? {
                    return Ok(None);
                }
                let campaign = match noted.kind {
                    IncidentKind::DialedOutsideHours => campaign_of(&tx, &noted).await?,
                    IncidentKind::StrayCall | IncidentKind::MissingAtCarrier => None,
                };
                let Some(campaign) = campaign else { return Ok(None) };
                let Some(mut campaign) = tx.lock_any_campaign(campaign).await? else { return Ok(None) };
                let Ok(paused) = campaign.status.pause() else { return Ok(None) };
                campaign.status = paused;
                campaign.pause_reason = Some(noted.detail.clone());
                campaign.updated_at = now;
                tx.save_campaign(&campaign).await?;
                let detail = serde_json::json!({ "reason": noted.detail, "incident": id.to_string() });
                let server = Actor::server(noted.workspace);
                audit::note(&tx, &server, "campaign.pause", campaign.id, detail, now).await?;
                Ok::<_, StoreError>(Some(campaign.id))
            })
            .await?;
        // Without the detail, which may hold numbers.
        error!(
            kind = incident.kind.as_str(),
            subject = incident.subject,
            "something happened that must not happen"
        );
        if let Some(campaign) = stopped {
            self.live.publish(workspace, Subject::Campaign { campaign });
        }
        Ok(())
    }

    /// Notes incidents that no change of a call shows.
    pub async fn note_incidents(&self, noted: Vec<IncidentRecord>) -> Result<(), StoreError> {
        self.store.transaction(move |tx| async move { tx.note_incidents(&noted).await }).await?;
        self.wake.incidents();
        Ok(())
    }
}

impl IncidentRecord {
    /// Something that was just noticed.
    pub fn new(
        workspace: WorkspaceId,
        kind: IncidentKind,
        subject: String,
        detail: String,
        now: Timestamp,
    ) -> Self {
        let id = IncidentId::from_uuid(new_uuid(now));
        Self { id, workspace, kind, subject, detail, noted_at: now, handled_at: None }
    }
}

/// A call that changed, where the change shows that the carrier began to dial too late.
pub(super) fn dialed_outside_hours(change: &Changed, now: Timestamp) -> Option<IncidentRecord> {
    if change.before.dialed_too_late().is_some() {
        return None;
    }
    let call = &change.after;
    let (closed_at, dialed_at) = call.dialed_too_late()?;
    let detail = format!(
        "The carrier began to dial {id} at {dialed_at}, when the calling window had closed at {closed_at}. Look at the \
         carrier's queue and clock before you resume the campaign.",
        id = call.id,
    );
    let kind = IncidentKind::DialedOutsideHours;
    Some(IncidentRecord::new(call.workspace, kind, call.id.to_string(), detail, now))
}

async fn campaign_of(tx: &Tx, incident: &IncidentRecord) -> Result<Option<CampaignId>, StoreError> {
    let Ok(call) = incident.subject.parse::<CallId>() else { return Ok(None) };
    Ok(tx.call(call).await?.map(|call| call.campaign))
}
