//! What a script says besides its text, as it is written in the database and in the API.

use domain::call_flow::{
    CallFlow, Does, FlowError, Goto, KeyChoice, Means, Menu, MenuKey, Played, Step, Words,
};
use domain::reaction::Reaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MenuKey)]
pub struct WrittenKey {
    /// `0` to `9`, `*` or `#`.
    #[schema(example = "9")]
    pub key: String,
    /// `confirm`, `hear_again`, `transfer`, `leave_message` or `opt_out`.
    #[schema(example = "opt_out")]
    pub means: String,
    /// How it is offered, instead of the usual words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// What is said once it is pressed, instead of the usual words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// A step of a call. Where nothing is said to follow, the call ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[schema(as = Step)]
pub enum WrittenStep {
    /// Speaks.
    Say {
        /// Of the step: small letters, digits and `_`.
        name: String,
        /// With variables.
        text: String,
        /// The name of the step that follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<String>,
    },
    /// Plays a sound: the file at an address, or one that is kept here.
    Play {
        /// Of the step.
        name: String,
        /// A public https address of a sound file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// A sound, `snd_…`, one of `/api/sounds`; instead of an address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sound: Option<String>,
        /// The name of the step that follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<String>,
    },
    /// Speaks and listens for a key.
    Ask {
        /// Of the step.
        name: String,
        /// With variables.
        text: String,
        /// What each key does.
        keys: Vec<WrittenChoice>,
        /// Seconds to wait for a key after the text, 1 to 60.
        #[serde(default = "usual_wait")]
        wait_seconds: u8,
        /// How often it is asked, 1 to 5.
        #[serde(default = "usual_tries")]
        tries: u8,
        /// The name of the step that follows when no key of these is pressed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<String>,
    },
    /// Records a message.
    TakeMessage {
        /// Of the step.
        name: String,
        /// Seconds at most, 5 to 600.
        longest_seconds: u16,
        /// The name of the step that follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<String>,
    },
    /// Puts the person through to the campaign's `transferTo`.
    Transfer {
        /// Of the step.
        name: String,
        /// Seconds that it rings there, 5 to 60.
        ring_seconds: u8,
        /// The name of the step that follows when nobody picks up there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<String>,
    },
    /// Ends the call.
    HangUp {
        /// Of the step.
        name: String,
    },
}

/// What a key does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = KeyChoice)]
pub struct WrittenChoice {
    /// `0` to `9`, `*` or `#`.
    pub key: String,
    /// `confirmed` or `opted_out`, where pressing it means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<String>,
    /// The name of the step that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
}

const fn usual_wait() -> u8 {
    5
}

const fn usual_tries() -> u8 {
    1
}

/// Why what was written cannot be a menu or a flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not one key.
    #[error("{0:?} is no key; keys are 0 to 9, * and #")]
    Key(String),
    /// Not a meaning that keys have.
    #[error(
        "{0:?} is nothing that a key means; it may be confirm, hear_again, transfer, leave_message or opt_out"
    )]
    Means(String),
    /// Not a reaction that a key can show.
    #[error("{0:?} is nothing that a key shows; it may be confirmed or opted_out")]
    Reaction(String),
    /// Nothing to play, or two things.
    #[error(
        "step {0:?} plays either the file at an address, `url`, or a sound that is kept here, `sound` (snd_ and 32 digits)"
    )]
    Play(String),
    /// The steps do not fit together.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

fn key(text: &str) -> Result<char, Unreadable> {
    let mut letters = text.chars();
    let one = letters.next().filter(|_| letters.next().is_none());
    one.filter(|key| "0123456789*#".contains(*key)).ok_or_else(|| Unreadable::Key(text.to_owned()))
}

fn goto(then: Option<String>) -> Goto {
    then.map_or(Goto::HangUp, Goto::Step)
}

fn written(goto: &Goto) -> Option<String> {
    match goto {
        Goto::Step(name) => Some(name.clone()),
        Goto::HangUp => None,
    }
}

/// Reads the keys of a menu.
///
/// # Errors
/// The first that is none.
pub fn menu(keys: Vec<WrittenKey>) -> Result<Menu, Unreadable> {
    let read = |it: WrittenKey| {
        let means = Means::parse(&it.means).ok_or(Unreadable::Means(it.means))?;
        Ok(MenuKey { key: key(&it.key)?, means, offer: it.offer, reply: it.reply })
    };
    Ok(Menu { keys: keys.into_iter().map(read).collect::<Result<_, Unreadable>>()? })
}

/// The keys of a menu as they are written.
pub fn menu_of(menu: &Menu) -> Vec<WrittenKey> {
    let keys = menu.keys.iter().map(|it| WrittenKey {
        key: it.key.to_string(),
        means: it.means.as_str().to_owned(),
        offer: it.offer.clone(),
        reply: it.reply.clone(),
    });
    keys.collect()
}

/// Reads the steps of a call.
///
/// # Errors
/// The first that is none, or what does not fit together.
pub fn flow(steps: Vec<WrittenStep>) -> Result<CallFlow, Unreadable> {
    let steps: Result<Vec<Step>, Unreadable> = steps.into_iter().map(step).collect();
    Ok(CallFlow::new(steps?)?)
}

