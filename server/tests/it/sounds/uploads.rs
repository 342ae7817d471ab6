//! Sounds that are sent: kept, listed, heard and deleted; or refused with what to do, and nothing stays of them.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use bytes::Bytes;
use domain::ids::SoundId;
use futures_util::stream;
use prospectai::actions::users::Role;
use prospectai::store::{StoreError, Tx};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::files::{ogg_with_tables, silent_mp3, silent_ogg, tone, wav};
use super::ground::{asked, line};
use crate::support::api_client::{Client, Database, TestApi};

/// Sends bytes as a program does.
async fn sent(who: &Client<'_>, name: &str, kind: &str, body: impl Into<Body>) -> (u16, Value) {
    sent_with(who, name, &[("content-type", kind)], body).await
}

async fn sent_with(
    who: &Client<'_>,
    name: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> (u16, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
    let request = Request::builder().method(Method::POST).uri(format!("/api/sounds?{query}"));
    let request = who.headers().iter().fold(request, |request, (name, value)| request.header(name, value));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(body.into()).expect("a request");
    let answer = who.router().oneshot(request).await.expect("an answer");
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn hello() -> Vec<u8> {
    wav(44_100, 1, &tone(44_100, 440.0, 2.0))
}

/// No file lies in the store.
async fn nothing_is_kept(api: &TestApi) {
    let left = api.state.media.names("sounds").await.expect("names");
    assert!(left.is_empty(), "{left:?}");
    let listed = api.as_owner().get("/api/sounds").await.expect(200).json;
    assert_eq!(listed["sounds"], json!([]));
}

#[tokio::test]
async fn a_sound_is_sent_listed_heard_and_deleted() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let operator = api.with_role(Role::Operator).await;
        let (status, sound) = sent(&operator, "  Hello in spring  ", "audio/x-wav", hello()).await;
        assert_eq!(status, 201, "{sound}");
        let id = sound["id"].as_str().expect("an id").to_owned();
        for (field, value) in [
            ("name", json!("Hello in spring")),
            ("kind", json!("uploaded")),
            ("contentType", json!("audio/wav")),
            ("durationMs", json!(2_000)),
            ("bytes", json!(44 + 2 * 16_000)),
            ("characters", Value::Null),
            ("audioUrl", json!(format!("https://calls.example.net/api/sounds/{id}/audio"))),
        ] {
            assert_eq!(sound[field], value, "{field}");
        }
        let (_, second) = sent(&operator, "Another", "", silent_mp3(2)).await;
        let listed = operator.get("/api/sounds").await.expect(200).json;
        assert_eq!((&listed["sounds"][0]["id"], &listed["sounds"][1]["id"]), (&second["id"], &sound["id"]));
        let first = operator.get("/api/sounds?limit=1").await.expect(200).json;
        let next = first["nextCursor"].as_str().expect("more");
        let rest = operator.get(&format!("/api/sounds?limit=1&cursor={next}")).await.expect(200).json;
        assert_eq!((&rest["sounds"][0]["id"], &rest["nextCursor"]), (&sound["id"], &Value::Null));
        let spoken = operator.get("/api/sounds?kind=spoken").await.expect(200).json;
        assert_eq!(spoken["sounds"], json!([]));
        operator.get("/api/sounds?kind=other").await.expect(400);

        let listener = api.with_role(Role::Listener).await;
        listener.get(&format!("/api/sounds/{id}")).await.expect(403);
        assert_eq!(operator.get(&format!("/api/sounds/{id}")).await.expect(200).json, sound);
        let audio = format!("/api/sounds/{id}/audio");
        let (whole, body) = asked(listener.clone(), Method::GET, &audio).await;
        assert_eq!(
            (whole.status().as_u16(), body.len() as u64),
            (200, sound["bytes"].as_u64().expect("a size"))
        );
        assert_eq!(line(&whole, "cache-control"), "no-store");
        let (part, body) = asked(listener.clone().with("range", "bytes=0-3"), Method::GET, &audio).await;
        assert_eq!((part.status().as_u16(), body.as_slice()), (206, b"RIFF".as_slice()));
        let (page, _) = asked(listener.clone().with("sec-fetch-dest", "iframe"), Method::GET, &audio).await;
        assert_eq!(page.status().as_u16(), 403);

        listener.delete(&format!("/api/sounds/{id}")).await.expect(403);
        api.as_stranger().await.delete(&format!("/api/sounds/{id}")).await.expect(404);
        api.as_stranger().await.get(&audio).await.expect(404);
        operator.delete(&format!("/api/sounds/{id}")).await.expect(204);
        operator.delete(&format!("/api/sounds/{id}")).await.expect(404);
        operator.get(&audio).await.expect(404);
        let trail = api.state.actions.store.audit_of(api.workspace(), &id, 10).await.expect("read");
        let mut deeds: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
        deeds.sort_unstable();
        assert_eq!(deeds, ["sound.delete", "sound.keep"]);
    }
}

