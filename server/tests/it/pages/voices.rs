//! Voices are looked for and heard on their own page and on that of a campaign's message, with scripts and without.

use prospectai::actions::users::Role;
use serde_json::json;
use simulator::SpeechServices;

use super::visit::signed_in;
use crate::support::browser::{Browser, Rules, Scheme};
use crate::support::test_app::TestApp;
use crate::support::world::Database;
use crate::voices::ground::{SCRIPT, campaign, orders, services, speaking, voice};

async fn app(services: &SpeechServices) -> TestApp {
    speaking(TestApp::on(Database::Sqlite).speed(1.0), services).start().await
}

/// Nothing is wrong with the page for anybody, on a telephone or a screen, by day or by night.
async fn expect_usable(browser: &Browser) {
    for width in [390, 1280] {
        browser.width(width).await;
        for (scheme, rules) in [(Scheme::Light, Rules::All), (Scheme::Dark, Rules::OfColours)] {
            browser.scheme(scheme).await;
            let violations = browser.violations(rules).await;
            assert!(violations.is_empty(), "{width} wide, {}: {violations:?}", scheme.word());
        }
        assert_eq!(browser.overflow().await, None, "{width} wide");
    }
}

const PLAYED: &str = "fetch(document.querySelector('audio').src).then(it => it.blob()).then(it => { window.played = it.type; })";

#[tokio::test]
async fn a_voice_is_found_heard_and_what_it_took_is_shown() {
    let services = services().await;
    let app = app(&services).await;
    let browser = signed_in(&app, Role::Operator).await;
    browser.open("/settings/voices").await;
    let seen = browser.seen().await;
    for said in ["Agate", "100,000 characters", "Spoken this month", "Polly.Joanna-Neural"] {
        assert!(seen.contains(said), "{said}: {seen}");
    }
    expect_usable(&browser).await;
    browser.open("/settings/voices?q=agate").await;
    let rows = browser.read("document.querySelectorAll('#voices tbody tr').length").await;
    assert_eq!(rows, json!(1));
    browser.click("#voices tbody button").await;
    browser.until("it can be heard", "document.querySelector('#heard audio')").await;
    browser.read(PLAYED).await;
    browser.until("it is a sound", "window.played === 'audio/wav'").await;
    assert_eq!(orders(&services), 2, "two sentences");
    assert!(browser.seen().await.contains("2 sentences"), "what was spoken is counted");
    expect_usable(&browser).await;
    browser.open("/settings/voices?q=nobody+like+this").await;
    assert!(browser.seen().await.contains("No voice is like that"));
    browser.close().await;
    app.abandon().await;
    services.stop().await;
}

#[tokio::test]
async fn what_a_prospect_would_hear_is_heard_on_the_message_page_and_costs_nothing_the_second_time() {
    let services = services().await;
    let app = app(&services).await;
    let voice = voice(&services).await;
    let id = campaign(&app, &voice, SCRIPT, 2).await;
    let browser = signed_in(&app, Role::Operator).await;
    browser.open(&format!("/campaigns/{id}/message")).await;
    assert!(browser.seen().await.contains("from the quota"), "the cost is said before");
    browser.click("#heard button").await;
    browser.until("it can be heard", "document.querySelector('#heard audio')").await;
    browser.read(PLAYED).await;
    browser.until("it is a sound", "window.played === 'audio/wav'").await;
    assert!(browser.seen().await.contains("takes nothing from the quota"), "it was spoken");
    assert_eq!(orders(&services), 3);
    expect_usable(&browser).await;
    browser.close().await;
    app.abandon().await;
    services.stop().await;
}

#[tokio::test]
async fn a_service_in_trouble_is_said_on_the_page_and_asked_again_when_somebody_wants_it() {
    let services = services().await;
    let app =
        crate::voices::ground::with_key(TestApp::on(Database::Sqlite).speed(1.0), &services, "sk_wrong");
    let app = app.start().await;
    let browser = signed_in(&app, Role::Operator).await;
    browser.open("/settings/voices").await;
    let seen = browser.seen().await;
    assert!(seen.contains("ELEVENLABS_API_KEY") && seen.contains("Polly.Joanna-Neural"), "{seen}");
    expect_usable(&browser).await;
    browser.leave().await;
    app.abandon().await;
    services.stop().await;
}