fn step(written: WrittenStep) -> Result<Step, Unreadable> {
    let (name, does) = match written {
        WrittenStep::Say { name, text, then } => (name, Does::Say { text, then: goto(then) }),
        WrittenStep::Play { name, url, sound, then } => {
            let what = played(url, sound).ok_or_else(|| Unreadable::Play(name.clone()))?;
            (name, Does::Play { what, then: goto(then) })
        }
        WrittenStep::Ask { name, text, keys, wait_seconds, tries, otherwise } => {
            let keys = keys.into_iter().map(choice).collect::<Result<_, Unreadable>>()?;
            (name, Does::Ask { text, keys, wait_seconds, tries, otherwise: goto(otherwise) })
        }
        WrittenStep::TakeMessage { name, longest_seconds, then } => {
            (name, Does::TakeMessage { longest_seconds, then: goto(then) })
        }
        WrittenStep::Transfer { name, ring_seconds, otherwise } => {
            (name, Does::Transfer { ring_seconds, otherwise: goto(otherwise) })
        }
        WrittenStep::HangUp { name } => (name, Does::HangUp),
    };
    Ok(Step { name, does })
}

fn played(url: Option<String>, sound: Option<String>) -> Option<Played> {
    match (url, sound) {
        (Some(url), None) => Some(Played::File(url)),
        (None, Some(sound)) => sound.parse().ok().map(Played::Sound),
        _ => None,
    }
}

fn choice(written: WrittenChoice) -> Result<KeyChoice, Unreadable> {
    let reaction = match written.reaction {
        None => None,
        Some(word) => match Reaction::parse(&word) {
            Some(shown @ (Reaction::Confirmed | Reaction::OptedOut)) => Some(shown),
            _ => return Err(Unreadable::Reaction(word)),
        },
    };
    Ok(KeyChoice { key: key(&written.key)?, reaction, then: goto(written.then) })
}

/// The steps of a call as they are written.
pub fn steps_of(flow: &CallFlow) -> Vec<WrittenStep> {
    let steps = flow.steps().iter().map(|Step { name, does }| {
        let name = name.clone();
        match does {
            Does::Say { text, then } => WrittenStep::Say { name, text: text.clone(), then: written(then) },
            Does::Play { what, then } => {
                let (url, sound) = match what {
                    Played::File(url) => (Some(url.clone()), None),
                    Played::Sound(sound) => (None, Some(sound.to_string())),
                };
                WrittenStep::Play { name, url, sound, then: written(then) }
            }
            Does::Ask { text, keys, wait_seconds, tries, otherwise } => WrittenStep::Ask {
                name,
                text: text.clone(),
                keys: keys.iter().map(written_choice).collect(),
                wait_seconds: *wait_seconds,
                tries: *tries,
                otherwise: written(otherwise),
            },
            Does::TakeMessage { longest_seconds, then } => {
                WrittenStep::TakeMessage { name, longest_seconds: *longest_seconds, then: written(then) }
            }
            Does::Transfer { ring_seconds, otherwise } => {
                WrittenStep::Transfer { name, ring_seconds: *ring_seconds, otherwise: written(otherwise) }
            }
            Does::HangUp => WrittenStep::HangUp { name },
        }
    });
    steps.collect()
}

fn written_choice(choice: &KeyChoice) -> WrittenChoice {
    WrittenChoice {
        key: choice.key.to_string(),
        reaction: choice.reaction.map(|reaction| reaction.as_str().to_owned()),
        then: written(&choice.then),
    }
}

/// What the column `words` holds.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    menu: Vec<WrittenKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<WrittenStep>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voicemail: Option<String>,
}

/// Everything but the text; nothing when there is nothing else.
pub(super) fn text_of(words: &Words) -> Option<String> {
    let Words { menu, steps, voicemail, .. } = words;
    let stored =
        Stored { menu: menu_of(menu), steps: steps.as_ref().map(steps_of), voicemail: voicemail.clone() };
    let bare = stored.menu.is_empty() && stored.steps.is_none() && stored.voicemail.is_none();
    if bare { None } else { serde_json::to_string(&stored).ok() }
}

/// The whole, from the text and the rest; nothing when that cannot be read.
pub(super) fn words_of(text: String, rest: Option<&str>) -> Option<Words> {
    let Some(rest) = rest else { return Some(Words::of_text(text)) };
    let stored: Stored = serde_json::from_str(rest).ok()?;
    Some(Words {
        text,
        menu: menu(stored.menu).ok()?,
        steps: stored.steps.map(flow).transpose().ok()?,
        voicemail: stored.voicemail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_script_says_is_read_back_as_it_was_written() {
        let keys = Means::ALL.into_iter().zip("159*#".chars());
        let menu = Menu {
            keys: keys
                .map(|(means, key)| MenuKey { key, means, offer: None, reply: Some("x".to_owned()) })
                .collect(),
        };
        let with_keys =
            Words { text: "Hello.".to_owned(), menu, voicemail: Some("Later.".to_owned()), steps: None };
        let steps = with_keys.flow().expect("a flow");
        let own = Words { steps: Some(steps), ..Words::default() };
        for words in [Words::of_text("Hello."), with_keys, own] {
            let rest = text_of(&words);
            assert_eq!(words_of(words.text.clone(), rest.as_deref()), Some(words));
        }
        assert_eq!(text_of(&Words::of_text("Hello.")), None);
        assert_eq!(words_of(String::new(), Some("{\"menu\":[{\"key\":\"x\",\"means\":\"confirm\"}]}")), None);
    }
}
