//! Rings whoever may be rung: snapshot, plan, reserve, arm, send. Never more than pacing allows, never on a guess.

use std::sync::Arc;

use domain::dial_plan::{self, Snapshot};
use domain::ids::CallId;
use domain::pacing::{Pacer, Pacing};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::brake::Brake;
use super::{Parts, send, task};
use crate::clock::Uptime;
use crate::store::StoreError;

/// The most calls that one turn starts; the next turn follows at once.
const MOST_PER_TURN: usize = 50;

/// Dials until it is time to stop.
pub(super) async fn run(parts: Parts, pacing: Pacing, stop: CancellationToken) {
    let mut dialer = Dialer { parts, pacer: Pacer::new(pacing), brake: Arc::default() };
    loop {
        let turn = dialer.turn().await;
        let clock = &dialer.parts.actions.clock;
        let until = task::next_look("dialer", turn, clock.now());
        if !task::wait(clock, until, dialer.parts.actions.wake.dialer_rung(), &stop).await {
            return;
        }
    }
}

struct Dialer {
    parts: Parts,
    pacer: Pacer,
    brake: Arc<Brake>,
}

impl Dialer {
    /// One turn; when to look again.
    async fn turn(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let now = self.parts.actions.clock.now();
        if let Some(until) = self.brake.held_until(now) {
            return Ok(Some(until));
        }
        // The bell rings when the clock can be trusted again.
        if self.parts.actions.node.clock_hold().is_some() {
            return Ok(None);
        }
        let store = self.parts.actions.store.clone();
        // Calls that people asked for, or that provably never left, come before new ones.
        let mut calls = store.calls_to_send(now, MOST_PER_TURN).await?;
        let plan = self.plan(now).await?;
        let wanted = (calls.len() + plan.calls.len()).min(MOST_PER_TURN);
        let live = usize::try_from(store.live_calls().await?).unwrap_or(usize::MAX);
        let permit = self.pacer.permits(now, wanted, live);
        calls.truncate(permit.now);
        let mut planned = plan.calls;
        planned.truncate(permit.now - calls.len());
        if !planned.is_empty() {
            calls.extend(self.parts.actions.reserve_planned(planned).await?);
        }
        self.arm_and_send(calls).await?;
        if permit.now == MOST_PER_TURN {
            // The turn was full: more may wait that no timer of theirs announces.
            return Ok(Some(now));
        }
        let waiting_for_pace = permit.again_at.filter(|_| wanted > permit.now);
        let next_by_hand = store.next_call_to_send_at(now).await?;
        Ok([waiting_for_pace, plan.look_again_at, next_by_hand].into_iter().flatten().min())
    }

    async fn plan(&self, now: Timestamp) -> Result<dial_plan::DialPlan, StoreError> {
        let store = &self.parts.actions.store;
        let mut campaigns = Vec::new();
        for campaign in store.active_campaigns().await? {
            let snapshot = store.campaign_snapshot(&campaign, now, MOST_PER_TURN).await?;
            if snapshot.candidates.is_empty()
                && snapshot.next_due_at.is_none()
                && self.parts.actions.complete_if_done(campaign.id).await?
            {
                info!(campaign_id = %campaign.id, "every prospect has a final answer: the campaign is completed");
                continue;
            }
            campaigns.push(snapshot);
        }
        let plan = dial_plan::plan(&Snapshot { now, campaigns, capacity: MOST_PER_TURN });
        for hold in &plan.holds {
            debug!(campaign_id = %hold.campaign, reason = hold.reason.as_str(), "prospects wait");
        }
        Ok(plan)
    }

    async fn arm_and_send(&self, calls: Vec<CallId>) -> Result<(), StoreError> {
        if calls.is_empty() {
            return Ok(());
        }
        let armed = self.parts.actions.arm(calls).await?;
        if armed.refused.is_some() {
            // The calls stay reserved, for this server or for another one.
            self.parts.actions.wake.lease();
        }
        let armed_at = armed.armed_at.unwrap_or_else(Uptime::now);
        for (call, reason) in armed.held {
            info!(call_id = %call.id, reason = reason.as_str(), "a call was not armed");
        }
        for call in armed.to_send {
            let (parts, brake) = (self.parts.clone(), self.brake.clone());
            self.parts.sends.spawn(async move { send::send(&parts, &brake, call, armed_at).await });
        }
        Ok(())
    }
}
