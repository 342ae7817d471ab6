//! Sounds to test with, and requests as the carrier makes them.

use axum::body::to_bytes;
use axum::http::{Method, Response};
use bytes::Bytes;
use domain::ids::WorkspaceId;
use prospectai::actions::Actor;
use prospectai::actions::sounds::SoundFile;
use prospectai::media::ObjectName;
use prospectai::store::sounds::{Origin, SoundRecord};

use crate::support::api_client::{Client, TestApi};

/// What a kept sound holds: to whoever gives it away, any bytes are as good as sound.
pub const SOUND: &[u8] = b"RIFF and what follows: a sound of some forty-odd bytes.";

/// A sound of this workspace.
pub async fn kept(api: &TestApi, workspace: WorkspaceId) -> SoundRecord {
    let actor = Actor { workspace, name: "test".to_owned() };
    let (id, object) = api.state.actions.new_sound(&actor);
    let name = ObjectName::stored(object.clone());
    let stored = api.state.media.keep(&name, Bytes::from_static(SOUND)).await.expect("kept");
    let file = SoundFile {
        object,
        content_type: "audio/wav".to_owned(),
        bytes: stored.bytes,
        sha256: stored.sha256,
        duration_ms: 4_000,
        peaks: vec![9; 240],
    };
    let kept = api.state.actions.keep_sound(actor, id, "Hello".to_owned(), Origin::Uploaded, file).await;
    kept.expect("written down")
}

/// The path of a public address of it.
pub fn public_path(api: &TestApi, sound: &SoundRecord) -> String {
    let (urls, now) = (&api.state.server.public_sounds, api.clock.now());
    let url = urls.url(sound.id, sound.workspace, now);
    url.strip_prefix("https://calls.example.net").expect("an address of ours").to_owned()
}

/// A request and its whole answer.
pub async fn asked(who: Client<'_>, method: Method, path: &str) -> (Response<()>, Vec<u8>) {
    let (head, body) = who.send(method, path, None).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
    (Response::from_parts(head, ()), body)
}

/// A header of an answer; empty when it has none.
pub fn line<'r>(answer: &'r Response<()>, name: &str) -> &'r str {
    answer.headers().get(name).and_then(|line| line.to_str().ok()).unwrap_or_default()
}
