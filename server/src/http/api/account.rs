//! One's own account: the password, and where one is signed in. Everybody's business, whatever their role.

use std::net::IpAddr;
use std::sync::PoisonError;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::ids::UserId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::{Peer, session_cookie};
use super::words::time;
use crate::actions::accounts::{OpenSession, PasswordRefused};
use crate::actions::users::Visitor;
use crate::credentials::{SessionName, SessionTokenHash};
use crate::http::auth::{Credential, Known};
use crate::http::state::HttpState;
use crate::http::{JsonBody, PathId, Problem};

/// One place where somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OpenSession)]
pub struct SessionView {
    /// `ses_…`; it opens nothing.
    id: String,
    /// The one that asks.
    current: bool,
    #[schema(format = DateTime)]
    begun_at: String,
    /// When it was last used, to the minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// When it ends in any case; an hour without a request ends it sooner.
    #[schema(format = DateTime)]
    ends_at: String,
}

/// Where somebody is signed in, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    sessions: Vec<SessionView>,
}

/// What was ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedSessions {
    /// How many.
    ended: u64,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewPassword {
    /// The one that holds now.
    #[schema(value_type = String, format = Password)]
    current: String,
    /// 12 to 128 characters, and not one of the first that would be tried.
    #[schema(value_type = String, format = Password)]
    new: String,
}

/// Lists where you are signed in. An API key has no sessions.
#[utoipa::path(get, path = "/api/sessions", tag = "session",
    responses((status = 200, body = SessionList), (status = "4XX", body = Problem)))]
pub async fn sessions(State(state): State<HttpState>, known: Known) -> Result<Json<SessionList>, Problem> {
    let own = own_session(&known).map(|hash| SessionName::of(&hash.0));
    let open = state.actions.open_sessions(&known.visitor.actor).await?.into_iter();
    let view = |session: OpenSession| SessionView {
        id: session.name.to_string(),
        current: own == Some(session.name),
        begun_at: time(session.begun_at),
        last_seen_at: time(session.seen_at),
        ends_at: time(session.ends_at),
    };
    Ok(Json(SessionList { sessions: open.map(view).collect() }))
}

/// Signs you out everywhere but here; open streams of those sessions end within five seconds.
#[utoipa::path(delete, path = "/api/sessions", tag = "session",
    responses((status = 200, body = EndedSessions), (status = "4XX", body = Problem)))]
pub async fn end_others(
    State(state): State<HttpState>,
    known: Known,
) -> Result<Json<EndedSessions>, Problem> {
    let kept = own_session(&known);
    let ended = state.actions.end_other_sessions(known.visitor.actor, kept).await?;
    Ok(Json(EndedSessions { ended }))
}

/// Ends one of your sessions at once, and open streams with it.
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "session", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn end(
    State(state): State<HttpState>,
    known: Known,
    PathId(name): PathId<SessionName>,
) -> Result<StatusCode, Problem> {
    let ended = state.actions.end_session(known.visitor.actor, name).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("session")) }
}

/// Changes your password, which takes the current one; wrong ones count like failed sign-ins. Every session of yours ends.
/// The answer sets the cookie of a new one.
#[utoipa::path(put, path = "/api/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn change_password(
    State(state): State<HttpState>,
    Peer(address): Peer,
    known: Known,
    JsonBody(given): JsonBody<NewPassword>,
) -> Result<(StatusCode, [(HeaderName, String); 1]), Problem> {
    let (current, new) = (SecretString::from(given.current), SecretString::from(given.new));
    let cookie = changed_password(&state, address, known.visitor, current, new).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// Changes somebody's own password, unless too many attempts failed; the cookie of their new session.
pub async fn changed_password(
    state: &HttpState,
    address: IpAddr,
    visitor: Visitor,
    current: SecretString,
    new: SecretString,
) -> Result<String, Problem> {
    let id: UserId = visitor.actor.name.parse().map_err(|_| PasswordRefused::NoAccount)?;
    let user = state.actions.store.user(id).await?.ok_or(PasswordRefused::NoAccount)?;
    let now = state.actions.clock.now();
    let throttle = || state.throttle.lock().unwrap_or_else(PoisonError::into_inner);
    let allowed = throttle().check(now, address, &user.email);
    allowed.map_err(|closed| Problem::too_many_requests(closed.seconds_from(now)))?;
    match state.actions.change_password(visitor.actor, current, new).await {
        Ok(secret) => {
            throttle().record_success(&user.email);
            Ok(session_cookie(state, &secret))
        }
        Err(refused) => {
            if matches!(refused, PasswordRefused::Wrong) {
                throttle().record_failure(now, address, &user.email);
            }
            Err(refused.into())
        }
    }
}

/// The session that whoever asks came with.
pub fn own_session(known: &Known) -> Option<SessionTokenHash> {
    match known.credential {
        Credential::Session(hash) => Some(hash),
        Credential::Key(_) | Credential::Console => None,
    }
}
