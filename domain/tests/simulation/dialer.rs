//! The dialer's parts: snapshot and plan, reserve, arm. Each decision is the domain's.

use domain::call::Placement;
use domain::calling_window::Openness;
use domain::campaign::{CampaignRules, CampaignStatus};
use domain::dial_plan::{self, CampaignSnapshot, Candidate, Snapshot};
use domain::gate::{self, GateFacts, HoldReason, Verdict};
use domain::ids::{CampaignId, ProspectId};
use domain::pacing::{Pace, PaceTrouble, Pacing, Start};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;
use uuid::Uuid;

use super::mutant::Mutant;
use super::node::{Commit, Mark, Sending};
use super::rare::Rare;
use super::setting;
use super::tables::{Arming, HOUR, MINUTE, Prospect, SECOND, at};
use super::world::{Event, World};

const MOST_PER_TURN: usize = 50;

impl World {
    pub fn turn(&mut self, mark: Mark) {
        let now = self.wall(mark);
        let waiting = |row: &&super::tables::Row| row.call.placement == Placement::Reserved;
        let calls = self.tables.calls.iter().enumerate().filter(|(_, row)| waiting(row));
        let mut by_hand: Vec<usize> = calls
            .clone()
            .filter(|(_, row)| row.not_before.is_none_or(|at| at <= now))
            .map(|(id, _)| id)
            .collect();
        let later = calls.filter_map(|(_, row)| row.not_before).filter(|at| *at > now).min();
        let plan = dial_plan::plan(&self.snapshot(now));
        let wanted = by_hand.len() + plan.calls.len();
        let permitted = self.permitted(now);
        by_hand.truncate(permitted);
        let planned = plan.calls.iter().take(permitted - by_hand.len());
        let planned: Vec<usize> = planned.map(|call| index(call.prospect.uuid())).collect();
        if !by_hand.is_empty() {
            let delay = self.short_delay();
            self.hand(mark, delay, Event::Arm(mark, by_hand));
        }
        if !planned.is_empty() {
            self.note(|| format!("node {} plans prospects {planned:?}", mark.node));
            let delay = self.short_delay();
            self.hand(mark, delay, Event::Reserve(mark, planned));
        }
        let pace = (wanted > permitted).then(|| self.pace_again_at(now));
        let again =
            [plan.look_again_at.map(Timestamp::as_millisecond), later, pace].into_iter().flatten().min();
        if let Some(again) = again {
            // Rounded up, so that a turn finds what it was woken for.
            self.turn_by(mark.node, again.max(now) - self.nodes[mark.node].skew + 50);
        } else {
            self.turn_by(mark.node, self.now + 6 * HOUR);
        }
    }

    /// How many calls may start now, by the account's pace and the room it leaves.
    fn permitted(&self, now: i64) -> usize {
        let pacing = self.tables.account_pacing;
        let room = pacing.max_live().saturating_sub(self.tables.calls_on(0).0) as usize;
        self.tables.account_pace.startable(pacing, at(now), room.min(MOST_PER_TURN))
    }

    fn pace_again_at(&self, now: i64) -> i64 {
        match self.tables.account_pace.may_start(self.tables.account_pacing, at(now)) {
            // There is no room: the end of a call rings the bell.
            Start::Now => now + MINUTE,
            Start::At(until) => until.as_millisecond(),
            Start::Held(hold) => hold.until.as_millisecond(),
        }
    }

    fn snapshot(&mut self, now: i64) -> Snapshot {
        let mut campaigns = Vec::new();
        for id in 0..self.tables.campaigns.len() {
            if !self.campaign_is_active(id) {
                continue;
            }
            let snapshot = self.campaign_snapshot(id, now);
            let mut people = self.tables.prospects.iter().filter(|person| person.campaign == id);
            if snapshot.candidates.is_empty() && people.all(|person| person.standing.status.is_final()) {
                self.tables.campaigns[id].status = CampaignStatus::Completed;
                self.note(|| format!("campaign {id} is completed"));
                continue;
            }
            campaigns.push(snapshot);
        }
        Snapshot { now: at(now), campaigns, capacity: MOST_PER_TURN }
    }

