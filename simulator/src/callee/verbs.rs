//! How long each verb takes, and where the call goes after it.

use std::time::Duration;

use super::{Callee, Document, HungUp, Next, Verb};
use crate::answer_model::{Outcome, local_hour};
use crate::callbacks::{Fields, Method};
use crate::dice::sid;
use crate::network::alerts::Alert;
use crate::network::order::{RecordingEvent, RecordingOrder, Target};
use crate::timeline::between;

/// Spoken characters per second, about 170 words a minute.
const SPEECH_RATE: f64 = 15.0;
/// A conversation with a third party or a bot.
const BRIDGED: Duration = Duration::from_secs(30);
/// From the end of a prompt to the first key.
const THINKING: Duration = Duration::from_secs(2);
/// What people say when asked to leave a message.
const MESSAGE: Duration = Duration::from_secs(8);

impl Callee {
    pub(super) async fn perform(&mut self, verb: &Verb, document: &Document) -> Result<Next, HungUp> {
        match verb.name.as_str() {
            "Say" | "Play" | "Pause" => {
                self.hear_out(verb, document).await?;
                Ok(Next::GoOn)
            }
            "Gather" => self.gather(verb, document).await,
            "Record" => self.record(verb, document).await,
            "Dial" => self.dial(verb, document).await,
            "Connect" => {
                self.spend(BRIDGED).await?;
                self.after(verb, document, Fields::new())
            }
            "Redirect" => match document.target(verb.text.trim(), verb.attribute("method")) {
                Ok(target) => Ok(Next::Ask(target, Fields::new())),
                Err(alert) => self.fail(alert),
            },
            "Hangup" => Ok(Next::HangUp),
            "Start" | "Stop" => Ok(Next::GoOn),
            "Reject" => self.fail(Alert::new(12200, "Reject is for inbound calls", "")),
            other => {
                self.raise(Alert::new(12200, &format!("{other} is no verb this phone network knows"), ""));
                Ok(Next::GoOn)
            }
        }
    }

    async fn hear_out(&mut self, verb: &Verb, document: &Document) -> Result<(), HungUp> {
        match verb.name.as_str() {
            "Play" => self.play(verb, document).await,
            _ => self.spend(length(verb)).await,
        }
    }

    async fn gather(&mut self, verb: &Verb, document: &Document) -> Result<Next, HungUp> {
        for prompt in &verb.children {
            self.hear_out(prompt, document).await?;
        }
        let input = verb.attribute("input").unwrap_or("dtmf");
        let most = verb.attribute("numDigits").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
        let pressed = self.keys.press(most, verb.attribute("finishOnKey").unwrap_or("#"), &mut self.dice);
        let said = match pressed {
            Some(digits) if input.contains("dtmf") => {
                self.spend(THINKING).await?;
                vec![("Digits", digits)]
            }
            Some(_) => {
                self.spend(THINKING).await?;
                vec![("SpeechResult", "yes please".to_owned()), ("Confidence", "0.93".to_owned())]
            }
            None => {
                self.spend(Duration::from_secs(verb.number("timeout", 5))).await?;
                if !verb.is_set("actionOnEmptyResult") {
                    return Ok(Next::GoOn);
                }
                vec![("Digits", String::new())]
            }
        };
        self.or_again(verb, document, said)
    }

    async fn record(&mut self, verb: &Verb, document: &Document) -> Result<Next, HungUp> {
        let began = self.at;
        let message = MESSAGE.min(Duration::from_secs(verb.number("maxLength", 3600)));
        let outcome = self.spend(message).await;
        let spoken = between(began, self.at);
        let callback = verb.attribute("recordingStatusCallback");
        let callback = callback
            .and_then(|url| document.target(url, verb.attribute("recordingStatusCallbackMethod")).ok());
        let order = RecordingOrder {
            channels: 1,
            track: "inbound".to_owned(),
            callback,
            events: vec![RecordingEvent::Completed, RecordingEvent::Absent],
        };
        let recording = self.network.record_verb(self.index, order, began, spoken);
        outcome?;
        self.spend(Duration::from_secs(verb.number("timeout", 5))).await?;
        let told = vec![
            ("RecordingUrl", format!("{}/Recordings/{recording}", self.network.account_url())),
            ("RecordingSid", recording),
            ("RecordingDuration", spoken.as_secs().to_string()),
        ];
        self.or_again(verb, document, told)
    }

