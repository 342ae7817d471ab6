//! A walk through a flow: what is heard up to the next turn of the person, and where that turn leads.

use super::{CallFlow, Does, Goto, Played};
use crate::reaction::Reaction;

/// What is heard in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg<'f> {
    /// One after the other.
    pub heard: Vec<Heard<'f>>,
    /// What follows it.
    pub then: Then<'f>,
}

/// A piece of what is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'f> {
    /// A script with variables, spoken.
    Text(&'f str),
    /// A sound, played.
    Sound(&'f Played),
}

/// What follows what was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then<'f> {
    /// The call is over.
    HangUp,
    /// The person's turn, or that of whom they are put through to.
    Wait {
        /// At which step; its name says where to go on.
        step: &'f str,
        /// For what.
        waits: Waits<'f>,
    },
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waits<'f> {
    /// A key, pressed while this is spoken or up to so many seconds after it.
    Key {
        /// What is spoken.
        text: &'f str,
        /// Seconds.
        wait_seconds: u8,
    },
    /// A message after the tone.
    Message {
        /// Seconds at most.
        longest_seconds: u16,
    },
    /// Somebody at the campaign's number.
    Person {
        /// Seconds that it rings.
        ring_seconds: u8,
    },
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A key was pressed.
    Key(char),
    /// None was, or more than one.
    NoKey,
    /// A message was recorded, so many seconds long.
    Message {
        /// Seconds.
        seconds: u32,
    },
    /// The person was put through, and that conversation is over.
    PutThrough,
    /// Nobody picked up there.
    NobodyThere,
}

/// What a turn comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'f> {
    /// What it says about the person.
    pub reaction: Option<Reaction>,
    /// What is heard next.
    pub leg: Leg<'f>,
    /// The same step is tried once more, for this time of all.
    pub again: Option<u8>,
}

impl CallFlow {
    /// What is heard first.
    pub fn beginning(&self) -> Leg<'_> {
        self.leg(&self.start().name)
    }

    /// What a step waits for, if it does.
    pub fn waits_at(&self, step: &str) -> Option<Waits<'_>> {
        self.step(step)?;
        match self.leg(step) {
            Leg { heard, then: Then::Wait { waits, .. } } if heard.is_empty() => Some(waits),
            _ => None,
        }
    }

    /// Where a turn leads that ended at a step, in its `tried`th try from 1 on; `None` when the flow has no such step, or
    /// one that does not wait for that.
    pub fn after(&self, step: &str, tried: u8, turn: Turn) -> Option<Outcome<'_>> {
        let step = self.step(step)?;
        match (&step.does, turn) {
            (Does::Ask { keys, tries, otherwise, .. }, Turn::Key(_) | Turn::NoKey) => {
                let pressed = keys.iter().find(|choice| turn == Turn::Key(choice.key));
                Some(match pressed {
                    Some(choice) => self.outcome(choice.reaction, &choice.then),
                    None if tried < *tries => Outcome {
                        reaction: None,
                        leg: self.leg(&step.name),
                        again: Some(tried.saturating_add(1)),
                    },
                    None => self.outcome(None, otherwise),
                })
            }
            (Does::TakeMessage { then, .. }, Turn::Message { seconds }) => {
                Some(self.outcome((seconds > 0).then_some(Reaction::LeftMessage), then))
            }
            (Does::Transfer { .. }, Turn::PutThrough) => {
                Some(self.outcome(Some(Reaction::Transferred), &Goto::HangUp))
            }
            (Does::Transfer { otherwise, .. }, Turn::NobodyThere) => {
                Some(self.outcome(Some(Reaction::Abandoned), otherwise))
            }
            _ => None,
        }
    }

    fn outcome(&self, reaction: Option<Reaction>, then: &Goto) -> Outcome<'_> {
        let leg = match then {
            Goto::Step(name) => self.leg(name),
            Goto::HangUp => Leg { heard: Vec::new(), then: Then::HangUp },
        };
        // Until somebody is there, and for good when the person gives up waiting.
        let asks = matches!(leg.then, Then::Wait { waits: Waits::Person { .. }, .. });
        let reaction = reaction.max(asks.then_some(Reaction::Abandoned));
        Outcome { reaction, leg, again: None }
    }

    /// What is heard from a step on. Steps that do not wait never go in circles: that was checked.
    fn leg(&self, from: &str) -> Leg<'_> {
        let mut heard = Vec::new();
        let mut at = self.step(from);
        while let Some(step) = at {
            let waits = match &step.does {
                Does::Say { text, then } => {
                    heard.push(Heard::Text(text));
                    at = self.going_to(then);
                    continue;
                }
                Does::Play { what, then } => {
                    heard.push(Heard::Sound(what));
                    at = self.going_to(then);
                    continue;
                }
                Does::HangUp => break,
                Does::Ask { text, wait_seconds, .. } => Waits::Key { text, wait_seconds: *wait_seconds },
                Does::TakeMessage { longest_seconds, .. } => {
                    Waits::Message { longest_seconds: *longest_seconds }
                }
                Does::Transfer { ring_seconds, .. } => Waits::Person { ring_seconds: *ring_seconds },
            };
            return Leg { heard, then: Then::Wait { step: &step.name, waits } };
        }
        Leg { heard, then: Then::HangUp }
    }

    fn going_to(&self, to: &Goto) -> Option<&super::Step> {
        match to {
            Goto::Step(name) => self.step(name),
            Goto::HangUp => None,
        }
    }
}
