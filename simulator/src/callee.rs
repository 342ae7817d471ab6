//! The other end of the line: hears out the TwiML verb by verb, presses keys, and hangs up when the talk is over.

mod detection;
mod played;
mod twiml;
mod verbs;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::answer_model::{Answer, Outcome};
use crate::callbacks::{Fields, Method, fields};
use crate::dice::Dice;
use crate::network::alerts::Alert;
use crate::network::order::{Order, Script, Target};
use crate::network::{Begun, Network};
use crate::timeline::later;
use twiml::Verb;

/// Documents a call may run without any of them taking time, before it counts as a loop.
const MOST_IDLE_DOCUMENTS: usize = 50;

/// Whoever answered the call at `index`.
pub(crate) struct Callee {
    network: Arc<Network>,
    index: usize,
    order: Arc<Order>,
    answer: Answer,
    redirects: Option<UnboundedReceiver<Script>>,
    over: CancellationToken,
    /// The call's own clock.
    at: Timestamp,
    answered_at: Timestamp,
    /// When they hang up.
    until: Timestamp,
    keys: Keys,
    dice: Dice,
}

/// The call is over; nothing further happens on it.
struct HungUp;

/// A document being run: its verbs, and where it came from, which is what relative URLs start from.
struct Document {
    verbs: Vec<Verb>,
    url: Option<Url>,
}

/// What to do after a document or a verb.
enum Next {
    /// The verb after this one.
    GoOn,
    /// Another document.
    Ask(Target, Fields),
    HangUp,
}

/// The keys a person presses.
enum Keys {
    Scripted(VecDeque<char>),
    Drawn { probability: f64, from: Vec<char> },
    None,
}

impl Callee {
    pub(crate) fn new(network: Arc<Network>, begun: Begun, at: Timestamp, until: Timestamp) -> Self {
        let person = matches!(begun.answer.outcome, Outcome::Human { .. });
        let model = &network.answers;
        let keys = match model.key_scripts.get(&begun.order.to) {
            _ if !person => Keys::None,
            Some(script) => Keys::Scripted(script.chars().collect()),
            None => Keys::Drawn { probability: model.key_press, from: model.keys.chars().collect() },
        };
        let dice = Dice::new(network.seed, &["callee", &begun.order.to, &begun.nth.to_string()]);
        Self {
            index: begun.index,
            order: begun.order,
            answer: begun.answer,
            redirects: Some(begun.redirects),
            over: begun.over,
            at,
            answered_at: at,
            until,
            keys,
            dice,
            network,
        }
    }

    /// Stays on the line until the talk, the TwiML or the caller's patience is over; returns when that was.
    pub(crate) async fn on_the_line(mut self) -> Timestamp {
        let Some(mut redirects) = self.redirects.take() else { return self.at };
        let judgement = self.judgement_beside_the_call();
        let beside = self.judge_in_time(judgement.clone());
        let heard = async {
            if self.wait_for_verdict().await.is_err() {
                return;
            }
            let mut script = self.order.script.clone();
            loop {
                tokio::select! {
                    biased;
                    Some(elsewhere) = redirects.recv() => {
                        script = elsewhere;
                        self.at = self.network.timeline.now().max(self.at);
                    }
                    _ = self.hear(script.clone()) => return,
                }
            }
        };
        tokio::select! {
            biased;
            () = heard => {}
            never = beside => match never {},
        }
        // On a busy machine the end of the call may be noticed before a verdict that came earlier.
        self.judge_late(judgement);
        self.at
    }

    /// Runs documents until one of them ends without another.
    async fn hear(&mut self, script: Script) -> Result<(), HungUp> {
        let mut next = match script {
            Script::Inline(text) => self.run_inline(&text).await?,
            Script::Fetch(target) => Next::Ask(target, Fields::new()),
        };
        let (mut idle, mut since) = (0, self.at);
        while let Next::Ask(target, more) = next {
            idle = if self.at > since { 0 } else { idle + 1 };
            since = self.at;
            if idle > MOST_IDLE_DOCUMENTS {
                self.raise(Alert::new(11215, "the documents send the call in circles", &target.url));
                return Ok(());
            }
            let Some(document) = self.document(&target, more).await else { return Ok(()) };
            next = self.run(&document).await?;
        }
        Ok(())
    }

