//! Rings whoever may be rung: snapshot, plan, reserve, arm, send. Never more than pacing allows, never on a guess.

use std::time::Duration;

use domain::dial_plan::{self, Snapshot};
use domain::gate::HoldReason;
use domain::ids::CallId;
use domain::pacing::{Pace, Pacing, Start};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::{Parts, room, send, task};
use crate::clock::Uptime;
use crate::store::StoreError;
use crate::store::pace::PaceScope;
use crate::supervised::PanicPoint;

/// The most calls that one turn starts; the next turn follows at once.
const MOST_PER_TURN: usize = 50;
/// A bell that rings sooner after the beginning of the last turn waits so long: rings of that time share one turn.
const BETWEEN_TURNS: Duration = Duration::from_millis(20);

/// Dials until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    let dialer = Dialer { parts, stop };
    loop {
        let clock = &dialer.parts.actions.clock;
        let began = clock.now();
        let turn = task::turn(dialer.turn()).await;
        let until = task::next_look("dialer", turn, clock.now());
        // On a busy line the bell rings with every call that ends.
        let bell = async {
            dialer.parts.actions.wake.dialer_rung().await;
            task::rest(clock, began, BETWEEN_TURNS).await;
        };
        if !task::wait(clock, until, bell, &dialer.stop).await {
            return;
        }
    }
}

/// How a turn found the queue and the pace.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// Calls that people asked for, or that never left; as many as a turn takes when there are more.
    by_hand: usize,
    /// New ones that were chosen.
    chosen: usize,
    /// More could have been chosen.
    more_could_be_chosen: bool,
    /// Calls that the pace had room for at its beginning.
    startable: usize,
    /// Calls that may be on besides those that are.
    room: usize,
}

/// When to look again for whoever a turn left behind: no timer and no bell of theirs announces them.
fn behind_this_turn(found: Found, pace: &Pace, limits: Pacing, now: Timestamp) -> Option<Timestamp> {
    let more_wait = found.more_could_be_chosen || found.by_hand >= MOST_PER_TURN;
    if found.by_hand + found.chosen >= MOST_PER_TURN && found.startable >= MOST_PER_TURN {
        return Some(now);
    }
    // Without room the end of a call rings the bell.
    if !more_wait || found.room == 0 {
        return None;
    }
    match pace.after(found.startable, limits, now).may_start(limits, now) {
        Start::Now => None,
        Start::At(at) => Some(at),
        Start::Held(hold) => Some(hold.until),
    }
}

struct Dialer {
    parts: Parts,
    stop: CancellationToken,
}

impl Dialer {
    /// One turn; when to look again.
    async fn turn(&self) -> Result<Option<Timestamp>, StoreError> {
        let now = self.parts.actions.clock.now();
        self.parts.actions.panics.reached(PanicPoint::Dialer);
        // Before anybody else is armed: what this server armed and will not send.
        self.parts.actions.take_back_unsent().await?;
        // The bell rings when the clock can be trusted again.
        if self.parts.actions.node.clock_hold().is_some() {
            return Ok(None);
        }
        let store = self.parts.actions.store.clone();
        let limits = self.parts.actions.installation.pacing;
        let pace = store.pace(&PaceScope::Account).await?;
        let on = usize::try_from(store.live_calls().await?).unwrap_or(usize::MAX);
        let room = (limits.max_live() as usize).saturating_sub(on);
        let startable = pace.startable(limits, now, MOST_PER_TURN.min(room));
        // Calls that people asked for, or that provably never left, come before new ones.
        let mut calls = store.calls_to_send(now, MOST_PER_TURN).await?;
        // New ones are chosen only for what may start now: whoever is reserved early waits where nobody sees why.
        let plan = self.plan(now, startable.saturating_sub(calls.len())).await?;
        let found = Found {
            by_hand: calls.len(),
            chosen: plan.calls.len(),
            more_could_be_chosen: plan.is_full,
            startable,
            room,
        };
        if !plan.calls.is_empty() {
            calls.extend(self.parts.actions.reserve_planned(plan.calls).await?);
        }
        let wanted = calls.len();
        let (again_at, waiting) = self.arm_and_send(calls).await?;
        // Where all of them wait for a pace, looking again at once would find the same.
        let behind = behind_this_turn(found, &pace, limits, now).filter(|_| wanted == 0 || waiting < wanted);
        if behind == Some(now) {
            return Ok(behind);
        }
        let next_by_hand = store.next_call_to_send_at(now).await?;
        Ok([again_at, behind, plan.look_again_at, next_by_hand].into_iter().flatten().min())
    }

