//! What a request may carry besides its body: the id in its path, `Idempotency-Key`, `If-Match`.

use std::str::FromStr;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

use super::problem::Problem;

/// The id in the path. Text that cannot be an id names nothing: 404, as for an id that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = <Path<String> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        text.ok()
            .and_then(|Path(text)| text.parse().ok())
            .map(Self)
            .ok_or_else(|| Problem::not_found("thing"))
    }
}

/// The client's name for one intention: the same key again gets the first answer again.
///
/// Take `IdempotencyKey` where it is required, `Option<IdempotencyKey>` where it is honoured.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    const HEADER: &'static str = "Idempotency-Key";
    const LONGEST: usize = 255;

    /// 1 to 255 visible ASCII characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(parts: &Parts) -> Result<Option<Self>, Problem> {
        let mut values = parts.headers.get_all(Self::HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Problem::invalid_parameter(Self::HEADER, "given more than once"));
        }
        let usable = |text: &&str| {
            (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match value.to_str().ok().filter(usable) {
            Some(text) => Ok(Some(Self(text.to_owned()))),
            None => {
                Err(Problem::invalid_parameter(Self::HEADER, "expected 1 to 255 visible ASCII characters"))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::read(parts)?
            .ok_or_else(|| Problem::invalid_parameter(Self::HEADER, "this header is required here"))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Problem> {
        Self::read(parts)
    }
}

/// The version of a thing the client has read: `ETag` values are `"v<number>"`.
///
/// Take `IfMatch` where it is required (428 otherwise), `Option<IfMatch>` where it is honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch {
    /// `None` for `*`, and for tags that are not ours and so match nothing.
    version: Option<u64>,
    any: bool,
}

impl IfMatch {
    /// 412 unless the thing still is what the client has read.
    pub fn must_be(self, version: u64) -> Result<(), Problem> {
        if self.any || self.version == Some(version) { Ok(()) } else { Err(Problem::stale()) }
    }

    /// The `ETag` of a version.
    pub fn etag(version: u64) -> String {
        format!("\"v{version}\"")
    }

    fn read(parts: &Parts) -> Option<Self> {
        let text = parts.headers.get(IF_MATCH)?.to_str().unwrap_or_default();
        let number = text.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"'));
        Some(Self { version: number.and_then(|number| number.parse().ok()), any: text == "*" })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::read(parts).ok_or_else(Problem::if_match_required)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Problem> {
        Ok(Self::read(parts))
    }
}
