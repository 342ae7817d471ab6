//! What happens on a call that was picked up: a small tree of steps that speak, listen, record, put through and hang up.
//!
//! A flow is data. It is checked before anybody is rung, so that on a call nothing is left to decide but where the person's
//! key leads.

mod check;
mod menu;
mod size;
mod walk;
mod words;

pub use check::{FlowError, LONGEST_TEXT, MOST_STEPS};
pub use menu::{Means, Menu, MenuKey};
pub use size::{LARGEST_DOCUMENT, LONGEST_ADDRESS, document_of_text};
pub use walk::{Heard, Leg, Outcome, Then, Turn, Waits};
pub use words::Words;

use crate::ids::SoundId;
use crate::reaction::Reaction;

/// A checked tree of steps. The first one is where calls begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFlow {
    steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name: a small letter, then small letters, digits and `_`, 32 in all at most.
    pub name: String,
    /// What it does.
    pub does: Does,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Speaks.
    Say {
        /// A script with variables.
        text: String,
        /// What follows.
        then: Goto,
    },
    /// Plays a sound.
    Play {
        /// Which.
        what: Played,
        /// What follows.
        then: Goto,
    },
    /// Speaks and listens for a key meanwhile and after.
    Ask {
        /// A script with variables, spoken while it listens already.
        text: String,
        /// What each key does.
        keys: Vec<KeyChoice>,
        /// Seconds to wait for a key after the text, 1 to 60.
        wait_seconds: u8,
        /// How often the text is spoken while no key that it knows is pressed, 1 to 5.
        tries: u8,
        /// What follows when none is.
        otherwise: Goto,
    },
    /// Records what the person says after a beep.
    TakeMessage {
        /// Seconds at most, 5 to 600.
        longest_seconds: u16,
        /// What follows, unless they hang up.
        then: Goto,
    },
    /// Puts the person through to the campaign's number for it.
    Transfer {
        /// Seconds that it rings there, 5 to 60.
        ring_seconds: u8,
        /// What follows when nobody picks up there.
        otherwise: Goto,
    },
    /// Ends the call.
    HangUp,
}

/// A sound that is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Played {
    /// The file at a public address.
    File(String),
    /// A sound that is kept here.
    Sound(SoundId),
}

/// A key and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChoice {
    /// `0` to `9`, `*` or `#`.
    pub key: char,
    /// What pressing it says about the person.
    pub reaction: Option<Reaction>,
    /// What follows.
    pub then: Goto,
}

/// What follows a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goto {
    /// The step of this name.
    Step(String),
    /// The end of the call.
    HangUp,
}

impl CallFlow {
    /// Every step, in the order in which they were written.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step where calls begin.
    pub fn start(&self) -> &Step {
        &self.steps[0]
    }

    /// Some key takes the person off the list.
    pub fn has_opt_out(&self) -> bool {
        self.keys().any(|choice| choice.reaction == Some(Reaction::OptedOut))
    }

    /// The step that a leg waits at listens for such a key.
    pub fn offers_opt_out_at(&self, leg: &Leg<'_>) -> bool {
        let Then::Wait { step, .. } = leg.then else { return false };
        let listens = self.step(step).map(|step| &step.does);
        matches!(listens, Some(Does::Ask { keys, .. })
            if keys.iter().any(|choice| choice.reaction == Some(Reaction::OptedOut)))
    }

    /// Some step puts people through.
    pub fn transfers(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.does, Does::Transfer { .. }))
    }

    /// Every text that is spoken.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.does {
            Does::Say { text, .. } | Does::Ask { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    /// Every key that some step listens for, with the name of that step.
    pub fn listening(&self) -> impl Iterator<Item = (&str, char)> {
        self.steps.iter().flat_map(|step| match &step.does {
            Does::Ask { keys, .. } => keys.iter().map(|choice| (step.name.as_str(), choice.key)).collect(),
            _ => Vec::new(),
        })
    }

    /// Every sound of ours that is played.
    pub fn sounds(&self) -> impl Iterator<Item = SoundId> {
        self.steps.iter().filter_map(|step| match step.does {
            Does::Play { what: Played::Sound(sound), .. } => Some(sound),
            _ => None,
        })
    }

    fn keys(&self) -> impl Iterator<Item = &KeyChoice> {
        self.steps.iter().flat_map(|step| match &step.does {
            Does::Ask { keys, .. } => keys.as_slice(),
            _ => &[],
        })
    }

    fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl Step {
    /// Where it may lead.
    fn exits(&self) -> Vec<&Goto> {
        match &self.does {
            Does::Say { then, .. } | Does::Play { then, .. } | Does::TakeMessage { then, .. } => vec![then],
            Does::Ask { keys, otherwise, .. } => {
                keys.iter().map(|choice| &choice.then).chain([otherwise]).collect()
            }
            Does::Transfer { otherwise, .. } => vec![otherwise],
            Does::HangUp => Vec::new(),
        }
    }

    /// Nothing follows it before the person, or somebody else, has answered.
    const fn waits(&self) -> bool {
        matches!(self.does, Does::Ask { .. } | Does::TakeMessage { .. } | Does::Transfer { .. })
    }
}

#[cfg(test)]
mod tests;
