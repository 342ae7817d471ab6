//! How what somebody said on the telephone sounds: negative, neutral or positive. By a list of words, on this machine.
//!
//! It reads English words, not meaning: irony is beyond it. Where a language model is set up, that is asked instead.

mod lexicon;

use lexicon::{NEGATIONS, PHRASES, STRENGTHENERS, WEAKENERS, WORDS};

/// From here on, to either side, a text is not neutral.
const CLEAR: f64 = 0.2;
/// As much of neither side is supposed in every text, so that one weak word does not decide.
const RESERVE: f64 = 2.0;
/// A turned word is weaker than its opposite: "not great" is not "awful".
const TURNED: f64 = -0.75;
/// How many words behind it a negation reaches.
const REACH: usize = 4;
/// How much what came before a "but" still counts.
const BEFORE_BUT: f64 = 0.5;
/// The most words of a phrase.
const LONGEST_PHRASE: usize = 4;

/// How a text sounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentiment {
    /// In one word.
    pub tone: Tone,
    /// -1 to 1: the balance of what spoke for and against.
    pub score: f64,
    /// What decided, in the order it was said.
    pub words: Vec<Deciding>,
}

/// A side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Against.
    Negative,
    /// Neither.
    Neutral,
    /// For.
    Positive,
}

/// A word or phrase that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciding {
    /// In lower case, with the negation that turned it: `not great`.
    pub text: String,
    /// How it counted: below 0 against, above 0 for.
    pub weight: f64,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Self; 3] = [Self::Negative, Self::Neutral, Self::Positive];

    /// The tone of a score.
    pub fn of_score(score: f64) -> Self {
        if score <= -CLEAR {
            Self::Negative
        } else if score >= CLEAR {
            Self::Positive
        } else {
            Self::Neutral
        }
    }

    /// The word under which it is stored and shown in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tone| tone.as_str() == word)
    }
}

/// How a text sounds. Give only what the person said: a script is always friendly.
pub fn sentiment(text: &str) -> Sentiment {
    let words: Vec<Deciding> = clauses(text).iter().flat_map(|clause| weigh_sentence(clause)).collect();
    let balance: f64 = words.iter().map(|word| word.weight).sum();
    let said: f64 = words.iter().map(|word| word.weight.abs()).sum();
    let score = balance / (said + RESERVE);
    Sentiment { tone: Tone::of_score(score), score, words }
}

/// The sentences as words in lower case. A negation does not reach beyond its sentence.
fn clauses(text: &str) -> Vec<Vec<String>> {
    let text = text.to_lowercase().replace(['’', '‘'], "'");
    let sentences = text.split(['.', '!', '?', ';', ':', '\n', '—', '–']);
    sentences
        .map(|sentence| {
            let words = sentence.split(|c: char| !c.is_alphanumeric() && c != '\'');
            words.map(|word| word.trim_matches('\'').to_owned()).filter(|word| !word.is_empty()).collect()
        })
        .collect()
}

fn weigh_sentence(words: &[String]) -> Vec<Deciding> {
    match words.iter().rposition(|word| word == "but") {
        Some(but) => {
            let mut weighed = weigh(&words[..but]);
            weighed.iter_mut().for_each(|word| word.weight *= BEFORE_BUT);
            weighed.extend(weigh(&words[but + 1..]));
            weighed
        }
        None => weigh(words),
    }
}

fn weigh(words: &[String]) -> Vec<Deciding> {
    let mut weighed = Vec::new();
    let mut at = 0;
    // Where the latest phrase ended: its words have said what they had to, and turn nothing more.
    let mut used = 0;
    while at < words.len() {
        if let Some((phrase, length, weight)) = phrase_at(&words[at..]) {
            if weight != 0 {
                weighed.push(Deciding { text: phrase, weight: f64::from(weight) });
            }
            at += length;
            used = at;
            continue;
        }
        if let Some(weight) = look_up(WORDS, &words[at]) {
            let before = &words[used.max(at.saturating_sub(REACH))..at];
            weighed.extend(in_context(&words[at], f64::from(weight), before, words.get(at + 1)));
        }
        at += 1;
    }
    weighed
}

/// The word with what stands before it; `None` where it only strengthens the next one.
fn in_context(word: &str, weight: f64, before: &[String], next: Option<&String>) -> Option<Deciding> {
    let strengthens = STRENGTHENERS.contains(&word);
    if strengthens && next.is_some_and(|next| look_up(WORDS, next).is_some()) {
        return None;
    }
    let closest = before.last().map(String::as_str).unwrap_or_default();
    let strength = if STRENGTHENERS.contains(&closest) {
        1.5
    } else if WEAKENERS.contains(&closest) {
        0.5
    } else {
        1.0
    };
    let negation = before.iter().rfind(|word| NEGATIONS.contains(&word.as_str()));
    match negation {
        Some(negation) => {
            Some(Deciding { text: format!("{negation} {word}"), weight: weight * strength * TURNED })
        }
        None => Some(Deciding { text: word.to_owned(), weight: weight * strength }),
    }
}

/// The longest phrase that the words begin with.
fn phrase_at(words: &[String]) -> Option<(String, usize, i8)> {
    (2..=LONGEST_PHRASE.min(words.len())).rev().find_map(|length| {
        let phrase = words[..length].join(" ");
        let weight = look_up(PHRASES, &phrase)?;
        Some((phrase, length, weight))
    })
}

fn look_up(list: &[(&str, i8)], wanted: &str) -> Option<i8> {
    let at = list.binary_search_by(|(entry, _)| entry.cmp(&wanted)).ok()?;
    list.get(at).map(|(_, weight)| *weight)
}

#[cfg(test)]
mod tests;
