//! Each gate at its edge, and the words in which the answers are told.

use std::collections::BTreeSet;

use super::*;
use crate::budget::Budgets;
use crate::calling_window::{DailyWindow, WeeklyWindows};
use crate::campaign::LostCallPolicy;
use crate::limits::DailyLimit;
use crate::retry::RetryPolicy;

fn at(text: &str) -> Timestamp {
    format!("2027-06-01T{text}Z").parse().expect(text)
}

fn tomorrow(text: &str) -> Option<Timestamp> {
    format!("2027-06-02T{text}Z").parse().ok()
}

/// Nine to five, two calls a day.
fn rules(zone: &str) -> CampaignRules {
    CampaignRules {
        zone: CampaignZone::parse(zone).expect(zone),
        windows: WeeklyWindows::every_day(DailyWindow::parse("09:00", "17:00").expect("a window")),
        daily_limit: DailyLimit::new(2).expect("a limit"),
        retry: RetryPolicy::default(),
        lost_calls: LostCallPolicy::default(),
        budgets: Budgets::default(),
        pacing: None,
    }
}

fn open(rules: &CampaignRules, now: Timestamp) -> GateFacts<'_> {
    GateFacts {
        now,
        campaign: CampaignStatus::Active,
        rules,
        used_today: 0,
        kill_switch: false,
        quarantine: false,
        prospect: ProspectStatus::Ready,
        due_at: None,
        do_not_call: false,
        number_in_call: false,
        lost_call_unlooked: false,
        frequency_cap: FrequencyCap::default(),
        recent_rings: &[],
        funds: Funds::UNBOUNDED,
        worst_case: None,
        voice: Verdict::Dial,
        pace: Verdict::Dial,
    }
}

fn held(reason: HoldReason, until: Option<Timestamp>) -> Verdict {
    Verdict::Hold { reason, until }
}

#[test]
fn the_guard_covers_the_send_the_way_the_queue_and_the_clocks() {
    let (send, way, clocks) = (5, 30, 2);
    assert!(Duration::from_secs(send + way + clocks) + LONGEST_QUEUE <= CLOSING_GUARD);
}

#[test]
fn a_prospect_may_be_rung_from_the_very_instant_of_being_due() {
    let rules = rules("UTC");
    let due = |due_at| decide(&GateFacts { due_at: Some(due_at), ..open(&rules, at("12:00:00")) });
    assert_eq!(due(at("11:59:59.999")), Verdict::Dial);
    assert_eq!(due(at("12:00:00")), Verdict::Dial);
    let later = at("12:00:00.001");
    assert_eq!(due(later), held(HoldReason::NotDue, Some(later)));
}

#[test]
fn the_window_must_be_open_now_and_stay_open_for_the_whole_guard() {
    let rules = rules("UTC");
    let asked = |now| decide(&open(&rules, at(now)));
    assert_eq!(asked("08:59:59.999"), held(HoldReason::WindowClosed, Some(at("09:00:00"))));
    assert_eq!(asked("09:00:00"), Verdict::Dial);
    assert_eq!(asked("16:58:30"), Verdict::Dial, "closes exactly when the guard ends");
    let closing = held(HoldReason::WindowClosing, tomorrow("09:00:00"));
    assert_eq!(asked("16:58:30.001"), closing);
    assert_eq!(asked("16:59:59.999"), closing);
    assert_eq!(asked("17:00:00"), held(HoldReason::WindowClosed, tomorrow("09:00:00")));
}

#[test]
fn the_last_call_of_the_day_is_made_and_the_next_waits_for_midnight_in_the_zone() {
    let rules = rules("America/New_York");
    let used = |used_today| decide(&GateFacts { used_today, ..open(&rules, at("15:00:00")) });
    assert_eq!(used(1), Verdict::Dial);
    for used_up in [2, 3] {
        assert_eq!(used(used_up), held(HoldReason::DailyLimit, tomorrow("04:00:00")), "{used_up} used");
    }
}

#[test]
fn a_day_budget_comes_back_at_its_own_midnight_and_a_whole_one_never_by_itself() {
    let rules = rules("America/New_York");
    let cent = Usd::from_micros(10_000);
    let (enough, short) = (Some(cent), Some(Usd::from_micros(9_999)));
    let left = |total, day, workspace_day| {
        let funds = Funds { total, day, workspace_day };
        decide(&GateFacts { funds, worst_case: Some(cent), ..open(&rules, at("15:00:00")) })
    };
    assert_eq!(left(enough, enough, enough), Verdict::Dial);
    assert_eq!(left(short, short, short), held(HoldReason::Budget, None));
    assert_eq!(left(None, short, short), held(HoldReason::DailyBudget, tomorrow("04:00:00")));
    assert_eq!(left(None, None, short), held(HoldReason::DailyBudget, tomorrow("00:00:00")));
}

