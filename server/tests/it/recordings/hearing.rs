//! Hearing a recording: who may, which part, and that it is written down.

use axum::body::to_bytes;
use axum::http::{Method, Response};
use bytes::Bytes;
use domain::ids::{CallId, RecordingId};
use domain::recording::{RecordingNews, RecordingSource};
use prospectai::actions::carrier_events::News;
use prospectai::actions::recordings::{Claim, RecordingTold, Trouble};
use prospectai::actions::users::Role;
use prospectai::media::ObjectName;
use prospectai::store::recordings::OurCopy;
use serde_json::{Value, json};

use crate::support::api_client::{Client, Database, TestApi};

const SOUND: &[u8] = b"RIFF and what follows: a sound of forty-two bytes...";

/// A stored recording of a call; its name.
pub async fn recorded(api: &TestApi, call: &str) -> String {
    let claim = claimed(api, call).await;
    let id = claim.recording.id;
    let object = ObjectName::stored(claim.object());
    let mut writing = api.state.media.write(&object);
    writing.add(Bytes::from_static(SOUND)).await.expect("written");
    let stored = writing.finish().await.expect("kept");
    let copy = OurCopy {
        object: object.as_str().to_owned(),
        bytes: stored.bytes,
        sha256: stored.sha256,
        duration_ms: 4_000,
        channels: 1,
        peaks: vec![9; 240],
    };
    api.state.actions.keep_recording(claim, copy).await.expect("written down");
    id.to_string()
}

/// A recording of a call that is about to be fetched.
async fn claimed(api: &TestApi, call: &str) -> Claim {
    let (actions, call) = (&api.state.actions, call.parse::<CallId>().expect("a call"));
    let sid = format!("RE{}", "0a".repeat(16));
    let told = RecordingTold {
        sid: sid.clone(),
        news: RecordingNews::Completed,
        source: RecordingSource::Call,
        seconds: Some(4),
    };
    let news = News {
        call: Some(call),
        carrier_sid: None,
        to: None,
        kind: "rest",
        evidence: None,
        recording: Some(told),
        content_key: News::content_key("rest", Some(call), &[("recording".to_owned(), sid)]),
        payload: "{}".to_owned(),
    };
    actions.take_in(news).await.expect("taken in");
    actions.claim_recording().await.expect("read").expect("it is due")
}

async fn with_a_call(database: Database) -> (TestApi, String) {
    let api = TestApi::on(database).await;
    let (campaign, prospects) = api.running_campaign(1).await;
    let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
    let call = api.as_owner().post("/api/calls/place", place).await.expect(201).id();
    (api, call)
}

async fn with_a_recording(database: Database) -> (TestApi, String, String) {
    let (api, call) = with_a_call(database).await;
    let recording = recorded(&api, &call).await;
    (api, call, recording)
}

async fn heard(client: Client<'_>, method: Method, recording: &str) -> (Response<()>, Vec<u8>) {
    let answer = client.send(method, &format!("/api/recordings/{recording}/audio"), None).await;
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
    (Response::from_parts(head, ()), body)
}

