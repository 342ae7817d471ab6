//! Every address of the server on one page.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{Redirect, Response};
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{
    calls, campaigns, dialing, do_not_call, events, imports, incidents, nodes, people, prospects, quarantine,
    scripts, session, voices, workspace,
};
use super::auth::{known_visitors, operators_write};
use super::middleware::{AnswerPolicy, BODY_DEADLINE, LeakedKey, answers, body_within, guarded};
use super::state::HttpState;
use super::{csrf, health, openapi, webhooks};

/// The time a file has to arrive: 200 MB over a slow line.
const FILE_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// The whole server as one service.
pub fn router(state: HttpState) -> Router {
    described(state).0
}

/// The whole server, and its description.
pub fn described(state: HttpState) -> (Router, OpenApi) {
    let https = state.server.public_url.scheme() == "https";
    let json = &["application/json"][..];
    let routes = openapi::described_router()
        .merge(answering(json, public()))
        .merge(closed(&state, answering(json, own_session())))
        .merge(closed(&state, answering(json, api()).layer(from_fn(operators_write))))
        .merge(closed(&state, answering(&["text/event-stream"], streams())))
        // Files are large: imports have their own limit and their own time.
        .merge(closed(&state, files().layer(from_fn(operators_write))));
    let (routes, description) = openapi::with_docs(routes, https);
    let routes = routes
        .merge(webhooks::routes())
        .route("/", get(|| async { Redirect::temporary(openapi::DOCS_PATH) }));
    let guarded = guarded(routes, AnswerPolicy::api(https));
    (guarded.layer(from_fn_with_state(state.clone(), flag_leaked_key)).with_state(state), description)
}

/// What a server answers that only dials: the carrier's news, and whether it works.
pub fn router_of_a_dialer(state: HttpState) -> Router {
    let https = state.server.public_url.scheme() == "https";
    let routes = Router::new().route("/health", get(health::health)).merge(webhooks::routes());
    guarded(routes, AnswerPolicy::api(https)).with_state(state)
}

/// What needs no credential.
#[rustfmt::skip]
fn public() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(health::health))                                            // /health
        .routes(routes!(session::sign_in))                                          // /api/session
}

/// What everybody may do who was let in.
#[rustfmt::skip]
fn own_session() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(session::who, session::sign_out))                           // /api/session
}

/// What needs a credential, and for every write the role of an operator at least; handlers may ask for more.
#[rustfmt::skip]
fn api() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(campaigns::create, campaigns::list))                        // /api/campaigns
        .routes(routes!(campaigns::read, campaigns::change, campaigns::remove))     // /api/campaigns/{id}
        .routes(routes!(campaigns::launch))                                         // /api/campaigns/{id}/launch
        .routes(routes!(campaigns::pause))                                          // /api/campaigns/{id}/pause
        .routes(routes!(campaigns::resume))                                         // /api/campaigns/{id}/resume
        .routes(routes!(campaigns::figures::stats))                                 // /api/campaigns/{id}/stats
        .routes(routes!(campaigns::figures::schedule))                              // /api/campaigns/{id}/schedule
        .routes(routes!(campaigns::batches::place_next))                            // /api/campaigns/{id}/calls
        .routes(routes!(campaigns::batches::retry))                                 // /api/campaigns/{id}/retries
        .routes(routes!(campaigns::queue::list))                                    // /api/campaigns/{id}/queue
        .routes(routes!(campaigns::queue::changes::prioritise))                     // /api/campaigns/{id}/queue/priority
        .routes(routes!(campaigns::queue::changes::skip))                           // /api/campaigns/{id}/queue/skip
        .routes(routes!(campaigns::queue::changes::unskip))                         // /api/campaigns/{id}/queue/unskip
        .routes(routes!(campaigns::queue::changes::requeue))                        // /api/campaigns/{id}/queue/requeue
        .routes(routes!(campaigns::queue::changes::clear))                          // /api/campaigns/{id}/queue/clear
        .routes(routes!(campaigns::queue::changes::restore))                        // /api/campaigns/{id}/queue/restore
        .routes(routes!(campaigns::activity::list))                                 // /api/campaigns/{id}/activity
        .routes(routes!(prospects::add, prospects::list))                           // /api/campaigns/{id}/prospects
        .routes(routes!(prospects::read, prospects::change, prospects::remove))     // /api/prospects/{id}
        .routes(routes!(calls::place))                                              // /api/calls/place
        .routes(routes!(calls::list::list))                                         // /api/calls
        .routes(routes!(calls::read))                                               // /api/calls/{id}
        .routes(routes!(calls::cancel))                                             // /api/calls/{id}/cancel
        .routes(routes!(calls::resolve::resolve))                                   // /api/calls/{id}/resolve
        .routes(routes!(do_not_call::list, do_not_call::add))                       // /api/do-not-call
        .routes(routes!(do_not_call::remove))                                       // /api/do-not-call/{number}
        .routes(routes!(scripts::create, scripts::list))                            // /api/scripts
        .routes(routes!(scripts::read, scripts::change))                            // /api/scripts/{id}
        .routes(routes!(scripts::preview))                                          // /api/scripts/{id}/preview
        .routes(routes!(voices::list))                                              // /api/voices
        .routes(routes!(workspace::read, workspace::change))                        // /api/workspace
        .routes(routes!(dialing::read))                                             // /api/dialing
        .routes(routes!(dialing::stop))                                             // /api/dialing/stop
        .routes(routes!(dialing::resume))                                           // /api/dialing/resume
        .routes(routes!(dialing::confirm_clock))                                    // /api/dialing/confirm-clock
        .routes(routes!(nodes::list))                                               // /api/nodes
        .routes(routes!(incidents::list))                                           // /api/incidents
        .routes(routes!(quarantine::read))                                          // /api/quarantine
        .routes(routes!(quarantine::resume))                                        // /api/quarantine/resume
        .routes(routes!(people::users, people::create_user))                        // /api/users
        .routes(routes!(people::keys, people::create_key))                          // /api/keys
        .routes(routes!(people::revoke_key))                                        // /api/keys/{id}
}

/// Answers that go on until the reader leaves.
#[rustfmt::skip]
fn streams() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(events::stream))                                            // /api/events
}

/// What takes and gives whole files.
fn files() -> OpenApiRouter<HttpState> {
    imports::routes().layer(from_fn_with_state(FILE_DEADLINE, body_within))
}

/// Routes with small bodies, answered in one of these media types.
fn answering(types: &'static [&'static str], routes: OpenApiRouter<HttpState>) -> OpenApiRouter<HttpState> {
    routes.layer(from_fn_with_state(BODY_DEADLINE, body_within)).layer(from_fn_with_state(types, answers))
}

/// Puts the closed door around routes: nobody without a credential, no write by cookie from another site.
fn closed(state: &HttpState, routes: OpenApiRouter<HttpState>) -> OpenApiRouter<HttpState> {
    // The last layer added is the first to see a request.
    routes
        .layer(from_fn_with_state(state.server.cookie.clone(), csrf::same_origin_writes))
        .layer(from_fn_with_state(state.clone(), known_visitors))
}

/// Writes down that a key was sent in an address; the guards refused the request and left the key's hash.
async fn flag_leaked_key(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(LeakedKey(hash)) = response.extensions().get::<LeakedKey>().copied()
        && let Err(error) = state.actions.flag_leaked_key(hash).await
    {
        tracing::error!(%error, "a leaked key could not be written down");
    }
    response
}
