//! The verbs of TwiML with the attributes we use; what is left out keeps Twilio's default.

use domain::phone_number::PhoneNumber;
use url::Url;

use super::xml::Xml;

/// One step of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Speak.
    Say(Say),
    /// Play the sound file at this address.
    Play(String),
    /// Be silent for this many seconds.
    Pause(u16),
    /// Listen for keys or speech.
    Gather(Gather),
    /// Record the person called, until silence, a key or the time limit. Nothing after it runs.
    Record(Record),
    /// Connect to other people.
    Dial(Dial),
    /// End the call.
    Hangup,
    /// Go on with the document at this address. Nothing after it runs.
    Redirect(String),
    /// Hand the call to a live peer; the verbs after it wait.
    Connect {
        /// Asked with POST once the peer is gone.
        action: Option<String>,
        /// The peer.
        to: Connect,
    },
    /// Begin something beside the call and go on at once.
    Start(Start),
}

/// Spoken text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    /// What is said.
    pub text: String,
    /// Such as `Polly.Joanna`; the account's setting when absent.
    pub voice: Option<String>,
    /// Such as `en-GB`. A voice that does not speak it makes the verb fail.
    pub language: Option<String>,
}

/// What is heard while a Gather listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Speak.
    Say(Say),
    /// Play the sound file at this address.
    Play(String),
    /// Be silent for this many seconds.
    Pause(u16),
}

/// Listens for keys or speech.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// What it listens for.
    pub input: GatherInput,
    /// Where the answer goes, with POST. Not optional: Twilio would ask the current document again, for ever.
    pub action: String,
    /// Stop after this many keys.
    pub num_digits: Option<u8>,
    /// The key that ends the answer and is no part of it; `#` by default, none when empty.
    pub finish_on_key: Option<&'static str>,
    /// Seconds to wait for an answer; 5 by default.
    pub timeout_seconds: Option<u16>,
    /// When speech counts as over.
    pub speech_timeout: Option<SpeechTimeout>,
    /// The language listened for.
    pub language: Option<String>,
    /// Ask `action` also when nothing was heard, instead of going on with the next verb.
    pub action_on_empty_result: bool,
    /// Heard meanwhile.
    pub prompts: Vec<Prompt>,
}

/// What a Gather listens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatherInput {
    /// Keys.
    Dtmf,
    /// Words.
    Speech,
    /// Either.
    DtmfOrSpeech,
}

/// When speech counts as over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechTimeout {
    /// Twilio decides.
    Auto,
    /// After this many seconds of silence.
    Seconds(u16),
}

/// Records the person called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Asked with POST when it is over. Not optional: Twilio would ask the current document again, for ever.
    pub action: String,
    /// Longest recording in seconds; 3600 by default.
    pub max_length_seconds: Option<u32>,
    /// Silence that ends it, in seconds; 5 by default.
    pub timeout_seconds: Option<u16>,
    /// Whether a beep is played first.
    pub play_beep: bool,
    /// Told with POST when the file is there.
    pub recording_status_callback: Option<String>,
}

/// Connects to other people; the first to pick up is put through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Who is rung.
    pub numbers: Vec<PhoneNumber>,
    /// Whoever picks up hears the document at this address first, alone. Asked with POST.
    pub whisper: Option<String>,
    /// The caller id they see.
    pub caller_id: Option<PhoneNumber>,
    /// Asked with POST when it is over.
    pub action: Option<String>,
    /// Seconds it rings; 30 by default.
    pub timeout_seconds: Option<u16>,
    /// Longest conversation in seconds.
    pub time_limit_seconds: Option<u32>,
}

/// A live peer of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connect {
    /// The audio of the call, both ways.
    Stream(Stream),
    /// The words of the call, both ways.
    ConversationRelay(ConversationRelay),
}

/// What can run beside a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A copy of the audio.
    Stream(Stream, StreamTrack),
    /// A live transcript.
    Transcription(Transcription),
    /// A recording, told of with POST at this address.
    Recording {
        /// Told with POST when it begins, is there, or is missing.
        recording_status_callback: String,
    },
}

