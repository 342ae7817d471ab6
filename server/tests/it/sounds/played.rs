//! Calls play sounds: the phone network fetches them where it is told to, and hears them to their end.

use std::collections::BTreeSet;

use domain::call_flow::Words;
use domain::ids::SoundId;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::store::scripts::written::{WrittenStep, flow};
use serde_json::{Value, json};
use simulator::{AnswerModel, Outcome, PlayedSound};

use super::files::{tone, wav};
use crate::support::campaigns::{draft, number};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// Sends a sound of so many seconds.
pub async fn sent(app: &TestApp, seconds: u32) -> SoundId {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let file = wav(16_000, 1, &tone(16_000, 440.0, f64::from(seconds)));
    let request = client.post(app.url("/api/sounds?name=Hello")).bearer_auth(app.key().await).body(file);
    let answer = request.header("content-type", "audio/wav").send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let sound: Value = answer.json().await.expect("JSON");
    sound["id"].as_str().expect("an id").parse().expect("an id")
}

fn played(app: &TestApp) -> Vec<PlayedSound> {
    app.rings().into_values().flatten().flat_map(|ring| ring.played).collect()
}

#[test]
fn a_campaign_plays_a_sound_to_everybody_and_the_network_fetches_it_once() {
    on_both(async |database| {
        let answers = AnswerModel::always(Outcome::Human { talk_seconds: 110 });
        let app = TestApp::on(database).speed(30.0).answers(answers).start().await;
        let sound = sent(&app, 4).await;
        let draft = CampaignDraft { sound: Some(sound), machine_detection: "off".to_owned(), ..draft() };
        let campaign = app.campaign(3, draft).await;
        assert_eq!(app.campaign_now(campaign).await.audio_duration, Some(4));
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let played = played(&app);
        assert_eq!(played.len(), 3);
        for one in &played {
            assert_eq!(one.trouble, None, "{one:?}");
            assert_eq!((one.content_type.as_deref(), one.seconds), (Some("audio/wav"), Some(4.0)));
            assert_eq!(one.bytes, 44 + 4 * 16_000);
            assert!(one.url.starts_with(&app.url("/media/")) && one.url.len() < 120, "{}", one.url);
        }
        let addresses: BTreeSet<&str> = played.iter().map(|one| one.url.as_str()).collect();
        // One, or two where a new hour began meanwhile.
        assert!(addresses.len() <= 2, "{addresses:?}");
        for ring in app.rings().into_values().flatten() {
            assert_eq!(ring.duration_seconds, 4);
        }
        app.stop().await;
    });
}

#[test]
fn steps_play_a_sound_before_and_behind_a_key() {
    on_both(async |database| {
        let answers = AnswerModel::always(Outcome::Human { talk_seconds: 110 }).pressing(&number(0), "1");
        let app = TestApp::on(database).speed(30.0).answers(answers).start().await;
        let (first, second) = (sent(&app, 2).await, sent(&app, 3).await);
        let steps = json!([
            { "do": "play", "name": "hello", "sound": first.to_string(), "then": "question" },
            { "do": "ask", "name": "question", "text": "Press one.", "keys": [{ "key": "1", "then": "thanks" }] },
            { "do": "play", "name": "thanks", "sound": second.to_string() },
        ]);
        let steps: Vec<WrittenStep> = serde_json::from_value(steps).expect("steps");
        let words = Words { steps: Some(flow(steps).expect("a flow")), ..Words::default() };
        let script = app.actions.create_script(app.actor.clone(), "Sounds".to_owned(), words).await;
        let draft = CampaignDraft { script: Some(script.expect("a script").id), ..draft() };
        let campaign = app.campaign(1, draft).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let seconds: Vec<Option<f64>> = played(&app).iter().map(|one| one.seconds).collect();
        assert_eq!(seconds, [Some(2.0), Some(3.0)]);
        app.stop().await;
    });
}
