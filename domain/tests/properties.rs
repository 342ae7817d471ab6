//! Properties of the rules: whatever happens, in whatever order.

use domain::budget::{Budgets, Funds};
use domain::call::{Call, CallStatus, Finding, Placement};
use domain::calling_window::{CampaignZone, DailyWindow, Openness, WeeklyWindows};
use domain::campaign::{CampaignRules, CampaignStatus, LostCallPolicy};
use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::dial_plan::{CampaignSnapshot, Candidate, Snapshot, plan};
use domain::facts::{CallFacts, Evidence, Source};
use domain::frequency::FrequencyCap;
use domain::gate::{CLOSING_GUARD, GateFacts, HoldReason, NeverReason, Verdict, decide, examine};
use domain::ids::{CampaignId, ProspectId, time_ordered_uuid};
use domain::limits::DailyLimit;
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use domain::prospect::{ProspectStatus, Standing};
use domain::reaction::Reaction;
use domain::refusal::RefusalMeaning;
use domain::retry::RetryPolicy;
use domain::statistics::Tally;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let status = prop::option::of(select(CarrierStatus::ALL.to_vec()));
    let answered_by = prop::option::of(select(AnsweredBy::ALL.to_vec()));
    let sip = prop::option::of(select(vec![200, 404, 486, 487, 603]));
    let seconds = prop::option::of(0..100_i64);
    let rest = (
        prop::option::of(0..300_u32),
        prop::option::of(0..99_999_i64),
        prop::option::of(30_000..30_010_u32),
        prop::option::of(select(Reaction::ALL.to_vec())),
    );
    (select(Source::ALL.to_vec()), status, seconds, answered_by, sip, rest).prop_map(
        |(source, status, second, answered_by, sip_code, (duration_seconds, price, error_code, reaction))| {
            Evidence {
                source,
                status,
                at: second.map(at),
                duration_seconds,
                price: price.map(Usd::from_micros),
                answered_by,
                sip_code,
                error_code,
                reaction,
            }
        },
    )
}

fn fold<'a>(all: impl IntoIterator<Item = &'a Evidence>) -> CallFacts {
    let mut facts = CallFacts::default();
    all.into_iter().for_each(|evidence| facts.apply(evidence));
    facts
}

fn placed(facts: CallFacts) -> Call {
    Call { placement: Placement::Placed, facts, ..Call::reserved() }
}

fn rules(start: &str, end: &str, limit: i64) -> CampaignRules {
    CampaignRules {
        zone: CampaignZone::parse("America/New_York").expect("a zone"),
        windows: WeeklyWindows::every_day(DailyWindow::parse(start, end).expect("a window")),
        daily_limit: DailyLimit::new(limit).expect("a limit"),
        retry: RetryPolicy::default(),
        lost_calls: LostCallPolicy::default(),
        budgets: Budgets::default(),
        pacing: None,
    }
}

fn open_facts(rules: &CampaignRules, now: Timestamp) -> GateFacts<'_> {
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