#[tokio::test]
async fn what_is_no_sound_is_refused_with_what_to_do_and_nothing_stays() {
    let api = TestApi::on(Database::Sqlite).await;
    let operator = api.with_role(Role::Operator).await;
    let page = [b"RIFF\0\0\0\0".to_vec(), b"<html><script>alert(1)</script>".to_vec()].concat();
    for (what, body, code, says) in [
        (
            "a picture",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
            "sound_type",
            "save the sound as one of these",
        ),
        ("a page that begins like a sound", page, "sound_type", "save the sound as one of these"),
        ("nothing", Vec::new(), "sound_empty", "choose another one"),
        ("half a sound", hello()[..20_000].to_vec(), "sound_damaged", "save the sound anew"),
        ("three hours of silence as MP3", silent_mp3(10_800), "sound_too_long", "cut it"),
        ("three hours of silence as Ogg", silent_ogg(10_800), "sound_too_long", "cut it"),
        (
            "a head that asks for terabytes",
            ogg_with_tables(65_535, 1 << 17),
            "sound_damaged",
            "save the sound anew",
        ),
        ("a click", wav(8_000, 1, &[9; 100]), "sound_too_short", "nothing to hear"),
    ] {
        // What the sender says that it is changes nothing.
        let kinds = ["audio/wav", "audio/mpeg", "application/octet-stream"];
        for kind in &kinds[..if code == "sound_too_long" { 1 } else { 3 }] {
            let (status, problem) = sent(&operator, "x", kind, body.clone()).await;
            assert_eq!((status, &problem["code"]), (422, &json!(code)), "{what} as {kind}: {problem}");
            let detail = problem["detail"].as_str().expect("words");
            assert!(detail.contains(says), "{what}: {detail}");
        }
    }
    for (headers, status) in [
        (vec![("content-type", "audio/wav"), ("content-encoding", "gzip")], 415),
        (vec![("content-type", "audio/wav"), ("content-encoding", "identity")], 415),
        (vec![("content-type", "text/html")], 415),
        (vec![("content-type", "multipart/form-data; boundary=x")], 415),
        (vec![("content-type", "application/json")], 415),
        (vec![("content-type", "audio/wav"), ("content-length", "99999999")], 413),
    ] {
        let (answered, problem) = sent_with(&operator, "x", &headers, hello()).await;
        assert_eq!(answered, status, "{headers:?}: {problem}");
    }
    for name in ["", "   ", "a\u{0}b", "line\nbreak", "\u{202e}evil", &"x".repeat(201)] {
        let (status, problem) = sent(&operator, name, "audio/wav", hello()).await;
        assert_eq!((status, &problem["code"]), (400, &json!("invalid_parameter")), "{name:?}: {problem}");
    }
    nothing_is_kept(&api).await;
}

#[tokio::test]
async fn a_file_that_never_ends_is_refused_at_twenty_megabytes() {
    let api = TestApi::on(Database::Sqlite).await;
    let operator = api.with_role(Role::Operator).await;
    let endless = stream::unfold(0_u32, |nth| async move {
        assert!(nth < 400, "far more was read than is allowed");
        let piece = if nth == 0 { hello() } else { vec![0; 100_000] };
        Some((Ok::<_, std::io::Error>(Bytes::from(piece)), nth + 1))
    });
    let (status, problem) = sent(&operator, "x", "audio/wav", Body::from_stream(endless)).await;
    assert_eq!((status, &problem["code"]), (413, &json!("body_too_large")), "{problem}");
    nothing_is_kept(&api).await;
}

#[tokio::test]
async fn a_name_with_a_path_is_a_name_and_no_path() {
    let api = TestApi::on(Database::Sqlite).await;
    let operator = api.with_role(Role::Operator).await;
    let (status, sound) = sent(&operator, "../../etc/passwd.wav", "audio/wav", hello()).await;
    assert_eq!((status, &sound["name"]), (201, &json!("../../etc/passwd.wav")));
    let names = api.state.media.names("sounds").await.expect("names");
    let own = format!("sounds/{}/{}.wav", api.workspace(), sound["id"].as_str().expect("an id"));
    assert_eq!(names.iter().map(|name| name.as_str()).collect::<Vec<_>>(), [own]);
    let audio = format!("/api/sounds/{}/audio", sound["id"].as_str().expect("an id"));
    let (answer, _) = asked(operator.clone(), Method::GET, &audio).await;
    assert!(!line(&answer, "content-disposition").contains("passwd"));
}

