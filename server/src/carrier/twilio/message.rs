//! What a campaign has people hear, as TwiML.

use domain::call_flow::{Heard, Leg, Played, Then, Waits};
use domain::ids::SoundId;
use domain::phone_number::PhoneNumber;

use super::twiml::{Dial, Gather, GatherInput, Prompt, Record, Response, Say, Verb};

/// Silence that ends a message, in seconds.
const SILENCE: u16 = 5;

/// A piece of what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The carrier speaks it.
    Words(String),
    /// It was spoken beforehand, and lies at this public address.
    Sound(String),
}

/// Who speaks, and whom people are put through to.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'s> {
    /// A Twilio voice such as `Polly.Joanna`; the account's default when absent.
    pub voice: Option<&'s str>,
    /// The number shown to whoever people are put through to.
    pub caller_id: &'s PhoneNumber,
    /// Whom people are put through to.
    pub transfer_to: Option<&'s PhoneNumber>,
    /// The longest conversation with them, in seconds.
    pub time_limit_seconds: u32,
}

/// Where Twilio asks for what follows, and tells of recordings.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Of the turn.
    pub turn: String,
    /// Of the recording of a message.
    pub recording: String,
    /// Of what whoever people are put through to hears first.
    pub whisper: Option<String>,
}

/// The document that plays a sound file and hangs up.
pub fn sound(url: String) -> Response {
    Response::new([Verb::Play(url), Verb::Hangup])
}

/// The document that says something and hangs up.
pub fn said(said: Vec<Said>, voice: Option<&str>) -> Response {
    let verbs = said.into_iter().map(|said| verb(said, voice));
    Response::new(verbs.chain([Verb::Hangup]))
}

/// The document that says something to whoever people are put through to; the two are connected behind it.
pub fn whisper(said: Vec<Said>, voice: Option<&str>) -> Response {
    Response::new(said.into_iter().map(|said| verb(said, voice)))
}

/// A document with what is said before anything else, where something is.
pub fn begun_with(document: Response, notice: Option<&str>, voice: Option<&str>) -> Response {
    match notice {
        Some(notice) => document.behind(Verb::Say(say(notice.to_owned(), voice))),
        None => document,
    }
}

/// The document of a leg that ends the call, if it does; `said`: how a script reads for this person, `kept`: where a sound
/// of ours is fetched.
///
/// # Errors
/// Of `said`.
pub fn last_leg<E>(
    leg: &Leg<'_>,
    voice: Option<&str>,
    said: impl Fn(&str) -> Result<Vec<Said>, E>,
    kept: impl Fn(SoundId) -> String,
) -> Result<Option<Response>, E> {
    if leg.then != Then::HangUp {
        return Ok(None);
    }
    let mut verbs = heard(leg, voice, said, kept)?;
    verbs.push(Verb::Hangup);
    Ok(Some(Response::new(verbs)))
}

/// The document of a leg; `said`: how a script reads for this person, `kept`: where a sound of ours is fetched,
/// `addresses`: where to go on behind a step.
///
/// # Errors
/// Of `said`.
pub fn leg<E>(
    leg: &Leg<'_>,
    speaker: Speaker<'_>,
    said: impl Fn(&str) -> Result<Vec<Said>, E>,
    kept: impl Fn(SoundId) -> String,
    addresses: impl Fn(&str) -> Addresses,
) -> Result<Response, E> {
    let mut verbs = heard(leg, speaker.voice, &said, kept)?;
    if let Then::Wait { step, waits } = &leg.then {
        let Addresses { turn: action, recording, whisper } = addresses(step);
        verbs.push(match waits {
            Waits::Key { text, wait_seconds } => Verb::Gather(Gather {
                input: GatherInput::Dtmf,
                action,
                num_digits: Some(1),
                finish_on_key: Some(""),
                timeout_seconds: Some((*wait_seconds).into()),
                speech_timeout: None,
                language: None,
                // What follows silence is ours to say, too.
                action_on_empty_result: true,
                prompts: said(text)?.into_iter().map(|said| prompt(said, speaker.voice)).collect(),
            }),
            Waits::Message { longest_seconds } => Verb::Record(Record {
                action,
                max_length_seconds: Some((*longest_seconds).into()),
                timeout_seconds: Some(SILENCE),
                play_beep: true,
                recording_status_callback: Some(recording),
            }),
            Waits::Person { ring_seconds } => match speaker.transfer_to {
                Some(person) => Verb::Dial(Dial {
                    numbers: vec![person.clone()],
                    whisper,
                    caller_id: Some(speaker.caller_id.clone()),
                    action: Some(action),
                    timeout_seconds: Some((*ring_seconds).into()),
                    time_limit_seconds: Some(speaker.time_limit_seconds),
                }),
                // The number was taken away meanwhile: nobody is there, and the flow says how to go on.
                None => Verb::Redirect(action),
            },
        });
    } else {
        verbs.push(Verb::Hangup);
    }
    Ok(Response::new(verbs))
}

fn heard<E>(
    leg: &Leg<'_>,
    voice: Option<&str>,
    said: impl Fn(&str) -> Result<Vec<Said>, E>,
    kept: impl Fn(SoundId) -> String,
) -> Result<Vec<Verb>, E> {
    let mut verbs = Vec::new();
    for heard in &leg.heard {
        match heard {
            Heard::Text(text) => verbs.extend(said(text)?.into_iter().map(|said| verb(said, voice))),
            Heard::Sound(Played::File(url)) => verbs.push(Verb::Play(url.clone())),
            Heard::Sound(Played::Sound(sound)) => verbs.push(Verb::Play(kept(*sound))),
        }
    }
    Ok(verbs)
}

fn verb(said: Said, voice: Option<&str>) -> Verb {
    match said {
        Said::Words(text) => Verb::Say(say(text, voice)),
        Said::Sound(url) => Verb::Play(url),
    }
}

fn prompt(said: Said, voice: Option<&str>) -> Prompt {
    match said {
        Said::Words(text) => Prompt::Say(say(text, voice)),
        Said::Sound(url) => Prompt::Play(url),
    }
}

fn say(text: String, voice: Option<&str>) -> Say {
    Say { text, voice: voice.map(str::to_owned), language: None }
}
