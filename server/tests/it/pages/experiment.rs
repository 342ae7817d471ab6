//! Starting an A/B test, seeing what it shows, and going on with the better arm.

use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::users::Role;
use simulator::{AnswerModel, Outcome};

use super::visit::signed_in;
use crate::experiments::ground::asking;
use crate::support::browser::{Browser, Rules, Scheme};
use crate::support::campaigns::{draft, number};
use crate::support::test_app::TestApp;
use crate::support::world::Database;

const START: &str = "form[action$='/experiment'] button[type=submit]";
const END: &str = "form[action$='/experiment/end'] button[type=submit]";
const PEOPLE: usize = 12;

async fn world() -> (TestApp, String) {
    let answers = AnswerModel::always(Outcome::Human { talk_seconds: 110 });
    let answers = (0..PEOPLE).fold(answers, |answers, nth| answers.pressing(&number(nth), "1"));
    let app = TestApp::on(Database::Sqlite).speed(60.0).calls_per_second(50.0).answers(answers).start().await;
    let words = asking("The long way to say it.", '1');
    let script = app.actions.create_script(app.actor.clone(), "Long".to_owned(), words).await;
    let draft = CampaignDraft { script: script.ok().map(|it| it.id), ..draft() };
    let campaign = app.campaign(PEOPLE, draft).await;
    (app, format!("/campaigns/{campaign}"))
}

async fn is_usable_by_everybody(browser: &Browser, what: &str) {
    for width in [390, 1280] {
        browser.width(width).await;
        for (scheme, rules) in [(Scheme::Light, Rules::All), (Scheme::Dark, Rules::OfColours)] {
            browser.scheme(scheme).await;
            let wrong = browser.violations(rules).await;
            assert!(wrong.is_empty(), "{what}, {width} wide: {}", wrong.join("\n"));
        }
        assert_eq!(browser.overflow().await, None, "{what}, {width} wide");
    }
}

#[tokio::test]
async fn a_new_text_is_compared_with_the_old_one_and_adopted() {
    let (app, base) = world().await;
    let browser = signed_in(&app, Role::Operator).await;
    browser.open(&format!("{base}/message")).await;
    browser.click("#test-moves summary").await;
    browser.click("#test-moves details details summary").await;
    is_usable_by_everybody(&browser, "the form").await;
    browser.fill("#text_B", "In short, {{ nobody }}.").await;
    browser.choose("#voice_B", "Polly.Amy-Neural").await;
    browser.click(START).await;
    browser.until("it is refused", "document.querySelector('#text_B[aria-invalid=true]')").await;
    assert_eq!(browser.text("document.querySelector('#voice_B').value").await, "Polly.Amy-Neural");
    assert!(browser.seen().await.contains("Long"), "the campaign is still what it was");

    browser.fill("#text_B", "In short.").await;
    browser.click(START).await;
    browser.until("it runs", "document.body.innerText.includes('The test has begun.')").await;
    assert!(browser.seen().await.contains("No winner yet: nobody is ahead."));

    let campaign = base.trim_start_matches("/campaigns/").parse().expect("an id");
    app.launch(campaign).await;
    app.until_completed(campaign).await;
    let all = "[...document.querySelectorAll(\"#test tbody td[data-label='Picked up']\")]\
               .reduce((sum, cell) => sum + Number(cell.innerText), 0)";
    browser.until("the open page shows everybody", &format!("{all} === {PEOPLE}")).await;
    is_usable_by_everybody(&browser, "the result").await;

    browser.choose("#adopt", "B").await;
    browser.click(END).await;
    browser.until("it has ended", "document.body.innerText.includes('The test has ended.')").await;
    assert_eq!(browser.text("document.querySelector('#body').value").await, "In short.");
    assert_eq!(browser.text("document.querySelector('#voiceId').value").await, "Polly.Amy-Neural");
    assert!(browser.seen().await.contains("the campaign went on with B"));
    browser.click("#test tbody a[href$='arm=B']").await;
    browser.until("its calls are listed", "location.search === '?arm=B'").await;
    let first = browser.text("document.querySelector('#calls tbody a').getAttribute('href')").await;
    browser.open(&first).await;
    assert!(browser.seen().await.contains("Arm B"));
    browser.leave().await;
    app.stop().await;
}

#[tokio::test]
async fn without_scripts_a_test_is_started_looked_at_and_ended() {
    let (app, base) = world().await;
    let short = asking("In short.", '1');
    let short =
        app.actions.create_script(app.actor.clone(), "Short".to_owned(), short).await.expect("a script");
    let browser = signed_in(&app, Role::Operator).await;
    browser.without_scripts().await;
    browser.open(&format!("{base}/message")).await;
    browser.click("#test-moves summary").await;
    browser.click(START).await;
    browser
        .until("two equal arms are refused", "document.querySelector('#script_B[aria-invalid=true]')")
        .await;
    browser.choose("#script_B", &short.id.to_string()).await;
    browser.fill("#share_B", "25").await;
    browser.click(START).await;
    browser.until("it runs", "document.querySelector('#arm-B')").await;
    assert_eq!(
        browser.text("document.querySelector(\"#arm-B td[data-label='Share']\").innerText").await,
        "33 %"
    );
    assert_eq!(
        browser.read("document.querySelector('#body')").await,
        serde_json::Value::Null,
        "it is not edited meanwhile"
    );
    browser.click(END).await;
    browser.until("it has ended", "document.body.innerText.includes('The test has ended.')").await;
    assert!(browser.seen().await.contains("the campaign went on as before"));
    // The refused form answered 422, which Chromium writes on the console.
    browser.leave().await;
    app.abandon().await;
}
