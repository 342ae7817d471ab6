//! What the retry policy promises for every outcome, attempt, instant and zone.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn new_york() -> CampaignZone {
    CampaignZone::parse("America/New_York").unwrap()
}

/// Minutes until the retry, or why there is none.
fn minutes(policy: &RetryPolicy, disposition: Disposition, attempts_made: u32) -> Result<i64, GiveUp> {
    let ended_at = at("2027-06-01T14:00:00Z");
    match policy.decide(disposition, attempts_made, ended_at, &new_york()) {
        RetryDecision::At(instant) => Ok(instant.duration_since(ended_at).as_mins()),
        RetryDecision::GiveUp(why) => Err(why),
    }
}

#[test]
fn a_busy_number_is_rung_again_after_the_policy_delay() {
    let policy = RetryPolicy::default();
    assert_eq!(minutes(&policy, Disposition::Busy, 1), Ok(20));
    assert_eq!(minutes(&policy, Disposition::Busy, 2), Ok(40));
    assert_eq!(minutes(&policy, Disposition::Busy, 3), Err(GiveUp::Exhausted));
}

#[test]
fn each_outcome_has_its_own_delay() {
    let policy = RetryPolicy::default();
    assert_eq!(minutes(&policy, Disposition::NoAnswer, 1), Ok(180));
    assert_eq!(minutes(&policy, Disposition::Failed, 1), Ok(30));
    assert_eq!(minutes(&policy, Disposition::Lost, 1), Ok(60));
}

#[test]
fn whoever_answered_and_whoever_cannot_be_rung_is_left_alone() {
    let policy = RetryPolicy::default();
    for disposition in [
        Disposition::HumanAnswered,
        Disposition::AnsweredUnknown,
        Disposition::Fax,
        Disposition::Refused,
        Disposition::Canceled,
    ] {
        assert_eq!(minutes(&policy, disposition, 1), Err(GiveUp::Final), "{disposition:?}");
    }
}

#[test]
fn a_voicemail_in_the_morning_is_tried_on_a_later_afternoon() {
    let zone = new_york();
    let retry = |ended_at| match RetryPolicy::default().decide(
        Disposition::MachineAnswered,
        1,
        at(ended_at),
        &zone,
    ) {
        RetryDecision::At(instant) => zone.local_time(instant).to_string(),
        RetryDecision::GiveUp(why) => panic!("{why:?}"),
    };
    assert_eq!(retry("2027-06-01T14:17:00Z"), "2027-06-02T15:17:00", "10:17 in New York");
    assert_eq!(retry("2027-06-01T19:30:00Z"), "2027-06-02T09:30:00", "15:30 in New York");
}

#[test]
fn the_simple_form_sets_one_delay_for_the_statuses_named() {
    let policy = RetryPolicy::from_simple(2, 45, ["busy", "voicemail"]).unwrap();
    assert_eq!(policy.max_attempts(), 3);
    assert_eq!(minutes(&policy, Disposition::Busy, 1), Ok(45));
    assert_eq!(minutes(&policy, Disposition::Busy, 2), Ok(45));
    assert_eq!(minutes(&policy, Disposition::MachineAnswered, 1), Ok(45));
    assert_eq!(minutes(&policy, Disposition::NoAnswer, 1), Err(GiveUp::Final));
    let none = RetryPolicy::from_simple(0, 45, ["busy"]).unwrap();
    assert_eq!(minutes(&none, Disposition::Busy, 1), Err(GiveUp::Exhausted));
}

#[test]
fn a_policy_says_what_it_was_made_of() {
    let voicemail = RetryRule::new(720, 150, true).unwrap();
    let busy = RetryRule::after_minutes(1).unwrap();
    let given = [(Disposition::MachineAnswered, voicemail), (Disposition::Busy, busy)];
    let policy = RetryPolicy::new(10, given).unwrap();
    assert_eq!(policy.max_attempts(), 10);
    assert_eq!(policy.rules().collect::<Vec<_>>(), given);
    assert_eq!((policy.rule(Disposition::Busy), policy.rule(Disposition::Lost)), (Some(busy), None));
    assert_eq!(
        [voicemail, busy].map(|rule| (rule.delay_minutes(), rule.growth_percent(), rule.other_half_of_day())),
        [(720, 150, true), (1, 100, false)]
    );
}