    /// Rings a third party, who answers as the model has it, and bridges both until the time limit or the end of the talk.
    async fn dial(&mut self, verb: &Verb, document: &Document) -> Result<Next, HungUp> {
        let number = verb.children.first().map_or(verb.text.trim(), |number| number.text.trim());
        let hour = local_hour(number, self.at);
        let answer = self.network.answers.decide(self.network.seed, number, 0, hour);
        let patience = Duration::from_secs(verb.number("timeout", 30));
        let (status, rings) = match answer.outcome {
            Outcome::Human { .. } | Outcome::Voicemail if answer.ring <= patience => {
                ("completed", answer.ring)
            }
            Outcome::Busy => ("busy", answer.ring.min(patience)),
            Outcome::Failed { .. } => ("failed", Duration::ZERO),
            _ => ("no-answer", patience),
        };
        self.spend(rings).await?;
        let bridged = match status {
            "completed" => BRIDGED.min(Duration::from_secs(verb.number("timeLimit", 14_400))),
            _ => Duration::ZERO,
        };
        self.spend(bridged).await?;
        let told = vec![
            ("DialCallStatus", status.to_owned()),
            ("DialCallSid", sid("CA", self.network.seed, self.dice.bits())),
            ("DialCallDuration", bridged.as_secs().to_string()),
            ("DialBridged", (!bridged.is_zero()).to_string()),
        ];
        self.after(verb, document, told)
    }

    /// To the verb's action, or to the next verb when it has none.
    fn after(&mut self, verb: &Verb, document: &Document, told: Fields) -> Result<Next, HungUp> {
        match verb.attribute("action").filter(|action| !action.is_empty()) {
            None => Ok(Next::GoOn),
            Some(action) => match document.target(action, verb.attribute("method")) {
                Ok(target) => Ok(Next::Ask(target, told)),
                Err(alert) => self.fail(alert),
            },
        }
    }

    /// To the verb's action, or to the current document once more, as Twilio does for Gather and Record.
    fn or_again(&mut self, verb: &Verb, document: &Document, told: Fields) -> Result<Next, HungUp> {
        if verb.attribute("action").is_some_and(|action| !action.is_empty()) {
            return self.after(verb, document, told);
        }
        match &document.url {
            Some(url) => Ok(Next::Ask(Target { url: url.to_string(), method: Method::Post }, told)),
            None => {
                let missing = format!("{} in inline TwiML needs an absolute action", verb.name);
                self.fail(Alert::new(11100, &missing, ""))
            }
        }
    }

    fn fail(&self, alert: Alert) -> Result<Next, HungUp> {
        self.raise(alert);
        Ok(Next::HangUp)
    }
}

/// How long a prompt lasts that is not a file.
fn length(verb: &Verb) -> Duration {
    let once = match verb.name.as_str() {
        "Say" => Duration::from_secs_f64((verb.text.trim().chars().count() as f64 / SPEECH_RATE).max(1.0)),
        "Pause" => return Duration::from_secs(verb.number("length", 1)),
        _ => Duration::ZERO,
    };
    repeated(verb, once)
}

/// As often as the verb says; `loop="0"` means a thousand times.
pub(super) fn repeated(verb: &Verb, once: Duration) -> Duration {
    let times = match verb.number("loop", 1) {
        0 => 1_000,
        times => times.min(1_000) as u32,
    };
    once * times
}