fn line<'r>(answer: &'r Response<()>, name: &str) -> &'r str {
    answer.headers().get(name).and_then(|line| line.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_recording_is_heard_whole_and_in_parts_and_never_as_a_page() {
    for database in Database::BOTH {
        let (api, _, recording) = with_a_recording(database).await;
        let listener = async || api.with_role(Role::Listener).await;
        let (whole, sound) = heard(listener().await, Method::GET, &recording).await;
        assert_eq!((whole.status().as_u16(), sound.as_slice()), (200, SOUND));
        assert_eq!(line(&whole, "content-type"), "audio/wav");
        assert_eq!(line(&whole, "x-content-type-options"), "nosniff");
        assert_eq!(line(&whole, "content-disposition"), format!("attachment; filename=\"{recording}.wav\""));
        assert_eq!(line(&whole, "cache-control"), "no-store");
        assert_eq!(line(&whole, "accept-ranges"), "bytes");

        let size = SOUND.len();
        let (head, nothing) = heard(listener().await, Method::HEAD, &recording).await;
        assert_eq!((head.status().as_u16(), nothing.len()), (200, 0));
        assert_eq!(line(&head, "content-length"), size.to_string());

        for (range, status, part) in [
            ("bytes=0-3", 206, &SOUND[..4]),
            ("bytes=5-", 206, &SOUND[5..]),
            ("bytes=-3", 206, &SOUND[size - 3..]),
            ("bytes=0-1,4-5", 200, SOUND),
            ("lines=0-1", 200, SOUND),
        ] {
            let (answer, sound) = heard(listener().await.with("range", range), Method::GET, &recording).await;
            assert_eq!((answer.status().as_u16(), sound.as_slice()), (status, part), "{range}");
            assert_eq!(line(&answer, "content-length"), part.len().to_string(), "{range}");
        }
        let behind = listener().await.with("range", "bytes=9999-");
        let (answer, _) = heard(behind, Method::GET, &recording).await;
        assert_eq!(
            (answer.status().as_u16(), line(&answer, "content-range")),
            (416, format!("bytes */{size}").as_str())
        );

        for (destination, status) in [("audio", 200), ("empty", 200), ("document", 403), ("iframe", 403)] {
            let client = listener().await.with("sec-fetch-dest", destination);
            let (answer, _) = heard(client, Method::GET, &recording).await;
            assert_eq!(answer.status().as_u16(), status, "{destination}");
        }
    }
}

#[tokio::test]
async fn nobody_hears_what_is_anothers_and_every_hearing_is_written_down() {
    for database in Database::BOTH {
        let (api, call, recording) = with_a_recording(database).await;
        assert_eq!(heard(api.anonymous(), Method::GET, &recording).await.0.status(), 401);
        assert_eq!(heard(api.as_stranger().await, Method::GET, &recording).await.0.status(), 404);
        api.as_stranger().await.get(&format!("/api/recordings/{recording}")).await.expect(404);
        api.as_stranger().await.get(&format!("/api/recordings?callId={call}")).await.expect(404);

        let id: RecordingId = recording.parse().expect("a name");
        let heard_by = async || {
            let trail =
                api.state.actions.store.audit_of(api.workspace(), &id.to_string(), 100).await.expect("read");
            trail.into_iter().filter(|entry| entry.action == "recording.listen").count()
        };
        heard(api.with_role(Role::Listener).await, Method::HEAD, &recording).await;
        assert_eq!(heard_by().await, 0, "a look at the length is no hearing");
        heard(api.with_role(Role::Listener).await, Method::GET, &recording).await;
        heard(api.as_owner().with("range", "bytes=5-9"), Method::GET, &recording).await;
        assert_eq!(heard_by().await, 2);
    }
}

#[tokio::test]
async fn a_call_names_its_recording_by_our_address_once_it_is_stored() {
    for database in Database::BOTH {
        let (api, call, recording) = with_a_recording(database).await;
        let url = format!("https://calls.example.net/api/recordings/{recording}/audio");
        let shown = api.as_owner().get(&format!("/api/calls/{call}")).await.expect(200).json;
        assert_eq!(shown["recordingUrl"], url.as_str());
        let listed = api.as_owner().get("/api/calls").await.expect(200).json;
        assert_eq!(listed["calls"][0]["recordingUrl"], url.as_str());
        let found = api.as_owner().get(&format!("/api/recordings?callId={call}")).await.expect(200).json;
        let found = &found["recordings"][0];
        assert_eq!((&found["state"], &found["audioUrl"]), (&json!("stored"), &json!(url)));
        assert_eq!(found["bytes"], SOUND.len());
        assert_eq!(found["expiresAt"], "2026-05-31T15:00:00Z");
    }
}

#[tokio::test]
async fn a_deleted_recording_is_gone_for_everybody_at_once_and_only_admins_delete() {
    for database in Database::BOTH {
        let (api, call, recording) = with_a_recording(database).await;
        let address = format!("/api/recordings/{recording}");
        api.with_role(Role::Operator).await.delete(&address).await.expect(403);
        let deleted = api.with_role(Role::Admin).await.delete(&address).await.expect(200).json;
        assert_eq!((&deleted["state"], &deleted["audioUrl"]), (&json!("deleted"), &Value::Null));
        let (answer, body) = heard(api.as_owner(), Method::GET, &recording).await;
        assert_eq!(answer.status(), 409);
        assert!(String::from_utf8_lossy(&body).contains("Deleted on 2026-03-02"));
        api.as_owner().delete(&address).await.problem(409, "recording_state");
        api.as_owner().post(&format!("{address}/fetch"), json!({})).await.problem(409, "recording_state");
        let shown = api.as_owner().get(&format!("/api/calls/{call}")).await.expect(200).json;
        assert_eq!(shown["recordingUrl"], Value::Null);
    }
}

#[tokio::test]
async fn a_file_that_is_missing_in_the_store_is_said_to_be() {
    let (api, _, recording) = with_a_recording(Database::Sqlite).await;
    for name in api.state.media.names("recordings").await.expect("names") {
        api.state.media.delete(&name).await.expect("deleted");
    }
    let (answer, body) = heard(api.as_owner(), Method::GET, &recording).await;
    assert_eq!(answer.status(), 503);
    assert!(String::from_utf8_lossy(&body).contains("not in the store"));
}

#[tokio::test]
async fn one_that_failed_says_why_and_what_to_do_on_its_calls_card_and_is_tried_again() {
    for database in Database::BOTH {
        let (api, call) = with_a_call(database).await;
        let claim = claimed(&api, &call).await;
        let id = claim.recording.id;
        let trouble = Trouble::Final("the file is larger than is taken".to_owned());
        api.state.actions.recording_not_fetched(claim, trouble).await.expect("written down");
        let said = "It could not be fetched: the file is larger than is taken. Have it tried again, or look for RE0a";
        let card = format!("/calls/{call}");
        api.as_owner().get(&card).await.expect(200).shows(said).shows("Try again");
        api.with_role(Role::Listener).await.get(&card).await.expect(200).shows(said).hides("Try again");
        let shown = api.as_owner().get(&format!("/api/recordings/{id}")).await.expect(200).json;
        assert_eq!(shown["state"], "failed");
        api.as_owner().form(&format!("/recordings/{id}/fetch"), &[]).await.expect(303);
        api.as_owner().get(&card).await.expect(200).shows("Being fetched").hides("could not be fetched");
        assert!(api.state.actions.claim_recording().await.expect("read").is_some(), "it is due at once");
    }
}