    async fn run_inline(&mut self, text: &str) -> Result<Next, HungUp> {
        match twiml::parse(text, "the Twiml parameter") {
            Ok(verbs) => self.run(&Document { verbs, url: None }).await,
            Err(alert) => {
                self.raise(alert);
                Ok(Next::HangUp)
            }
        }
    }

    async fn run(&mut self, document: &Document) -> Result<Next, HungUp> {
        for verb in &document.verbs {
            match self.perform(verb, document).await? {
                Next::GoOn => {}
                elsewhere => return Ok(elsewhere),
            }
        }
        Ok(Next::HangUp)
    }

    /// Fetches a document, and the fallback's when that fails; without either the call ends.
    async fn document(&mut self, target: &Target, more: Fields) -> Option<Document> {
        match self.fetch(target, more).await {
            Ok(document) => Some(document),
            Err(alert) => {
                let told = vec![
                    ("ErrorCode", alert.code.to_string()),
                    ("ErrorUrl", without_fragment(&target.url).to_owned()),
                ];
                self.raise(alert);
                let fallback = self.order.fallback.clone()?;
                match self.fetch(&fallback, told).await {
                    Ok(document) => Some(document),
                    Err(alert) => {
                        self.raise(alert);
                        None
                    }
                }
            }
        }
    }

    async fn fetch(&mut self, target: &Target, more: Fields) -> Result<Document, Alert> {
        let mut all = self.base_fields();
        all.extend(more);
        let asked = Instant::now();
        let answer = self.network.postman.ask(&target.url, target.method, &all).await;
        // A quick answer takes no time on the call's clock, so that a ledger does not depend on the machine's load.
        if asked.elapsed() > Duration::from_secs(1) {
            self.at = self.network.timeline.now().max(self.at);
        }
        let (url, text) = answer?;
        self.note_what_was_told(&all);
        Ok(Document { verbs: twiml::parse(&text, url.as_str())?, url: Some(url) })
    }

    /// The ledger knows what the person did as soon as the caller has taken it: before, it may not count on it.
    fn note_what_was_told(&self, fields: &Fields) {
        let field =
            |name: &str| fields.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str());
        let mut state = self.network.state();
        let call = &mut state.calls[self.index];
        call.pressed.push_str(field("Digits").unwrap_or_default());
        call.messages += u32::from(field("RecordingSid").is_some());
    }

    fn base_fields(&self) -> Fields {
        fields::instructions(&self.network.account_sid, &self.network.state().calls[self.index])
    }

    /// Lets time pass on the line.
    async fn spend(&mut self, duration: Duration) -> Result<(), HungUp> {
        let wished = later(self.at, duration);
        self.at = wished.min(self.until).max(self.at);
        self.network.timeline.sleep_until(self.at).await;
        if wished > self.until || self.over.is_cancelled() { Err(HungUp) } else { Ok(()) }
    }

    fn raise(&self, alert: Alert) {
        self.network.raise(self.index, alert);
    }
}

impl Document {
    /// The target of an attribute such as `action`, relative to this document; a fragment is kept, it is ours to read.
    fn target(&self, url: &str, method: Option<&str>) -> Result<Target, Alert> {
        let resolved = match &self.url {
            Some(base) => base.join(url),
            None => Url::parse(url),
        };
        let method = match method {
            Some(method) if method.eq_ignore_ascii_case("GET") => Method::Get,
            _ => Method::Post,
        };
        resolved.map(|url| Target { url: url.into(), method }).map_err(|_| {
            Alert::new(11100, "the URL is not valid here; inline TwiML needs absolute ones", url)
        })
    }
}

impl Keys {
    /// The keys pressed at one prompt for at most `most` digits, without the finishing key; none when silent.
    fn press(&mut self, most: usize, finish: &str, dice: &mut Dice) -> Option<String> {
        match self {
            Self::None => None,
            Self::Drawn { probability, from } => {
                let pressed = dice.hit(*probability) && !from.is_empty();
                pressed.then(|| {
                    let count = if most == usize::MAX { 1 } else { most };
                    (0..count).map(|_| from[dice.bits() as usize % from.len()]).collect()
                })
            }
            Self::Scripted(left) => {
                let mut pressed = String::new();
                while pressed.len() < most {
                    match left.pop_front() {
                        Some(key) if finish.contains(key) => break,
                        Some(key) => pressed.push(key),
                        None => break,
                    }
                }
                (!pressed.is_empty()).then_some(pressed)
            }
        }
    }
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}
