//! Files that are played: fetched, heard to their end, and noted in the ledger.

use axum::http::StatusCode;

use crate::support::*;

/// A WAV file of four seconds: 8 bit, so that no byte of its head is above 127 and it can be written as text.
fn four_seconds() -> String {
    let head = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\x7d\0\0";
    format!("{head}{}", "@".repeat(32_000))
}

#[tokio::test]
async fn a_file_is_fetched_and_takes_as_long_as_its_head_says() {
    let world = World::start(settings()).await;
    world.web.answers("/hello.wav", StatusCode::OK, "audio/wav", &four_seconds());
    let twiml = format!("<Response><Play loop=\"2\">{}</Play></Response>", world.web.url("/hello.wav"));
    world.call(&[("Twiml", &twiml)]).await;
    world.phones.quiet().await;
    let ring = &world.phones.ledger()[0];
    assert_eq!(ring.duration_seconds, 8);
    let played = &ring.played[0];
    assert_eq!((played.url.as_str(), played.bytes), (world.web.url("/hello.wav").as_str(), 32_044));
    assert_eq!((played.content_type.as_deref(), played.seconds), (Some("audio/wav"), Some(4.0)));
    assert_eq!(played.trouble, None);
    assert_eq!(world.web.heard_at("/hello.wav")[0].method, "GET");
    assert!(world.alert_codes().await.is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_had_is_not_heard_and_the_call_goes_on() {
    let world = World::start(settings()).await;
    world.web.answers("/gone.wav", StatusCode::NOT_FOUND, "text/plain", "gone");
    world.web.answers("/page.wav", StatusCode::OK, "text/html", "<p>");
    let [gone, page] = ["/gone.wav", "/page.wav"].map(|path| world.web.url(path));
    let twiml = format!("<Response><Play>{gone}</Play><Play>{page}</Play><Pause length=\"3\"/></Response>");
    world.call(&[("Twiml", &twiml)]).await;
    world.phones.quiet().await;
    let ring = &world.phones.ledger()[0];
    assert_eq!(ring.duration_seconds, 3);
    assert!(ring.played.iter().all(|played| played.bytes == 0 && played.trouble.is_some()), "{ring:?}");
    assert_eq!(world.alert_codes().await, ["11200", "12300"]);
}

#[tokio::test]
async fn files_out_in_the_world_are_taken_to_be_there_and_never_fetched() {
    let world = World::start(settings()).await;
    let twiml = "<Response><Play>https://example.com/hello.mp3</Play></Response>";
    world.call(&[("Twiml", twiml)]).await;
    world.phones.quiet().await;
    let ring = &world.phones.ledger()[0];
    assert_eq!(ring.duration_seconds, 10);
    assert!(ring.played[0].trouble.as_deref().is_some_and(|why| why.starts_with("not fetched")));
    assert!(world.alert_codes().await.is_empty());
}
