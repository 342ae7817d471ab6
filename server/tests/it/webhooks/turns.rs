//! What people decide with their keys is kept before anything is said to it.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use domain::disposition::Disposition;
use domain::phone_number::PhoneNumber;
use domain::reaction::Reaction;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::carrier::twilio::Purpose;

use super::post::{Desk, Fields, signature};
use super::voice::{HANG_UP, ask, talking};
use crate::support::campaigns::{draft, number};
use crate::support::world::{Database, on_both};

/// Every meaning on a key of its own, and words for machines.
fn words() -> Words {
    let keys = Means::ALL.into_iter().zip("1*239".chars());
    let menu =
        Menu { keys: keys.map(|(means, key)| MenuKey { key, means, offer: None, reply: None }).collect() };
    Words {
        text: "Hello {{ firstName | default(\"there\") }}.".to_owned(),
        menu,
        voicemail: Some("Please call us back, {{ firstName | default(\"friend\") }}.".to_owned()),
        steps: None,
    }
}

async fn desk(database: Database) -> Desk {
    let transfer_to = PhoneNumber::parse(&number(499), None).ok();
    let differs =
        CampaignDraft { machine_detection: "detect_message_end".to_owned(), transfer_to, ..draft() };
    Desk::saying(database, words(), differs).await
}

fn with(mut fields: Fields, more: &[(&str, &str)]) -> Fields {
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn press(desk: &Desk, key: &str) -> String {
    let url = desk.url_of_turn("opening", 1).await;
    ask(desk, &url, &with(talking(desk), &[("Digits", key), ("msg", "Gather End")])).await
}

#[tokio::test]
async fn a_person_hears_the_text_with_its_keys_and_a_machine_the_message_after_its_tone() {
    let desk = desk(Database::Sqlite).await;
    let beginning = async |by: &str| {
        let fields = with(talking(&desk), &[("AnsweredBy", by)]);
        ask(&desk, &desk.url(Purpose::Voice), &fields).await
    };
    let person = beginning("human").await;
    assert!(
        person.contains("<Gather") && person.contains("Hello Person 0. To say yes, press 1."),
        "{person}"
    );
    assert!(
        person.contains("finishOnKey=\"\"") && person.contains("actionOnEmptyResult=\"true\""),
        "{person}"
    );
    for machine in ["machine_end_beep", "machine_end_silence", "machine_end_other"] {
        let message = beginning(machine).await;
        assert!(message.contains(">Please call us back, Person 0.</Say><Hangup/>"), "{message}");
    }
    let too_early = beginning("machine_start").await;
    assert!(too_early.ends_with(HANG_UP), "{too_early}");
    desk.app.abandon().await;
}

#[test]
fn whoever_asks_to_be_left_alone_is_on_the_list_before_the_goodbye_is_spoken() {
    on_both(async |database| {
        let desk = desk(database).await;
        let goodbye = press(&desk, "9").await;
        assert!(goodbye.contains("You are off our list") && goodbye.contains("<Hangup/>"), "{goodbye}");
        let call = desk.now().await;
        assert_eq!(call.call.facts.reaction, Some(Reaction::OptedOut));
        assert!(call.end_requested_at.is_none(), "the goodbye is not cut off");
        let store = &desk.app.actions.store;
        assert!(store.is_do_not_call(call.workspace, &call.to).await.expect("read"));
        let listed = store.do_not_call_list(call.workspace, None, None, 9).await.expect("read");
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].source.as_str(), &listed[0].phone), ("keypress", &call.to));

        let again = press(&desk, "9").await;
        assert_eq!(again, goodbye, "an answer that was lost is given again");
        assert_eq!(desk.post(&desk.url(Purpose::Status), &desk.form(&[])).await, 204);
        let call = desk.now().await;
        assert_eq!(call.call.disposition(), Some(Disposition::OptedOut));
        let tally = store.tally(call.campaign).await.expect("read");
        assert_eq!((tally.opted_out, tally.answered_by_human), (1, 1));
        desk.app.abandon().await;
    });
}

#[test]
fn whoever_presses_the_key_and_hangs_up_at_once_is_on_the_list_all_the_same() {
    on_both(async |database| {
        let desk = desk(database).await;
        let over = desk.form(&[("Timestamp", &now_as_twilio_writes_it(&desk))]);
        assert_eq!(desk.post(&desk.url(Purpose::Status), &over).await, 204);
        let nothing = press(&desk, "9").await;
        assert!(nothing.ends_with(HANG_UP), "{nothing}");
        let call = desk.now().await;
        assert_eq!(call.call.disposition(), Some(Disposition::OptedOut));
        let listed = desk.app.actions.store.is_do_not_call(call.workspace, &call.to).await;
        assert!(listed.expect("read"));
        desk.app.abandon().await;
    });
}

