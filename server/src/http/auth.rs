//! Who asks: an API key becomes a visitor, and handlers name the role they need in their signature.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::problem::Problem;
use super::state::HttpState;
use crate::actions::users::{Role, Visitor};
use crate::credentials::ApiKey;

/// May read everything.
#[derive(Debug, Clone)]
pub struct Analyst(pub Visitor);

/// May run campaigns.
#[derive(Debug, Clone)]
pub struct Operator(pub Visitor);

impl FromRequestParts<HttpState> for Analyst {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        at_least(Role::Analyst, parts, state).await.map(Self)
    }
}

impl FromRequestParts<HttpState> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        at_least(Role::Operator, parts, state).await.map(Self)
    }
}

async fn at_least(role: Role, parts: &Parts, state: &HttpState) -> Result<Visitor, Problem> {
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = header.and_then(|text| text.strip_prefix("Bearer ")).ok_or_else(Problem::unauthenticated)?;
    let hash = ApiKey::parse(key).map_err(|_| Problem::unauthenticated())?;
    let visitor = state.actions.visitor_of_key(hash).await?.ok_or_else(Problem::unauthenticated)?;
    if visitor.role >= role { Ok(visitor) } else { Err(Problem::forbidden()) }
}