    fn campaign_snapshot(&self, id: usize, now: i64) -> CampaignSnapshot {
        let tables = &self.tables;
        let campaign = &tables.campaigns[id];
        let reserved = tables.calls.iter().filter(|row| row.campaign == id);
        let reserved = reserved.filter(|row| row.call.placement == Placement::Reserved).count();
        let waits = |person: &Prospect| {
            person.campaign == id
                && matches!(person.standing.status, ProspectStatus::Ready | ProspectStatus::Waiting)
        };
        let due = |person: &Prospect| person.standing.due_at.is_none_or(|due| due <= at(now));
        let waiting = tables.prospects.iter().enumerate().filter(|(_, person)| waits(person));
        let candidates = waiting.clone().filter(|(_, person)| due(person)).map(|(index, person)| Candidate {
            prospect: ProspectId::from_uuid(Uuid::from_u128(index as u128)),
            number: PhoneNumber::from_e164_unchecked(setting::number(person.number)),
            status: person.standing.status,
            due_at: person.standing.due_at,
            do_not_call: tables.do_not_call.contains(&person.number),
            number_in_call: tables.is_in_call(person.number, None),
            worst_case: Some(tables.quote.worst_case),
        });
        let later = waiting.clone().filter(|(_, person)| !due(person));
        CampaignSnapshot {
            campaign: CampaignId::from_uuid(Uuid::from_u128(id as u128)),
            status: campaign.status,
            rules: campaign.rules.clone(),
            used_today: tables.used_on(id, campaign.rules.zone.local_date(at(now)))
                + u32::try_from(reserved).expect("few calls"),
            kill_switch: tables.kill_switch,
            quarantine: false,
            funds: tables.funds(id, at(now)),
            voice: Verdict::Dial,
            candidates: candidates.collect(),
            next_due_at: later.filter_map(|(_, person)| person.standing.due_at).min(),
        }
    }

    pub fn reserve(&mut self, mark: Mark, prospects: &[usize]) {
        let commit = self.commit();
        if commit == Commit::NotMade {
            self.ring();
            return;
        }
        let now = self.wall(mark);
        let mut reserved = Vec::new();
        for &prospect in prospects {
            let Prospect { standing, number, .. } = &self.tables.prospects[prospect];
            let waits = matches!(standing.status, ProspectStatus::Ready | ProspectStatus::Waiting)
                && standing.due_at.is_none_or(|due| due <= at(now));
            let taken = self.tables.is_in_call(*number, None);
            if !waits || taken {
                if taken {
                    self.visit(Rare::TwoNodesReserveOne);
                }
                continue;
            }
            reserved.extend(self.tables.reserve(prospect, now));
            self.proof_may_come(prospect);
        }
        self.meddle();
        self.note(|| format!("node {} reserves calls {reserved:?}", mark.node));
        // With its reply lost nobody has them in hand: they are found as reserved calls are.
        if commit == Commit::Seen && !reserved.is_empty() {
            let delay = self.short_delay();
            self.hand(mark, delay, Event::Arm(mark, reserved));
        }
        self.ring();
    }

    pub fn arm(&mut self, mark: Mark, calls: &[usize]) {
        if !self.has_lease(mark.run) {
            self.visit(Rare::ArmWithoutLease);
            return;
        }
        let commit = self.commit();
        if commit == Commit::NotMade {
            self.visit(Rare::ArmCommitLostNotCommitted);
            self.ring();
            return;
        }
        for &call in calls {
            let row = &self.tables.calls[call];
            if row.call.placement == Placement::Reserved {
                self.arm_one(mark, call, commit);
            } else if row.armed_by.is_some_and(|arming| arming.run != mark.run) {
                self.visit(Rare::TwoNodesArmOne);
            }
        }
        self.ring();
    }

