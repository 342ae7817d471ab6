//! Who may use the account: its own token, or one of its API keys. Recordings' media needs no login, as at Twilio.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::Desk;
use super::errors::Refusal;
use crate::settings::Settings;

/// The account and what opens it.
pub(crate) struct Doors {
    pub account_sid: String,
    pub numbers: Vec<String>,
    pub verified_numbers: Vec<String>,
    auth_token: String,
    api_keys: Vec<(String, String)>,
}

impl Doors {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            account_sid: settings.account_sid.clone(),
            numbers: settings.numbers.clone(),
            verified_numbers: settings.verified_numbers.clone(),
            auth_token: settings.auth_token.clone(),
            api_keys: settings.api_keys.clone(),
        }
    }

    /// A standard API key cannot read the account itself.
    pub(super) fn opens(&self, headers: &HeaderMap, keys_too: bool) -> bool {
        let Some((user, secret)) = basic(headers) else { return false };
        let owner = user == self.account_sid && same(&secret, &self.auth_token);
        let key = self.api_keys.iter().any(|(sid, key)| user == *sid && same(&secret, key));
        owner || (keys_too && key)
    }
}

/// Lets in only requests that know a secret of the account and stay within its paths.
pub(super) async fn require(
    State(desk): State<Desk>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let ours = parameters.iter().any(|(name, sid)| name == "account" && sid == desk.doors.account_sid);
    let public = is_media(request.uri().path());
    if ours && (public || desk.doors.opens(request.headers(), true)) {
        next.run(request).await
    } else {
        Refusal::unauthenticated().into_response()
    }
}

fn is_media(path: &str) -> bool {
    path.contains("/Recordings/") && !path.ends_with(".json")
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, secret) = decoded.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}

fn same(given: &str, kept: &str) -> bool {
    given.as_bytes().ct_eq(kept.as_bytes()).into()
}
