//! Who is rung in which turn, who waits, and when it is worth looking again.

use jiff::SignedDuration;

use super::*;
use crate::budget::Budgets;
use crate::calling_window::{CampaignZone, WeeklyWindows};
use crate::campaign::LostCallPolicy;
use crate::ids::time_ordered_uuid;
use crate::limits::DailyLimit;
use crate::retry::RetryPolicy;

fn noon() -> Timestamp {
    "2027-06-01T12:00:00Z".parse().expect("a time")
}

fn minutes_later(minutes: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(minutes)
}

/// A prospect called like the last four digits of their number.
fn candidate(digits: u16) -> Candidate {
    Candidate {
        prospect: prospect(digits),
        number: PhoneNumber::from_e164_unchecked(format!("+1202555{digits:04}")),
        status: ProspectStatus::Ready,
        due_at: None,
        do_not_call: false,
        number_in_call: false,
        worst_case: None,
    }
}

fn prospect(digits: u16) -> ProspectId {
    ProspectId::from_uuid(time_ordered_uuid(digits.into(), [1; 10]))
}

fn campaign(nth: u64, candidates: Vec<Candidate>) -> CampaignSnapshot {
    CampaignSnapshot {
        campaign: CampaignId::from_uuid(time_ordered_uuid(nth, [0; 10])),
        status: CampaignStatus::Active,
        rules: CampaignRules {
            zone: CampaignZone::utc(),
            windows: WeeklyWindows::around_the_clock(),
            daily_limit: DailyLimit::new(10).expect("a limit"),
            retry: RetryPolicy::default(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        used_today: 0,
        kill_switch: false,
        funds: Funds::UNBOUNDED,
        quarantine: false,
        voice: Verdict::Dial,
        candidates,
        next_due_at: None,
    }
}

fn planned(capacity: usize, campaigns: &[CampaignSnapshot]) -> DialPlan {
    plan(&Snapshot { now: noon(), campaigns: campaigns.to_vec(), capacity })
}

fn rung(plan: &DialPlan) -> Vec<ProspectId> {
    plan.calls.iter().map(|call| call.prospect).collect()
}

#[test]
fn campaigns_take_turns_until_everybody_is_rung() {
    let long = campaign(1, [100, 101, 102].map(candidate).to_vec());
    let short = campaign(2, vec![candidate(110)]);
    let plan = planned(10, &[long, short]);
    assert_eq!(rung(&plan), [100, 110, 101, 102].map(prospect));
    assert_eq!(plan, DialPlan { calls: plan.calls.clone(), ..DialPlan::default() }, "nobody waits");
}

#[test]
fn a_plan_ends_at_the_capacity_and_says_whether_more_could_ring() {
    let campaigns = [campaign(1, [100, 101].map(candidate).to_vec()), campaign(2, vec![candidate(110)])];
    for (capacity, expected) in [(0, &[][..]), (1, &[100]), (2, &[100, 110]), (3, &[100, 110, 101])] {
        let plan = planned(capacity, &campaigns);
        let expected: Vec<ProspectId> = expected.iter().copied().map(prospect).collect();
        assert_eq!((rung(&plan), plan.is_full), (expected, capacity < 3), "capacity {capacity}");
    }
}

#[test]
fn a_number_is_rung_once_whoever_has_it_and_not_while_it_is_in_a_call() {
    let twice = [campaign(1, vec![candidate(100)]), campaign(2, vec![candidate(100)])];
    let plan = planned(10, &twice);
    assert_eq!(plan.calls.len(), 1);
    assert_eq!(
        plan.holds,
        [CampaignHold { campaign: twice[1].campaign, reason: HoldReason::NumberInCall, until: None }]
    );
    let busy = campaign(1, vec![Candidate { number_in_call: true, ..candidate(100) }]);
    assert_eq!(rung(&planned(10, &[busy])), []);
}

#[test]
fn planned_calls_count_in_the_days_limit() {
    let used = CampaignSnapshot { used_today: 8, ..campaign(1, [100, 101, 102].map(candidate).to_vec()) };
    let plan = planned(10, &[used]);
    assert_eq!(rung(&plan), [100, 101].map(prospect));
    let midnight = Some(minutes_later(12 * 60));
    let holds: Vec<_> = plan.holds.iter().map(|hold| (hold.reason, hold.until)).collect();
    assert_eq!((holds, plan.look_again_at), (vec![(HoldReason::DailyLimit, midnight)], midnight));
}

#[test]
fn planned_calls_are_paid_from_the_budget() {
    let cent = Usd::from_micros(10_000);
    let candidates = [100, 101, 102].map(|digits| Candidate { worst_case: Some(cent), ..candidate(digits) });
    let funds = Funds { total: Some(cent.times(2)), ..Funds::UNBOUNDED };
    let plan = planned(10, &[CampaignSnapshot { funds, ..campaign(1, candidates.to_vec()) }]);
    assert_eq!(rung(&plan), [100, 101].map(prospect));
    assert_eq!(plan.holds.first().map(|hold| hold.reason), Some(HoldReason::Budget));
}

#[test]
fn the_first_reason_is_told_and_the_earliest_change_looked_for() {
    let due = |digits, minutes| Candidate { due_at: Some(minutes_later(minutes)), ..candidate(digits) };
    let waiting = campaign(1, vec![due(100, 30), due(101, 10), due(102, 20)]);
    let later = CampaignSnapshot { next_due_at: Some(minutes_later(15)), ..campaign(2, Vec::new()) };
    let plan = planned(10, &[waiting.clone(), later]);
    let hold = CampaignHold {
        campaign: waiting.campaign,
        reason: HoldReason::NotDue,
        until: Some(minutes_later(30)),
    };
    assert_eq!(
        plan,
        DialPlan { holds: vec![hold], look_again_at: Some(minutes_later(10)), ..DialPlan::default() }
    );
}

#[test]
fn whoever_is_never_rung_holds_nobody_back() {
    let listed = Candidate { do_not_call: true, ..candidate(100) };
    let plan = planned(10, &[campaign(1, vec![listed, candidate(101)])]);
    assert_eq!((rung(&plan), plan.holds), (vec![prospect(101)], Vec::new()));
}
