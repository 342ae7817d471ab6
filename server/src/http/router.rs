//! Every URL on one page.

use axum::Router;

use super::state::HttpState;
use super::webhooks;

/// The whole surface of the server.
pub fn router(state: HttpState) -> Router {
    Router::new().merge(webhooks::routes()).with_state(state)
}
