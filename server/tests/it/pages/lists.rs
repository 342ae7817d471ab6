//! Lists: every filter, order and page is an address, which leads everybody to the same list.

use domain::retry::RetryPolicy;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::users::Role;
use serde_json::{Value, json};
use simulator::{AnswerModel, Outcome};

use super::visit::signed_in;
use crate::support::browser::{Browser, ENTER};
use crate::support::campaigns::{draft, number, person};
use crate::support::test_app::TestApp;
use crate::support::world::Database;

const PEOPLE: usize = 120;
const ENGAGED: usize = 30;
/// Of a page.
const ROWS: usize = 50;

#[tokio::test]
async fn filters_order_and_pages_are_addresses_that_lead_back_and_can_be_shared() {
    let engaged = (0..ENGAGED).map(number);
    let answers = AnswerModel::always(Outcome::Human { talk_seconds: 5 });
    let answers = engaged.fold(answers, |answers, number| answers.scripted(&number, Outcome::Busy));
    let app = TestApp::on(Database::Sqlite).speed(60.0).calls_per_second(20.0).answers(answers).start().await;
    let mut once = CampaignDraft { name: "Lists".to_owned(), ..draft() };
    once.rules.retry = RetryPolicy::new(1, Vec::new()).expect("a policy");
    let campaign = app.campaign(PEOPLE, once).await;
    app.launch(campaign).await;
    app.until_completed(campaign).await;

    let browser = signed_in(&app, Role::Analyst).await;
    let base = format!("/campaigns/{campaign}");
    browser.open(&base).await;
    assert!(browser.seen().await.contains(&format!("{ROWS} shown of {PEOPLE}")));

    // A filter, from its form.
    browser.choose("#status", "busy").await;
    browser.until("the form was sent", "location.search.includes('status=busy')").await;
    assert_eq!(rows(&browser).await.len(), ENGAGED);
    let words = browser
        .read("[...new Set([...document.querySelectorAll('#calls .badge')].map(it => it.innerText))]")
        .await;
    assert_eq!(words, json!(["Busy"]));
    browser.back().await;
    browser.until("the whole list is back", "!location.search.includes('busy')").await;

    // Pages: everybody once, and back where one was.
    let first = rows(&browser).await;
    next_page(&browser).await;
    let second = rows(&browser).await;
    let shared = browser.address().await;
    next_page(&browser).await;
    let third = rows(&browser).await;
    assert_eq!([first.len(), second.len(), third.len()], [ROWS, ROWS, PEOPLE - 2 * ROWS]);
    let mut everybody: Vec<&String> = first.iter().chain(&second).chain(&third).collect();
    everybody.sort();
    everybody.dedup();
    assert_eq!(everybody.len(), PEOPLE);
    browser.back().await;
    browser.until("the second page is back", &format!("document.getElementById('{}')", second[0])).await;
    assert_eq!(rows(&browser).await, second);

    // A shared address leads somebody else to the same rows.
    let colleague = signed_in(&app, Role::Operator).await;
    colleague.open(&shared).await;
    assert_eq!(rows(&colleague).await, second);
    colleague.close().await;

    // The order.
    browser.open(&base).await;
    browser.click("#calls th a").await;
    browser.until("the oldest is first", "location.search.includes('sort=createdAt')").await;
    assert_eq!(rows(&browser).await.first(), third.last());

    browser.click("#calls th:nth-child(7) a").await;
    browser.until("the longest is first", "location.search.includes('sort=-duration')").await;
    let spoken = browser
        .read("[...document.querySelectorAll('#calls td:nth-child(7)')].map(it => it.innerText)")
        .await;
    assert_eq!(spoken, json!(vec!["0:05"; ROWS]));
    browser.click("#calls th:nth-child(7) a").await;
    browser.until("the shortest is first", "location.search.includes('sort=duration')").await;
    assert_eq!(browser.read("document.querySelector('#calls .badge').innerText").await, json!("Busy"));

    // One person's calls, from their card.
    browser.click("#calls tbody td:nth-child(3) a").await;
    browser.click("a[href*=prospectId]").await;
    browser.until("their calls are listed", "location.search.includes('prospectId=')").await;
    assert_eq!(rows(&browser).await.len(), 1);
    browser.click("#filters a[href^='/campaigns/']:not([href*=csv])").await;
    browser.until("everybody is back", "!location.search.includes('prospectId')").await;
    browser.open(&format!("{base}?sort=createdAt")).await;

    // Somebody who comes now waits for another launch, and the page says so.
    assert!(browser.seen().await.contains("Finished: everybody has a final answer."));
    app.actions.add_prospects(app.actor.clone(), campaign, vec![person(PEOPLE)]).await.expect("one more");
    browser
        .until("a launch is asked for", "document.body.innerText.includes('Launch it again to ring them.')")
        .await;

    // The search, by the key that goes there.
    browser.press("/").await;
    browser.press("Person 77").await;
    browser.press(ENTER).await;
    browser.until("somebody is found", "location.search.includes('q=Person')").await;
    assert_eq!(rows(&browser).await.len(), 1);
    assert!(browser.address().await.contains("sort=createdAt"), "the order stays");

    // Nothing found is said, with the way back.
    browser.open(&format!("{base}?from=2020-01-01&to=2020-01-02")).await;
    assert!(browser.seen().await.contains("No call is like that"));
    browser.click("#calls a").await;
    browser
        .until(
            "every call is shown",
            &format!("document.body.innerText.includes('{ROWS} shown of {PEOPLE}')"),
        )
        .await;
    browser.close().await;
    app.stop().await;
}

/// The names of the rows that are shown.
async fn rows(browser: &Browser) -> Vec<String> {
    match browser.read("[...document.querySelectorAll('#calls tbody tr')].map(row => row.id)").await {
        Value::Array(ids) => ids.iter().map(|id| id.as_str().expect("a name").to_owned()).collect(),
        other => panic!("rows are a list, not {other}"),
    }
}

async fn next_page(browser: &Browser) {
    let before = browser.address().await;
    browser.click("a[rel=next]").await;
    browser
        .until("the next page is there", &format!("location.pathname + location.search !== '{before}'"))
        .await;
}
