//! What a campaign has people hear, as TwiML.

use domain::call_flow::{Heard, Leg, Then, Waits};
use domain::phone_number::PhoneNumber;

use super::twiml::{Dial, Gather, GatherInput, Prompt, Record, Response, Say, Verb};

/// Silence that ends a message, in seconds.
const SILENCE: u16 = 5;

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
}

/// The document that plays a sound file and hangs up.
pub fn sound(url: String) -> Response {
    Response::new([Verb::Play(url), Verb::Hangup])
}

/// The document that speaks a text and hangs up.
pub fn text(text: String, voice: Option<&str>) -> Response {
    Response::new([Verb::Say(say(text, voice)), Verb::Hangup])
}

/// A document with what is said before anything else, where something is.
pub fn begun_with(document: Response, notice: Option<&str>, voice: Option<&str>) -> Response {
    match notice {
        Some(notice) => document.behind(Verb::Say(say(notice.to_owned(), voice))),
        None => document,
    }
}

/// The document of a leg that ends the call, if it does; `said`: how a script reads for this person.
///
/// # Errors
/// Of `said`.
pub fn last_leg<E>(
    leg: &Leg<'_>,
    voice: Option<&str>,
    said: impl Fn(&str) -> Result<String, E>,
) -> Result<Option<Response>, E> {
    if leg.then != Then::HangUp {
        return Ok(None);
    }
    let mut verbs = heard(leg, voice, said)?;
    verbs.push(Verb::Hangup);
    Ok(Some(Response::new(verbs)))
}

/// The document of a leg; `said`: how a script reads for this person, `addresses`: where to go on behind a step.
///
/// # Errors
/// Of `said`.
pub fn leg<E>(
    leg: &Leg<'_>,
    speaker: Speaker<'_>,
    said: impl Fn(&str) -> Result<String, E>,
    addresses: impl Fn(&str) -> Addresses,
) -> Result<Response, E> {
    let mut verbs = heard(leg, speaker.voice, &said)?;
    if let Then::Wait { step, waits } = &leg.then {
        let Addresses { turn: action, recording } = addresses(step);
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
                prompts: vec![Prompt::Say(say(said(text)?, speaker.voice))],
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
    said: impl Fn(&str) -> Result<String, E>,
) -> Result<Vec<Verb>, E> {
    let verb = |heard: &Heard<'_>| {
        Ok(match heard {
            Heard::Text(text) => Verb::Say(say(said(text)?, voice)),
            Heard::Sound(url) => Verb::Play((*url).to_owned()),
        })
    };
    leg.heard.iter().map(verb).collect()
}

fn say(text: String, voice: Option<&str>) -> Say {
    Say { text, voice: voice.map(str::to_owned), language: None }
}
