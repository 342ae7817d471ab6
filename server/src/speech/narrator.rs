//! How texts are spoken beforehand: what a call may say, sentence by sentence, and what tells one spoken sentence from another.

use domain::call_flow::Words;
use domain::sentences;
use domain::voice::ServiceVoice;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{ScriptError, render};

/// The service, as it stands in fingerprints.
const SERVICE: &str = "ElevenLabs";
/// Samples of 16 bit, 16,000 a second: twice what a telephone carries. Every plan has it, and it is kept as a WAV file.
pub const OUTPUT_FORMAT: &str = "pcm_16000";
/// Samples per second of that format.
pub const SAMPLE_RATE: u32 = 16_000;

/// How a voice speaks; what is `None` is as the voice has it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Delivery {
    /// 0 is lively, 1 is even.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<f64>,
    /// How close to the original, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity_boost: Option<f64>,
    /// How pronounced, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<f64>,
    /// 0.7 to 1.2 times as fast as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
}

/// What tells one spoken text from another: two texts with the same fingerprint sound the same, and only one of them is paid
/// for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// How everything is spoken by this installation.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrator {
    /// Which of the service's models speaks.
    pub model: String,
    /// How.
    pub delivery: Delivery,
}

/// A sentence in a voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// Who speaks.
    pub voice: ServiceVoice,
    /// What is said.
    pub said: String,
}

impl Narrator {
    /// With a model, each voice speaking as it does.
    pub fn of_model(model: &str) -> Self {
        Self { model: model.to_owned(), delivery: Delivery::default() }
    }

    /// The fingerprint of a text.
    pub fn fingerprint(&self, voice: &ServiceVoice, said: &str) -> Fingerprint {
        let order =
            serde_json::json!([SERVICE, OUTPUT_FORMAT, self.model, voice.as_str(), self.delivery, said]);
        Fingerprint(Sha256::digest(order.to_string()).into())
    }

    /// The sentences of a text as it reads for somebody, in order.
    pub fn sentences(&self, voice: &ServiceVoice, text: &str) -> Vec<Sentence> {
        let sentence = |said: &str| Sentence {
            fingerprint: self.fingerprint(voice, said),
            voice: voice.clone(),
            said: said.to_owned(),
        };
        sentences::split(text).into_iter().map(sentence).collect()
    }

    /// Every sentence that somebody with these values may hear on a call, each once, in the order of the script.
    ///
    /// # Errors
    /// A script that cannot be said to them.
    pub fn heard_by(
        &self,
        voice: &ServiceVoice,
        words: &Words,
        values: &[(String, String)],
    ) -> Result<Vec<Sentence>, ScriptError> {
        let flow = words.flow().map_err(|error| ScriptError { line: 1, why: error.to_string() })?;
        let mut heard: Vec<Sentence> = Vec::new();
        for text in flow.texts().chain(words.beside_the_flow()) {
            for sentence in self.sentences(voice, &render(text, values)?) {
                if !heard.iter().any(|known| known.fingerprint == sentence.fingerprint) {
                    heard.push(sentence);
                }
            }
        }
        Ok(heard)
    }

    /// The same for words that say the same to everybody; `None` for those with variables, or that cannot be said.
    pub fn heard_by_everybody(&self, voice: &ServiceVoice, words: &Words) -> Option<Vec<Sentence>> {
        let flow = words.flow().ok()?;
        let mut texts = flow.texts().chain(words.voicemail.as_deref());
        if texts.any(|text| text.contains("{{")) {
            return None;
        }
        self.heard_by(voice, words, &[]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(id: &str) -> ServiceVoice {
        ServiceVoice::parse(id).expect("a voice")
    }

    #[test]
    fn the_same_words_have_one_fingerprint_and_any_difference_another() {
        let usual = Narrator::of_model("eleven_multilingual_v2");
        let lively = Delivery { stability: Some(0.1), ..Delivery::default() };
        let all = [
            usual.fingerprint(&voice("abc"), "Hello."),
            usual.fingerprint(&voice("abd"), "Hello."),
            usual.fingerprint(&voice("abc"), "Hello"),
            Narrator::of_model("eleven_turbo_v2").fingerprint(&voice("abc"), "Hello."),
            Narrator { delivery: lively, ..usual.clone() }.fingerprint(&voice("abc"), "Hello."),
        ];
        let different: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(all[0], usual.fingerprint(&voice("abc"), "Hello."));
    }

    #[test]
    fn everything_that_may_be_heard_is_named_once() {
        let mut words = Words::of_text("Hello {{firstName}}. This is Acme. This is Acme.");
        words.voicemail = Some("This is Acme. Call us back.".to_owned());
        let values = [("firstName".to_owned(), "Ada".to_owned())];
        let heard = Narrator::of_model("m").heard_by(&voice("abc"), &words, &values).expect("sentences");
        let said: Vec<&str> = heard.iter().map(|sentence| sentence.said.as_str()).collect();
        assert_eq!(said, ["Hello Ada.", "This is Acme.", "Call us back."]);
        assert!(Narrator::of_model("m").heard_by(&voice("abc"), &words, &[]).is_err());
        assert_eq!(Narrator::of_model("m").heard_by_everybody(&voice("abc"), &words), None);
        let same = Narrator::of_model("m").heard_by_everybody(&voice("abc"), &Words::of_text("Hello. Bye."));
        assert_eq!(same.map(|heard| heard.len()), Some(2));
    }
}
