//! Which evidence wins over which, in both orders of arrival.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn says(source: Source, status: CarrierStatus) -> Evidence {
    Evidence { status: Some(status), ..Evidence::from(source) }
}

fn detects(source: Source, by: AnsweredBy) -> Evidence {
    Evidence { answered_by: Some(by), ..Evidence::from(source) }
}

fn fold(all: &[&Evidence]) -> CallFacts {
    let mut facts = CallFacts::default();
    all.iter().for_each(|evidence| facts.apply(evidence));
    facts
}

/// What both orders of arrival establish.
fn both_ways(one: &Evidence, other: &Evidence) -> CallFacts {
    let facts = fold(&[one, other]);
    assert_eq!(fold(&[other, one]), facts, "the order of arrival matters");
    facts
}

#[test]
fn a_source_is_read_back_as_it_was_stored() {
    for source in Source::ALL {
        assert_eq!(Source::parse(source.as_str()), Some(source));
    }
    assert_eq!(Source::parse("Rest"), None);
}

#[test]
fn nothing_is_known_before_any_evidence() {
    let mut facts = CallFacts::default();
    facts.apply(&Evidence::from(Source::Rest));
    assert_eq!(facts, CallFacts::default());
    assert_eq!((facts.status(), facts.answered_by()), (None, None));
}

#[test]
fn the_furthest_progress_counts_and_an_ending_over_all_of_it() {
    use CarrierStatus::*;
    for pair in [Queued, Initiated, Ringing, InProgress].windows(2) {
        let [sooner, later] = [pair[0], pair[1]].map(|status| says(Source::Callback, status));
        assert_eq!(both_ways(&sooner, &later).status(), Some(pair[1]));
    }
    for ending in CarrierStatus::ALL.into_iter().filter(|status| status.is_final()) {
        let [talks, ends] = [InProgress, ending].map(|status| says(Source::Callback, status));
        let facts = both_ways(&talks, &ends);
        assert_eq!((facts.status(), facts.progress), (Some(ending), Some(InProgress)));
    }
}

#[test]
fn each_step_began_when_it_was_first_seen() {
    use CarrierStatus::*;
    let seen = |status, second| Evidence { at: Some(at(second)), ..says(Source::Callback, status) };
    for status in CarrierStatus::ALL {
        let facts = both_ways(&seen(status, 7), &seen(status, 9));
        let began = |of| (status == of).then(|| at(7));
        assert_eq!(facts.initiated_at, began(Initiated), "{status:?}");
        assert_eq!(facts.ringing_at, began(Ringing), "{status:?}");
        assert_eq!(facts.answered_at, began(InProgress), "{status:?}");
    }
    let unsaid = says(Source::Callback, Ringing);
    assert_eq!(both_ways(&unsaid, &seen(Ringing, 7)).ringing_at, Some(at(7)), "a time over none");
}

#[test]
fn on_the_ending_the_carriers_record_outweighs_its_callbacks_and_those_outweigh_us() {
    use CarrierStatus::*;
    let callbacks = [Source::Callback, Source::DetectionCallback, Source::InstructionsRequest];
    for callback in callbacks {
        // The weaker one claims what would otherwise win.
        let record = both_ways(&says(Source::Rest, Canceled), &says(callback, Completed));
        assert_eq!(record.status(), Some(Canceled), "{callback:?}");
        let told = both_ways(&says(callback, Canceled), &says(Source::Inferred, Completed));
        assert_eq!(told.status(), Some(Canceled), "{callback:?}");
        for other in callbacks {
            let equal = both_ways(&says(callback, Canceled), &says(other, Completed));
            assert_eq!(equal.status(), Some(Completed), "{callback:?} and {other:?} weigh the same");
        }
    }
}

#[test]
fn of_two_endings_from_one_source_the_one_that_says_more_wins() {
    use CarrierStatus::*;
    for pair in [Canceled, Failed, NoAnswer, Busy, Completed].windows(2) {
        let [less, more] = [pair[0], pair[1]].map(|status| says(Source::Rest, status));
        assert_eq!(both_ways(&less, &more).status(), Some(pair[1]));
    }
}

