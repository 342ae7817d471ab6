//! Public addresses: the carrier fetches a sound as it does, and nobody fetches anything else.

use axum::http::Method;
use domain::ids::SoundId;
use prospectai::store::{StoreError, Tx};

use super::ground::{SOUND, asked, kept, line, public_path};
use crate::recordings::hearing::recorded;
use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn the_carrier_fetches_a_sound_whole_in_parts_and_not_again() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let sound = kept(&api, api.workspace()).await;
        let path = public_path(&api, &sound);
        let carrier = || api.anonymous().with("user-agent", "TwilioProxy/1.1").with("accept", "audio/*");

        let (whole, body) = asked(carrier(), Method::GET, &path).await;
        assert_eq!((whole.status().as_u16(), body.as_slice()), (200, SOUND));
        let size = SOUND.len().to_string();
        for (name, value) in [
            ("content-type", "audio/wav"),
            ("content-length", size.as_str()),
            ("accept-ranges", "bytes"),
            ("cache-control", "public, max-age=3600"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", &format!("attachment; filename=\"{}.wav\"", sound.id)),
        ] {
            assert_eq!(line(&whole, name), value, "{name}");
        }
        assert!(line(&whole, "content-security-policy").starts_with("default-src 'none'"));

        let (head, nothing) = asked(carrier(), Method::HEAD, &path).await;
        assert_eq!((head.status().as_u16(), nothing.len()), (200, 0));
        for same in ["content-type", "content-length", "etag", "cache-control", "accept-ranges"] {
            assert_eq!(line(&head, same), line(&whole, same), "{same}");
        }

        let tag = line(&whole, "etag");
        let (again, nothing) = asked(carrier().with("if-none-match", tag), Method::GET, &path).await;
        assert_eq!((again.status().as_u16(), nothing.len(), line(&again, "etag")), (304, 0, tag));
        let (other, _) = asked(carrier().with("if-none-match", "\"other\""), Method::GET, &path).await;
        assert_eq!(other.status().as_u16(), 200);

        let last = SOUND.len() - 3;
        for (range, if_range, status, part, stated) in [
            ("bytes=0-3", None, 206, &SOUND[..4], format!("bytes 0-3/{size}")),
            ("bytes=0-", None, 206, SOUND, format!("bytes 0-{}/{size}", SOUND.len() - 1)),
            ("bytes=-3", None, 206, &SOUND[last..], format!("bytes {last}-{}/{size}", SOUND.len() - 1)),
            ("bytes=0-3", Some(tag), 206, &SOUND[..4], format!("bytes 0-3/{size}")),
            ("bytes=0-3", Some("\"other\""), 200, SOUND, String::new()),
            ("bytes=0-0,2-3", None, 200, SOUND, String::new()),
        ] {
            let who = carrier().with("range", range);
            let who = if_range.map_or(who.clone(), |tag| who.with("if-range", tag));
            let (answer, body) = asked(who, Method::GET, &path).await;
            assert_eq!((answer.status().as_u16(), body.as_slice()), (status, part), "{range} {if_range:?}");
            assert_eq!(line(&answer, "content-range"), stated, "{range} {if_range:?}");
        }
        let (behind, _) = asked(carrier().with("range", "bytes=9999-"), Method::GET, &path).await;
        assert_eq!(behind.status().as_u16(), 416);
        assert_eq!(line(&behind, "content-range"), format!("bytes */{size}"));

        let (page, _) = asked(carrier().with("sec-fetch-dest", "document"), Method::GET, &path).await;
        assert_eq!(page.status().as_u16(), 403, "it is never shown as a page");
        let (written, _) = asked(carrier(), Method::POST, &path).await;
        assert_eq!(written.status().as_u16(), 405);
    }
}

