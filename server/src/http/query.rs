//! Query strings, read strictly: an unknown, repeated or unusable parameter is refused by name.

use std::collections::HashSet;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::problem::Problem;

/// Which stretch of a list is wanted, and cursors nobody can forge.
mod paging;
/// Instants and ranges of time.
mod times;

pub use paging::{Cursor, CursorKey, Limit, ListIdentity, Offset, Position};
pub use times::{DateRange, DateTimeParam};

/// Values in a comma list, at most.
const LONGEST_LIST: usize = 50;
/// Characters in a search text, at most.
const LONGEST_SEARCH: usize = 128;

/// The query string, read into `T`.
///
/// `T` derives `Deserialize` with `#[serde(deny_unknown_fields, rename_all = "camelCase")]`; its fields are
/// `Option`s, or have `#[serde(default)]`, of the types in this module.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string as `Query` does.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    refuse_repeats_and_broken_text(query)?;
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let parameter = error.path().to_string();
        let words = error.into_inner().to_string();
        if let Some((_, rest)) = words.split_once("unknown field `") {
            let name = rest.split_once("`, ").map_or(rest, |(name, _)| name);
            return Problem::invalid_parameter(shown(name), "this parameter does not exist here");
        }
        if let Some((_, rest)) = words.split_once("missing field `") {
            return Problem::invalid_parameter(rest.trim_end_matches('`'), "this parameter is required");
        }
        let expected = words.rsplit_once(", expected ").map(|(_, expected)| format!("expected {expected}"));
        Problem::invalid_parameter(shown(&parameter), expected.unwrap_or(words))
    })
}

fn refuse_repeats_and_broken_text(query: &str) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // What is not UTF-8 was replaced while decoding; nobody searches for the replacement itself.
        if name.contains('\u{FFFD}') || value.contains('\u{FFFD}') || value.contains('\0') {
            return Err(Problem::invalid_parameter(shown(&name), "not text in UTF-8"));
        }
        if !seen.insert(name.clone()) {
            return Err(Problem::invalid_parameter(shown(&name), "given more than once"));
        }
    }
    Ok(())
}

/// A parameter's name as it may be repeated: short, without controls.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// Several values separated by commas, at most 50, none empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommaList<T>(pub Vec<T>);

impl<T> Default for CommaList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for CommaList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.split(',').count() > LONGEST_LIST {
            return Err(D::Error::custom(format_args!("more than {LONGEST_LIST} values")));
        }
        text.split(',').map(|item| item.parse().map_err(D::Error::custom)).collect::<Result<_, _>>().map(Self)
    }
}

/// One value of a type that reads itself from text, such as an id or a sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed<T>(pub T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A search text: trimmed, at most 128 characters. The store matches `%` and `_` literally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// The text, or `None` when there is nothing to search for.
    pub fn text(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for SearchText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().count() > LONGEST_SEARCH {
            return Err(D::Error::custom(format_args!("longer than {LONGEST_SEARCH} characters")));
        }
        if text.chars().any(char::is_control) {
            return Err(D::Error::custom("control characters cannot be searched for"));
        }
        Ok(Self(text.trim().to_owned()))
    }
}