    fn arm_one(&mut self, mark: Mark, call: usize, commit: Commit) {
        let now = self.wall(mark);
        let verdict = self.verdict(call, now);
        self.note_at_arm(call, now, verdict);
        match verdict {
            Verdict::Dial => self.arm_now(mark, call, now, commit),
            Verdict::Hold { reason: HoldReason::Pacing | HoldReason::AtCapacity, until } => {
                let wait = self.random.between(10 * SECOND, MINUTE);
                let until = until.map_or(now + wait, Timestamp::as_millisecond);
                self.tables.change(call, now, |row| row.not_before = Some(until));
            }
            Verdict::Hold { until, .. } => self.release(call, now, until.map(Timestamp::as_millisecond)),
            Verdict::Never(_) => self.release(call, now, None),
        }
    }

    fn release(&mut self, call: usize, now: i64, until: Option<i64>) {
        self.tables.change(call, now, |row| {
            row.not_before = until;
            row.call.release(at(now))
        });
    }

    fn arm_now(&mut self, mark: Mark, call: usize, now: i64, commit: Commit) {
        let arming = Arming { run: mark.run, once: self.next_once };
        self.next_once += 1;
        let campaign = self.tables.calls[call].campaign;
        let day = self.tables.campaigns[campaign].rules.zone.local_date(at(now));
        let utc_day = domain::calling_window::CampaignZone::utc().local_date(at(now));
        let armed = self.tables.change(call, now, |row| {
            row.day = Some(day);
            row.utc_day = Some(utc_day);
            row.armed_by = Some(arming);
            row.armed_at = Some(now);
            row.call.arm()
        });
        assert!(armed, "the row is held, and was reserved");
        self.tables.account_pace.start(self.tables.account_pacing, at(now));
        let campaign = &mut self.tables.campaigns[campaign];
        if let Some(pacing) = campaign.rules.pacing {
            campaign.pace.start(pacing, at(now));
        }
        self.note(|| format!("node {} arms call {call}", mark.node));
        self.check_arm(call, arming, day, utc_day);
        self.meddle();
        self.proof_may_come(self.tables.calls[call].prospect);
        let sending = Sending { call, arming, armed_at: self.now };
        let delay = self.short_delay();
        if commit == Commit::ReplyLost {
            self.visit(Rare::ArmCommitLostCommitted);
            self.hand(mark, delay, Event::ReadAgain(mark, sending));
        } else {
            self.hand(mark, delay, Event::FirstByte(mark, sending));
        }
    }

    /// Every gate, on fresh rows.
    fn verdict(&self, call: usize, now: i64) -> Verdict {
        let tables = &self.tables;
        let row = &tables.calls[call];
        let campaign = &tables.campaigns[row.campaign];
        let person = &tables.prospects[row.prospect];
        let mutated = |mutant| self.mutant == Some(mutant);
        let prospect = match person.standing.status {
            ProspectStatus::InCall if person.last_call == Some(call) => ProspectStatus::Ready,
            ProspectStatus::DoNotCall if mutated(Mutant::OptOutOnlyPlanned) => ProspectStatus::Ready,
            status if person.last_call == Some(call) => status,
            _ => ProspectStatus::InCall,
        };
        let planned_at = if mutated(Mutant::WindowOnlyPlanned) { row.reserved_at } else { now };
        let rings = tables.recent_rings(row.number, at(now));
        gate::decide(&GateFacts {
            now: at(planned_at),
            campaign: campaign.status,
            rules: &campaign.rules,
            used_today: tables.used_on(row.campaign, campaign.rules.zone.local_date(at(now))),
            kill_switch: tables.kill_switch,
            quarantine: false,
            prospect,
            due_at: None,
            do_not_call: tables.do_not_call.contains(&row.number) && !mutated(Mutant::OptOutOnlyPlanned),
            number_in_call: tables.is_in_call(row.number, Some(call))
                && !mutated(Mutant::NumberNotAskedAgain),
            lost_call_unlooked: false,
            frequency_cap: tables.cap,
            recent_rings: &rings,
            funds: tables.funds(row.campaign, at(now)),
            worst_case: Some(tables.quote.worst_case),
            voice: Verdict::Dial,
            pace: self.pace_verdict(row.campaign, now),
        })
    }

