//! Calls whose words are spoken first: from the reservation to the ring, and what happens when the service does not speak.

use std::time::Duration;

use domain::call::Placement;
use domain::campaign::{CampaignStatus, LaunchBlocker};
use domain::gate::HoldReason;
use domain::voice::{Narration, ServiceVoice};
use prospectai::actions::spoken_texts::month_of;
use prospectai::store::calls::CallRecord;
use prospectai::store::{StoreError, Tx};
use simulator::SpeechFault;

use super::ground::{SCRIPT, SHARED, campaign, orders, services, speaking, voice, with_key};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// Characters of everything that so many people hear together, each sentence counted once.
fn characters(people: usize) -> u64 {
    let own = (0..people).map(|nth| format!("Hello Person {nth}.").chars().count());
    let shared = SHARED.iter().map(|said| said.chars().count());
    own.chain(shared).sum::<usize>() as u64
}

#[test]
fn each_sentence_is_spoken_and_paid_for_once_before_those_are_rung_who_hear_it() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(60.0), &services).start().await;
        let voice = voice(&services).await;
        let first = campaign(&app, &voice, SCRIPT, 3).await;
        app.launch(first).await;
        app.until_completed(first).await;
        assert_eq!(orders(&services), 3 + SHARED.len());
        assert_eq!(services.characters_spoken(), characters(3));
        for call in app.calls(first).await {
            assert_eq!(call.call.placement, Placement::Placed, "{:?}", call.refusal_message);
        }
        // Another campaign says the same in the same voice.
        let second = campaign(&app, &voice, SCRIPT, 3).await;
        app.launch(second).await;
        app.until_completed(second).await;
        assert_eq!(orders(&services), 3 + SHARED.len(), "nothing is paid for twice");
        let store = &app.actions.store;
        let month = store.spoken_in(app.actor.workspace, &month_of(app.now())).await.expect("read");
        assert_eq!((month.texts, month.characters, month.doubtful), (5, characters(3), 0));
        app.stop().await;
        services.stop().await;
    });
}

#[test]
fn while_the_service_does_not_speak_nobody_is_rung_and_everybody_can_read_why() {
    on_both(async |database| {
        let services = services().await;
        let app = with_key(TestApp::on(database).speed(60.0), &services, "sk_wrong").start().await;
        let voice = voice(&services).await;
        let id = campaign(&app, &voice, SCRIPT, 3).await;
        app.launch(id).await;
        let given_up = |call: &CallRecord| call.call.placement == Placement::Released;
        let call = app.until_call(id, "a call is given up for want of words", given_up).await;
        let why = call.refusal_message.expect("a reason");
        assert!(why.contains("ELEVENLABS_API_KEY") && why.contains("Nobody was called."), "{why}");
        assert!(app.phones.ledger().is_empty(), "nobody was rung");
        let trouble = app.actions.store.service_trouble().await.expect("read").expect("in trouble");
        assert!(trouble.rests_until > app.now());
        assert_eq!(
            app.actions.narration().await.expect("read"),
            Narration { is_set_up: true, rests_until: Some(trouble.rests_until) }
        );
        let held = app.actions.place_next(app.actor.clone(), id, 3).await.expect("asked");
        assert!(held.placed.is_empty());
        for (_, refused) in held.refused {
            assert!(refused.to_string().contains("does not speak at the moment"), "{refused}");
        }
        assert!(orders(&services) <= 3, "a service that refuses is not asked again and again");
        app.abandon().await;
        services.stop().await;
    });
}

#[test]
fn a_campaign_whose_voice_is_not_set_up_is_not_launched_and_one_that_runs_waits() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(60.0).start().await;
        let id = campaign(&app, "elevenlabs:abc", SCRIPT, 1).await;
        let blockers = app.actions.blockers(app.actor.workspace, id).await.expect("read");
        assert_eq!(blockers, [LaunchBlocker::VoiceOff]);
        assert!(app.actions.launch(app.actor.clone(), id).await.is_err());
        // One that was launched when there was a key.
        let mut running = app.campaign_now(id).await;
        running.status = CampaignStatus::Active;
        let save = move |tx: Tx| async move { tx.save_campaign(&running).await };
        app.actions.store.transaction::<_, StoreError, _, _>(save).await.expect("saved");
        let held = app.actions.place_next(app.actor.clone(), id, 1).await.expect("asked");
        let (_, refused) = &held.refused[0];
        assert!(refused.to_string().contains(HoldReason::VoiceOff.explain()), "{refused}");
        assert!(app.phones.ledger().is_empty());
        app.abandon().await;
    });
}

