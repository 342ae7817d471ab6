//! TwiML as types: what Twilio does during a call. A broken document cannot be built, whatever texts go into it.

mod verbs;
mod xml;

pub use verbs::{
    Connect, ConversationRelay, Dial, Gather, GatherInput, Prompt, Record, Say, SpeechTimeout, Start, Stream,
    StreamTrack, StreamUrl, StreamUrlError, Transcription, Verb,
};

use super::wire::MAX_INLINE_TWIML;
use xml::Xml;

/// The largest document that Twilio fetches, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// A whole document: verbs that run from top to bottom. When they run out the call ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    verbs: Vec<Verb>,
}

/// The document is longer than Twilio takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLong {
    /// As an answer to Twilio's request.
    #[error("the document has {bytes} bytes; Twilio fetches {MAX_DOCUMENT_BYTES} at most. Shorten its texts")]
    Document {
        /// Its length.
        bytes: usize,
    },
    /// Sent along with the call.
    #[error(
        "the document has {characters} characters; Twilio takes {MAX_INLINE_TWIML} along with a call. Shorten its texts \
         or let Twilio fetch it"
    )]
    Inline {
        /// Its length.
        characters: usize,
    },
}

impl Response {
    /// A document of these verbs.
    pub fn new(verbs: impl IntoIterator<Item = Verb>) -> Self {
        Self { verbs: verbs.into_iter().collect() }
    }

    /// The same document behind another verb.
    #[must_use]
    pub fn behind(mut self, first: Verb) -> Self {
        self.verbs.insert(0, first);
        self
    }

    /// The safe answer where there is nothing to say.
    pub fn hang_up() -> Self {
        Self::new([Verb::Hangup])
    }

    /// The document, to be served as `text/xml`.
    pub fn render(&self) -> Result<String, TooLong> {
        let document = self.xml();
        match document.len() {
            0..=MAX_DOCUMENT_BYTES => Ok(document),
            bytes => Err(TooLong::Document { bytes }),
        }
    }

    /// The document, to be sent along with the call. Addresses in it must be absolute.
    pub fn render_inline(&self) -> Result<String, TooLong> {
        let document = self.xml();
        match document.chars().count() {
            0..=MAX_INLINE_TWIML => Ok(document),
            characters => Err(TooLong::Inline { characters }),
        }
    }

    fn xml(&self) -> String {
        let mut xml = Xml::document();
        xml.element("Response", &[], |xml| self.verbs.iter().for_each(|verb| verb.write(xml)));
        xml.finish()
    }
}