    fn pace_verdict(&self, campaign: usize, now: i64) -> Verdict {
        let tables = &self.tables;
        let (on, on_here) = tables.calls_on(campaign);
        let account = pace(&tables.account_pace, tables.account_pacing, on, now);
        let campaign = &tables.campaigns[campaign];
        match (account, campaign.rules.pacing) {
            (Verdict::Dial, Some(pacing)) => pace(&campaign.pace, pacing, on_here, now),
            (verdict, _) => verdict,
        }
    }

    fn note_at_arm(&mut self, call: usize, now: i64, verdict: Verdict) {
        let row = &self.tables.calls[call];
        let CampaignRules { zone, .. } = &self.tables.campaigns[row.campaign].rules;
        let crossed = zone.local_date(at(row.reserved_at)) != zone.local_date(at(now));
        let day_is_odd = {
            let (start, end) = (zone.next_midnight(at(now - 25 * HOUR)), zone.next_midnight(at(now)));
            let hours = end.duration_since(start).as_hours();
            let same_day = zone.local_date(start) == zone.local_date(at(now));
            same_day && hours != 24
        };
        let dates_differ = self
            .nodes
            .iter()
            .any(|node| zone.local_date(at(self.now + node.skew)) != zone.local_date(at(now)));
        let Verdict::Hold { reason, .. } = verdict else {
            if verdict == Verdict::Dial {
                for (is, rare) in [
                    (crossed, Rare::ReservationCrossedMidnight),
                    (day_is_odd, Rare::ClockChange),
                    (dates_differ, Rare::NodesDisagreeOnTheDate),
                ] {
                    if is {
                        self.visit(rare);
                    }
                }
            }
            return;
        };
        self.note(|| format!("call {call} is held: {}", reason.as_str()));
        match reason {
            HoldReason::KillSwitch => self.visit(Rare::KillSwitchAtArm),
            HoldReason::WindowClosed | HoldReason::WindowClosing => self.visit(Rare::WindowClosedAtArm),
            HoldReason::DailyLimit => self.visit(Rare::LimitAtArm),
            HoldReason::Budget | HoldReason::DailyBudget => self.visit(Rare::BudgetAtArm),
            HoldReason::FrequencyCap => self.visit(Rare::FrequencyCapAtArm),
            HoldReason::NumberInCall => self.visit(Rare::ArmRefusedByLateProof),
            HoldReason::Pacing => self.visit(Rare::PaceAtArm),
            _ => {}
        }
    }

    /// Whether the window is open at an instant, give or take what clocks differ by.
    pub fn window_allows(&self, campaign: usize, now: i64) -> bool {
        let CampaignRules { windows, zone, .. } = &self.tables.campaigns[campaign].rules;
        let open = |at| matches!(windows.openness(at, zone), Openness::Open { .. });
        open(at(now)) || open(at(now + 2 * SECOND))
    }
}

fn pace(pace: &Pace, limits: Pacing, on: u32, now: i64) -> Verdict {
    if on >= limits.max_live() {
        return Verdict::Hold { reason: HoldReason::AtCapacity, until: None };
    }
    match pace.may_start(limits, at(now)) {
        Start::Now => Verdict::Dial,
        Start::At(until) => Verdict::Hold { reason: HoldReason::Pacing, until: Some(until) },
        Start::Held(hold) => Verdict::Hold {
            reason: match hold.trouble {
                PaceTrouble::Throttled => HoldReason::CarrierThrottled,
                PaceTrouble::Unreachable => HoldReason::CarrierUnreachable,
            },
            until: Some(hold.until),
        },
    }
}

fn index(uuid: Uuid) -> usize {
    usize::try_from(uuid.as_u128()).expect("an index")
}
