//! Each role sees what it may do, and nothing that it may not.

use domain::ids::{CampaignId, time_ordered_uuid};
use prospectai::actions::users::Role;
use serde_json::{Value, json};

use super::sample::Sample;
use super::visit::signed_in;
use crate::support::browser::Browser;

/// The addresses to which the page's forms post, of those that can be sent.
const POSTS: &str = "[...document.querySelectorAll('form[method=post]:has(button[type=submit]:enabled)')]
    .map(it => it.getAttribute('action'))";
/// Where the page's links inside the dashboard lead.
const LINKS: &str = "[...document.querySelectorAll('a[href^=\"/\"]')].map(it => it.getAttribute('href'))";
/// The statuses with which the server answers requests of this page's origin.
const ANSWERS: &str = "
    const [method, addresses, done] = arguments;
    Promise.all(addresses.map(it => fetch(it, { method, redirect: 'manual' }).then(answer => answer.status))).then(done)";

#[tokio::test]
async fn whoever_only_reads_is_offered_nothing_else_and_told_so_in_words() {
    let sample = Sample::start().await;
    let browser = signed_in(&sample.app, Role::Analyst).await;
    for page in pages(&sample) {
        browser.open(&page).await;
        assert_eq!(browser.read(POSTS).await, json!(["/sign-out"]), "{page}");
        expect_open_doors(&browser, &page).await;
    }
    browser.open(&format!("/campaigns/{}/settings", sample.running)).await;
    assert_eq!(browser.read("document.querySelector('main fieldset').disabled").await, true);
    browser.close().await;

    let browser = signed_in(&sample.app, Role::Listener).await;
    // Whoever only listens has calls and an account.
    let (card, account) = (format!("/calls/{}", sample.call), "/settings");
    for page in pages(&sample).into_iter().chain(["/campaigns/new".to_owned()]) {
        browser.open(&page).await;
        if page == card {
            assert!(browser.seen().await.contains("•••"), "whoever only listens sees no number");
        } else if page != account {
            expect_refusal(&browser, "listener").await;
        }
        expect_open_doors(&browser, &page).await;
    }
    // Chromium writes each refusal on the console.
    browser.leave().await;
    sample.app.abandon().await;
}

#[tokio::test]
async fn whoever_runs_campaigns_can_use_every_button_that_is_shown() {
    let sample = Sample::start().await;
    for role in [Role::Admin, Role::Operator] {
        let browser = signed_in(&sample.app, role).await;
        for page in pages(&sample) {
            browser.open(&page).await;
            let forms = browser.read(POSTS).await;
            assert!(forms.as_array().is_some_and(|forms| !forms.is_empty()), "{page}");
            expect_open_doors(&browser, &page).await;
            // The same with the ids of others: who may not write is told so first.
            let elsewhere = forms.as_array().expect("forms").iter().filter_map(Value::as_str);
            let elsewhere: Vec<String> = elsewhere.filter_map(with_the_id_of_nobody).collect();
            let answers = browser.run_to_end(ANSWERS, json!(["POST", elsewhere])).await;
            for (form, answer) in elsewhere.iter().zip(answers.as_array().expect("answers")) {
                assert_ne!(answer, 403, "{role:?} is shown {form} on {page}");
            }
        }
        browser.open("/live").await;
        browser.click("form[action='/live/stop'] button").await;
        if role >= Role::Admin {
            browser.click("form[action='/live/resume'] button").await;
            browser.until("dialing is on", "document.querySelector('form[action=\"/live/stop\"]')").await;
        } else {
            let told =
                "document.querySelector('#head').innerText.includes('An administrator can switch it on')";
            browser.until("it is said who can switch it on", told).await;
            let switch = browser.read("document.querySelector('form[action=\"/live/resume\"]')").await;
            assert_eq!(switch, Value::Null);
        }
        // Chromium writes on the console that nobody has no campaign.
        browser.leave().await;
    }
    sample.app.abandon().await;
}

fn pages(sample: &Sample) -> Vec<String> {
    let campaign = format!("/campaigns/{}", sample.running);
    let of_campaign = ["", "/prospects", "/schedule", "/message", "/settings", "/activity"];
    let of_campaign = of_campaign.map(|tab| format!("{campaign}{tab}"));
    let cards = [format!("/prospects/{}", sample.prospect), format!("/calls/{}", sample.call)];
    let whole = ["/live", "/campaigns", "/do-not-call", "/reports", "/settings"].map(str::to_owned);
    whole.into_iter().chain(of_campaign).chain(cards).collect()
}

/// No link of the page leads to a refusal.
async fn expect_open_doors(browser: &Browser, page: &str) {
    let links = browser.read(LINKS).await;
    let answers = browser.run_to_end(ANSWERS, json!(["GET", links])).await;
    for (link, answer) in links.as_array().expect("links").iter().zip(answers.as_array().expect("answers")) {
        assert_ne!(answer, 403, "{link} is shown on {page}");
    }
}

async fn expect_refusal(browser: &Browser, role: &str) {
    let seen = browser.seen().await;
    assert!(seen.contains("No permission"), "{seen}");
    assert!(seen.contains(&format!("Your role here is {role}")), "{seen}");
    assert!(seen.contains("Ask an administrator of your team."), "{seen}");
}

/// An address with another id in place of its own; nothing for addresses without one.
fn with_the_id_of_nobody(address: &str) -> Option<String> {
    let nobody = CampaignId::from_uuid(time_ordered_uuid(4_000_000_000_000, [9; 10])).to_string();
    let (_, nobody) = nobody.split_once('_')?;
    let parts = address.split('/').map(|part| match part.split_once('_') {
        Some((kind, _)) => format!("{kind}_{nobody}"),
        None => part.to_owned(),
    });
    let other = parts.collect::<Vec<_>>().join("/");
    (other != address).then_some(other)
}