#[test]
fn a_number_rung_often_enough_waits_until_its_earliest_ring_has_left_the_day() {
    let rules = rules("UTC");
    let recent_rings = ["10:00:00", "10:30:00", "11:00:00"].map(at);
    let facts = GateFacts { recent_rings: &recent_rings, ..open(&rules, at("12:00:00")) };
    assert_eq!(decide(&facts), held(HoldReason::FrequencyCap, tomorrow("10:01:30")));
}

#[test]
fn of_several_answers_the_first_never_counts_and_else_the_first_hold() {
    let checks = |verdicts: &[Verdict]| {
        let checks: Vec<GateCheck> =
            verdicts.iter().map(|verdict| GateCheck { gate: Gate::Due, verdict: *verdict }).collect();
        verdict_of(&checks)
    };
    let [one, other] = [HoldReason::NotDue, HoldReason::Pacing].map(|reason| held(reason, None));
    let never = Verdict::Never(NeverReason::DoNotCall);
    let finished = Verdict::Never(NeverReason::Finished(ProspectStatus::Done));
    assert_eq!(checks(&[]), Verdict::Dial);
    assert_eq!(checks(&[Verdict::Dial, one, other]), one);
    assert_eq!(checks(&[other, Verdict::Dial, one]), other);
    assert_eq!(checks(&[one, never, finished]), never);
}

#[test]
fn every_gate_has_a_word_of_its_own_and_they_are_asked_in_this_order() {
    let rules = rules("UTC");
    let words = examine(&open(&rules, at("12:00:00"))).map(|check| check.gate.as_str());
    assert_eq!(
        words,
        [
            "do_not_call",
            "quarantine",
            "prospect",
            "campaign",
            "kill_switch",
            "due",
            "calling_window",
            "daily_limit",
            "frequency_cap",
            "budget",
            "number_free",
            "voice",
            "pacing"
        ]
    );
}

const HOLDS: [HoldReason; 23] = [
    HoldReason::Quarantine,
    HoldReason::CampaignDraft,
    HoldReason::CampaignPaused,
    HoldReason::CampaignCompleted,
    HoldReason::KillSwitch,
    HoldReason::InCall,
    HoldReason::OutcomeUnknown,
    HoldReason::NotDue,
    HoldReason::WindowClosed,
    HoldReason::WindowClosing,
    HoldReason::DailyLimit,
    HoldReason::FrequencyCap,
    HoldReason::Budget,
    HoldReason::DailyBudget,
    HoldReason::NoRate,
    HoldReason::NumberInCall,
    HoldReason::VoiceOff,
    HoldReason::VoiceUnavailable,
    HoldReason::NotSpokenYet,
    HoldReason::Pacing,
    HoldReason::AtCapacity,
    HoldReason::CarrierThrottled,
    HoldReason::CarrierUnreachable,
];

/// One lower-case word for programs and whole sentences for people, none of them twice.
fn assert_told_apart<const N: usize>(told: [(&'static str, &'static str); N]) {
    for (word, sentences) in told {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(!word.is_empty() && word.bytes().all(is_word), "{word:?}");
        assert!(sentences.contains(' ') && sentences.ends_with('.'), "{word}: {sentences:?}");
    }
    assert_eq!(BTreeSet::from(told.map(|(word, _)| word)).len(), N);
    assert_eq!(BTreeSet::from(told.map(|(_, sentences)| sentences)).len(), N);
}

#[test]
fn every_reason_has_a_word_and_an_explanation_of_its_own() {
    assert_told_apart(HOLDS.map(|reason| (reason.as_str(), reason.explain())));
    let finished =
        [ProspectStatus::Done, ProspectStatus::Exhausted, ProspectStatus::Invalid, ProspectStatus::Removed];
    let finished = finished.map(NeverReason::Finished);
    assert_told_apart(finished.map(|reason| (reason.as_str(), reason.explain())));
    let listed = NeverReason::DoNotCall;
    assert_eq!(
        (listed.as_str(), listed.explain()),
        ("do_not_call", "The number is on the do-not-call list.")
    );
    // The word for somebody finished is the prospect's own.
    assert_eq!(finished.map(NeverReason::as_str), ["done", "exhausted", "invalid", "removed"]);
}

#[test]
fn only_what_passes_in_a_moment_is_a_matter_of_pace() {
    let pace: Vec<HoldReason> = HOLDS.into_iter().filter(|reason| reason.is_pace()).collect();
    assert_eq!(
        pace,
        [
            HoldReason::Pacing,
            HoldReason::AtCapacity,
            HoldReason::CarrierThrottled,
            HoldReason::CarrierUnreachable
        ]
    );
}
