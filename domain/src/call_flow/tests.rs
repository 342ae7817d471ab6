//! Flows that are refused, and walks through those that pass.

use proptest::prelude::*;

use super::*;

fn say(name: &str, then: Goto) -> Step {
    Step { name: name.to_owned(), does: Does::Say { text: "Hello.".to_owned(), then } }
}

fn to(name: &str) -> Goto {
    Goto::Step(name.to_owned())
}

fn ask(name: &str, keys: &[(char, Goto)], otherwise: Goto) -> Step {
    let keys = keys.iter().map(|(key, then)| KeyChoice { key: *key, reaction: None, then: then.clone() });
    let does = Does::Ask {
        text: "Press a key.".to_owned(),
        keys: keys.collect(),
        wait_seconds: 5,
        tries: 2,
        otherwise,
    };
    Step { name: name.to_owned(), does }
}

fn key(key: char, means: Means) -> MenuKey {
    MenuKey { key, means, offer: None, reply: None }
}

fn every_key() -> CallFlow {
    let keys = ['1', '2', '3', '*', '9'].into_iter().zip([
        Means::Confirm,
        Means::Transfer,
        Means::LeaveMessage,
        Means::HearAgain,
        Means::OptOut,
    ]);
    let menu = Menu { keys: keys.map(|(pressed, means)| key(pressed, means)).collect() };
    CallFlow::of_menu("This is Acme.", &menu).unwrap()
}

#[test]
fn a_flow_in_which_a_call_gets_lost_is_refused() {
    let endless = vec![ask("a", &[('1', to("a"))], to("a"))];
    for (steps, error) in [
        (vec![], FlowError::Steps(0)),
        (vec![say("A", Goto::HangUp)], FlowError::Name("A".to_owned())),
        (
            vec![say("a", to("b")), say("b", Goto::HangUp), say("b", Goto::HangUp)],
            FlowError::Name("b".to_owned()),
        ),
        (vec![say("a", to("b"))], FlowError::LeadsNowhere { step: "a".to_owned(), to: "b".to_owned() }),
        (vec![say("a", Goto::HangUp), say("b", Goto::HangUp)], FlowError::NeverReached("b".to_owned())),
        (vec![say("a", to("b")), say("b", to("a"))], FlowError::Circle("a".to_owned())),
        (endless, FlowError::Endless("a".to_owned())),
        (vec![ask("a", &[], Goto::HangUp)], FlowError::Keys("a".to_owned())),
        (
            vec![ask("a", &[('1', Goto::HangUp), ('1', Goto::HangUp)], Goto::HangUp)],
            FlowError::Keys("a".to_owned()),
        ),
        (vec![ask("a", &[('x', Goto::HangUp)], Goto::HangUp)], FlowError::Keys("a".to_owned())),
    ] {
        assert_eq!(CallFlow::new(steps), Err(error));
    }
    let blank = Step { name: "a".to_owned(), does: Does::Say { text: " ".to_owned(), then: Goto::HangUp } };
    assert_eq!(CallFlow::new(vec![blank]), Err(FlowError::Text("a".to_owned())));
    let through = Does::Transfer { ring_seconds: 20, otherwise: Goto::HangUp };
    let through = Step { name: "b".to_owned(), does: through };
    assert_eq!(CallFlow::new(vec![say("a", to("b")), through]), Err(FlowError::Unasked("b".to_owned())));
    let wide = |seconds| Does::TakeMessage { longest_seconds: seconds, then: Goto::HangUp };
    for (seconds, fits) in [(4, false), (5, true), (600, true), (601, false)] {
        let step = Step { name: "a".to_owned(), does: wide(seconds) };
        assert_eq!(CallFlow::new(vec![step]).is_ok(), fits, "{seconds}");
    }
    let steps = (0..=MOST_STEPS).map(|nth| say(&format!("s{nth}"), to(&format!("s{}", nth + 1)))).collect();
    assert_eq!(CallFlow::new(steps), Err(FlowError::Steps(MOST_STEPS + 1)));
}

#[test]
fn more_than_twilio_takes_is_not_said_in_one_go_but_is_with_a_key_between() {
    // Five bytes each as XML: four of the five texts are as much as fits.
    let long = |nth: usize, then| {
        let does = Does::Say { text: "&".repeat(LONGEST_TEXT), then };
        Step { name: format!("s{nth}"), does }
    };
    let row = |many: usize| {
        (0..many).map(move |nth| {
            long(nth, if nth + 1 < many { to(&format!("s{}", nth + 1)) } else { Goto::HangUp })
        })
    };
    assert!(CallFlow::new(row(4).collect()).is_ok());
    let error = CallFlow::new(row(5).collect()).expect_err("75,000 bytes and more");
    assert!(matches!(error, FlowError::TooMuchAtOnce { bytes: 75_001.. }), "{error}");
    let mut parted: Vec<Step> = row(5).collect();
    parted[1] = long(1, to("more"));
    parted.insert(2, ask("more", &[('1', to("s2"))], Goto::HangUp));
    assert!(CallFlow::new(parted).is_ok());
}

#[test]
fn a_text_without_keys_is_said_and_the_call_ends() {
    let flow = CallFlow::of_menu("Hello.", &Menu::default()).unwrap();
    assert_eq!(flow.beginning(), Leg { heard: vec![Heard::Text("Hello.")], then: Then::HangUp });
    assert!(!flow.has_opt_out() && !flow.transfers());
}

#[test]
fn keys_are_offered_behind_the_text_and_listened_for_from_its_first_word_on() {
    let flow = every_key();
    let Leg { heard, then: Then::Wait { step: "opening", waits: Waits::Key { text, .. } } } =
        flow.beginning()
    else {
        panic!("{:?}", flow.beginning())
    };
    assert!(heard.is_empty());
    assert_eq!(
        text,
        "This is Acme. To say yes, press 1. To talk to a person, press 2. To leave a message, press 3. \
         To hear this again, press star. To get no more calls from us, press 9."
    );
    assert!(flow.has_opt_out() && flow.transfers());
}

