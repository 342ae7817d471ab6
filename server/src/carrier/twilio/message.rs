//! What a campaign has people hear, as TwiML: a text read by a voice, or an audio file.

use super::twiml::{Response, Say, Verb};

/// What people hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text, read by a voice.
    Text {
        /// What is said.
        text: String,
        /// A Twilio voice such as `Polly.Joanna`; the account's default when absent.
        voice: Option<String>,
    },
    /// An audio file at a public URL.
    Audio(String),
}

impl Message {
    /// The document that plays it and hangs up.
    pub fn document(self) -> Response {
        let heard = match self {
            Self::Text { text, voice } => Verb::Say(Say { text, voice, language: None }),
            Self::Audio(url) => Verb::Play(url),
        };
        Response::new([heard, Verb::Hangup])
    }
}
