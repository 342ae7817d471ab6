//! Open pages follow what happens: within a second, and over a restart of the server without a gap.

use std::time::Duration;

use domain::call::CallStatus;
use domain::money::Usd;
use prospectai::actions::users::Role;
use prospectai::carrier::twilio::Purpose;
use prospectai::clock::Clock;
use simulator::{AnswerModel, Outcome};

use super::visit::signed_in;
use crate::support::browser::Browser;
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};
use crate::webhooks::post::Desk;

/// What the page may take to show what the carrier told the server.
const AT_MOST_MS: i64 = 1_000;

/// Notes at what time the first call's status became what.
const WATCH: &str = "
    window.seen = {};
    const look = () => {
        const badge = document.querySelector('#calls tbody .badge');
        if (badge) window.seen[badge.textContent] ??= Date.now();
    };
    new MutationObserver(look).observe(document.querySelector('main'),
        { subtree: true, childList: true, characterData: true });
    look();";

#[test]
fn the_live_table_shows_a_webhook_within_a_second() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        let campaign = desk.now().await.campaign;
        let browser = signed_in(&desk.app, Role::Analyst).await;
        browser.open(&format!("/campaigns/{campaign}")).await;
        browser.until("the page is live", "document.querySelector('#offline').hidden").await;
        browser.run(WATCH, serde_json::json!([])).await;
        let news = [
            ("ringing", "Ringing", "1"),
            ("in-progress", "In progress", "2"),
            ("completed", "Completed", "3"),
        ];
        let mut took = Vec::new();
        for (status, word, number) in news {
            let form = desk.form(&[("CallStatus", status), ("SequenceNumber", number)]);
            let told_at = Clock::System.now();
            assert_eq!(desk.post(&desk.url(Purpose::Status), &form).await, 204);
            browser.until(&format!("the call is {word}"), &format!("window.seen['{word}']")).await;
            let shown_at = browser.read(&format!("window.seen['{word}']")).await;
            took.push(shown_at.as_i64().expect("a time") - told_at.as_millisecond());
        }
        // The middle one: a machine that runs other tests at the same time may stop for a moment.
        took.sort_unstable();
        assert!(took[1] < AT_MOST_MS, "shown after {took:?} ms");
        assert_eq!(desk.now().await.call.status(), CallStatus::Completed);
        browser.close().await;
        desk.app.abandon().await;
    });
}

#[tokio::test]
async fn whoever_goes_through_many_pages_never_waits_for_a_connection() {
    let app = TestApp::on(Database::Sqlite).speed(1.0).start().await;
    let campaign = app.campaign_of(1).await;
    let browser = signed_in(&app, Role::Analyst).await;
    // A browser has six connections to a server, and keeps the pages that one may go back to for a minute.
    let walk = async {
        for nth in 0..12 {
            browser.open(&format!("/campaigns/{campaign}?q={nth}")).await;
        }
        browser.back().await;
        browser.until("one is back", "location.search === '?q=10'").await;
    };
    tokio::time::timeout(Duration::from_secs(30), walk).await.expect("every page comes at once");
    // The page that was gone back to is live again.
    app.launch(campaign).await;
    browser.until("the launch is seen", "document.querySelector('#head').innerText.includes('Active')").await;
    browser.close().await;
    app.abandon().await;
}

#[tokio::test]
async fn an_open_page_says_that_the_server_is_away_and_then_shows_exactly_what_a_fresh_one_does() {
    let people = 40;
    let app = TestApp::on(Database::Sqlite).speed(30.0).calls_per_second(0.5);
    let app = app.answers(AnswerModel::always(Outcome::Human { talk_seconds: 20 })).start().await;
    let campaign = app.campaign_of(people).await;
    let browser = signed_in(&app, Role::Analyst).await;
    app.launch(campaign).await;
    browser.open(&format!("/campaigns/{campaign}")).await;
    browser
        .until("some calls are over", "document.querySelectorAll('#calls .tone-completed').length > 4")
        .await;
    // A page that loads itself anew would forget this.
    browser.run("window.before = true", serde_json::json!([])).await;

    let app = app
        .restart(async |_, _| {
            browser
                .until("the page says that it is alone", "!document.querySelector('#offline').hidden")
                .await;
            assert!(browser.seen().await.contains("No connection to the server."));
        })
        .await;
    browser.until("the page is live again", "document.querySelector('#offline').hidden").await;
    app.until_completed(campaign).await;
    app.until_quiet().await;
    // The carrier says prices later than that a call is over.
    app.until("every price is known", async || {
        app.calls(campaign).await.iter().all(|call| call.call.facts.price.is_some())
    })
    .await;
    let all = format!("document.querySelectorAll('#calls .tone-completed').length === {people}");
    browser.until("every call is over on the page", &all).await;
    assert_eq!(browser.read("window.before").await, true, "it is still the same page");
    browser
        .until(
            "the campaign is completed on the page",
            "document.querySelector('#head').innerText.includes('Completed')",
        )
        .await;
    let prices = app.calls(campaign).await.into_iter().filter_map(|call| call.call.facts.price);
    let sum = prices.map(Usd::micros).sum::<i64>() as f64 / 1e6;
    let known = format!("document.querySelector('#figures').innerText.includes('${sum:.2}')");
    browser.until("the page knows every price", &known).await;
    let followed = shown(&browser).await;
    let twice = "[...document.querySelectorAll('[id]')].map(it => it.id).filter((id, at, all) => all.indexOf(id) !== at)";
    assert_eq!(browser.read(twice).await, serde_json::json!([]));

    expect_only_lost_connections(&browser).await;
    browser.reload().await;
    assert_eq!(followed, shown(&browser).await);
    browser.leave().await;
    app.stop().await;
}

async fn shown(browser: &Browser) -> String {
    browser.text("document.querySelector('main').innerText").await
}

/// Chromium itself writes on the console that a stream was cut or refused.
async fn expect_only_lost_connections(browser: &Browser) {
    let noticed = browser.noticed().await;
    let other = |line: &&String| !(line.contains("/changes?") && line.contains("net::ERR_"));
    let others: Vec<_> = noticed.complaints.iter().filter(other).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(noticed.strayed.is_empty(), "{:?}", noticed.strayed);
}
