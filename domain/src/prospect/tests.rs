//! Where a prospect stands after each change of a call.

use super::*;
use crate::budget::Budgets;
use crate::calling_window::{CampaignZone, WeeklyWindows};
use crate::carrier_event::{AnsweredBy, CarrierStatus};
use crate::facts::{Evidence, Source};
use crate::limits::DailyLimit;
use crate::retry::RetryPolicy;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).expect("a time")
}

fn rules(lost_calls: LostCallPolicy) -> CampaignRules {
    CampaignRules {
        zone: CampaignZone::utc(),
        windows: WeeklyWindows::around_the_clock(),
        daily_limit: DailyLimit::default(),
        retry: RetryPolicy::default(),
        lost_calls,
        budgets: Budgets::default(),
        pacing: None,
    }
}

fn call(placement: Placement) -> Call {
    Call { placement, ..Call::reserved() }
}

fn refused(refusal: Option<RefusalMeaning>) -> Call {
    Call { refusal, closed_at: Some(at(5)), ..call(Placement::NotPlaced) }
}

/// A call that the carrier ended at minute 5.
fn ended(status: CarrierStatus, answered_by: Option<AnsweredBy>) -> Call {
    let mut call = call(Placement::Placed);
    let evidence =
        Evidence { status: Some(status), answered_by, at: Some(at(5)), ..Evidence::from(Source::Rest) };
    call.facts.apply(&evidence);
    call
}

fn in_call(attempts_spent: u32) -> Standing {
    Standing { status: ProspectStatus::InCall, attempts_spent, due_at: None, disposition: None }
}

/// What becomes of somebody with `attempts` behind them whose latest call went from reserved to this; it is minute 9.
fn after(attempts: u32, call: &Call) -> Standing {
    let mut standing = in_call(attempts);
    standing.follow(&Call::reserved(), call, true, None, &rules(LostCallPolicy::default()), at(9));
    standing
}

fn place(standing: Standing) -> (ProspectStatus, u32, Option<Timestamp>) {
    (standing.status, standing.attempts_spent, standing.due_at)
}

