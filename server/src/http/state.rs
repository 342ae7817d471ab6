//! What every handler is given.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::connection::CarrierLine;
use super::query::CursorKey;
use super::sign_in_throttle::SignInThrottle;
use super::standing::Standing;
use super::voice_shelf::VoiceShelf;
use crate::actions::Actions;
use crate::carrier::twilio::CallbackUrls;
use crate::credentials::{ApiKeyHash, SessionCookie};
use crate::media::{MediaStore, PublicUrls};

/// The parts that handlers work with, as one handle: each request clones it several times on its way.
#[derive(Clone)]
pub struct HttpState(Arc<HttpParts>);

/// The parts that handlers work with.
pub struct HttpParts {
    /// Everything that changes something, and the store for reads.
    pub actions: Arc<Actions>,
    /// What holds as long as the server runs.
    pub server: Arc<ServerFacts>,
    /// Who failed to sign in, and how often.
    pub throttle: Mutex<SignInThrottle>,
    /// To ask the carrier something.
    pub line: CarrierLine,
    /// Sound files.
    pub media: MediaStore,
    /// What credentials of long answers open.
    pub standing: Standing,
    /// Ends long answers when the server stops.
    pub stopping: CancellationToken,
}

impl From<HttpParts> for HttpState {
    fn from(parts: HttpParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for HttpState {
    type Target = HttpParts;

    fn deref(&self) -> &HttpParts {
        &self.0
    }
}

/// What holds as long as the server runs.
pub struct ServerFacts {
    /// Where people and the carrier reach us.
    pub public_url: Url,
    /// The session cookie that fits this URL.
    pub cookie: SessionCookie,
    /// Seals list positions.
    pub cursor_key: CursorKey,
    /// Makes and opens the carrier's callback URLs.
    pub callback_urls: CallbackUrls,
    /// Makes and opens the addresses at which the carrier fetches sounds.
    pub public_sounds: Arc<PublicUrls>,
    /// The tokens that sign the carrier's callbacks: the current one, and the previous one during a rotation.
    pub webhook_tokens: Vec<SecretString>,
    /// The carrier's account; news of another one is not ours.
    pub account_sid: String,
    /// The key of the console: commands on the same machine use it. It opens everything.
    pub console_key: ApiKeyHash,
    /// Makes the owner at the first start: printed there, and another one after every start.
    pub setup_code: SecretString,
    /// Calls go to the phone network in the box, not to the world.
    pub simulation: bool,
    /// Audio may come from plain http addresses.
    pub allow_http_audio: bool,
    /// Recordings are deleted after so many days.
    pub recordings_keep_days: u32,
    /// The voices of the service that speaks.
    pub voices: VoiceShelf,
}
