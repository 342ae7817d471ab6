//! Every address of the server on one page.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{calls, campaigns, imports, prospects, voices};
use super::auth::{known_visitors, operators_write};
use super::middleware::{AnswerPolicy, BODY_DEADLINE, answers, body_within, guarded};
use super::state::HttpState;
use super::{csrf, health, openapi, webhooks};

/// The whole server as one service.
pub fn router(state: HttpState) -> Router {
    described(state).0
}

/// The whole server, and its description.
pub fn described(state: HttpState) -> (Router, OpenApi) {
    let https = state.server.public_url.scheme() == "https";
    let routes = openapi::described_router()
        .merge(public())
        .merge(closed(api(), &state))
        .merge(behind_the_door(imports::routes(), &state));
    let (routes, description) = openapi::with_docs(routes, https);
    let routes = routes
        .merge(webhooks::routes())
        .route("/", get(|| async { Redirect::temporary(openapi::DOCS_PATH) }));
    (guarded(routes, AnswerPolicy::api(https)).with_state(state), description)
}

/// What needs no credential.
fn public() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(health::health)) // /health
}

/// What needs a credential, and for every write the role of an operator at least.
#[rustfmt::skip]
fn api() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(campaigns::create, campaigns::list))                        // /api/campaigns
        .routes(routes!(campaigns::read, campaigns::change, campaigns::remove))     // /api/campaigns/{id}
        .routes(routes!(campaigns::launch))                                         // /api/campaigns/{id}/launch
        .routes(routes!(campaigns::pause))                                          // /api/campaigns/{id}/pause
        .routes(routes!(campaigns::resume))                                         // /api/campaigns/{id}/resume
        .routes(routes!(prospects::add, prospects::list))                           // /api/campaigns/{id}/prospects
        .routes(routes!(prospects::read, prospects::change, prospects::remove))     // /api/prospects/{id}
        .routes(routes!(calls::place))                                              // /api/calls/place
        .routes(routes!(calls::list::list))                                         // /api/calls
        .routes(routes!(calls::read))                                               // /api/calls/{id}
        .routes(routes!(calls::cancel))                                             // /api/calls/{id}/cancel
        .routes(routes!(voices::list))                                              // /api/voices
}

/// JSON in time, behind the closed door.
fn closed(routes: OpenApiRouter<HttpState>, state: &HttpState) -> OpenApiRouter<HttpState> {
    let deadline: Duration = BODY_DEADLINE;
    let routes = routes
        .layer(from_fn_with_state(deadline, body_within))
        .layer(from_fn_with_state(&["application/json"][..], answers));
    behind_the_door(routes, state)
}

/// The closed door: who asks, and whether they may write at all.
fn behind_the_door(routes: OpenApiRouter<HttpState>, state: &HttpState) -> OpenApiRouter<HttpState> {
    // The last layer added is the first to see a request.
    routes
        .layer(from_fn(operators_write))
        .layer(from_fn_with_state(state.server.cookie.clone(), csrf::same_origin_writes))
        .layer(from_fn_with_state(state.clone(), known_visitors))
}
