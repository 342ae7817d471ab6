//! Open pages are kept true: they get what differs from what they have, all of it and only that, however long they were
//! away.

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Response};
use futures_util::StreamExt;
use prospectai::actions::users::Role;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

use crate::support::api_client::{Client, Database, TestApi};

/// Longer than anything here takes, so that a test that waits in vain fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// The stream of an open page.
struct OpenPage {
    body: BodyDataStream,
    text: String,
}

/// What it was told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// These sections, with the version that they lead to.
    Page { version: String, html: String },
    /// The page is not there any more.
    Gone,
    /// Nothing more is coming.
    Over,
}

impl OpenPage {
    async fn open(client: &Client<'_>, page: &str, version: &str) -> Self {
        let page: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
        let address = format!("/changes?page={page}&version={version}");
        let response: Response<Body> = client.begin(Method::GET, &address, None).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Opens a page the way a browser does: first the page, then its stream.
    async fn of_browser(client: &Client<'_>, page: &str) -> (String, Self) {
        let html = client.get_text(page).await;
        let live = html.split("data-live=\"").nth(1).and_then(|rest| rest.split('"').next());
        let live = live.expect("a live page").replace("&amp;", "&");
        let version = live.rsplit('=').next().expect("a version").to_owned();
        (html, Self::open(client, page, &version).await)
    }

    async fn next(&mut self) -> Told {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let lines = |name: &str| {
                    let found = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.collect::<Vec<_>>().join("\n")
                };
                let told = match lines("event").as_str() {
                    "page" => Some(Told::Page { version: lines("id"), html: lines("data") }),
                    "gone" => Some(Told::Gone),
                    _ => None,
                };
                self.text = rest.to_owned();
                if let Some(told) = told {
                    return told;
                }
                continue;
            }
            match timeout(PATIENCE, self.body.next()).await.expect("an event in time") {
                None => return Told::Over,
                Some(part) => self.text.push_str(std::str::from_utf8(&part.expect("a part")).expect("text")),
            }
        }
    }

    async fn next_page(&mut self) -> (String, String) {
        match self.next().await {
            Told::Page { version, html } => (version, html),
            other => panic!("expected the page, was told {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_open_page_gets_the_sections_that_changed_and_no_others() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(2).await;
        let (html, mut page) = OpenPage::of_browser(&owner, &format!("/campaigns/{campaign}")).await;
        assert!(html.contains("No call yet"), "{html}");
        let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let call = owner.post("/api/calls/place", place).await.expect(201).id();
        owner.post(&format!("/api/calls/{call}/cancel"), json!({})).await.expect(200);
        let (_, changed) = page.next_page().await;
        assert!(changed.contains(&call) && changed.contains("id=\"figures\""), "{changed}");
        assert!(!changed.contains("id=\"tabs\"") && !changed.contains("id=\"filters\""), "{changed}");
    }
}

#[tokio::test]
async fn whoever_comes_back_gets_the_whole_difference_and_nothing_when_there_is_none() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(3).await;
        let address = format!("/campaigns/{campaign}");
        let (_, first) = OpenPage::of_browser(&owner, &address).await;
        drop(first);
        // While nobody listens.
        for prospect in &prospects {
            let place = json!({ "campaignId": campaign, "prospectId": prospect });
            let call = owner.post("/api/calls/place", place).await.expect(201).id();
            owner.post(&format!("/api/calls/{call}/cancel"), json!({})).await.expect(200);
        }
        let mut back = OpenPage::open(&owner, &address, "1").await;
        let (version, html) = back.next_page().await;
        assert_eq!(html.matches("data-label=\"Status\"").count(), 3, "{html}");
        // The same state is not sent again: the next thing that is heard is the next change.
        let mut same = OpenPage::open(&owner, &address, &version).await;
        owner.post(&format!("/api/campaigns/{campaign}/pause"), json!({})).await.expect(200);
        let (next, html) = same.next_page().await;
        assert_ne!(next, version);
        assert!(html.contains("Paused"), "{html}");
    }
}

#[tokio::test]
async fn a_page_that_is_taken_away_says_so_and_one_that_never_was_is_not_found() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let campaign = owner.post("/api/campaigns", json!({ "name": "Short" })).await.expect(201).id();
    let (_, mut page) = OpenPage::of_browser(&owner, &format!("/campaigns/{campaign}")).await;
    owner.delete(&format!("/api/campaigns/{campaign}")).await.expect(204);
    assert_eq!(page.next().await, Told::Gone);
    for nowhere in
        ["/campaigns/cmp_nothing", "/settings", "/api/campaigns", "//elsewhere.example", "not an address"]
    {
        let page: String = form_urlencoded::byte_serialize(nowhere.as_bytes()).collect();
        owner.get(&format!("/changes?page={page}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn nobody_follows_a_page_they_may_not_see() {
    let api = TestApi::on(Database::Sqlite).await;
    let (campaign, _) = api.running_campaign(1).await;
    let page = format!("/changes?page=%2Fcampaigns%2F{campaign}");
    api.anonymous().get(&page).await.problem(401, "unauthenticated");
    api.with_role(Role::Listener).await.get(&page).await.problem(404, "not_found");
    api.as_stranger().await.get(&page).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_stream_of_a_page_ends_when_the_server_stops() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let (campaign, _) = api.running_campaign(1).await;
    let (_, mut page) = OpenPage::of_browser(&owner, &format!("/campaigns/{campaign}")).await;
    api.state.stopping.cancel();
    assert_eq!(page.next().await, Told::Over);
}
