//! Writing what people hear, and what their keys do, and finding it again on the card of a call.

use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::users::Role;
use prospectai::store::calls::CallRecord;
use serde_json::json;
use simulator::{AnswerModel, Outcome};

use super::visit::signed_in;
use crate::support::campaigns::{draft, number};
use crate::support::test_app::TestApp;
use crate::support::world::Database;

const SAVE: &str = "main form[method=post] button[type=submit]";

#[tokio::test]
async fn a_script_with_keys_is_written_previewed_launched_and_seen_on_the_card_of_its_call() {
    let answers = AnswerModel::always(Outcome::Human { talk_seconds: 110 }).pressing(&number(0), "9");
    let app = TestApp::on(Database::Sqlite).speed(60.0).answers(answers).start().await;
    let detects = CampaignDraft { machine_detection: "detect_message_end".to_owned(), ..draft() };
    let campaign = app.campaign(1, detects).await;
    let browser = signed_in(&app, Role::Operator).await;
    let base = format!("/campaigns/{campaign}");
    browser.open(&format!("{base}/message")).await;
    browser.fill("#body", "This is Acme, {{ firstName | default(\"friend\") }}.").await;
    browser.choose("#key_confirm", "1").await;
    browser.choose("#key_opt_out", "1").await;
    browser.fill("#reply_opt_out", "Gone. Goodbye.").await;
    browser.fill("#voicemail", "Call us back.").await;
    browser.fill("#whisper", "{{ firstName | default(\"Somebody\") }} is on the line.").await;
    browser.click(SAVE).await;
    browser.until("one key for two things is refused", "document.querySelector('[role=alert]')").await;
    assert!(browser.seen().await.contains("each once"), "the mistake is said");
    assert_eq!(browser.text("document.querySelector('#reply_opt_out').value").await, "Gone. Goodbye.");

    browser.choose("#key_opt_out", "9").await;
    browser.click(SAVE).await;
    browser
        .until("it is saved", "document.body.innerText.includes('Calls that begin from now on say it.')")
        .await;
    let seen = browser.seen().await;
    for said in [
        "This is Acme, Person 0. To say yes, press 1. To get no more calls from us, press 9.",
        "Call us back.",
        "Person 0 is on the line.",
        "about $0.0215 when they hear it to the end",
    ] {
        assert!(seen.contains(said), "{seen}");
    }
    assert_eq!(browser.text("document.querySelector('#key_opt_out').value").await, "9");
    browser.click("div.card details summary").await;
    let twiml = browser
        .text("[...document.querySelectorAll('div.card details pre')].map(it => it.innerText).join('\\n')")
        .await;
    for sent in [
        "<Gather input=\"dtmf\"",
        "This is Acme, Person 0.",
        "<Say>Gone. Goodbye.</Say>",
        "<Say>Call us back.</Say>",
    ] {
        assert!(twiml.contains(sent), "{sent}: {twiml}");
    }

    app.launch(campaign).await;
    let over = |call: &CallRecord| call.call.ended_at().is_some();
    let call = app.until_call(campaign, "the call is over", over).await;
    browser.open(&format!("/calls/{}", call.id)).await;
    let card = browser.seen().await;
    for said in ["Pressed 9", "Wants no more calls", "Version 2"] {
        assert!(card.contains(said), "{card}");
    }
    browser.open(&base).await;
    browser.click("a[href*='reaction=opted_out']").await;
    browser
        .until("the calls behind the number are listed", "location.search.includes('reaction=opted_out')")
        .await;
    let rows = browser.read("[...document.querySelectorAll('#calls tbody tr')].map(row => row.id)").await;
    assert_eq!(rows, json!([call.id.to_string()]));
    browser.leave().await;
    app.stop().await;
}
