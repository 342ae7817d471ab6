//! The sound of a recording: asked for at an address of ours, with credentials, and never taken from anywhere else.

use prospectai::carrier::{AudioError, RecordingSid, RequestError};

use super::fake_peer::{FakePeer, Then, http};
use super::{ACCOUNT, client};

fn sid() -> RecordingSid {
    format!("RE{}", "0a".repeat(16)).parse().expect("a SID")
}

async fn refused(status: u16, headers: &str, body: &str) -> AudioError {
    let peer = FakePeer::answering(status, headers, body).await;
    client(&peer.base()).recording_audio(&sid(), 2).await.expect_err("no sound")
}

#[tokio::test]
async fn the_address_is_built_from_the_sid_and_asked_with_credentials() {
    let peer = FakePeer::answering(200, "content-type: audio/x-wav\r\n", "RIFF").await;
    let mut audio = client(&peer.base()).recording_audio(&sid(), 2).await.expect("a sound");
    assert_eq!(audio.next().await.expect("a piece").as_deref(), Some(&b"RIFF"[..]));
    assert_eq!(audio.next().await, Ok(None));
    let asked = &peer.requests()[0];
    let address = format!("GET /2010-04-01/Accounts/{ACCOUNT}/Recordings/{}.wav?RequestedChannels=2 ", sid());
    assert!(asked.starts_with(&address) && asked.contains("authorization: Basic "), "{asked}");
    assert!("../../Accounts".parse::<RecordingSid>().is_err());
}

#[tokio::test]
async fn what_is_no_sound_is_told_apart_and_a_redirect_is_not_followed() {
    let elsewhere = FakePeer::answering(200, "content-type: audio/x-wav\r\n", "RIFF").await;
    let redirect = format!("location: {}/\r\n", elsewhere.base());
    let redirected = refused(302, &redirect, "").await;
    assert!(matches!(redirected, AudioError::Request(RequestError::Failed { .. })), "{redirected:?}");
    assert!(elsewhere.requests().is_empty(), "our credentials went elsewhere");

    assert_eq!(refused(404, "", "").await, AudioError::NotThere);
    assert_eq!(refused(400, "", "").await, AudioError::OneChannelOnly);
    assert_eq!(
        refused(200, "content-type: text/html; a\r\n", "<p>").await,
        AudioError::NotAudio("text/html; a".into())
    );
    assert!(matches!(refused(429, "", "").await, AudioError::Request(RequestError::Throttled { .. })));
    assert!(matches!(refused(503, "", "").await, AudioError::Request(RequestError::Failed { .. })));
}

#[tokio::test]
async fn five_gigabytes_are_refused_before_the_first_and_a_sound_that_breaks_off_is_not_whole() {
    let large =
        "HTTP/1.1 200 OK\r\ncontent-type: audio/wav\r\ncontent-length: 5000000000\r\n\r\nRIFF".to_owned();
    let peer = FakePeer::start(Then::Write(large)).await;
    let error = client(&peer.base()).recording_audio(&sid(), 1).await.expect_err("too large");
    assert_eq!(error, AudioError::TooLarge(1024));

    let whole = http(200, "content-type: audio/wav\r\n", "RIFF and more");
    let peer = FakePeer::start(Then::Write(whole[..whole.len() - 4].to_owned())).await;
    let mut audio = client(&peer.base()).recording_audio(&sid(), 1).await.expect("it begins well");
    let mut ending = audio.next().await;
    while let Ok(Some(_)) = ending {
        ending = audio.next().await;
    }
    assert!(ending.is_err(), "{ending:?}");
}