    async fn plan(&self, now: Timestamp, capacity: usize) -> Result<dial_plan::DialPlan, StoreError> {
        let store = &self.parts.actions.store;
        let rates = &self.parts.actions.installation.rates;
        let narrator = self.parts.actions.installation.narrator.as_ref();
        let mut campaigns = Vec::new();
        let mut look_again_at: Option<Timestamp> = None;
        let active = store.active_campaigns().await?;
        let snapshots = store.campaign_snapshots(&active, rates, narrator, now, MOST_PER_TURN).await?;
        for (campaign, mut snapshot) in active.into_iter().zip(snapshots) {
            if snapshot.candidates.is_empty()
                && snapshot.next_due_at.is_none()
                && self.parts.actions.complete_if_done(campaign.id).await?
            {
                info!(campaign_id = %campaign.id, "every prospect has a final answer: the campaign is completed");
                continue;
            }
            let room = room::of(&self.parts.actions, &campaign, now, MOST_PER_TURN).await?;
            if snapshot.candidates.len() > room.calls {
                snapshot.candidates.truncate(room.calls);
                look_again_at = look_again_at.into_iter().chain(room.again_at).min();
            }
            campaigns.push(snapshot);
        }
        let mut plan = dial_plan::plan(&Snapshot { now, campaigns, capacity });
        plan.look_again_at = plan.look_again_at.into_iter().chain(look_again_at).min();
        for hold in &plan.holds {
            debug!(campaign_id = %hold.campaign, reason = hold.reason.as_str(), "prospects wait");
        }
        Ok(plan)
    }

    /// Arms what may be armed and sends it. When the first of those may go that only wait for a pace, and how many they are.
    async fn arm_and_send(&self, calls: Vec<CallId>) -> Result<(Option<Timestamp>, usize), StoreError> {
        // What is reserved by now waits for the next start, or for another server.
        if calls.is_empty() || self.stop.is_cancelled() {
            return Ok((None, 0));
        }
        let armed = self.parts.actions.arm(calls).await?;
        if armed.refused.is_some() {
            // The calls stay reserved, for this server or for another one.
            self.parts.actions.wake.lease();
        }
        let armed_at = armed.armed_at.unwrap_or_else(Uptime::now);
        let mut waiting = 0;
        for (call, reason) in armed.held {
            if reason.is_pace() {
                waiting += 1;
                debug!(call_id = %call.id, reason = reason.as_str(), "a call waits for the pace");
            } else if reason == HoldReason::NotSpokenYet {
                debug!(call_id = %call.id, reason = reason.as_str(), "a call waits for its words");
            } else {
                info!(call_id = %call.id, reason = reason.as_str(), "a call was not armed");
            }
        }
        for call in armed.to_send {
            let parts = self.parts.clone();
            self.parts.sends.spawn(async move { send::send(&parts, call, armed_at).await });
        }
        Ok((armed.again_at, waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Pacing {
        Pacing::new(100.0, 1_000).expect("a pace")
    }

    /// A pace that has rested, and how many calls it has room for.
    fn rested(now: Timestamp) -> (Pace, usize) {
        let pace = Pace::default();
        let startable = pace.startable(limits(), now, MOST_PER_TURN);
        (pace, startable)
    }

    #[test]
    fn a_full_turn_of_calls_by_hand_is_followed_by_another_when_the_pace_allows_and_not_at_the_timer() {
        let now = Timestamp::UNIX_EPOCH;
        let (pace, startable) = rested(now);
        assert!(startable < MOST_PER_TURN);
        // All of them may go by the time that they are armed: then none of them says when to look again.
        let found =
            Found { by_hand: MOST_PER_TURN, chosen: 0, more_could_be_chosen: false, startable, room: 1_000 };
        let again = behind_this_turn(found, &pace, limits(), now).expect("more wait");
        assert!(again > now && again <= now + Duration::from_secs(1), "{again}");
        let few = Found { by_hand: MOST_PER_TURN - 1, ..found };
        assert_eq!(behind_this_turn(few, &pace, limits(), now), None, "nobody is left behind");
        assert_eq!(behind_this_turn(Found { room: 0, ..found }, &pace, limits(), now), None, "a bell rings");
        let wide = Found { startable: MOST_PER_TURN, ..found };
        assert_eq!(behind_this_turn(wide, &pace, limits(), now), Some(now));
    }
}