#[test]
fn delays_grow_by_their_factor_and_stop_at_thirty_days() {
    let rule = RetryRule::new(10_000, 150, false).unwrap();
    let policy = RetryPolicy::new(10, [(Disposition::Busy, rule)]).unwrap();
    let delays = [1, 2, 3, 4, 5, 9].map(|attempts| minutes(&policy, Disposition::Busy, attempts).unwrap());
    assert_eq!(delays, [10_000, 15_000, 22_500, 33_750, 43_200, 43_200]);
}

#[test]
fn each_status_of_the_simple_form_retries_its_outcomes() {
    use Disposition::*;
    for (status, outcomes) in [
        ("busy", &[Busy][..]),
        ("no-answer", &[NoAnswer]),
        ("failed", &[Failed, Lost]),
        ("canceled", &[Canceled]),
        ("voicemail", &[MachineAnswered]),
    ] {
        let policy = RetryPolicy::from_simple(1, 30, [status]).unwrap();
        assert_eq!(policy.rules().map(|(outcome, _)| outcome).collect::<Vec<_>>(), outcomes, "{status}");
    }
}

#[test]
fn a_voicemail_waits_for_a_later_day_when_the_delay_is_not_over_by_the_hour() {
    // Three days from half past nine in the evening: the morning of the third day is too early by half a day.
    let rule = RetryRule::new(3 * 24 * 60, 100, true).unwrap();
    let policy = RetryPolicy::new(2, [(Disposition::MachineAnswered, rule)]).unwrap();
    let decision =
        policy.decide(Disposition::MachineAnswered, 1, at("2027-06-01T21:30:00Z"), &CampaignZone::utc());
    assert_eq!(decision, RetryDecision::At(at("2027-06-05T09:30:00Z")));
    // From one in the night, the afternoon of that day is late enough; exactly as late is enough, too.
    let decision =
        policy.decide(Disposition::MachineAnswered, 1, at("2027-06-01T01:10:00Z"), &CampaignZone::utc());
    assert_eq!(decision, RetryDecision::At(at("2027-06-04T14:10:00Z")));
    let exact = RetryRule::new(13 * 60 + 24 * 60, 100, true).unwrap();
    let policy = RetryPolicy::new(2, [(Disposition::MachineAnswered, exact)]).unwrap();
    let decision =
        policy.decide(Disposition::MachineAnswered, 1, at("2027-06-01T01:10:00Z"), &CampaignZone::utc());
    assert_eq!(decision, RetryDecision::At(at("2027-06-02T14:10:00Z")));
}

#[test]
fn a_lost_call_counts_as_failed_but_waits_an_hour() {
    let policy = RetryPolicy::from_simple(2, 5, ["failed"]).unwrap();
    assert_eq!(minutes(&policy, Disposition::Failed, 1), Ok(5));
    assert_eq!(minutes(&policy, Disposition::Lost, 1), Ok(60));
}

#[test]
fn policies_out_of_range_are_refused_with_the_range() {
    use InvalidRetryPolicy::*;
    assert_eq!(RetryPolicy::from_simple(10, 30, ["busy"]), Err(Attempts));
    assert_eq!(RetryPolicy::from_simple(u32::MAX, 30, ["busy"]), Err(Attempts));
    assert_eq!(RetryPolicy::new(0, []), Err(Attempts));
    assert_eq!(RetryPolicy::from_simple(3, 0, ["busy"]), Err(Delay));
    assert_eq!(RetryPolicy::from_simple(3, 43_201, ["busy"]), Err(Delay));
    assert_eq!(RetryRule::new(30, 99, false), Err(Growth));
    assert_eq!(RetryRule::new(30, 1_001, false), Err(Growth));
    assert_eq!(RetryPolicy::from_simple(3, 30, ["completed"]), Err(Status("completed".to_owned())));
    let rule = RetryRule::after_minutes(30).unwrap();
    let answered = Disposition::HumanAnswered;
    assert_eq!(RetryPolicy::new(3, [(answered, rule)]), Err(NeverRetried(answered)));
}