/// The audio of a call over a web socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Where it goes.
    pub url: StreamUrl,
    /// Names and values handed to the peer; under 500 characters each.
    pub parameters: Vec<(String, String)>,
}

/// Whose audio a copy carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamTrack {
    /// Of the person called.
    Inbound,
    /// What they hear.
    Outbound,
    /// Both.
    Both,
}

/// The words of a call over a web socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRelay {
    /// Where they go.
    pub url: StreamUrl,
    /// Said first.
    pub welcome_greeting: Option<String>,
    /// The language of both directions.
    pub language: Option<String>,
    /// The voice.
    pub voice: Option<String>,
    /// Names and values handed to the peer; under 500 characters each.
    pub parameters: Vec<(String, String)>,
}

/// A live transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcription {
    /// Told with POST of every utterance.
    pub status_callback_url: String,
    /// Such as `en-US`.
    pub language_code: Option<String>,
}

/// The address of a web socket: `wss` and without a query, as Twilio demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamUrl(String);

/// Twilio would not open a web socket there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a live peer's address must start with wss:// and have no query; use parameters instead")]
pub struct StreamUrlError;

impl StreamUrl {
    /// Checks the address.
    pub fn parse(text: &str) -> Result<Self, StreamUrlError> {
        let url = Url::parse(text).map_err(|_| StreamUrlError)?;
        let fits = url.scheme() == "wss" && url.query().is_none() && url.fragment().is_none();
        fits.then(|| Self(url.into())).ok_or(StreamUrlError)
    }
}

impl Verb {
    pub(super) fn write(&self, xml: &mut Xml) {
        match self {
            Self::Say(say) => say.write(xml),
            Self::Play(url) => xml.text_element("Play", &[], url),
            Self::Pause(seconds) => write_pause(*seconds, xml),
            Self::Gather(gather) => gather.write(xml),
            Self::Record(record) => record.write(xml),
            Self::Dial(dial) => dial.write(xml),
            Self::Hangup => xml.empty("Hangup", &[]),
            Self::Redirect(url) => xml.text_element("Redirect", &[("method", Some("POST"))], url),
            Self::Connect { action, to } => {
                let method = action.as_ref().map(|_| "POST");
                xml.element("Connect", &[("action", action.as_deref()), ("method", method)], |xml| {
                    to.write(xml)
                });
            }
            Self::Start(start) => xml.element("Start", &[], |xml| start.write(xml)),
        }
    }
}

impl Say {
    fn write(&self, xml: &mut Xml) {
        let attributes = [("voice", self.voice.as_deref()), ("language", self.language.as_deref())];
        xml.text_element("Say", &attributes, &self.text);
    }
}

impl Prompt {
    fn write(&self, xml: &mut Xml) {
        match self {
            Self::Say(say) => say.write(xml),
            Self::Play(url) => xml.text_element("Play", &[], url),
            Self::Pause(seconds) => write_pause(*seconds, xml),
        }
    }
}

impl Gather {
    fn write(&self, xml: &mut Xml) {
        let input = match self.input {
            GatherInput::Dtmf => "dtmf",
            GatherInput::Speech => "speech",
            GatherInput::DtmfOrSpeech => "dtmf speech",
        };
        let speech_timeout = self.speech_timeout.map(|timeout| match timeout {
            SpeechTimeout::Auto => "auto".to_owned(),
            SpeechTimeout::Seconds(seconds) => seconds.to_string(),
        });
        let (num_digits, timeout) = (decimal(self.num_digits), decimal(self.timeout_seconds));
        let attributes = [
            ("input", Some(input)),
            ("action", Some(self.action.as_str())),
            ("method", Some("POST")),
            ("numDigits", num_digits.as_deref()),
            ("finishOnKey", self.finish_on_key),
            ("timeout", timeout.as_deref()),
            ("speechTimeout", speech_timeout.as_deref()),
            ("language", self.language.as_deref()),
            ("actionOnEmptyResult", Some(if self.action_on_empty_result { "true" } else { "false" })),
        ];
        xml.element("Gather", &attributes, |xml| self.prompts.iter().for_each(|prompt| prompt.write(xml)));
    }
}

