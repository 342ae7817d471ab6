//! Placing by hand: one call now or at a given time, the next few of a campaign, or the failed ones once more.

use domain::disposition::Disposition;
use domain::gate::{self, GateFacts, HoldReason, NeverReason, Verdict};
use domain::ids::{CampaignId, ProspectId};
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::reserve;
use crate::actions::{Actions, Actor, audit};
use crate::store::calls::CallRecord;
use crate::store::numbers::CallToNumber;
use crate::store::prospects::ProspectFilter;
use crate::store::{StoreError, Tx};

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
        if scheduled_for
            .is_some_and(|wanted| wanted <= now || wanted.duration_since(now).as_hours() > 366 * 24)
        {
            return Err(PlaceRefused::BadTime);
        }
        let caller_id = self.installation.caller_id.clone();
        let installation = self.installation.clone();
        let call = self
            .store
            .transaction(move |tx| async move {
                let campaign =
                    tx.campaign(campaign).await?.filter(|campaign| campaign.workspace == actor.workspace);
                let campaign = campaign.ok_or(PlaceRefused::NoSuchCampaign)?;
                let prospect = tx.lock_prospects(&[prospect]).await?.pop();
                let mut prospect = prospect
                    .filter(|found| found.campaign == campaign.id)
                    .ok_or(PlaceRefused::NoSuchProspect)?;
                let from = campaign.caller_id.clone().or(caller_id).ok_or(PlaceRefused::NoCallerId)?;
                let when = scheduled_for.unwrap_or(now);
                let today = campaign.rules.zone.local_date(when);
                let workspace = tx.workspace_rules(campaign.workspace).await?;
                let number = std::slice::from_ref(&prospect.phone);
                let calls = tx.calls_to_numbers(campaign.workspace, number, when).await?;
                let rings: Vec<Timestamp> =
                    calls.to(&prospect.phone).iter().filter_map(CallToNumber::rang).collect();
                let verdict = gate::decide(&GateFacts {
                    now: when,
                    campaign: campaign.status,
                    rules: &campaign.rules,
                    used_today: tx.used_on(campaign.id, today).await?,
                    kill_switch: workspace.dialing_stopped,
                    quarantine: tx.is_quarantined().await?,
                    prospect: prospect.status,
                    // A person who asks for a call now does not wait for the retry delay.
                    due_at: None,
                    do_not_call: tx.is_do_not_call(campaign.workspace, &prospect.phone).await?,
                    // Whoever is in a call to this number is found when the reservation is made.
                    number_in_call: false,
                    // It waits for these where they are asked for good, when it is armed.
                    lost_call_unlooked: false,
                    pace: Verdict::Dial,
                    frequency_cap: workspace.frequency_cap,
                    recent_rings: &rings,
                    funds: tx.funds(&campaign, &workspace, when).await?,
                    worst_case: campaign.quote(&installation.rates, &prospect.phone).map(|it| it.worst_case),
                });
                match verdict {
                    Verdict::Dial => {}
                    Verdict::Never(reason) => return Err(PlaceRefused::Never(reason)),
                    Verdict::Hold { reason, until } => {
                        let call = match reason {
                            HoldReason::InCall | HoldReason::OutcomeUnknown => prospect.last_call,
                            _ => None,
                        };
                        return Err(PlaceRefused::NotNow { reason, until, call });
                    }
                }
                let mut call = reserve::reservation(&mut prospect, from, when, now);
                call.scheduled_for = scheduled_for;
                call.metadata = metadata.unwrap_or(call.metadata);
                if !reserve::add(&tx, &prospect, &call).await? {
                    let blocking = tx.lock_live_calls_to(campaign.workspace, &prospect.phone).await?;
                    let call = blocking.first().map(|call| call.id);
                    return Err(PlaceRefused::NotNow { reason: HoldReason::NumberInCall, until: None, call });
                }
                let detail = serde_json::json!({ "prospect": prospect.id.to_string() });
                audit::note(&tx, &actor, "call.place", call.id, detail, now).await?;
                Ok(call)
            })
            .await?;
        self.wake.dialer();
        Ok(call)
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
        let found = self.store.campaign(actor.workspace, campaign).await?;
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
