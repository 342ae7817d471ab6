//! Placing by hand: one call now or at a given time, the next few of a campaign, or the failed ones once more.

use domain::disposition::Disposition;
use domain::gate::{HoldReason, NeverReason};
use domain::ids::{CampaignId, ProspectId};
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::together::Wish;
use crate::actions::{Actions, Actor, audit};
use crate::store::calls::CallRecord;
use crate::store::prospects::ProspectFilter;
use crate::store::{StoreError, Tx};
use crate::supervised::PanicPoint;

/// Why a call is not placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceRefused {
    /// The campaign is not there.
    #[error("there is no such campaign")]
    NoSuchCampaign,
    /// The prospect is not there, or in another campaign.
    #[error("there is no such prospect in this campaign")]
    NoSuchProspect,
    /// No number to call from.
    #[error("there is no number to call from: set TWILIO_PHONE_NUMBER, or callerId of the campaign")]
    NoCallerId,
    /// Not now.
    #[error("{}", .reason.explain())]
    NotNow {
        /// Why.
        reason: HoldReason,
        /// The next possible time, where time alone can make it possible.
        until: Option<Timestamp>,
        /// The call that stands in the way, where one does.
        call: Option<domain::ids::CallId>,
    },
    /// Never.
    #[error("{}", .0.explain())]
    Never(NeverReason),
    /// The wanted time has passed or is too far away.
    #[error("scheduledFor must lie in the future and at most a year away")]
    BadTime,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a wish for several calls.
#[derive(Debug, Default)]
pub struct PlacedMany {
    /// Calls that are on their way.
    pub placed: Vec<CallRecord>,
    /// Prospects who were not called, and why.
    pub refused: Vec<(ProspectId, PlaceRefused)>,
}

impl Actions {
    /// Places one call, now or at `scheduled_for`. It passes every gate again when its time has come.
    pub async fn place_one(
        &self,
        actor: Actor,
        campaign: CampaignId,
        prospect: ProspectId,
        scheduled_for: Option<Timestamp>,
        metadata: Option<String>,
    ) -> Result<CallRecord, PlaceRefused> {
        let now = self.clock.now();
        self.panics.reached(PanicPoint::Handler);
        if scheduled_for
            .is_some_and(|wanted| wanted <= now || wanted.duration_since(now).as_hours() > 366 * 24)
        {
            return Err(PlaceRefused::BadTime);
        }
        self.wish(Wish { actor, campaign, prospect, scheduled_for, metadata }).await
    }

    /// Places calls to the next `most` prospects of a campaign who are due.
    pub async fn place_next(
        &self,
        actor: Actor,
        campaign: CampaignId,
        most: u32,
    ) -> Result<PlacedMany, PlaceRefused> {
        let found = self.store.campaign(actor.workspace, campaign).await?;
        let found = found.ok_or(PlaceRefused::NoSuchCampaign)?;
        let due = self.store.next_due(&found, self.clock.now(), most.into()).await?;
        let mut many = PlacedMany::default();
        for prospect in due {
            match self.place_one(actor.clone(), campaign, prospect, None, None).await {
                Ok(call) => many.placed.push(call),
                Err(PlaceRefused::Store(error)) => return Err(error.into()),
                Err(refused) => {
                    // What holds the whole campaign holds everybody behind this one too.
                    let holds_all = matches!(
                        &refused,
                        PlaceRefused::NoCallerId
                            | PlaceRefused::NotNow {
                                reason: HoldReason::Quarantine
                                    | HoldReason::CampaignDraft
                                    | HoldReason::CampaignPaused
                                    | HoldReason::CampaignCompleted
                                    | HoldReason::KillSwitch
                                    | HoldReason::WindowClosed
                                    | HoldReason::WindowClosing
                                    | HoldReason::DailyLimit,
                                ..
                            }
                    );
                    many.refused.push((prospect, refused));
                    if holds_all {
                        break;
                    }
                }
            }
        }
        Ok(many)
    }

    /// Puts prospects back in line whose last call ended in one of `dispositions`, for `delay_minutes` from now, unless
    /// they were rung more than `max_retries` times again already. How many.
    pub async fn retry_many(
        &self,
        actor: Actor,
        campaign: CampaignId,
        dispositions: Vec<Disposition>,
        max_retries: u32,
        delay_minutes: u32,
    ) -> Result<u64, PlaceRefused> {
        let workspace = actor.workspace;
        let found = self.store.campaign(workspace, campaign).await?;
        found.ok_or(PlaceRefused::NoSuchCampaign)?;
        let now = self.clock.now();
        let delay = std::time::Duration::from_secs(u64::from(delay_minutes) * 60);
        let due_at = now.checked_add(delay).map_err(|_| PlaceRefused::BadTime)?;
        let filter = ProspectFilter {
            statuses: vec![ProspectStatus::Exhausted, ProspectStatus::Waiting, ProspectStatus::Done],
            text: None,
        };
        let (mut after, mut retried) = (None, 0);
        loop {
            let page = self.store.prospects(campaign, &filter, after, 0, 500).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let wanted: Vec<ProspectId> = page
                .iter()
                .filter(|prospect| prospect.disposition.is_some_and(|it| dispositions.contains(&it)))
                .filter(|prospect| prospect.attempts_spent <= max_retries)
                .map(|prospect| prospect.id)
                .collect();
            let dispositions = dispositions.clone();
            let work = move |tx: Tx| async move { requeue(&tx, &wanted, &dispositions, due_at, now).await };
            retried += self.store.transaction::<_, StoreError, _, _>(work).await?;
        }
        let note = move |tx: Tx| async move {
            let detail = serde_json::json!({ "retried": retried });
            audit::note(&tx, &actor, "campaign.retry", campaign, detail, now).await
        };
        self.store.transaction::<_, StoreError, _, _>(note).await?;
        self.told_of_people(workspace, campaign);
        self.wake.dialer();
        Ok(retried)
    }
}

async fn requeue(
    tx: &Tx,
    wanted: &[ProspectId],
    dispositions: &[Disposition],
    due_at: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut prospects = tx.lock_prospects(wanted).await?;
    // They may have moved on since the page was read.
    prospects.retain(|prospect| {
        let rests = matches!(
            prospect.status,
            ProspectStatus::Exhausted | ProspectStatus::Waiting | ProspectStatus::Done
        );
        rests && prospect.disposition.is_some_and(|it| dispositions.contains(&it))
    });
    for prospect in &mut prospects {
        prospect.status = ProspectStatus::Waiting;
        prospect.due_at = Some(due_at);
        prospect.due_before_skip = None;
        prospect.updated_at = now;
    }
    tx.save_prospects(&prospects).await?;
    Ok(prospects.len() as u64)
}