fn standing_after(call: &Call, attempts_before: u32, rules: &CampaignRules) -> Standing {
    let mut standing = Standing {
        status: ProspectStatus::InCall,
        attempts_spent: attempts_before,
        due_at: None,
        disposition: None,
    };
    standing.follow(&Call::reserved(), call, true, None, rules, at(0));
    standing
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn evidence_in_any_order_and_any_number_of_times_establishes_the_same(
        history in prop::collection::vec(evidence(), 0..12),
        repeats in prop::collection::vec(any::<Index>(), 0..12),
        order in any::<u64>(),
    ) {
        let mut delivered: Vec<&Evidence> = history.iter().collect();
        if !history.is_empty() {
            delivered.extend(repeats.iter().map(|index| index.get(&history)));
        }
        // A shuffle by a seed, so that shrinking keeps its order.
        let mut state = order;
        for last in (1..delivered.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            delivered.swap(last, (state >> 33) as usize % (last + 1));
        }
        let (straight, shuffled) = (fold(&history), fold(delivered));
        prop_assert_eq!(&straight, &shuffled);
        let (call, same) = (placed(straight), placed(shuffled));
        prop_assert_eq!(Tally::of(&call), Tally::of(&same));
        let rules = rules("09:00", "17:00", 10);
        prop_assert_eq!(standing_after(&call, 1, &rules), standing_after(&same, 1, &rules));
    }

    #[test]
    fn a_change_that_moves_no_prospect_leaves_them_where_they_stand(
        history in prop::collection::vec(evidence(), 0..6),
        more in prop::collection::vec(evidence(), 0..3),
        placement in select(Placement::ALL.to_vec()),
    ) {
        let before = Call { placement, ..placed(fold(&history)) };
        let mut after = before.clone();
        more.iter().for_each(|evidence| after.facts.apply(evidence));
        if !Standing::is_moved_by(&before, &after) {
            let rules = rules("09:00", "17:00", 10);
            let stood = standing_after(&before, 1, &rules);
            let mut standing = stood;
            standing.follow(&before, &after, true, None, &rules, at(0));
            prop_assert_eq!(standing, stood);
        }
    }

    #[test]
    fn a_call_that_ended_never_goes_back_to_life(
        history in prop::collection::vec(evidence(), 0..12),
        more in prop::collection::vec(evidence(), 0..6),
    ) {
        let mut facts = fold(&history);
        let ended = facts.ending.is_some();
        more.iter().for_each(|evidence| facts.apply(evidence));
        prop_assert!(!ended || (facts.ending.is_some() && !placed(facts).is_live()));
    }

    #[test]
    fn the_carriers_record_has_the_last_word_on_the_ending(
        mut history in prop::collection::vec(evidence(), 0..12),
        last in select(vec![CarrierStatus::Completed, CarrierStatus::Busy, CarrierStatus::NoAnswer, CarrierStatus::Failed]),
    ) {
        history.retain(|evidence| evidence.source != Source::Rest);
        history.push(Evidence { status: Some(last), at: Some(at(1)), ..Evidence::from(Source::Rest) });
        prop_assert_eq!(fold(&history).status(), Some(last));
    }

    #[test]
    fn a_persons_last_word_on_who_answered_holds_whatever_the_carrier_says_before_and_after(
        history in prop::collection::vec(evidence(), 0..12),
        place in any::<Index>(),
        by in select(AnsweredBy::ALL.to_vec()),
    ) {
        let carrier = || history.iter().filter(|evidence| evidence.source != Source::Person);
        let said = Evidence { answered_by: Some(by), at: Some(at(100)), ..Evidence::from(Source::Person) };
        let mut all = history.clone();
        all.insert(place.index(history.len() + 1), said);
        let corrected = fold(&all);
        prop_assert_eq!(corrected.answered_by(), Some(by));
        prop_assert_eq!(corrected.answer, fold(carrier()).answer);
        // The statistics count what is said last.
        let tally = Tally::of(&placed(corrected));
        prop_assert_eq!(tally.answered_by_human, i64::from(by == AnsweredBy::Human));
        prop_assert_eq!(tally.answered_by_machine, i64::from(by.is_machine()));
    }

    #[test]
    fn every_call_counts_in_exactly_one_status(history in prop::collection::vec(evidence(), 0..6), placement in select(Placement::ALL.to_vec())) {
        let call = Call { placement, closed_at: Some(at(0)), ..placed(fold(&history)) };
        let tally = Tally::of(&call);
        let by_status = [tally.queued, tally.ringing, tally.in_progress, tally.completed, tally.failed, tally.busy, tally.no_answer, tally.canceled, tally.unknown];
        prop_assert_eq!((tally.total, by_status.iter().sum::<i64>()), (1, 1));
        prop_assert_eq!(Tally::from_array(tally.to_array()), tally);
        // A call either may still change, or has an answer for its prospect (or was never sent).
        prop_assert!(call.is_live() != call.disposition().is_some() || placement == Placement::Released);
        prop_assert_eq!(call.status().is_final(), !call.is_live());
    }

    #[test]
    fn differences_add_up_to_the_whole(calls in prop::collection::vec(prop::collection::vec(evidence(), 0..6), 0..8)) {
        let (mut counter, mut recount) = (Tally::default(), Tally::default());
        for history in &calls {
            let mut call = placed(CallFacts::default());
            counter += Tally::of(&call);
            for evidence in history {
                let before = Tally::of(&call);
                call.facts.apply(evidence);
                counter += Tally::of(&call) - before;
            }
            recount += Tally::of(&call);
        }
        prop_assert_eq!(counter, recount);
    }

    #[test]
    fn whoever_may_be_rung_rings_inside_the_window_for_the_whole_guard(second in 0..400 * 86_400_i64, start in 0..24_u16, end in 0..24_u16) {
        prop_assume!(start != end);
        let rules = rules(&format!("{start:02}:00"), &format!("{end:02}:00"), 10);
        let now = at(second);
        let verdict = decide(&open_facts(&rules, now));
        let is_open = |instant| matches!(rules.windows.openness(instant, &rules.zone), Openness::Open { .. });
        match verdict {
            Verdict::Dial => {
                for part in 0..=9 {
                    let later = now.checked_add(CLOSING_GUARD * part / 10).expect("a time");
                    prop_assert!(is_open(later) , "closed at {later}");
                }
            }
            Verdict::Hold { until, .. } => {
                let until = until.expect("time alone opens a window");
                prop_assert!(until > now && is_open(until));
            }
            Verdict::Never(_) => prop_assert!(false, "a window is never for ever"),
        }
    }

    #[test]
    fn a_plan_keeps_every_limit_and_rings_no_number_twice(
        capacity in 0..40_usize,
        limits in prop::collection::vec((0..12_u32, 0..12_u32, prop::collection::vec((0..15_u32, any::<bool>(), any::<bool>(), 0..3_i64), 0..20)), 1..4),
    ) {
        let noon = at(17 * 3_600 - 1_800_000_000 % 86_400);
        let campaigns: Vec<CampaignSnapshot> = limits.iter().enumerate().map(|(nth, (limit, used, people))| CampaignSnapshot {
            campaign: CampaignId::from_uuid(time_ordered_uuid(nth as u64, [0; 10])),
            status: CampaignStatus::Active,
            rules: rules("00:00", "24:00", (*limit).into()),
            used_today: *used,
            kill_switch: false,
            funds: Funds { total: Some(Usd::from_micros(100_000)), ..Funds::UNBOUNDED },
            quarantine: false,
            voice: Verdict::Dial,
            candidates: people.iter().enumerate().map(|(at_place, (number, listed, busy, wait))| Candidate {
                prospect: ProspectId::from_uuid(time_ordered_uuid((nth * 100 + at_place) as u64, [1; 10])),
                number: PhoneNumber::from_e164_unchecked(format!("+1617555{number:04}")),
                status: ProspectStatus::Ready,
                due_at: noon.checked_add(jiff::SignedDuration::from_secs(*wait)).ok(),
                do_not_call: *listed,
                number_in_call: *busy,
                worst_case: Some(Usd::from_micros(14_000)),
            }).collect(),
            next_due_at: None,
        }).collect();
        let snapshot = Snapshot { now: noon, campaigns, capacity };
        let made = plan(&snapshot);
        prop_assert!(made.calls.len() <= capacity);
        let mut numbers = std::collections::HashSet::new();
        for call in &made.calls {
            let campaign = snapshot.campaigns.iter().find(|campaign| campaign.campaign == call.campaign).expect("known");
            let candidate = campaign.candidates.iter().find(|candidate| candidate.prospect == call.prospect).expect("known");
            prop_assert!(!candidate.do_not_call && !candidate.number_in_call && candidate.due_at.is_none_or(|due| due <= noon));
            prop_assert!(numbers.insert(candidate.number.as_str()), "a number twice");
        }
        for campaign in &snapshot.campaigns {
            let planned = made.calls.iter().filter(|call| call.campaign == campaign.campaign).count();
            prop_assert!(planned * 14_000 <= 100_000, "beyond the budget");
            prop_assert!(planned == 0 || campaign.used_today as usize + planned <= campaign.rules.daily_limit.calls() as usize);
        }
        prop_assert_eq!(plan(&snapshot), made);
    }
}