fn now_as_twilio_writes_it(desk: &Desk) -> String {
    desk.app.now().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[test]
fn while_the_database_is_away_nobody_is_told_that_they_are_off_the_list() {
    on_both(async |database| {
        let desk = desk(database).await;
        let url = desk.url_of_turn("opening", 1).await;
        let fields = with(talking(&desk), &[("Digits", "9")]);
        desk.app.actions.store.close().await.expect("closed");
        let answer = desk.send(&url, &fields, &signature(&url, &fields)).await;
        assert_eq!(answer.status().as_u16(), 503);
        assert!(!answer.text().await.expect("a text").contains("off our list"));
        desk.app.abandon().await;
    });
}

#[tokio::test]
async fn each_key_is_answered_with_what_it_was_offered_for() {
    let desk = desk(Database::Sqlite).await;
    let first = press(&desk, "*").await;
    assert!(first.contains("<Gather") && first.contains("Hello Person 0."), "{first}");
    let yes = press(&desk, "1").await;
    assert!(yes.contains("Thank you. Goodbye.</Say><Hangup/>"), "{yes}");
    let message = press(&desk, "3").await;
    assert!(
        message.contains("after the tone.</Say><Record ") && message.contains("at=key_3_then.1"),
        "{message}"
    );
    let person = press(&desk, "2").await;
    assert!(person.contains("<Dial ") && person.contains(&number(499)), "{person}");
    assert_eq!(desk.now().await.call.facts.reaction, Some(Reaction::Abandoned));
    let wrong = press(&desk, "7").await;
    assert!(wrong.contains("<Gather") && wrong.contains("at=opening.2"), "{wrong}");
    let url = desk.url_of_turn("opening", 2).await;
    let silent = ask(&desk, &url, &with(talking(&desk), &[("Digits", "")])).await;
    assert!(silent.ends_with(HANG_UP), "{silent}");
    desk.app.abandon().await;
}

#[tokio::test]
async fn whoever_is_put_through_or_finds_nobody_is_counted_as_such() {
    let desk = desk(Database::Sqlite).await;
    press(&desk, "2").await;
    let url = desk.url_of_turn("key_2_then", 1).await;
    let nobody = with(talking(&desk), &[("DialCallStatus", "no-answer")]);
    let sorry = ask(&desk, &url, &nobody).await;
    assert!(sorry.contains("Nobody is free"), "{sorry}");
    assert_eq!(desk.now().await.call.facts.reaction, Some(Reaction::Abandoned));
    let bridged = with(talking(&desk), &[("DialCallStatus", "completed"), ("DialBridged", "true")]);
    let over = ask(&desk, &url, &bridged).await;
    assert!(over.ends_with(HANG_UP), "{over}");
    assert_eq!(desk.now().await.call.facts.reaction, Some(Reaction::Transferred));
    desk.app.abandon().await;
}

#[tokio::test]
async fn a_call_goes_on_with_the_words_that_it_began_with() {
    let desk = desk(Database::Sqlite).await;
    let call = desk.now().await;
    let said = call.script.expect("it says a script");
    assert_eq!(said.version, 1);
    let actions = &desk.app.actions;
    let other = Words::of_text("Something else.");
    let changed = actions.change_script(desk.app.actor.clone(), said.script, None, Some(other)).await;
    assert_eq!(changed.expect("changed").version, 2);
    let yes = press(&desk, "1").await;
    assert!(yes.contains("Thank you. Goodbye."), "{yes}");
    desk.app.abandon().await;
}

#[tokio::test]
async fn a_turn_that_nobody_signed_or_that_no_step_waits_for_changes_nothing() {
    let desk = desk(Database::Sqlite).await;
    let url = desk.url_of_turn("opening", 1).await;
    let fields = with(talking(&desk), &[("Digits", "9")]);
    let before = desk.seen().await;
    assert_eq!(desk.post_signed(&url, &fields, "forged").await, 403);
    let moved = url.replace("opening.1", "opening.2");
    assert_eq!(desk.post(&moved, &fields).await, 403, "an address for another step");
    assert_eq!(desk.seen().await, before);
    let nowhere = desk.url_of_turn("nowhere", 1).await;
    let answer = ask(&desk, &nowhere, &fields).await;
    assert!(answer.ends_with(HANG_UP), "{answer}");
    assert_eq!(desk.now().await.call.facts.reaction, None);
    desk.app.abandon().await;
}
