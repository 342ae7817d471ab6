//! JSON bodies, read strictly: what is not understood is refused, and the refusal points at the place.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::middleware::BodyTooSlow;
use super::problem::{FieldError, Problem};

mod document;
mod strict;

use document::{Document, Misfit};

/// The default cap of a body: 256 KiB.
pub const DEFAULT_BODY_LIMIT: usize = 256 * 1024;

/// A JSON body of at most `LIMIT` bytes, read into `T`.
///
/// `T` derives `Deserialize` with `#[serde(deny_unknown_fields, rename_all = "camelCase")]`.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T, const LIMIT: usize = DEFAULT_BODY_LIMIT>(pub T);

impl<S, T, const LIMIT: usize> FromRequest<S> for JsonBody<T, LIMIT>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        must_be_json(request.headers())?;
        let bytes = read_body(request, LIMIT).await?;
        from_value(strict::parse(&bytes)?).map(Self)
    }
}

/// A long answer of about so many bytes, written in one piece of memory; axum's `Json` begins with 128 of them and moves
/// what it has again and again.
pub fn answer<T: Serialize>(value: &T, about: usize) -> Result<Response, Problem> {
    let mut written = Vec::with_capacity(about);
    serde_json::to_writer(&mut written, value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        Problem::internal()
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], written).into_response())
}

/// Reads a whole body of at most `limit` bytes: 413 when larger, 408 when it came too slowly.
pub async fn read_body(request: Request, limit: usize) -> Result<Bytes, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limit) {
        return Err(Problem::body_too_large(limit));
    }
    read_capped(request.into_body(), limit).await
}

async fn read_capped(body: Body, limit: usize) -> Result<Bytes, Problem> {
    to_bytes(body, limit).await.map_err(|error| {
        if BodyTooSlow::caused(&error) {
            Problem::body_too_slow()
        } else if broke_on_the_way(&error) {
            Problem::incomplete_body()
        } else {
            Problem::body_too_large(limit)
        }
    })
}

/// Whether the connection failed, as opposed to the cap being reached.
fn broke_on_the_way(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if current.is::<hyper::Error>() || current.is::<std::io::Error>() {
            return true;
        }
        cause = current.source();
    }
    false
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::unsupported_media_type("Compressed bodies are not read. Send it uncompressed."));
    }
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = stated.split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(Problem::unsupported_media_type("Send JSON, with `Content-Type: application/json`."));
    }
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let utf8 = value.trim_matches('"').eq_ignore_ascii_case("utf-8");
        if name.eq_ignore_ascii_case("charset") && !utf8 {
            return Err(Problem::unsupported_media_type("JSON is read as UTF-8 only."));
        }
    }
    Ok(())
}

/// Reads JSON that was already parsed, with the same refusals as `JsonBody`: 400 for an unknown field, 422
/// with a pointer for the rest.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Document(value)).map_err(|error| {
        let pointer = pointer(error.path());
        refusal(pointer, error.into_inner())
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            // The variant's name is no step in the document; the unknown is none at all.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A step of a JSON pointer. Long keys are cut: they are the client's, and may be a secret put in the wrong place.
fn escaped(key: &str) -> String {
    const LONGEST: usize = 64;
    let shown: String = key.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    shown.replace('~', "~0").replace('/', "~1")
}

fn refusal(at: String, misfit: Misfit) -> Problem {
    let detail = misfit.to_string();
    let error = match misfit {
        // The path already ends in the field's name.
        Misfit::UnknownField => return Problem::unknown_field(at),
        Misfit::MissingField(name) => FieldError::at(format!("{at}/{name}"), "required", detail),
        Misfit::Null => FieldError::at(at, "required", detail),
        Misfit::WrongType(_) => FieldError::at(at, "wrong_type", detail),
        Misfit::UnknownWord(_) => FieldError::at(at, "unknown_value", detail),
        Misfit::InvalidValue(_) | Misfit::Said(_) => FieldError::at(at, "invalid", detail),
    };
    error.into()
}

/// One object, or an array of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneOrMany<T> {
    /// The body was an object.
    One(T),
    /// The body was an array, perhaps empty.
    Many(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or an array of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany::Many)
            }
        }

        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}