#[test]
fn each_closed_gate_says_so_and_the_first_never_wins() {
    let rules = rules("00:00", "24:00", 1);
    let now = at(0);
    let open = open_facts(&rules, now);
    assert_eq!(decide(&open), Verdict::Dial);
    let held = |facts: GateFacts<'_>| match decide(&facts) {
        Verdict::Hold { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(held(GateFacts { campaign: CampaignStatus::Draft, ..open }), HoldReason::CampaignDraft);
    assert_eq!(held(GateFacts { campaign: CampaignStatus::Paused, ..open }), HoldReason::CampaignPaused);
    assert_eq!(
        held(GateFacts { campaign: CampaignStatus::Completed, ..open }),
        HoldReason::CampaignCompleted
    );
    assert_eq!(held(GateFacts { kill_switch: true, ..open }), HoldReason::KillSwitch);
    // Asked before everything that only holds: it is the reason a person has to act on.
    assert_eq!(held(GateFacts { quarantine: true, kill_switch: true, ..open }), HoldReason::Quarantine);
    assert_eq!(held(GateFacts { prospect: ProspectStatus::InCall, ..open }), HoldReason::InCall);
    assert_eq!(held(GateFacts { prospect: ProspectStatus::Held, ..open }), HoldReason::OutcomeUnknown);
    assert_eq!(held(GateFacts { due_at: Some(at(1)), ..open }), HoldReason::NotDue);
    assert_eq!(held(GateFacts { used_today: 1, ..open }), HoldReason::DailyLimit);
    assert_eq!(held(GateFacts { number_in_call: true, ..open }), HoldReason::NumberInCall);
    let unlooked = GateFacts { lost_call_unlooked: true, ..open };
    assert_eq!(decide(&unlooked), Verdict::Hold { reason: HoldReason::OutcomeUnknown, until: Some(at(60)) });
    let rings = [at(-60), at(-40), at(-20)];
    assert_eq!(held(GateFacts { recent_rings: &rings, ..open }), HoldReason::FrequencyCap);
    assert_eq!(decide(&GateFacts { recent_rings: &rings[1..], ..open }), Verdict::Dial);
    let cent = Usd::from_micros(10_000);
    let funds = |total, day, workspace_day| Funds { total, day, workspace_day };
    let on_a_budget = |funds, worst_case| held(GateFacts { funds, worst_case, ..open });
    let less = Some(Usd::from_micros(9_999));
    assert_eq!(on_a_budget(funds(less, None, None), Some(cent)), HoldReason::Budget);
    assert_eq!(on_a_budget(funds(Some(cent), less, None), Some(cent)), HoldReason::DailyBudget);
    assert_eq!(on_a_budget(funds(Some(cent), None, less), Some(cent)), HoldReason::DailyBudget);
    assert_eq!(on_a_budget(funds(Some(cent), None, None), None), HoldReason::NoRate);
    let enough = GateFacts { funds: funds(Some(cent), Some(cent), Some(cent)), ..open };
    assert_eq!(decide(&GateFacts { worst_case: Some(cent), ..enough }), Verdict::Dial);
    let unspoken = Verdict::Hold { reason: HoldReason::NotSpokenYet, until: Some(at(1)) };
    assert_eq!(decide(&GateFacts { voice: unspoken, ..open }), unspoken);
    let paced = Verdict::Hold { reason: HoldReason::Pacing, until: Some(at(1)) };
    assert_eq!(decide(&GateFacts { pace: paced, ..open }), paced);
    let finished = GateFacts { prospect: ProspectStatus::Done, kill_switch: true, ..open };
    assert_eq!(decide(&finished), Verdict::Never(NeverReason::Finished(ProspectStatus::Done)));
    let listed = GateFacts { do_not_call: true, ..finished };
    assert_eq!(decide(&listed), Verdict::Never(NeverReason::DoNotCall));
    // All gates are answered, also behind a closed one.
    assert_eq!(examine(&listed).iter().filter(|check| check.verdict != Verdict::Dial).count(), 3);
}

#[test]
fn a_refusal_of_our_set_up_leaves_the_person_untouched() {
    let refused = |meaning| Call {
        placement: Placement::NotPlaced,
        refusal: Some(meaning),
        closed_at: Some(at(0)),
        ..Call::reserved()
    };
    let standing = |meaning| standing_after(&refused(meaning), 0, &rules("09:00", "17:00", 10));
    for ours in [RefusalMeaning::SetUp, RefusalMeaning::Account, RefusalMeaning::Concurrency] {
        assert_eq!(standing(ours).status, ProspectStatus::Ready);
        assert!(!refused(ours).spends_attempt());
    }
    assert_eq!(standing(RefusalMeaning::InvalidNumber).status, ProspectStatus::Invalid);
    assert!(refused(RefusalMeaning::InvalidNumber).spends_attempt());
}

#[test]
fn a_lost_call_leaves_its_prospect_as_the_campaign_wants_it() {
    let lost = Call { placement: Placement::PresumedNotPlaced, closed_at: Some(at(0)), ..Call::reserved() };
    let left = |lost_calls| {
        let mut rules = rules("00:00", "24:00", 10);
        rules.lost_calls = lost_calls;
        standing_after(&lost, 0, &rules)
    };
    let counted = left(LostCallPolicy::CountAsAttempt);
    assert_eq!((counted.status, counted.attempts_spent), (ProspectStatus::Waiting, 1));
    assert!(counted.due_at.is_some_and(|due| due >= at(3_600)), "not within the hour");
    assert_eq!(left(LostCallPolicy::Hold).status, ProspectStatus::Held);
    assert_eq!(left(LostCallPolicy::AssumePlaced).status, ProspectStatus::Done);
}

#[test]
fn a_call_that_a_person_found_not_to_have_been_made_costs_no_attempt() {
    let rules = rules("00:00", "24:00", 10);
    let mut lost =
        Call { placement: Placement::PresumedNotPlaced, closed_at: Some(at(0)), ..Call::reserved() };
    let mut standing = standing_after(&lost, 0, &rules);
    let before = lost.clone();
    assert!(lost.settle_by_hand(Finding::NotPlaced, at(9)));
    standing.follow(&before, &lost, true, None, &rules, at(9));
    assert_eq!(
        (standing.status, standing.attempts_spent, standing.due_at),
        (ProspectStatus::Ready, 0, Some(at(9)))
    );
}

#[test]
fn proof_of_placement_wins_over_every_conclusion() {
    for placement in Placement::ALL {
        let mut call = Call { placement, closed_at: Some(at(0)), ..Call::reserved() };
        call.prove_placed();
        assert_eq!(
            (call.placement, call.status(), call.is_live()),
            (Placement::Placed, CallStatus::Queued, true)
        );
    }
}
