//! The flow that most campaigns need: a text, and keys that people may press while it is spoken.

use super::{CallFlow, Does, FlowError, Goto, KeyChoice, Step};
use crate::reaction::Reaction;

/// A text and its keys. Without keys the text is spoken and the call ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Menu {
    /// What each key means, in the order in which they are offered.
    pub keys: Vec<MenuKey>,
}

/// A key on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuKey {
    /// `0` to `9`, `*` or `#`.
    pub key: char,
    /// What it means.
    pub means: Means,
    /// How it is offered, instead of the usual words.
    pub offer: Option<String>,
    /// What is said once it is pressed, instead of the usual words.
    pub reply: Option<String>,
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Means {
    /// Yes.
    Confirm,
    /// Say it again.
    HearAgain,
    /// Talk to a person.
    Transfer,
    /// Leave a message.
    LeaveMessage,
    /// Never call again.
    OptOut,
}

impl Means {
    /// Every meaning.
    pub const ALL: [Self; 5] =
        [Self::Confirm, Self::HearAgain, Self::Transfer, Self::LeaveMessage, Self::OptOut];

    /// Its name in storage and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::HearAgain => "hear_again",
            Self::Transfer => "transfer",
            Self::LeaveMessage => "leave_message",
            Self::OptOut => "opt_out",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|means| means.as_str() == name)
    }

    /// The usual words that offer it, to be followed by the key.
    const fn offer(self) -> &'static str {
        match self {
            Self::Confirm => "To say yes",
            Self::HearAgain => "To hear this again",
            Self::Transfer => "To talk to a person",
            Self::LeaveMessage => "To leave a message",
            Self::OptOut => "To get no more calls from us",
        }
    }

    /// The usual words once it is pressed; nothing where the text itself follows.
    pub const fn reply(self) -> Option<&'static str> {
        match self {
            Self::Confirm => Some("Thank you. Goodbye."),
            Self::HearAgain => None,
            Self::Transfer => Some("One moment, please."),
            Self::LeaveMessage => Some("Please leave your message after the tone."),
            Self::OptOut => Some("You are off our list, and we will not call you again. Goodbye."),
        }
    }

    const fn reaction(self) -> Option<Reaction> {
        match self {
            Self::Confirm => Some(Reaction::Confirmed),
            Self::OptOut => Some(Reaction::OptedOut),
            Self::HearAgain | Self::Transfer | Self::LeaveMessage => None,
        }
    }
}

const OPENING: &str = "opening";
const NOBODY_IS_FREE: &str = "Nobody is free at the moment. We are sorry. Goodbye.";
const MESSAGE_TAKEN: &str = "Thank you for your message. Goodbye.";
const WAIT_SECONDS: u8 = 5;
const TRIES: u8 = 2;
const RING_SECONDS: u8 = 25;
const LONGEST_MESSAGE_SECONDS: u16 = 120;

impl MenuKey {
    /// How it is offered.
    pub fn spoken_offer(&self) -> String {
        match &self.offer {
            Some(offer) => offer.clone(),
            None => format!("{}, press {}.", self.means.offer(), spoken_key(self.key)),
        }
    }

    fn spoken_reply(&self) -> Option<String> {
        self.reply.clone().or_else(|| self.means.reply().map(str::to_owned))
    }

    fn step_name(&self) -> String {
        let key = match self.key {
            '*' => "star".to_owned(),
            '#' => "hash".to_owned(),
            digit => digit.to_string(),
        };
        format!("key_{key}")
    }
}

fn spoken_key(key: char) -> String {
    match key {
        '*' => "star".to_owned(),
        '#' => "the hash key".to_owned(),
        digit => digit.to_string(),
    }
}

impl CallFlow {
    /// The flow of a text and its keys. The keys are listened for from the first word on.
    ///
    /// # Errors
    /// A text or a key that no flow can have.
    pub fn of_menu(text: &str, menu: &Menu) -> Result<Self, FlowError> {
        if menu.keys.is_empty() {
            let say = Does::Say { text: text.to_owned(), then: Goto::HangUp };
            return Self::new(vec![Step { name: OPENING.to_owned(), does: say }]);
        }
        let offers: Vec<String> = menu.keys.iter().map(MenuKey::spoken_offer).collect();
        let keys = menu.keys.iter().map(|key| KeyChoice {
            key: key.key,
            reaction: key.means.reaction(),
            then: Goto::Step(match key.means {
                Means::HearAgain => OPENING.to_owned(),
                _ => key.step_name(),
            }),
        });
        let ask = Does::Ask {
            text: format!("{text} {}", offers.join(" ")),
            keys: keys.collect(),
            wait_seconds: WAIT_SECONDS,
            tries: TRIES,
            otherwise: Goto::HangUp,
        };
        let mut steps = vec![Step { name: OPENING.to_owned(), does: ask }];
        for key in &menu.keys {
            steps.extend(steps_of(key));
        }
        Self::new(steps)
    }
}

/// What follows a key.
fn steps_of(key: &MenuKey) -> Vec<Step> {
    let name = key.step_name();
    let Some(reply) = key.spoken_reply().filter(|_| key.means != Means::HearAgain) else {
        return Vec::new();
    };
    let (further, last) = (format!("{name}_then"), format!("{name}_end"));
    let say = |name: &str, text: &str, then: Goto| Step {
        name: name.to_owned(),
        does: Does::Say { text: text.to_owned(), then },
    };
    match key.means {
        Means::Transfer => vec![
            say(&name, &reply, Goto::Step(further.clone())),
            Step {
                name: further,
                does: Does::Transfer { ring_seconds: RING_SECONDS, otherwise: Goto::Step(last.clone()) },
            },
            say(&last, NOBODY_IS_FREE, Goto::HangUp),
        ],
        Means::LeaveMessage => vec![
            say(&name, &reply, Goto::Step(further.clone())),
            Step {
                name: further,
                does: Does::TakeMessage {
                    longest_seconds: LONGEST_MESSAGE_SECONDS,
                    then: Goto::Step(last.clone()),
                },
            },
            say(&last, MESSAGE_TAKEN, Goto::HangUp),
        ],
        Means::Confirm | Means::OptOut | Means::HearAgain => vec![say(&name, &reply, Goto::HangUp)],
    }
}