#[test]
fn a_service_that_is_busy_or_loses_an_answer_is_asked_again_later_and_everybody_is_rung() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(60.0), &services).start().await;
        let voice = voice(&services).await;
        services.meet([
            SpeechFault::TooManyRequests(Some(1)),
            SpeechFault::Cut,
            SpeechFault::TooManyRequests(None),
        ]);
        let id = campaign(&app, &voice, SCRIPT, 2).await;
        app.launch(id).await;
        app.until_completed(id).await;
        // Whoever was given up for want of words was rung later.
        let placed =
            app.calls(id).await.iter().filter(|call| call.call.placement == Placement::Placed).count();
        assert_eq!(placed, 2);
        assert_eq!(orders(&services), 2 + SHARED.len() + 3);
        let month =
            app.actions.store.spoken_in(app.actor.workspace, &month_of(app.now())).await.expect("read");
        assert_eq!((month.texts, month.characters), (4, characters(2)));
        assert!(month.doubtful > 0, "the lost answer may be on the bill");
        assert_eq!(app.actions.store.service_trouble().await.expect("read"), None);
        app.stop().await;
        services.stop().await;
    });
}

#[test]
fn whoever_says_the_same_to_everybody_rings_on_while_the_service_is_away() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(60.0), &services).start().await;
        let voice = voice(&services).await;
        let first = campaign(&app, &voice, "Hello. This is Acme calling.", 1).await;
        app.launch(first).await;
        app.until_completed(first).await;
        services.meet([SpeechFault::Failure]);
        // Somebody else wants something new, and the service is found to be away.
        let wanted = app.actions.installation.narrator.clone().expect("it speaks");
        let wanted =
            wanted.sentences(&ServiceVoice::of(&voice).expect("the service's").expect("a voice"), "New.");
        app.actions.want_spoken(app.actor.workspace, wanted).await.expect("wanted");
        app.until("the service is in trouble", async || {
            app.actions.store.service_trouble().await.expect("read").is_some()
        })
        .await;
        let second = campaign(&app, &voice, "Hello. This is Acme calling.", 2).await;
        app.launch(second).await;
        app.until_completed(second).await;
        assert_eq!(app.phones.ledger().len(), 3);
        app.stop().await;
        services.stop().await;
    });
}

#[test]
fn a_voice_that_the_service_does_not_have_is_said_and_not_asked_for_again_and_again() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(60.0), &services).start().await;
        let id = campaign(&app, "elevenlabs:nobody", "Hello. Goodbye.", 2).await;
        app.launch(id).await;
        let given_up = |call: &CallRecord| call.call.placement == Placement::Released;
        let call = app.until_call(id, "a call is given up", given_up).await;
        let why = call.refusal_message.expect("a reason");
        assert!(why.contains("was not found"), "{why}");
        app.pass(Duration::from_secs(600)).await;
        assert!(app.phones.ledger().is_empty());
        assert!(orders(&services) <= 2, "each sentence was asked for once: {}", orders(&services));
        app.abandon().await;
        services.stop().await;
    });
}

#[test]
fn after_a_stop_in_the_middle_of_a_text_it_is_asked_for_once_more_and_the_call_is_made() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(60.0), &services).start().await;
        let voice = voice(&services).await;
        services.meet([SpeechFault::Late(Duration::from_secs(3_600))]);
        let id = campaign(&app, &voice, "Hello {{ firstName | default(\"you\") }}.", 1).await;
        app.launch(id).await;
        app.until("the text is being asked for", async || orders(&services) == 1).await;
        let app = app.restart(async |_, _| {}).await;
        app.until_completed(id).await;
        assert_eq!(orders(&services), 2);
        assert_eq!(app.phones.ledger().len(), 1);
        app.stop().await;
        services.stop().await;
    });
}
