//! A tree of steps is refused whole when a call could get lost in it.

use std::collections::HashSet;
use std::convert::Infallible;

use super::{CallFlow, Does, Goto, LARGEST_DOCUMENT, Step, Then, Waits};

/// Steps of a flow at most.
pub const MOST_STEPS: usize = 50;
/// Characters of a text that is spoken, before its variables are filled in.
pub const LONGEST_TEXT: usize = 3_000;
const LONGEST_NAME: usize = 32;
const KEYS: &str = "0123456789*#";

/// Why a flow is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// There is no step, or too many.
    #[error("a call flow has 1 to {MOST_STEPS} steps, this one has {0}")]
    Steps(usize),
    /// A name is none, or taken.
    #[error(
        "{0:?} cannot name a step: begin with a small letter, go on with small letters, digits or _, up to 32 in all, \
         and use each name once"
    )]
    Name(String),
    /// A text is empty or too long.
    #[error("step {0:?} must say something, in {LONGEST_TEXT} characters at most")]
    Text(String),
    /// A number is out of range.
    #[error("step {step:?}: {what} must be between {least} and {most}")]
    Range {
        /// In which step.
        step: String,
        /// Which number.
        what: &'static str,
        /// The smallest.
        least: u16,
        /// The largest.
        most: u16,
    },
    /// The keys cannot be told apart, are no keys, or there are none.
    #[error("step {0:?} must listen for at least one key of 0-9, * and #, each once")]
    Keys(String),
    /// A step leads nowhere.
    #[error("step {step:?} leads to {to:?}, and there is no such step")]
    LeadsNowhere {
        /// From which step.
        step: String,
        /// To which name.
        to: String,
    },
    /// A step is never come to.
    #[error("no way leads to step {0:?}; take it out or lead to it")]
    NeverReached(String),
    /// A call would speak in circles.
    #[error("from step {0:?} on the call goes in circles without waiting for a key")]
    Circle(String),
    /// People would be put through without having asked for it.
    #[error("step {0:?} puts everybody through; let people ask for it with a key first")]
    Unasked(String),
    /// No way leads to the end of the call.
    #[error("from step {0:?} no way leads to the end of the call")]
    Endless(String),
    /// More is said in one go than Twilio takes.
    #[error(
        "up to {bytes} bytes are said in one go, and Twilio takes {LARGEST_DOCUMENT}: shorten the texts, or have a key \
         asked for between them"
    )]
    TooMuchAtOnce {
        /// An upper bound of the document that Twilio would fetch.
        bytes: usize,
    },
}

impl CallFlow {
    /// Checks steps, of which the first is where calls begin.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the steps.
    pub fn new(steps: Vec<Step>) -> Result<Self, FlowError> {
        if steps.is_empty() || steps.len() > MOST_STEPS {
            return Err(FlowError::Steps(steps.len()));
        }
        let mut names = HashSet::new();
        for step in &steps {
            if !is_name(&step.name) || !names.insert(step.name.as_str()) {
                return Err(FlowError::Name(step.name.clone()));
            }
            check_values(step)?;
        }
        let flow = Self { steps };
        flow.check_exits()?;
        flow.check_reached()?;
        flow.check_circles()?;
        flow.check_ends()?;
        flow.check_size()?;
        match flow.beginning().then {
            Then::Wait { step, waits: Waits::Person { .. } } => Err(FlowError::Unasked(step.to_owned())),
            _ => Ok(flow),
        }
    }

    fn check_exits(&self) -> Result<(), FlowError> {
        for step in &self.steps {
            for exit in step.exits() {
                if let Goto::Step(to) = exit
                    && self.step(to).is_none()
                {
                    return Err(FlowError::LeadsNowhere { step: step.name.clone(), to: to.clone() });
                }
            }
        }
        Ok(())
    }

    fn check_reached(&self) -> Result<(), FlowError> {
        let mut reached = HashSet::from([self.start().name.as_str()]);
        let mut next = vec![self.start()];
        while let Some(step) = next.pop() {
            for to in self.following(step) {
                if reached.insert(to.name.as_str()) {
                    next.push(to);
                }
            }
        }
        let missed = self.steps.iter().find(|step| !reached.contains(step.name.as_str()));
        missed.map_or(Ok(()), |step| Err(FlowError::NeverReached(step.name.clone())))
    }

    fn check_circles(&self) -> Result<(), FlowError> {
        for first in self.steps.iter().filter(|step| !step.waits()) {
            let mut passed = HashSet::new();
            let mut at = Some(first);
            while let Some(step) = at.filter(|step| !step.waits()) {
                if !passed.insert(step.name.as_str()) {
                    return Err(FlowError::Circle(first.name.clone()));
                }
                at = self.following(step).next();
            }
        }
        Ok(())
    }

    fn check_ends(&self) -> Result<(), FlowError> {
        let mut ending: HashSet<&str> = HashSet::new();
        loop {
            let before = ending.len();
            for step in &self.steps {
                let exits = step.exits();
                let ends = exits.is_empty()
                    || exits.iter().any(|exit| match exit {
                        Goto::HangUp => true,
                        Goto::Step(to) => ending.contains(to.as_str()),
                    });
                if ends {
                    ending.insert(&step.name);
                }
            }
            if ending.len() == before {
                break;
            }
        }
        let endless = self.steps.iter().find(|step| !ending.contains(step.name.as_str()));
        endless.map_or(Ok(()), |step| Err(FlowError::Endless(step.name.clone())))
    }

    fn check_size(&self) -> Result<(), FlowError> {
        let Ok(bytes) = self.largest_document(|text| Ok::<_, Infallible>(text.to_owned()));
        if bytes > LARGEST_DOCUMENT { Err(FlowError::TooMuchAtOnce { bytes }) } else { Ok(()) }
    }

    pub(super) fn following<'s>(&'s self, step: &'s Step) -> impl Iterator<Item = &'s Step> {
        step.exits().into_iter().filter_map(|exit| match exit {
            Goto::Step(name) => self.step(name),
            Goto::HangUp => None,
        })
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && name.len() <= LONGEST_NAME
}

fn check_values(step: &Step) -> Result<(), FlowError> {
    let name = &step.name;
    let within = |what, value: u16, least, most| {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(FlowError::Range { step: name.clone(), what, least, most })
        }
    };
    let spoken = |text: &str| {
        let long = text.chars().count() > LONGEST_TEXT;
        if text.trim().is_empty() || long { Err(FlowError::Text(name.clone())) } else { Ok(()) }
    };
    match &step.does {
        Does::Say { text, .. } => spoken(text),
        Does::Ask { text, keys, wait_seconds, tries, .. } => {
            spoken(text)?;
            let each: HashSet<char> = keys.iter().map(|choice| choice.key).collect();
            let known = each.iter().all(|key| KEYS.contains(*key));
            if keys.is_empty() || each.len() < keys.len() || !known {
                return Err(FlowError::Keys(name.clone()));
            }
            within("the seconds to wait for a key", (*wait_seconds).into(), 1, 60)?;
            within("the number of tries", (*tries).into(), 1, 5)
        }
        Does::TakeMessage { longest_seconds, .. } => {
            within("the longest message in seconds", *longest_seconds, 5, 600)
        }
        Does::Transfer { ring_seconds, .. } => {
            within("the seconds that it rings", (*ring_seconds).into(), 5, 60)
        }
        Does::Play { .. } | Does::HangUp => Ok(()),
    }
}
