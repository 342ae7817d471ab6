//! Who asks: a credential becomes a visitor before any handler of the API sees the request.
//!
//! Closed by default, twice: the layers here let nobody in without a credential and nobody write below the role of an
//! operator; and handlers name the role they need in their signature (`Analyst`, `Operator`, `Admin`).

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::state::HttpState;
use crate::actions::Actor;
use crate::actions::users::{Role, Visitor};
use crate::credentials::{ApiKey, ApiKeyHash, SessionTokenHash};

/// The name under which the console appears in the audit trail.
const CONSOLE: &str = "console";

/// What a request proved itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An API key.
    Key(ApiKeyHash),
    /// The key of commands on this machine.
    Console,
    /// The cookie of somebody who signed in.
    Session(SessionTokenHash),
}

/// Somebody who was let in, and by what. Handlers take the narrower types below.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub visitor: Visitor,
    /// By what.
    pub credential: Credential,
}

/// The layer of the whole API: 401 without a credential that works.
pub async fn known_visitors(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let Some(credential) = presented(&state, request.headers()) else {
        return Problem::unauthenticated().into_response();
    };
    match visitor_of(&state, credential).await {
        Ok(Some(visitor)) => {
            request.extensions_mut().insert(Known { visitor, credential });
            next.run(request).await
        }
        Ok(None) => Problem::unauthenticated().into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The layer of everything that writes: 403 below an operator, whatever the handler says.
pub async fn operators_write(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let role = request.extensions().get::<Known>().map(|known| known.visitor.role);
    if reads || role >= Some(Role::Operator) {
        next.run(request).await
    } else {
        Problem::forbidden().into_response()
    }
}

/// Who a credential belongs to at this instant; asked again by answers that last.
pub async fn visitor_of(state: &HttpState, credential: Credential) -> Result<Option<Visitor>, Problem> {
    Ok(match credential {
        Credential::Key(hash) => state.actions.visitor_of_key(hash).await?,
        Credential::Session(hash) => state.actions.visitor_of_session(hash).await?,
        Credential::Console => state.actions.store.first_workspace().await?.map(|workspace| Visitor {
            actor: Actor { workspace, name: CONSOLE.to_owned() },
            role: Role::Owner,
        }),
    })
}

/// The credential of a request. An `Authorization` header that cannot be used does not fall back to the cookie:
/// whoever sent it meant it.
fn presented(state: &HttpState, headers: &HeaderMap) -> Option<Credential> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return state.server.cookie.read(headers).map(Credential::Session);
    }
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let text = values.next()?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    if values.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let hash = ApiKey::parse(key.trim()).ok()?;
    Some(if hash == state.server.console_key { Credential::Console } else { Credential::Key(hash) })
}

/// Anybody who was let in, down to those who only listen to calls.
#[derive(Debug, Clone)]
pub struct Listener(pub Visitor);

/// May read everything.
#[derive(Debug, Clone)]
pub struct Analyst(pub Visitor);

/// May run campaigns.
#[derive(Debug, Clone)]
pub struct Operator(pub Visitor);

/// May change settings, users and keys.
#[derive(Debug, Clone)]
pub struct Admin(pub Visitor);

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Nothing there: the route was put outside the layer by mistake. Closed.
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Listener {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        at_least(Role::Listener, parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Analyst {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        at_least(Role::Analyst, parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        at_least(Role::Operator, parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        at_least(Role::Admin, parts, state).await.map(Self)
    }
}

async fn at_least<S: Send + Sync>(role: Role, parts: &mut Parts, state: &S) -> Result<Visitor, Problem> {
    let known = Known::from_request_parts(parts, state).await?;
    if known.visitor.role >= role { Ok(known.visitor) } else { Err(Problem::forbidden()) }
}
