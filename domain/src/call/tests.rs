//! How a call is shown, counted and ended, from each placement and each ending.

use super::*;
use crate::facts::{Evidence, Source};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

/// A call that the carrier made, with one piece of its evidence.
fn placed(status: Option<CarrierStatus>, answered_by: Option<AnsweredBy>) -> Call {
    let mut call = Call { placement: Placement::Placed, ..Call::reserved() };
    call.facts.apply(&Evidence { status, answered_by, at: Some(at(7)), ..Evidence::from(Source::Rest) });
    call
}

fn refused(refusal: Option<RefusalMeaning>) -> Call {
    Call { placement: Placement::NotPlaced, refusal, closed_at: Some(at(3)), ..Call::reserved() }
}

#[test]
fn words_are_read_back() {
    for placement in Placement::ALL {
        assert_eq!(Placement::parse(placement.as_str()), Some(placement));
    }
    for status in CallStatus::ALL {
        assert_eq!(CallStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!((Placement::parse("lost"), CallStatus::parse("in_progress")), (None, None));
}

#[test]
fn before_the_carrier_says_anything_the_placement_decides() {
    use CallStatus::*;
    // Placement, as shown, still on, holds a slot of its day, spends an attempt, ended as.
    let table = [
        (Placement::Reserved, Queued, true, false, false, None),
        (Placement::Released, Canceled, false, false, false, None),
        (Placement::Armed, Queued, true, true, true, None),
        (Placement::Unknown, Unknown, true, true, true, None),
        (Placement::PresumedNotPlaced, Failed, false, true, true, Some(Disposition::Lost)),
        (Placement::NotPlaced, Failed, false, false, false, Some(Disposition::Refused)),
        (Placement::Placed, Queued, true, true, true, None),
    ];
    for (placement, status, live, slot, attempt, disposition) in table {
        let call = Call { placement, ..Call::reserved() };
        assert_eq!(
            (call.status(), call.is_live(), call.holds_day_slot(), call.spends_attempt(), call.disposition()),
            (status, live, slot, attempt, disposition),
            "{placement:?}"
        );
    }
}

#[test]
fn a_refusal_spends_an_attempt_only_when_it_is_about_the_person() {
    use RefusalMeaning::*;
    for meaning in RefusalMeaning::ALL {
        let about_the_person =
            matches!(meaning, InvalidNumber | UnreachableNumber | DestinationBlocked | Other);
        let ended = if meaning == UnreachableNumber { Disposition::Failed } else { Disposition::Refused };
        let call = refused(Some(meaning));
        assert_eq!(
            (call.spends_attempt(), call.disposition()),
            (about_the_person, Some(ended)),
            "{meaning:?}"
        );
    }
}

#[test]
fn a_call_under_way_shows_what_the_carrier_says() {
    for (said, shown) in [
        (CarrierStatus::Queued, CallStatus::Queued),
        (CarrierStatus::Initiated, CallStatus::Queued),
        (CarrierStatus::Ringing, CallStatus::Ringing),
        (CarrierStatus::InProgress, CallStatus::InProgress),
    ] {
        let call = placed(Some(said), None);
        assert_eq!((call.status(), call.is_live(), call.disposition()), (shown, true, None));
        assert_eq!(call.ended_at(), None);
    }
}

#[test]
fn an_ending_is_what_the_carrier_says_and_says_when() {
    for (said, shown, disposition) in [
        (CarrierStatus::Completed, CallStatus::Completed, Disposition::AnsweredUnknown),
        (CarrierStatus::Busy, CallStatus::Busy, Disposition::Busy),
        (CarrierStatus::Failed, CallStatus::Failed, Disposition::Failed),
        (CarrierStatus::NoAnswer, CallStatus::NoAnswer, Disposition::NoAnswer),
        (CarrierStatus::Canceled, CallStatus::Canceled, Disposition::Canceled),
    ] {
        let call = placed(Some(said), None);
        assert_eq!((call.status(), call.is_live(), call.disposition()), (shown, false, Some(disposition)));
        assert_eq!(call.ended_at(), Some(at(7)), "the carrier's time");
        assert!(call.spends_attempt() && call.holds_day_slot());
    }
    assert_eq!(refused(None).ended_at(), Some(at(3)), "our own");
}

#[test]
fn a_completed_call_was_answered_by_whom_detection_says() {
    for by in AnsweredBy::ALL {
        let expected = match by {
            AnsweredBy::Human => Disposition::HumanAnswered,
            AnsweredBy::Fax => Disposition::Fax,
            AnsweredBy::Unknown => Disposition::AnsweredUnknown,
            _ => Disposition::MachineAnswered,
        };
        let call = placed(Some(CarrierStatus::Completed), Some(by));
        assert_eq!(call.disposition(), Some(expected), "{by:?}");
    }
    // Whoever picked up, the line was engaged all the same.
    let busy = placed(Some(CarrierStatus::Busy), Some(AnsweredBy::Human));
    assert_eq!(busy.disposition(), Some(Disposition::Busy));
}