impl Record {
    fn write(&self, xml: &mut Xml) {
        let (max_length, timeout) = (decimal(self.max_length_seconds), decimal(self.timeout_seconds));
        let attributes = [
            ("action", Some(self.action.as_str())),
            ("method", Some("POST")),
            ("maxLength", max_length.as_deref()),
            ("timeout", timeout.as_deref()),
            ("playBeep", Some(if self.play_beep { "true" } else { "false" })),
            ("recordingStatusCallback", self.recording_status_callback.as_deref()),
            ("recordingStatusCallbackMethod", self.recording_status_callback.as_ref().map(|_| "POST")),
        ];
        xml.empty("Record", &attributes);
    }
}

impl Dial {
    fn write(&self, xml: &mut Xml) {
        let (timeout, time_limit) = (decimal(self.timeout_seconds), decimal(self.time_limit_seconds));
        let attributes = [
            ("action", self.action.as_deref()),
            ("method", self.action.as_ref().map(|_| "POST")),
            ("callerId", self.caller_id.as_ref().map(PhoneNumber::as_str)),
            ("timeout", timeout.as_deref()),
            ("timeLimit", time_limit.as_deref()),
        ];
        xml.element("Dial", &attributes, |xml| {
            let whisper = self.whisper.as_deref();
            let attributes = [("url", whisper), ("method", whisper.map(|_| "POST"))];
            self.numbers.iter().for_each(|number| xml.text_element("Number", &attributes, number.as_str()));
        });
    }
}

impl Connect {
    fn write(&self, xml: &mut Xml) {
        match self {
            Self::Stream(stream) => stream.write(None, xml),
            Self::ConversationRelay(relay) => {
                let attributes = [
                    ("url", Some(relay.url.0.as_str())),
                    ("welcomeGreeting", relay.welcome_greeting.as_deref()),
                    ("language", relay.language.as_deref()),
                    ("voice", relay.voice.as_deref()),
                ];
                xml.element("ConversationRelay", &attributes, |xml| write_parameters(&relay.parameters, xml));
            }
        }
    }
}

impl Start {
    fn write(&self, xml: &mut Xml) {
        match self {
            Self::Stream(stream, track) => {
                let track = match track {
                    StreamTrack::Inbound => "inbound_track",
                    StreamTrack::Outbound => "outbound_track",
                    StreamTrack::Both => "both_tracks",
                };
                stream.write(Some(track), xml);
            }
            Self::Transcription(transcription) => {
                let attributes = [
                    ("statusCallbackUrl", Some(transcription.status_callback_url.as_str())),
                    ("languageCode", transcription.language_code.as_deref()),
                ];
                xml.empty("Transcription", &attributes);
            }
            Self::Recording { recording_status_callback } => {
                let attributes = [
                    ("recordingStatusCallback", Some(recording_status_callback.as_str())),
                    ("recordingStatusCallbackMethod", Some("POST")),
                    ("recordingStatusCallbackEvent", Some("in-progress completed absent")),
                ];
                xml.empty("Recording", &attributes);
            }
        }
    }
}

impl Stream {
    fn write(&self, track: Option<&str>, xml: &mut Xml) {
        let attributes = [("url", Some(self.url.0.as_str())), ("track", track)];
        xml.element("Stream", &attributes, |xml| write_parameters(&self.parameters, xml));
    }
}

fn write_parameters(parameters: &[(String, String)], xml: &mut Xml) {
    for (name, value) in parameters {
        xml.empty("Parameter", &[("name", Some(name)), ("value", Some(value))]);
    }
}

fn write_pause(seconds: u16, xml: &mut Xml) {
    xml.empty("Pause", &[("length", Some(&seconds.to_string()))]);
}

fn decimal(number: Option<impl ToString>) -> Option<String> {
    number.map(|number| number.to_string())
}
