//! Somebody sends a sound on the page of what people hear, hears it there, and launches a campaign that plays it.

use domain::campaign::CampaignStatus;
use prospectai::actions::users::Role;
use prospectai::store::calls::CallRecord;

use super::files::{tone, wav};
use crate::pages::visit::signed_in;
use crate::support::test_app::TestApp;
use crate::support::world::Database;
use simulator::{AnswerModel, Outcome};

const SEND: &str = "form[action$='/sounds'] button";
const CHOOSE: &str = "#sounds form[action$='/sound'] button";

#[tokio::test]
async fn a_sound_is_sent_heard_chosen_and_played_to_people() {
    let answers = AnswerModel::always(Outcome::Human { talk_seconds: 60 });
    let app = TestApp::on(Database::Sqlite).speed(60.0).answers(answers).start().await;
    let campaign = app.campaign_of(1).await;
    let browser = signed_in(&app, Role::Operator).await;
    let page = format!("/campaigns/{campaign}/message");
    browser.open(&page).await;
    let file = |name: &str, content: Vec<u8>| {
        let file = app.folder().join(name);
        std::fs::write(&file, content).expect("a file");
        file
    };
    browser.attach("#file", &file("picture.wav", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec())).await;
    browser.click(SEND).await;
    browser.until("it says what is wrong", "document.querySelector('#sounds [role=alert]')").await;
    let seen = browser.seen().await;
    assert!(
        seen.contains("The sound was not taken.") && seen.contains("save the sound as one of these"),
        "{seen}"
    );

    browser.attach("#file", &file("Hello in spring.wav", wav(44_100, 1, &tone(44_100, 440.0, 5.0)))).await;
    browser.click(SEND).await;
    browser.until("it is here", "document.querySelector('#sounds audio')").await;
    assert_eq!(browser.text("document.querySelector('#sounds h3').innerText").await, "Hello in spring");
    // A click on the picture plays from there: browsers want a hand before they make a sound.
    browser.click("#sounds svg.waveform").await;
    browser
        .until(
            "it plays in its middle",
            "document.querySelector('#sounds audio').currentTime > 1 \
             && document.querySelector('#sounds audio').duration === 5",
        )
        .await;
    browser.click(CHOOSE).await;
    browser
        .until(
            "it is chosen",
            "document.body.innerText.includes('Calls that begin from now on play the sound.')",
        )
        .await;
    assert!(browser.seen().await.contains("Played to people"));

    browser.click(&format!("a[href='/campaigns/{campaign}/launch']")).await;
    browser.click("form[action$='/launch'] button").await;
    browser.until("it is launched", "document.body.innerText.includes('Launched.')").await;
    app.until_call(campaign, "the call is over", |call: &CallRecord| call.call.ended_at().is_some()).await;
    assert_ne!(app.campaign_now(campaign).await.status, CampaignStatus::Draft);
    let ring = app.rings().into_values().flatten().next().expect("a ring");
    assert_eq!(ring.played.iter().map(|played| played.seconds).collect::<Vec<_>>(), [Some(5.0)]);

    browser.open(&page).await;
    browser.click("#sounds .notice button").await;
    browser.until("the text is said again", "document.body.innerText.includes('say the text.')").await;
    browser.click("form[action$='/delete'] button").await;
    browser.until("it is gone", "!document.querySelector('#sounds audio')").await;
    // Chromium writes on the console that the picture was answered with 422.
    browser.leave().await;
    app.stop().await;
}

#[tokio::test]
async fn without_scripts_a_sound_is_sent_and_chosen() {
    let app = TestApp::on(Database::Sqlite).speed(1.0).start().await;
    let campaign = app.campaign_of(1).await;
    let browser = signed_in(&app, Role::Operator).await;
    browser.without_scripts().await;
    browser.open(&format!("/campaigns/{campaign}/message")).await;
    let file = app.folder().join("hello.wav");
    std::fs::write(&file, wav(8_000, 1, &tone(8_000, 440.0, 1.0))).expect("a file");
    browser.attach("#file", &file).await;
    browser.click(SEND).await;
    browser.until("it is here", "document.querySelector('#sounds audio')").await;
    browser.click(CHOOSE).await;
    browser.until("it is chosen", "document.body.innerText.includes('play the sound.')").await;
    assert!(app.campaign_now(campaign).await.sound.is_some());
    browser.leave().await;
    app.stop().await;
}
