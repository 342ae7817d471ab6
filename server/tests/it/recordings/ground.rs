//! A campaign that records, and what became of its recordings.

use std::path::PathBuf;

use domain::ids::CampaignId;
use domain::recording::RecordingState;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::media::{MediaPlace, MediaStore, ObjectName};
use prospectai::store::Store;
use prospectai::store::recordings::RecordingRecord;

use crate::support::campaigns::draft;
use crate::support::test_app::TestApp;

/// A draft that records both sides.
pub fn recorded() -> CampaignDraft {
    CampaignDraft { recording: "dual".to_owned(), ..draft() }
}

/// Rings so many people and records what they say.
pub async fn rung(app: &TestApp, people: usize) -> CampaignId {
    let campaign = app.campaign(people, recorded()).await;
    app.launch(campaign).await;
    app.until_completed(campaign).await;
    campaign
}

/// Every recording there is.
pub async fn all(store: &Store) -> Vec<RecordingRecord> {
    store.recordings_behind(None, 10_000).await.expect("read")
}

/// Waits until there are so many recordings, all in this state.
pub async fn until_all(app: &TestApp, count: usize, state: RecordingState) -> Vec<RecordingRecord> {
    let mut found = Vec::new();
    app.until(&format!("{count} recordings are {}", state.as_str()), async || {
        found = all(&app.actions.store).await;
        found.len() == count && found.iter().all(|recording| recording.state == state)
    })
    .await;
    found
}

/// The store of a server with this data folder.
pub fn store_of(folder: &std::path::Path) -> MediaStore {
    MediaStore::open(&MediaPlace::Folder(folder.join("media"))).expect("open")
}

/// Each stored recording is in the store as the database says, and nothing else is: neither another file nor half of one.
pub async fn expect_agreement(media: &MediaStore, store: &Store, folder: &std::path::Path) {
    let mut named: Vec<ObjectName> = Vec::new();
    for recording in all(store).await {
        let Some(copy) = recording.copy else { continue };
        let name = ObjectName::stored(copy.object);
        let found = media.read_back(&name).await.expect("a stored recording is there");
        assert_eq!((found.bytes, found.sha256), (copy.bytes, copy.sha256), "{}", recording.id);
        named.push(name);
    }
    let mut there = media.names("recordings").await.expect("names");
    named.sort();
    there.sort();
    assert_eq!(there, named);
    assert_eq!(files(&folder.join("media")).len(), named.len(), "no half file is left");
}

/// Every file below a folder.
pub fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