#[test]
fn a_status_is_read_back_as_it_was_stored() {
    for status in ProspectStatus::ALL {
        assert_eq!(ProspectStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(ProspectStatus::parse("called"), None);
}

#[test]
fn five_statuses_are_final_and_only_a_person_or_the_law_makes_one_sticky() {
    use ProspectStatus::*;
    let those = |wanted: fn(ProspectStatus) -> bool| -> Vec<_> {
        ProspectStatus::ALL.into_iter().filter(|status| wanted(*status)).collect()
    };
    assert_eq!(those(ProspectStatus::is_final), [Done, Exhausted, Invalid, DoNotCall, Removed]);
    assert_eq!(those(ProspectStatus::is_sticky), [DoNotCall, Removed]);
}

#[test]
fn a_call_given_up_puts_its_prospect_back_where_they_were() {
    let released = call(Placement::Released);
    assert_eq!(place(after(0, &released)), (ProspectStatus::Ready, 0, Some(at(9))));
    assert_eq!(place(after(1, &released)), (ProspectStatus::Waiting, 1, Some(at(9))));
    for attempts in [0, 1] {
        let mut standing = in_call(attempts);
        let rules = rules(LostCallPolicy::default());
        standing.follow(&Call::reserved(), &released, true, Some(at(60)), &rules, at(9));
        assert_eq!(standing.due_at, Some(at(60)), "not before then");
    }
}

#[test]
fn a_call_under_way_spends_its_attempt_and_one_in_doubt_holds_its_prospect() {
    assert_eq!(place(after(1, &call(Placement::Reserved))), (ProspectStatus::InCall, 1, None));
    assert_eq!(place(after(1, &call(Placement::Armed))), (ProspectStatus::InCall, 2, None));
    assert_eq!(place(after(1, &call(Placement::Placed))), (ProspectStatus::InCall, 2, None));
    assert_eq!(place(after(1, &call(Placement::Unknown))), (ProspectStatus::Held, 2, None));
}

#[test]
fn an_attempt_is_counted_once_and_given_back_when_it_was_none() {
    let rules = rules(LostCallPolicy::default());
    let mut standing = in_call(2);
    standing.follow(&call(Placement::Armed), &call(Placement::Placed), true, None, &rules, at(9));
    assert_eq!(standing.attempts_spent, 2);
    standing.follow(&call(Placement::Armed), &call(Placement::Reserved), true, None, &rules, at(9));
    assert_eq!(standing.attempts_spent, 1);
}

#[test]
fn a_refusal_is_final_for_the_number_and_otherwise_never_the_persons_fault() {
    use RefusalMeaning::*;
    for meaning in [InvalidNumber, DestinationBlocked] {
        assert_eq!(place(after(0, &refused(Some(meaning)))), (ProspectStatus::Invalid, 1, None));
    }
    for meaning in [SetUp, Account, Concurrency] {
        assert_eq!(place(after(0, &refused(Some(meaning)))), (ProspectStatus::Ready, 0, Some(at(5))));
    }
    // Half an hour after a failure, by the usual policy; a refusal nobody knows is not tried again.
    let unreachable = after(0, &refused(Some(UnreachableNumber)));
    assert_eq!(place(unreachable), (ProspectStatus::Waiting, 1, Some(at(35))));
    assert_eq!(place(after(0, &refused(Some(Other)))), (ProspectStatus::Exhausted, 1, None));
    let looked_up = after(0, &refused(None));
    assert_eq!(place(looked_up), (ProspectStatus::Ready, 0, Some(at(5))), "nobody was rung");
}

#[test]
fn a_lost_call_counts_holds_or_is_taken_for_placed_as_the_campaign_wants() {
    let lost = Call { closed_at: Some(at(5)), ..call(Placement::PresumedNotPlaced) };
    for (policy, expected) in [
        (LostCallPolicy::CountAsAttempt, (ProspectStatus::Waiting, 1, Some(at(65)))),
        (LostCallPolicy::Hold, (ProspectStatus::Held, 1, None)),
        (LostCallPolicy::AssumePlaced, (ProspectStatus::Done, 1, None)),
    ] {
        let mut standing = in_call(0);
        standing.follow(&Call::reserved(), &lost, true, None, &rules(policy), at(9));
        assert_eq!(place(standing), expected, "{policy:?}");
    }
}

#[test]
fn the_policy_says_when_it_is_their_turn_again_or_that_it_never_is() {
    let busy = ended(CarrierStatus::Busy, None);
    let first = after(0, &busy);
    assert_eq!(place(first), (ProspectStatus::Waiting, 1, Some(at(25))));
    assert_eq!(first.disposition, Some(Disposition::Busy));
    assert_eq!(place(after(2, &busy)), (ProspectStatus::Exhausted, 3, None));
    for by in [None, Some(AnsweredBy::Human)] {
        let answered = ended(CarrierStatus::Completed, by);
        assert_eq!(place(after(0, &answered)), (ProspectStatus::Done, 1, None), "{by:?}");
    }
    let machine = ended(CarrierStatus::Completed, Some(AnsweredBy::MachineStart));
    assert_eq!(after(0, &machine).status, ProspectStatus::Waiting);
    assert_eq!(after(2, &machine).status, ProspectStatus::Done, "reached, if only a machine");
}

#[test]
fn an_older_call_changes_the_attempts_and_nothing_else() {
    let rules = rules(LostCallPolicy::default());
    let mut standing = in_call(1);
    let proven = ended(CarrierStatus::Busy, None);
    standing.follow(&Call::reserved(), &proven, false, None, &rules, at(9));
    assert_eq!(standing, in_call(2));
}

#[test]
fn no_news_brings_back_whom_a_person_or_the_law_took_off() {
    let rules = rules(LostCallPolicy::default());
    for status in ProspectStatus::ALL {
        let mut standing = Standing { status, ..in_call(0) };
        let busy = ended(CarrierStatus::Busy, None);
        standing.follow(&Call::reserved(), &busy, true, None, &rules, at(9));
        let stays = matches!(status, ProspectStatus::DoNotCall | ProspectStatus::Removed);
        let expected = if stays { status } else { ProspectStatus::Waiting };
        assert_eq!((standing.status, standing.attempts_spent), (expected, 1));
    }
}

#[test]
fn the_last_answer_is_remembered_while_another_call_is_under_way() {
    let rules = rules(LostCallPolicy::default());
    let mut standing = Standing { disposition: Some(Disposition::Busy), ..in_call(1) };
    standing.follow(&Call::reserved(), &call(Placement::Armed), true, None, &rules, at(9));
    assert_eq!(standing.disposition, Some(Disposition::Busy));
}