#[test]
fn an_ending_keeps_the_earliest_time_that_is_known() {
    let ended = |second: Option<i64>| Evidence {
        at: second.map(at),
        ..says(Source::Callback, CarrierStatus::Completed)
    };
    let kept = |one, other| both_ways(&ended(one), &ended(other)).ending.and_then(|ending| ending.at);
    assert_eq!(kept(Some(5), Some(8)), Some(at(5)));
    assert_eq!(kept(Some(5), None), Some(at(5)));
    assert_eq!(kept(None, None), None);
}

#[test]
fn on_who_answered_the_detection_knows_best_and_then_callbacks_the_record_and_us() {
    use AnsweredBy::*;
    let weakest_first = [Source::Inferred, Source::Rest, Source::Callback, Source::DetectionCallback];
    for pair in weakest_first.windows(2) {
        // The weaker one claims what would otherwise win.
        let facts = both_ways(&detects(pair[0], Human), &detects(pair[1], MachineStart));
        assert_eq!(facts.answered_by(), Some(MachineStart), "{:?} over {:?}", pair[1], pair[0]);
        let unknown = both_ways(&detects(pair[0], MachineStart), &detects(pair[1], Unknown));
        assert_eq!(unknown.answered_by(), Some(MachineStart), "not knowing replaces nothing");
    }
    let equal = both_ways(&detects(Source::InstructionsRequest, Human), &detects(Source::Callback, Fax));
    assert_eq!(equal.answered_by(), Some(Human), "these weigh the same");
}

#[test]
fn what_a_person_says_counts_most_and_leaves_the_carriers_word_beside_it() {
    use AnsweredBy::*;
    for source in Source::ALL.into_iter().filter(|source| *source != Source::Person) {
        for by in AnsweredBy::ALL {
            let facts = both_ways(&detects(source, Human), &detects(Source::Person, by));
            assert_eq!(facts.answered_by(), Some(by), "over {source:?}");
            assert_eq!(facts.answer, Some(Answer { by: Human, source }));
        }
    }
    let said = |by, second| Evidence { at: Some(at(second)), ..detects(Source::Person, by) };
    assert_eq!(both_ways(&said(Human, 7), &said(MachineStart, 9)).answered_by(), Some(MachineStart));
    assert_eq!(both_ways(&said(Human, 7), &said(Unknown, 9)).answered_by(), Some(Unknown), "the last word");
    assert_eq!(both_ways(&said(Human, 7), &said(Unknown, 7)).answered_by(), Some(Human));
    assert_eq!(both_ways(&said(Human, 7), &detects(Source::Person, Fax)).answered_by(), Some(Human));
}

#[test]
fn of_two_answers_from_one_source_the_one_that_says_more_wins() {
    use AnsweredBy::*;
    let least_first = [Unknown, MachineStart, MachineEndOther, MachineEndSilence, MachineEndBeep, Fax, Human];
    for pair in least_first.windows(2) {
        let [less, more] = [pair[0], pair[1]].map(|by| detects(Source::DetectionCallback, by));
        assert_eq!(both_ways(&less, &more).answered_by(), Some(pair[1]));
    }
}

#[test]
fn numbers_only_grow() {
    let small = Evidence {
        duration_seconds: Some(3),
        price: Some(Usd::from_micros(1)),
        sip_code: Some(200),
        error_code: Some(30_001),
        ..Evidence::from(Source::Rest)
    };
    let large = Evidence {
        duration_seconds: Some(4),
        price: Some(Usd::from_micros(2)),
        sip_code: Some(486),
        error_code: Some(30_002),
        ..Evidence::from(Source::Inferred)
    };
    let facts = both_ways(&small, &large);
    assert_eq!(
        (facts.duration_seconds, facts.price, facts.sip_code, facts.error_code),
        (Some(4), Some(Usd::from_micros(2)), Some(486), Some(30_002))
    );
}
