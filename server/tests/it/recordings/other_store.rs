//! Recordings in a bucket instead of a folder.

use std::sync::OnceLock;

use bytes::Bytes;
use domain::recording::RecordingState;
use prospectai::media::{MediaError, MediaPlace, MediaStore, ObjectName, S3Place};

use super::fake_s3::FakeS3;
use super::ground::{files, rung, until_all};
use crate::support::test_app::TestApp;
use crate::support::world::Database;

fn bucket(endpoint: &str) -> MediaPlace {
    MediaPlace::S3(S3Place {
        bucket: "calls".to_owned(),
        prefix: "ours".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint.parse().expect("an address")),
        access_key_id: "the-key".to_owned(),
        secret_access_key: "the secret".into(),
    })
}

#[tokio::test]
async fn recordings_go_into_a_bucket_are_verified_there_and_are_deleted_there() {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    let s3 = FakeS3::start().await;
    ENDPOINT.set(s3.address.clone()).expect("once");
    let app = TestApp::on(Database::Sqlite);
    let app = app.with(|settings| settings.media = ENDPOINT.get().map(|endpoint| bucket(endpoint)));
    let app = app.start().await;
    rung(&app, 2).await;
    let stored = until_all(&app, 2, RecordingState::Stored).await;
    let objects = s3.objects();
    for recording in &stored {
        let copy = recording.copy.as_ref().expect("a copy");
        let object = &objects[&format!("/calls/ours/{}", copy.object)];
        assert_eq!(object.len() as u64, copy.bytes);
    }
    assert_eq!(files(&app.folder().join("media")).len(), 0, "nothing lies on this machine");
    for recording in stored {
        app.actions.delete_recording(app.actor.clone(), recording.id).await.expect("deleted");
    }
    app.until("the bucket is empty", async || s3.objects().is_empty()).await;
    assert_eq!(s3.counts().0, 0, "every request is signed");
    app.stop().await;
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_comes_back_whole_or_in_part() {
    let s3 = FakeS3::start().await;
    let store = MediaStore::open(&bucket(&s3.address)).expect("open");
    let name = ObjectName::stored("recordings/large.wav".to_owned());
    let mut writing = store.write(&name);
    for nth in 0..13_u8 {
        writing.add(Bytes::from(vec![nth; 1024 * 1024])).await.expect("written");
    }
    let written = writing.finish().await.expect("kept");
    assert_eq!(s3.counts(), (0, 1), "signed, and in parts");
    assert_eq!(store.read_back(&name).await.expect("read"), written);
    assert_eq!(store.size(&name).await.expect("its size"), 13 * 1024 * 1024);
    assert_eq!(store.names("recordings").await.expect("names"), std::slice::from_ref(&name));
    store.delete(&name).await.expect("deleted");
    assert!(matches!(store.size(&name).await, Err(MediaError::NotThere)));
    drop(s3);
}

#[tokio::test]
async fn a_bucket_that_is_away_is_said_to_be_away_without_the_secret() {
    let store = MediaStore::open(&bucket("http://127.0.0.1:1")).expect("open");
    let name = ObjectName::stored("recordings/one.wav".to_owned());
    let away = store.size(&name).await.expect_err("nobody is there");
    let said = format!("{away} {away:?}");
    assert!(matches!(away, MediaError::Away { .. }) && !said.contains("the secret"), "{said}");
}
