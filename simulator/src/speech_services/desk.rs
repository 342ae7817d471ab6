//! What the services remember between requests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha1::{Digest, Sha1};

use super::SpeechSettings;
use super::faults::SpeechFault;

/// The settings and what has happened so far.
pub(super) struct Desk {
    pub settings: SpeechSettings,
    pub base_url: String,
    state: Mutex<State>,
}

/// What has happened so far, and what is going to.
#[derive(Default)]
pub(super) struct State {
    pub faults: VecDeque<SpeechFault>,
    pub answers: VecDeque<String>,
    pub requests: Vec<String>,
    pub characters_spoken: u64,
    pub speaking: usize,
    said: HashMap<[u8; 20], String>,
}

impl Desk {
    pub(super) fn new(settings: SpeechSettings, base_url: String) -> Self {
        Self { settings, base_url, state: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remember(&self, audio: &[u8], text: &str) {
        self.state().said.insert(fingerprint(audio), text.to_owned());
    }

    /// What is said in an audio file, where that is known.
    pub(super) fn said_in(&self, audio: &[u8]) -> Option<String> {
        self.state().said.get(&fingerprint(audio)).cloned()
    }
}

/// What tells one file or text from another.
pub(super) fn fingerprint(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

/// The fingerprint as text, for dice and names.
pub(super) fn mark(bytes: &[u8]) -> String {
    fingerprint(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
