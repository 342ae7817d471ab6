//! What a campaign does at this instant, and what it waits for: one sentence that is never only "active".

use domain::campaign::CampaignStatus;
use domain::gate::{self, HoldReason, Verdict};
use domain::ids::ProspectId;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::http::Problem;
use crate::http::pages::parts::show;
use crate::http::state::HttpState;
use crate::store::campaigns::CampaignRecord;
use crate::store::queue::QueueCounts;

/// A campaign at one instant.
pub struct Outlook {
    /// Which one.
    pub campaign: CampaignRecord,
    /// Calls that hold a slot of its current day.
    pub used_today: u32,
    /// How many stand where in its queue.
    pub queue: QueueCounts,
    now: Timestamp,
    calls_on: u64,
    verdict: Verdict,
    /// Somebody's time has come.
    somebody_is_due: bool,
    next_due_at: Option<Timestamp>,
}

/// Campaigns at one instant.
pub async fn outlooks(
    state: &HttpState,
    campaigns: Vec<CampaignRecord>,
    now: Timestamp,
) -> Result<Vec<Outlook>, Problem> {
    let Some(first) = campaigns.first() else { return Ok(Vec::new()) };
    let calls_on = state.actions.store.calls_on_by_campaign(first.workspace).await?;
    let mut outlooks = Vec::with_capacity(campaigns.len());
    for campaign in campaigns {
        let calls_on = calls_on.get(&campaign.id).copied().unwrap_or_default();
        outlooks.push(Outlook::of(state, campaign, calls_on, now).await?);
    }
    Ok(outlooks)
}

/// One campaign now.
pub async fn outlook(state: &HttpState, campaign: CampaignRecord) -> Result<Outlook, Problem> {
    let found = outlooks(state, vec![campaign], state.actions.clock.now()).await?;
    found.into_iter().next().ok_or_else(Problem::internal)
}

impl Outlook {
    /// The instant.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    async fn of(
        state: &HttpState,
        campaign: CampaignRecord,
        calls_on: u64,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let store = &state.actions.store;
        let installation = &state.actions.installation;
        let next = store.line(&campaign, now, None, 1).await?;
        let ids: Vec<ProspectId> = next.iter().map(|place| place.prospect).collect();
        let first = store.prospects_in_order(&ids).await?;
        // The very facts and gates of whoever is next, but for what is theirs alone.
        let facts = store.hold_facts(&campaign, &[], installation.means(), now).await?;
        let number = first.first().map(|prospect| &prospect.phone);
        let verdict = gate::decide(&facts.of_anybody(&campaign, number, &installation.rates));
        Ok(Self {
            used_today: store.used_on(campaign.id, campaign.rules.zone.local_date(now)).await?,
            queue: store.queue_counts(campaign.id, now).await?,
            now,
            calls_on,
            verdict,
            somebody_is_due: next.first().is_some_and(|place| !place.later),
            next_due_at: next.first().and_then(|place| Timestamp::from_millisecond(place.due_at).ok()),
            campaign,
        })
    }

    /// Calls that are on, as a link to them.
    pub fn calls_on(&self) -> Markup {
        let address = format!("/campaigns/{}?status=queued,ringing,in-progress,unknown", self.campaign.id);
        html! { a href=(address) { (show::grouped(self.calls_on)) } }
    }

    /// What happens now and what comes next.
    pub fn sentence(&self) -> Markup {
        match self.campaign.status {
            CampaignStatus::Draft => html! { "Not launched yet. Nobody is rung." },
            CampaignStatus::Completed => self.once_finished(),
            CampaignStatus::Paused => html! {
                "Paused" @if let Some(reason) = &self.campaign.pause_reason { ": " (reason) }
                ". Nobody is rung." @if self.calls_on > 0 { " " (self.on()) }
            },
            CampaignStatus::Active => self.while_active(),
        }
    }

    fn once_finished(&self) -> Markup {
        let since = self.queue.ready + self.queue.waiting + self.queue.skipped;
        html! {
            @if since == 0 { "Finished: everybody has a final answer." } @else {
                "Finished, but " (show::number_of(since, "person is", "people are")) " to be rung since. Launch it again to ring them."
            }
        }
    }

    fn while_active(&self) -> Markup {
        let zone = &self.campaign.rules.zone;
        match self.verdict {
            Verdict::Hold { reason, until } if !reason.is_pace() => html! {
                (reason.explain())
                @if let Some(until) = until { " Next call " (show::short_time(until, self.now, zone)) "." }
                @if self.calls_on > 0 { " " (self.on()) }
            },
            Verdict::Hold {
                reason: reason @ (HoldReason::CarrierThrottled | HoldReason::CarrierUnreachable),
                ..
            } => {
                html! { (reason.explain()) @if self.calls_on > 0 { " " (self.on()) } }
            }
            _ if self.calls_on > 0 && self.somebody_is_due => html! { "Ringing. " (self.on()) },
            _ if self.somebody_is_due => html! { "About to ring." },
            _ => self.while_nobody_is_due(),
        }
    }

    fn while_nobody_is_due(&self) -> Markup {
        let zone = &self.campaign.rules.zone;
        html! {
            @if self.calls_on > 0 { (self.on()) " " }
            @match self.next_due_at {
                Some(at) => { "Nobody else is due; the next attempt is due " (show::short_time(at, self.now, zone)) "." }
                None if self.queue.held > 0 => {
                    (show::number_of(self.queue.held, "outcome is", "outcomes are")) " not known yet and being looked for."
                }
                None if self.calls_on == 0 => "Nobody is left to ring.",
                None => "Nobody else is left to ring.",
            }
        }
    }

    fn on(&self) -> String {
        format!("{} on.", show::number_of(self.calls_on, "call is", "calls are"))
    }
}