#[tokio::test]
async fn an_address_ends_when_it_expires_and_caches_are_told() {
    let api = TestApi::on(Database::Sqlite).await;
    let sound = kept(&api, api.workspace()).await;
    api.set_clock("2026-03-02T10:20:00Z");
    let path = public_path(&api, &sound);
    for (time, status, cached) in [
        ("2026-03-02T10:20:00Z", 200, "public, max-age=3600"),
        ("2026-03-02T16:59:00Z", 200, "public, max-age=60"),
        ("2026-03-02T16:59:59.999Z", 200, "public, max-age=0"),
        ("2026-03-02T17:00:00Z", 404, "no-store"),
        ("2027-03-02T10:20:00Z", 404, "no-store"),
    ] {
        api.set_clock(time);
        let (answer, body) = asked(api.anonymous(), Method::GET, &path).await;
        assert_eq!((answer.status().as_u16(), line(&answer, "cache-control")), (status, cached), "{time}");
        assert_eq!(body == SOUND, status == 200, "{time}");
    }
}

#[tokio::test]
async fn no_address_can_be_guessed_or_made_from_another() {
    let api = TestApi::on(Database::Sqlite).await;
    let sound = kept(&api, api.workspace()).await;
    let path = public_path(&api, &sound);
    let token = path.strip_prefix("/media/").expect("a token").to_owned();
    let mut attacks: Vec<String> = (0..token.len())
        .map(|nth| {
            let other = if token.as_bytes()[nth] == b'A' { 'B' } else { 'A' };
            format!("{}{other}{}", &token[..nth], &token[nth + 1..])
        })
        .collect();
    attacks.extend((0..token.len()).map(|length| token[..length].to_owned()));
    let callback = api.state.server.callback_urls.base();
    attacks.extend([
        format!("{token}A"),
        format!("{token}="),
        format!("{token}%3D"),
        format!("{token}%00"),
        format!("{token}/"),
        format!("{token}%2f..%2f..%2fapi%2fsounds"),
        format!("..%2f{token}"),
        format!("..%2f..%2f{}", sound.object.as_deref().expect("a file").replace('/', "%2f")),
        format!("%2e%2e%2f{token}"),
        format!("./{token}"),
        format!("../media/{token}"),
        sound.id.to_string(),
        sound.object.clone().expect("a file"),
        "%ff%fe".to_owned(),
        "A".repeat(token.len()),
        "A".repeat(7_000),
        format!("{callback}/api/webhooks/twilio?call=x"),
    ]);
    for attack in attacks {
        let (answer, body) = asked(api.anonymous(), Method::GET, &format!("/media/{attack}")).await;
        assert_eq!(answer.status().as_u16(), 404, "{attack}");
        assert_ne!(body, SOUND, "{attack}");
        assert_eq!(line(&answer, "cache-control"), "no-store", "{attack}");
    }
    let (fine, _) = asked(api.anonymous(), Method::GET, &path).await;
    assert_eq!(fine.status().as_u16(), 200, "and the address itself still works");
}

#[tokio::test]
async fn an_address_opens_that_one_sound_of_that_workspace_as_long_as_it_is_there() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let ours = kept(&api, api.workspace()).await;
        let strangers = api.another_workspace().await;
        let urls = &api.state.server.public_sounds;
        let sealed = |sound: SoundId, workspace| {
            let url = urls.url(sound, workspace, api.clock.now());
            url.trim_start_matches("https://calls.example.net").to_owned()
        };
        // Sealed rightly, and yet of nothing: the row decides.
        let (campaign, prospects) = api.running_campaign(1).await;
        let place = serde_json::json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let call = api.as_owner().post("/api/calls/place", place).await.expect(201).id();
        let recording = recorded(&api, &call).await;
        let recording = recording.replace("rec_", "snd_").parse::<SoundId>().expect("an id");
        for (what, path) in [
            ("a sound under another workspace's name", sealed(ours.id, strangers)),
            ("a recording", sealed(recording, api.workspace())),
        ] {
            let (answer, _) = asked(api.anonymous(), Method::GET, &path).await;
            assert_eq!(answer.status().as_u16(), 404, "{what}");
        }

        let path = public_path(&api, &ours);
        assert_eq!(asked(api.anonymous(), Method::GET, &path).await.1, SOUND);
        let (id, now) = (ours.id, api.clock.now());
        let delete = move |tx: Tx| async move { tx.delete_sound(id, now).await };
        api.state.actions.store.transaction::<_, StoreError, _, _>(delete).await.expect("deleted");
        let (answer, _) = asked(api.anonymous(), Method::GET, &path).await;
        assert_eq!(answer.status().as_u16(), 404, "a deleted sound");
    }
}
