//! What was spoken beforehand is played from public addresses, also while keys are listened for; what is missing is said.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::carrier::twilio::Purpose;
use simulator::SpeechServices;

use super::post::Desk;
use super::voice::{ask, talking};
use crate::support::campaigns::draft;
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};
use crate::voices::ground::{orders, services, speaking, voice};

fn words() -> Words {
    let key = MenuKey {
        key: '9',
        means: Means::OptOut,
        offer: None,
        reply: Some("You are off our list. Goodbye.".to_owned()),
    };
    Words {
        text: "Hello {{ firstName | default(\"there\") }}. This is Acme.".to_owned(),
        menu: Menu { keys: vec![key] },
        voicemail: Some("Please call us back. Thank you.".to_owned()),
        whisper: None,
        steps: None,
    }
}

async fn desk(database: Database, services: &SpeechServices) -> Desk {
    let voice = Some(voice(services).await);
    let differs = CampaignDraft { machine_detection: "detect_message_end".to_owned(), voice, ..draft() };
    Desk::saying_in(speaking(TestApp::on(database), services), words(), differs).await
}

/// The addresses that a document plays.
fn played(document: &str) -> Vec<String> {
    document
        .split("<Play>")
        .skip(1)
        .map(|rest| rest.split("</Play>").next().expect("an end").replace("&amp;", "&"))
        .collect()
}

#[test]
fn everything_is_played_from_addresses_that_the_carrier_can_fetch_and_nothing_is_said() {
    on_both(async |database| {
        let services = services().await;
        let desk = desk(database, &services).await;
        let before = orders(&services);
        let person = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
        assert!(person.contains("<Gather") && !person.contains("<Say"), "{person}");
        // The greeting, the company, and what the key is for.
        let addresses = played(&person);
        assert_eq!(addresses.len(), 3, "{person}");
        assert!(person.find("<Gather") < person.find("<Play>"), "keys count while it is played: {person}");
        let mut machine = talking(&desk);
        machine.push(("AnsweredBy".to_owned(), "machine_end_beep".to_owned()));
        let message = ask(&desk, &desk.url(Purpose::Voice), &machine).await;
        assert!(played(&message).len() == 2 && !message.contains("<Say"), "{message}");
        let turn = desk.url_of_turn("opening", 1).await;
        let mut fields = talking(&desk);
        fields.push(("Digits".to_owned(), "9".to_owned()));
        let goodbye = ask(&desk, &turn, &fields).await;
        assert!(played(&goodbye).len() == 2 && goodbye.contains("<Hangup/>"), "{goodbye}");
        for address in addresses.iter().chain(&played(&message)).chain(&played(&goodbye)) {
            let answer = desk.http().get(address).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200, "{address}");
            assert_eq!(answer.headers()["content-type"], "audio/wav");
            assert!(answer.bytes().await.expect("bytes").starts_with(b"RIFF"), "{address}");
        }
        assert_eq!(orders(&services), before, "nothing is spoken while somebody waits on the line");
        desk.app.abandon().await;
        services.stop().await;
    });
}

#[test]
fn a_sentence_that_is_missing_all_the_same_is_said_by_the_carriers_voice() {
    on_both(async |database| {
        let services = services().await;
        let desk = desk(database, &services).await;
        let (actions, actor) = (desk.app.actions.clone(), desk.app.actor.clone());
        let prospect = desk.now().await.prospect;
        let change = |person: &prospectai::store::prospects::ProspectRecord| {
            let mut changed = person.clone();
            changed.first_name = "Ada".to_owned();
            changed
        };
        let person = actions.store.prospect(actor.workspace, prospect).await.expect("read").expect("there");
        let changed = change(&person);
        let save = move |tx: prospectai::store::Tx| async move { tx.save_prospects(&[changed]).await };
        actions.store.transaction::<_, prospectai::store::StoreError, _, _>(save).await.expect("saved");
        // Whoever holds on to the actions holds on to the database.
        drop(actions);
        let document = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
        assert!(document.contains("<Say>Hello Ada.</Say><Play>"), "{document}");
        assert_eq!(played(&document).len(), 2, "{document}");
        desk.app.abandon().await;
        services.stop().await;
    });
}
