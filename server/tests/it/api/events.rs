//! Changes as they happen.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Response};
use futures_util::StreamExt;
use prospectai::actions::users::Role;
use serde_json::json;
use tokio::time::timeout;

use crate::support::api_client::{Client, Database, TestApi};

/// Longer than anything here takes, so that a test that waits in vain fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open stream of events.
struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    async fn open(client: &Client<'_>) -> Self {
        let response: Response<Body> = client.begin(Method::GET, "/api/events", None).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event: its id, its name and its data; `None` when the stream is over.
    async fn next(&mut self) -> Option<(String, String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| {
                    let found = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.unwrap_or_default().to_owned()
                };
                let read = (line("id"), line("event"), line("data"));
                self.text = rest.to_owned();
                if !read.0.is_empty() {
                    return Some(read);
                }
                continue;
            }
            let part = timeout(PATIENCE, self.body.next()).await.expect("an event in time")?;
            self.text.push_str(std::str::from_utf8(&part.expect("a part")).expect("text"));
        }
    }
}

#[tokio::test]
async fn a_reader_who_comes_back_gets_what_was_missed_and_nothing_of_others() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let mut events = Events::open(&owner).await;
        let stranger = api.as_stranger().await;
        let foreign = stranger.post("/api/campaigns", json!({ "name": "Theirs" })).await.expect(201).id();
        stranger
            .patch(&format!("/api/campaigns/{foreign}"), json!({ "name": "Still theirs" }))
            .await
            .expect(200);

        let (campaign, prospects) = api.running_campaign(1).await;
        // Its people were added, then it was launched.
        events.next().await.expect("an event");
        let (first, name, data) = events.next().await.expect("an event");
        assert_eq!((name.as_str(), data.contains(&campaign)), ("campaign", true), "{data}");
        drop(events);

        let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let call = owner.post("/api/calls/place", place).await.expect(201).id();
        owner.post(&format!("/api/calls/{call}/cancel"), json!({})).await.expect(200);
        let mut again = Events::open(&owner.clone().with("last-event-id", &first)).await;
        let (_, name, data) = again.next().await.expect("what was missed");
        assert_eq!(name, "call");
        let data: serde_json::Value = serde_json::from_str(&data).expect("JSON");
        assert_eq!(data, json!({ "id": call, "campaignId": campaign, "status": "canceled" }));
    }
}

#[tokio::test]
async fn a_reader_of_forgotten_changes_is_told_to_start_anew() {
    let api = TestApi::on(Database::Sqlite).await;
    let mut events = Events::open(&api.as_owner().with("last-event-id", "another-run-7")).await;
    assert_eq!(events.next().await.map(|(_, name, _)| name).as_deref(), Some("reset"));
}

#[tokio::test]
async fn readers_are_told_at_once_when_to_come_back_and_not_all_at_the_same_time() {
    let api = TestApi::on(Database::Sqlite).await;
    let mut told = BTreeSet::new();
    for _ in 0..8 {
        let mut events = Events::open(&api.as_owner()).await;
        let first =
            timeout(PATIENCE, events.body.next()).await.expect("in time").expect("open").expect("a part");
        let first = String::from_utf8(first.to_vec()).expect("text");
        let wait =
            first.strip_prefix("retry: ").expect("the time to wait").trim().parse::<u64>().expect("a number");
        assert!((1_000..=9_000).contains(&wait), "{wait}");
        told.insert(wait);
    }
    assert!(told.len() > 4, "{told:?}");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let api = TestApi::on(Database::Sqlite).await;
    let mut events = Events::open(&api.as_owner()).await;
    api.state.stopping.cancel();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_soon_after_its_key_is_revoked() {
    let api = TestApi::on(Database::Sqlite).await;
    let reader = api.with_role(Role::Analyst).await;
    let id = reader.get("/api/session").await.json["actor"].as_str().expect("a key").to_owned();
    let mut events = Events::open(&reader).await;
    api.as_owner().delete(&format!("/api/keys/{id}")).await.expect(204);
    assert_eq!(events.next().await, None);
}