#[test]
fn each_key_leads_where_it_was_said_to() {
    let flow = every_key();
    for (pressed, reaction) in [
        ('1', Some(Reaction::Confirmed)),
        ('2', Some(Reaction::Abandoned)),
        ('3', None),
        ('*', None),
        ('9', Some(Reaction::OptedOut)),
    ] {
        let outcome = flow.after("opening", 1, Turn::Key(pressed)).unwrap();
        assert_eq!((outcome.reaction, outcome.again), (reaction, None), "{pressed}");
    }
    let out = flow.after("opening", 2, Turn::Key('9')).unwrap().leg;
    assert!(matches!(out, Leg { heard, then: Then::HangUp } if heard.len() == 1));
    assert_eq!(flow.after("opening", 1, Turn::Key('*')).unwrap().leg, flow.beginning());
}

#[test]
fn silence_and_wrong_keys_are_asked_once_more_and_then_the_call_ends() {
    let flow = every_key();
    for turn in [Turn::NoKey, Turn::Key('7')] {
        let again = flow.after("opening", 1, turn).unwrap();
        assert_eq!((again.again, again.leg), (Some(2), flow.beginning()));
        let over = flow.after("opening", 2, turn).unwrap();
        assert_eq!((over.again, over.leg.then), (None, Then::HangUp));
    }
}

#[test]
fn whoever_asks_for_a_person_counts_as_abandoned_until_somebody_is_there() {
    let flow = every_key();
    let Then::Wait { step, waits: Waits::Person { .. } } =
        flow.after("opening", 1, Turn::Key('2')).unwrap().leg.then
    else {
        panic!("they are put through")
    };
    let there = flow.after(step, 1, Turn::PutThrough).unwrap();
    assert_eq!((there.reaction, there.leg.then), (Some(Reaction::Transferred), Then::HangUp));
    let nobody = flow.after(step, 1, Turn::NobodyThere).unwrap();
    assert_eq!((nobody.reaction, nobody.leg.heard.len()), (Some(Reaction::Abandoned), 1));
    assert!(Reaction::Abandoned < Reaction::Transferred);
}

#[test]
fn a_message_counts_when_something_was_said() {
    let flow = every_key();
    let Then::Wait { step, waits: Waits::Message { .. } } =
        flow.after("opening", 1, Turn::Key('3')).unwrap().leg.then
    else {
        panic!("a message is taken")
    };
    let left = |seconds| flow.after(step, 1, Turn::Message { seconds }).unwrap().reaction;
    assert_eq!((left(0), left(1)), (None, Some(Reaction::LeftMessage)));
}

#[test]
fn a_turn_that_no_step_waits_for_leads_nowhere() {
    let flow = every_key();
    assert_eq!(flow.after("opening", 1, Turn::PutThrough), None);
    assert_eq!(flow.after("nowhere", 1, Turn::NoKey), None);
    assert_eq!(flow.after("key_1", 1, Turn::Key('1')), None);
}

#[test]
fn two_meanings_of_one_key_are_refused() {
    let menu = Menu { keys: vec![key('1', Means::Confirm), key('1', Means::OptOut)] };
    assert_eq!(CallFlow::of_menu("Hello.", &menu), Err(FlowError::Keys("opening".to_owned())));
}

fn any_goto() -> impl Strategy<Value = Goto> {
    prop_oneof![Just(Goto::HangUp), (0..6usize).prop_map(|nth| Goto::Step(format!("s{nth}")))]
}

fn any_does() -> impl Strategy<Value = Does> {
    prop_oneof![
        any_goto().prop_map(|then| Does::Say { text: "x".to_owned(), then }),
        any_goto().prop_map(|then| Does::TakeMessage { longest_seconds: 10, then }),
        any_goto().prop_map(|otherwise| Does::Transfer { ring_seconds: 20, otherwise }),
        (any_goto(), any_goto()).prop_map(|(then, otherwise)| Does::Ask {
            text: "x".to_owned(),
            keys: vec![KeyChoice { key: '1', reaction: None, then }],
            wait_seconds: 5,
            tries: 1,
            otherwise,
        }),
        Just(Does::HangUp),
    ]
}

proptest! {
    #[test]
    fn in_a_flow_that_passes_every_walk_goes_on_or_ends(
        does in proptest::collection::vec(any_does(), 1..6),
        turns in proptest::collection::vec(0..5u8, 0..40),
    ) {
        let steps = does.into_iter().enumerate().map(|(nth, does)| Step { name: format!("s{nth}"), does });
        let Ok(flow) = CallFlow::new(steps.collect()) else { return Ok(()) };
        let mut leg = flow.beginning();
        for turn in turns {
            prop_assert!(leg.heard.len() <= MOST_STEPS);
            let Then::Wait { step, waits } = leg.then else { break };
            let turn = match (waits, turn % 2) {
                (Waits::Key { .. }, 0) => Turn::Key('1'),
                (Waits::Key { .. }, _) => Turn::NoKey,
                (Waits::Message { .. }, seconds) => Turn::Message { seconds: seconds.into() },
                (Waits::Person { .. }, 0) => Turn::PutThrough,
                (Waits::Person { .. }, _) => Turn::NobodyThere,
            };
            let outcome = flow.after(step, 1, turn);
            prop_assert!(outcome.is_some());
            leg = outcome.map(|outcome| outcome.leg).unwrap_or(Leg { heard: vec![], then: Then::HangUp });
        }
    }
}
