//! Small words that several nouns share: times, opaque JSON, fields that may be null.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::http::FieldError;

/// The longest JSON a caller may attach to a campaign or a call, in bytes.
const LONGEST_METADATA: usize = 16 * 1024;

/// A time as the API writes it: RFC 3339, UTC.
pub fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A time that may be missing.
pub fn maybe_time(at: Option<Timestamp>) -> Option<String> {
    at.map(time)
}

/// Stored JSON, shown as it is.
pub fn stored_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// The caller's own JSON object, as it is stored: at most 16 KiB.
pub fn metadata(pointer: &str, object: &Map<String, Value>) -> Result<String, FieldError> {
    let text = serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned());
    if text.len() > LONGEST_METADATA {
        let what = format!("use at most {LONGEST_METADATA} bytes");
        return Err(FieldError::at(pointer, "too_long", what));
    }
    Ok(text)
}

/// For a field that may be left out but not be null.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// For a field that may be left out (`None`) or be null (`Some(None)`).
pub fn given_or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    value: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Collects errors, so that a person sees all of them at once.
pub fn note<T>(errors: &mut Vec<FieldError>, result: Result<T, FieldError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}