#[tokio::test]
async fn a_sound_that_is_played_is_not_deleted_and_one_that_is_gone_is_not_chosen() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let operator = api.with_role(Role::Operator).await;
        let mut ids = Vec::new();
        for name in ["One", "Two"] {
            let (_, sound) = sent(&operator, name, "audio/wav", hello()).await;
            ids.push(sound["id"].as_str().expect("an id").to_owned());
        }
        let (one, two) = (ids[0].as_str(), ids[1].as_str());
        let campaign = json!({ "name": "Spring", "audioId": one });
        let campaign = operator.post("/api/campaigns", campaign).await.expect(201).json;
        assert_eq!((&campaign["audioId"], &campaign["audioDuration"]), (&json!(one), &json!(2)));
        let path = format!("/api/campaigns/{}", campaign["id"].as_str().expect("an id"));
        let both = json!({ "audioUrl": "https://example.com/a.mp3" });
        let refused = operator.patch(&path, both).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], "/audioId");
        let steps = json!([{ "do": "play", "name": "hello", "sound": two }]);
        let script = json!({ "name": "Played", "steps": steps });
        let script = operator.post("/api/scripts", script).await.expect(201).json;
        assert_eq!(script["steps"][0], json!({ "do": "play", "name": "hello", "sound": two }));

        for (sound, user) in [(one, "Spring"), (two, "Played")] {
            let refused = operator.delete(&format!("/api/sounds/{sound}")).await.expect(409);
            assert_eq!(refused.json["code"], "sound_in_use");
            assert!(
                refused.json["detail"].as_str().is_some_and(|detail| detail.contains(user)),
                "{refused:?}"
            );
        }
        let other = json!({ "audioId": null, "audioUrl": "https://example.com/a.mp3", "audioDuration": 9 });
        let changed = operator.patch(&path, other).await.expect(200).json;
        assert_eq!((&changed["audioId"], &changed["audioDuration"]), (&Value::Null, &json!(9)));
        operator.delete(&format!("/api/sounds/{one}")).await.expect(204);
        let script = format!("/api/scripts/{}", script["id"].as_str().expect("an id"));
        operator.patch(&script, json!({ "body": "Hello." })).await.expect(200);
        // Only what it says now counts: earlier versions are history.
        operator.delete(&format!("/api/sounds/{two}")).await.expect(204);

        let third = super::ground::kept(&api, api.workspace()).await.id;
        let campaign = json!({ "name": "Summer", "audioId": third.to_string() });
        let campaign = operator.post("/api/campaigns", campaign).await.expect(201).id();
        // As no action deletes it: the sound of a campaign that is about to ring.
        let now = api.clock.now();
        let delete = move |tx: Tx| async move { tx.delete_sound(third, now).await };
        api.state.actions.store.transaction::<_, StoreError, _, _>(delete).await.expect("deleted");
        let launch = operator.post(&format!("/api/campaigns/{campaign}/launch"), json!({})).await.expect(422);
        let blockers = launch.json["blockers"].as_array().expect("blockers").iter();
        assert!(blockers.clone().any(|blocker| blocker["code"] == "sound_missing"), "{blockers:?}");

        let nobodys =
            SoundId::from_uuid(domain::ids::time_ordered_uuid(1_800_000_000_000, [5; 10])).to_string();
        let strangers = super::ground::kept(&api, api.another_workspace().await).await.id.to_string();
        for gone in [one, &nobodys, &strangers, "snd_x", "../x"] {
            let refused =
                operator.patch(&path, json!({ "audioId": gone, "audioUrl": null })).await.expect(422);
            assert_eq!(refused.json["errors"][0]["pointer"], "/audioId", "{gone}");
            let steps = json!([{ "do": "play", "name": "hello", "sound": gone }]);
            operator.patch(&script, json!({ "steps": steps })).await.expect(422);
        }
        for neither in [json!({}), json!({ "sound": one, "url": "https://example.com/a.mp3" })] {
            let mut step = json!({ "do": "play", "name": "hello" });
            step.as_object_mut().expect("an object").extend(neither.as_object().expect("an object").clone());
            operator.patch(&script, json!({ "steps": [step] })).await.expect(422);
        }
    }
}
