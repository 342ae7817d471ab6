//! Signing in and out with a browser.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::PoisonError;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use domain::ids::UserId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::users::{LONGEST_SESSION, SignInRefused, Visitor};
use crate::http::auth::{Credential, Known};
use crate::http::csrf::must_be_same_origin;
use crate::http::state::HttpState;
use crate::http::{JsonBody, Problem};

/// Who somebody says they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignIn {
    /// The e-mail address of the account.
    email: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// A user (`usr_…`), a key (`key_…`), or `console`.
    actor: String,
    /// The e-mail address of a user.
    email: Option<String>,
    /// `owner`, `admin`, `operator`, `analyst` or `listener`.
    role: &'static str,
    workspace_id: String,
}

/// The address a request came from, as far as it is known; proxies are not believed.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip())))
    }
}

/// Signs in. The answer sets the session's cookie; it lasts an hour after the last request, at most twelve.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn, security(()),
    responses((status = 201, body = Session), (status = "4XX", body = Problem)))]
pub async fn sign_in(
    State(state): State<HttpState>,
    Peer(address): Peer,
    headers: HeaderMap,
    JsonBody(given): JsonBody<SignIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Session>), Problem> {
    // Every browser says where a write comes from; a program that says nothing has no cookies to be tricked with.
    if headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN) {
        must_be_same_origin(&Method::POST, &headers, state.server.cookie.origin())?;
    }
    match begin_session(&state, address, &given.email, SecretString::from(given.password)).await {
        Ok((cookie, visitor)) => {
            let session = session_of(&state, &visitor).await?;
            Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(session)))
        }
        Err(Refused::Wrong) => Err(Problem::unauthenticated()),
        Err(Refused::TooOften(seconds)) => Err(Problem::too_many_requests(seconds)),
        Err(Refused::Problem(problem)) => Err(problem),
    }
}

/// Why nobody was let in.
pub enum Refused {
    /// Wrong address or password; never said which.
    Wrong,
    /// Too many attempts failed; seconds to wait.
    TooOften(u32),
    /// It could not be found out.
    Problem(Problem),
}

/// Lets somebody in who knows their password; the cookie of the new session, and who they are.
pub async fn begin_session(
    state: &HttpState,
    address: IpAddr,
    email: &str,
    password: SecretString,
) -> Result<(String, Visitor), Refused> {
    let now = state.actions.clock.now();
    let account = email.trim().to_lowercase();
    let throttle = || state.throttle.lock().unwrap_or_else(PoisonError::into_inner);
    let allowed = throttle().check(now, address, &account);
    allowed.map_err(|closed| Refused::TooOften(closed.seconds_from(now)))?;
    match state.actions.sign_in(&account, password).await {
        Ok((secret, visitor)) => {
            throttle().record_success(&account);
            Ok((session_cookie(state, &secret), visitor))
        }
        Err(SignInRefused::Wrong) => {
            throttle().record_failure(now, address, &account);
            Err(Refused::Wrong)
        }
        Err(SignInRefused::Unavailable(unavailable)) => Err(Refused::Problem(unavailable.into())),
        Err(SignInRefused::Store(error)) => Err(Refused::Problem(error.into())),
    }
}

/// The cookie of a new session.
pub fn session_cookie(state: &HttpState, secret: &SecretString) -> String {
    let seconds = u32::try_from(LONGEST_SESSION.as_secs()).unwrap_or(u32::MAX);
    state.server.cookie.set(secret, seconds)
}

/// Says who is asking, and what they may do.
#[utoipa::path(get, path = "/api/session", tag = "session",
    responses((status = 200, body = Session), (status = "4XX", body = Problem)))]
pub async fn who(State(state): State<HttpState>, known: Known) -> Result<Json<Session>, Problem> {
    Ok(Json(session_of(&state, &known.visitor).await?))
}

/// Signs out: the session ends at once, and open streams with it. An API key has no session to end.
#[utoipa::path(delete, path = "/api/session", tag = "session",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn sign_out(
    State(state): State<HttpState>,
    known: Known,
) -> Result<(StatusCode, [(HeaderName, String); 1]), Problem> {
    if let Credential::Session(hash) = known.credential {
        state.actions.sign_out(known.visitor.actor, hash).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, state.server.cookie.clear())]))
}

async fn session_of(state: &HttpState, visitor: &Visitor) -> Result<Session, Problem> {
    let actor = &visitor.actor;
    let user = match actor.name.parse::<UserId>() {
        Ok(id) => state.actions.store.user(id).await?,
        Err(_) => None,
    };
    Ok(Session {
        actor: actor.name.clone(),
        email: user.map(|user| user.email),
        role: visitor.role.as_str(),
        workspace_id: actor.workspace.to_string(),
    })
}
