//! The other services in the box: speech in ElevenLabs' wire format, transcription and a language model in OpenAI's. For tests
//! and the demo; like the phone network they know nothing of the program that calls them.
//!
//! What they answer follows from what they are asked: the same text has the same audio, the same audio the same words. Audio that
//! was made here, or that [`SpeechServices::remember`] was told about, is transcribed to what was said in it.

mod audio;
mod chat;
mod desk;
mod elevenlabs;
mod faults;
mod openai;
mod transcription;
mod voices;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use desk::Desk;
pub use faults::SpeechFault;

/// The longest audio that is taken, with the form around it. OpenAI takes 25 MB.
const MOST_AUDIO: usize = 25 * 1024 * 1024;
/// How long requests in progress may take when the services stop.
const GRACE: Duration = Duration::from_secs(2);

/// How the services are to be.
#[derive(Debug, Clone)]
pub struct SpeechSettings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What opens the speech service.
    pub elevenlabs_key: String,
    /// What opens transcription and the language model.
    pub openai_key: String,
    /// How many characters may be spoken before the quota is used up.
    pub characters: u64,
    /// How many texts are spoken at once before one is refused.
    pub concurrent: usize,
}

impl SpeechSettings {
    /// A free port on this machine, the quota of ElevenLabs' smallest plan.
    pub fn new(elevenlabs_key: impl Into<String>, openai_key: impl Into<String>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            elevenlabs_key: elevenlabs_key.into(),
            openai_key: openai_key.into(),
            characters: 10_000,
            concurrent: 2,
        }
    }
}

/// The services cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("the speech services cannot listen on {address}: {source}; choose a free port or stop what uses it")]
pub struct SpeechStartError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Running services. Dropping them without [`SpeechServices::stop`] leaves them running until the runtime ends.
pub struct SpeechServices {
    desk: Arc<Desk>,
    address: SocketAddr,
    server: JoinHandle<()>,
    closing: CancellationToken,
}

impl SpeechServices {
    /// Listens and begins to serve.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn start(settings: SpeechSettings) -> Result<Self, SpeechStartError> {
        let refused = |source| SpeechStartError { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let closing = CancellationToken::new();
        let desk = Arc::new(Desk::new(settings, format!("http://{address}")));
        let served = axum::serve(listener, router(Arc::clone(&desk)))
            .with_graceful_shutdown(closing.clone().cancelled_owned());
        let server = tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "the speech services stopped serving");
            }
        });
        Ok(Self { desk, address, server, closing })
    }

    /// Where they listen, with the port they got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to put in place of `https://api.elevenlabs.io` and, with `/v1` behind it, of `https://api.openai.com/v1`.
    pub fn base_url(&self) -> String {
        self.desk.base_url.clone()
    }

    /// What is said in an audio file, for when it is to be transcribed.
    pub fn remember(&self, audio: &[u8], text: &str) {
        self.desk.remember(audio, text);
    }

    /// The next requests meet these accidents, one each, in this order.
    pub fn meet(&self, faults: impl IntoIterator<Item = SpeechFault>) {
        self.desk.state().faults.extend(faults);
    }

    /// The language model answers its next request with exactly this text.
    pub fn say_next(&self, answer: impl Into<String>) {
        self.desk.state().answers.push_back(answer.into());
    }

    /// Every request so far as method and path, those that met accidents included.
    pub fn requests(&self) -> Vec<String> {
        self.desk.state().requests.clone()
    }

    /// How many characters were spoken, as they are paid for.
    pub fn characters_spoken(&self) -> u64 {
        self.desk.state().characters_spoken
    }

    /// Stops listening. Answers that are late are dropped.
    pub async fn stop(mut self) {
        self.closing.cancel();
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

fn router(desk: Arc<Desk>) -> Router {
    let spoken = Router::new()
        .route("/v1/voices", get(elevenlabs::all_voices))
        .route("/v2/voices", get(elevenlabs::voices))
        .route("/v1/user/subscription", get(elevenlabs::subscription))
        .route("/v1/text-to-speech/{voice}", post(elevenlabs::synthesise))
        .layer(from_fn_with_state(Arc::clone(&desk), elevenlabs::require_key))
        .layer(from_fn_with_state(Arc::clone(&desk), elevenlabs::accidents));
    let understood = Router::new()
        .route("/v1/audio/transcriptions", post(transcription::transcribe))
        .route("/v1/chat/completions", post(chat::complete))
        .layer(axum::extract::DefaultBodyLimit::max(MOST_AUDIO + 64 * 1024))
        .layer(from_fn_with_state(Arc::clone(&desk), openai::require_key))
        .layer(from_fn_with_state(Arc::clone(&desk), openai::accidents));
    let previews = Router::new().route("/_previews/{voice}", get(elevenlabs::preview));
    spoken.merge(understood).merge(previews).with_state(desk)
}