#[test]
fn the_end_of_the_calendar_is_no_surprise() {
    for disposition in Disposition::ALL {
        RetryPolicy::default().decide(disposition, 1, Timestamp::MAX, &new_york());
    }
}

fn any_rule() -> impl Strategy<Value = RetryRule> {
    (prop_oneof![1..120_u32, 1..=LONGEST_DELAY], 100..=1_000_u16, any::<bool>())
        .prop_map(|(delay, growth, other_half)| RetryRule::new(delay, growth, other_half).unwrap())
}

fn any_policy() -> impl Strategy<Value = RetryPolicy> {
    let retriable: Vec<_> = Disposition::ALL.into_iter().filter(|d| d.may_be_retried()).collect();
    let rules = proptest::collection::vec((proptest::sample::select(retriable), any_rule()), 0..6);
    (1..=MOST_ATTEMPTS, rules).prop_map(|(attempts, rules)| RetryPolicy::new(attempts, rules).unwrap())
}

fn any_disposition() -> impl Strategy<Value = Disposition> {
    proptest::sample::select(Disposition::ALL.to_vec())
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    (1_420_070_400_000..1_924_992_000_000_i64).prop_map(|millis| Timestamp::from_millisecond(millis).unwrap())
}

fn any_zone() -> impl Strategy<Value = CampaignZone> {
    let names = [
        "America/New_York",
        "Antarctica/Troll",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "UTC",
    ];
    proptest::sample::select(names.to_vec()).prop_map(|name| CampaignZone::parse(name).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_policy_goes_beyond_its_attempts(
        policy in any_policy(), disposition in any_disposition(), ended in any_instant(), zone in any_zone(),
        more in 0..1_000_u32,
    ) {
        let decision = policy.decide(disposition, policy.max_attempts() + more, ended, &zone);
        prop_assert!(matches!(decision, RetryDecision::GiveUp(_)));
    }

    #[test]
    fn later_attempts_never_wait_less(
        policy in any_policy(), disposition in any_disposition(), ended in any_instant(), zone in any_zone(),
    ) {
        let mut last = ended;
        for attempts_made in 1..policy.max_attempts() {
            if let RetryDecision::At(instant) = policy.decide(disposition, attempts_made, ended, &zone) {
                prop_assert!(instant >= last && instant > ended);
                last = instant;
            }
        }
    }

    #[test]
    fn nobody_is_rung_within_an_hour_of_a_lost_call(
        policy in any_policy(), attempts_made in 0..12_u32, ended in any_instant(), zone in any_zone(),
    ) {
        if let RetryDecision::At(instant) = policy.decide(Disposition::Lost, attempts_made, ended, &zone) {
            prop_assert!(instant.duration_since(ended) >= SignedDuration::from_mins(60));
        }
    }

    #[test]
    fn the_other_half_of_the_day_is_another_half_of_a_later_day(
        rule in any_rule(), attempts_made in 1..9_u32, ended in any_instant(), zone in any_zone(),
    ) {
        let rule = RetryRule { other_half_of_day: true, ..rule };
        let policy = RetryPolicy::new(10, [(Disposition::MachineAnswered, rule)]).unwrap();
        let RetryDecision::At(instant) = policy.decide(Disposition::MachineAnswered, attempts_made, ended, &zone) else {
            return Err(TestCaseError::fail("gave up"));
        };
        let (before, after) = (zone.local_time(ended), zone.local_time(instant));
        prop_assert!(after.date() > before.date());
        prop_assert_ne!(after.hour() < 12, before.hour() < 12);
        // Not sooner than the delay, and not much later: two days at most.
        let delay = SignedDuration::from_mins(i64::from(rule.delay_after(attempts_made)));
        let waited = instant.duration_since(ended);
        prop_assert!(waited >= delay && waited <= delay + SignedDuration::from_hours(50));
    }
}
