//! Every address of the server on one page.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{
    account, calls, campaigns, dialing, do_not_call, events, imports, incidents, nodes, people, prospects,
    quarantine, recordings, scripts, session, telephone, transcripts, voices, workspace,
};
use super::auth::{known_visitors, operators_write};
use super::middleware::{
    AnswerPolicy, BODY_DEADLINE, LeakedKey, answer_headers, answers, body_within, guarded,
};
use super::pages::feed::Feeds;
use super::pages::{
    call, calls as calls_page, campaign, campaigns as campaigns_page, changes,
    do_not_call as do_not_call_page, frame, home, import as import_page, live, prospect, reports, settings,
    sign_in, welcome,
};
use super::state::HttpState;
use super::{assets, csrf, health, openapi, policy_reports, webhooks};

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
        .merge(closed(&state, answering(&["audio/wav"], sounds())))
        // Files are large: imports have their own limit and their own time.
        .merge(closed(&state, files().layer(from_fn(operators_write))));
    let (routes, description) = openapi::with_docs(routes, https);
    let routes =
        routes.merge(webhooks::routes()).merge(pages(&state, https)).merge(assets()).merge(reports());
    let guarded = guarded(routes, AnswerPolicy::api(https))
        .layer(from_fn_with_state(state.clone(), frame::for_lost_browsers));
    (guarded.layer(from_fn_with_state(state.clone(), flag_leaked_key)).with_state(state), description)
}

/// What people see, and what they do there.
fn pages(state: &HttpState, https: bool) -> Router<HttpState> {
    let shown = shown();
    let feeds = Feeds::new(shown.clone().with_state(state.clone()));
    let changes = Router::new()
        .route("/changes", get(changes::stream))
        .layer(Extension(feeds))
        .layer(from_fn_with_state(state.server.cookie.clone(), csrf::same_origin_writes))
        .layer(from_fn_with_state(state.clone(), known_visitors));
    let team = framed(state, shown).layer(from_fn(operators_write));
    let inside = let_in(state, team.merge(framed(state, own())));
    let door = Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/welcome", get(welcome::show).post(welcome::make_owner))
        .layer(from_fn_with_state(state.server.cookie.clone(), csrf::our_forms_only));
    let inside = inside
        .merge(door)
        .layer(from_fn_with_state(state.clone(), frame::door))
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn_with_state(BODY_DEADLINE, body_within));
    let sent_files = let_in(state, framed(state, sent_files()).layer(from_fn(operators_write)))
        .layer(from_fn_with_state(state.clone(), frame::door))
        .layer(from_fn_with_state(FILE_DEADLINE, body_within));
    inside
        .merge(sent_files)
        .merge(changes)
        .layer(from_fn_with_state(AnswerPolicy::pages(https), answer_headers))
}

fn framed(state: &HttpState, pages: Router<HttpState>) -> Router<HttpState> {
    pages.layer(from_fn_with_state(state.clone(), frame::framed))
}

fn let_in(state: &HttpState, pages: Router<HttpState>) -> Router<HttpState> {
    // The last layer added is the first to see a request.
    pages
        .layer(from_fn_with_state(state.server.cookie.clone(), csrf::same_origin_writes))
        .layer(from_fn_with_state(state.clone(), known_visitors))
}

/// Forms that whole files come with. They have their own limit and their own time.
fn sent_files() -> Router<HttpState> {
    Router::new()
        .route("/campaigns/{id}/import", post(campaign::import::send))
        .route("/do-not-call/import", post(do_not_call_page::import::send))
        .layer(DefaultBodyLimit::disable())
}

/// Pages for people who were let in. Every write asks for the role of an operator at least; handlers may ask for more.
#[rustfmt::skip]
fn shown() -> Router<HttpState> {
    Router::new()
        .route("/", get(home::show))
        .route("/welcome/next", get(welcome::next))
        .route("/welcome/example", post(welcome::example))
        .route("/live", get(live::show))
        .route("/live/stop", post(live::stop))
        .route("/live/resume", post(live::resume))
        .route("/live/resume-from-quarantine", post(live::resume_from_quarantine))
        .route("/campaigns", get(campaigns_page::show))
        .route("/campaigns/new", get(campaign::edit::ask).post(campaign::edit::create))
        .route("/campaigns/{id}", get(campaign::calls::show))
        .route("/campaigns/{id}/calls.csv", get(campaign::calls::export))
        .route("/campaigns/{id}/launch", get(campaign::moves::before_launch).post(campaign::moves::launch))
        .route("/campaigns/{id}/pause", post(campaign::moves::pause))
        .route("/campaigns/{id}/resume", post(campaign::moves::resume))
        .route("/campaigns/{id}/remove", post(campaign::moves::remove))
        .route("/campaigns/{id}/prospects", get(campaign::prospects::show))
        .route("/campaigns/{id}/prospects/new", get(campaign::prospects::ask).post(campaign::prospects::add))
        .route("/campaigns/{id}/import", get(campaign::import::ask))
        .route("/campaigns/{id}/import/columns", get(campaign::import::columns::show).post(campaign::import::columns::decide))
        .route("/imports/{id}", get(import_page::show))
        .route("/imports/{id}/undo", get(import_page::before_undo).post(import_page::undo))
        .route("/campaigns/{id}/queue", get(campaign::queue::show).post(campaign::queue::change))
        .route("/campaigns/{id}/queue/place", post(campaign::queue::place_next))
        .route("/campaigns/{id}/queue/requeue", post(campaign::queue::requeue))
        .route("/campaigns/{id}/queue/clear", post(campaign::queue::clear))
        .route("/campaigns/{id}/queue/restore", post(campaign::queue::restore))
        .route("/campaigns/{id}/schedule", get(campaign::schedule::show))
        .route("/campaigns/{id}/message", get(campaign::message::show).post(campaign::message::save))
        .route("/campaigns/{id}/experiment", post(campaign::experiment::start))
        .route("/campaigns/{id}/experiment/end", post(campaign::experiment::end))
        .route("/campaigns/{id}/settings", get(campaign::edit::show).post(campaign::edit::save))
        .route("/campaigns/{id}/activity", get(campaign::activity::show))
        .route("/prospects/{id}", get(prospect::show))
        .route("/prospects/{id}/edit", get(prospect::edit).post(prospect::change))
        .route("/prospects/{id}/place", post(prospect::place))
        .route("/prospects/{id}/requeue", post(prospect::requeue))
        .route("/prospects/{id}/skip", post(prospect::skip))
        .route("/prospects/{id}/unskip", post(prospect::unskip))
        .route("/prospects/{id}/do-not-call", post(prospect::do_not_call))
        .route("/prospects/{id}/remove", post(prospect::remove))
        .route("/calls", get(calls_page::show))
        .route("/calls/{id}", get(call::show))
        .route("/calls/{id}/end", post(call::end))
        .route("/calls/{id}/resolve", post(call::resolve))
        .route("/recordings/{id}/fetch", post(call::recordings::fetch_again))
        .route("/recordings/{id}/delete", post(call::recordings::remove))
        .route("/do-not-call", get(do_not_call_page::show).post(do_not_call_page::add))
        .route("/do-not-call/import", get(do_not_call_page::import::ask))
        .route("/do-not-call/remove", post(do_not_call_page::remove))
        .route("/do-not-call.csv", get(do_not_call_page::export))
        .route("/reports", get(reports::show))
        .route("/settings", get(settings::telephone::show))
        .route("/settings/limits", post(settings::telephone::save_limits))
        .route("/settings/telephone/test", post(settings::telephone::test))
        .route("/settings/users", get(settings::users::show).post(settings::users::add))
        .route("/settings/users/{id}/role", post(settings::users::change_role))
        .route("/settings/users/{id}/password", post(settings::users::reset_password))
        .route("/settings/users/{id}/disable", post(settings::users::disable))
        .route("/settings/users/{id}/enable", post(settings::users::enable))
        .route("/settings/keys", get(settings::keys::show).post(settings::keys::add))
        .route("/settings/keys/{id}/revoke", post(settings::keys::revoke))
        .route("/settings/servers", get(settings::servers::show))
        .route("/settings/servers/confirm-clock", post(settings::servers::confirm_clock))
}

/// What everybody may see and do who was let in: their own account.
#[rustfmt::skip]
fn own() -> Router<HttpState> {
    Router::new()
        .route("/sign-out", post(sign_in::leave))
        .route("/settings/account", get(settings::account::show))
        .route("/settings/account/password", post(settings::account::change_password))
        .route("/settings/account/sessions/{id}/end", post(settings::account::end_session))
        .route("/settings/account/sessions/end-others", post(settings::account::end_other_sessions))
}

/// What pages are dressed in.
fn assets() -> Router<HttpState> {
    Router::new()
        .route("/assets/{name}", get(assets::read))
        .route("/favicon.ico", get(assets::icon))
        .layer(CompressionLayer::new().gzip(true))
}

/// Where browsers say what our content policy kept from running. They send no credential with it.
fn reports() -> Router<HttpState> {
    Router::new()
        .route("/api/policy-reports", post(policy_reports::take))
        .layer(DefaultBodyLimit::max(policy_reports::LONGEST))
        .layer(from_fn_with_state(BODY_DEADLINE, body_within))
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
        .routes(routes!(account::change_password))                                  // /api/session/password
        .routes(routes!(account::sessions, account::end_others))                    // /api/sessions
        .routes(routes!(account::end))                                              // /api/sessions/{id}
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
        .routes(routes!(campaigns::holds::holds))                                   // /api/campaigns/{id}/holds
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
        .routes(routes!(campaigns::experiment::start, campaigns::experiment::read)) // /api/campaigns/{id}/experiment
        .routes(routes!(campaigns::experiment::end))                                // /api/campaigns/{id}/experiment/end
        .routes(routes!(campaigns::experiment::list))                               // /api/campaigns/{id}/experiments
        .routes(routes!(imports::undo))                                             // /api/imports/{id}/undo
        .routes(routes!(prospects::add, prospects::list))                           // /api/campaigns/{id}/prospects
        .routes(routes!(prospects::read, prospects::change, prospects::remove))     // /api/prospects/{id}
        .routes(routes!(calls::place))                                              // /api/calls/place
        .routes(routes!(calls::list::list))                                         // /api/calls
        .routes(routes!(calls::read))                                               // /api/calls/{id}
        .routes(routes!(calls::cancel))                                             // /api/calls/{id}/cancel
        .routes(routes!(calls::resolve::resolve))                                   // /api/calls/{id}/resolve
        .routes(routes!(recordings::list))                                          // /api/recordings
        .routes(routes!(recordings::read, recordings::remove))                      // /api/recordings/{id}
        .routes(routes!(recordings::fetch_again))                                   // /api/recordings/{id}/fetch
        .routes(routes!(transcripts::of_call))                                      // /api/calls/{id}/transcripts
        .routes(routes!(transcripts::list))                                         // /api/transcripts
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
        .routes(routes!(telephone::test))                                           // /api/telephone/test
        .routes(routes!(people::users, people::create_user))                        // /api/users
        .routes(routes!(people::change_user))                                       // /api/users/{id}
        .routes(routes!(people::keys, people::create_key))                          // /api/keys
        .routes(routes!(people::revoke_key))                                        // /api/keys/{id}
}

/// Answers that go on until the reader leaves.
#[rustfmt::skip]
fn streams() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(events::stream))                                            // /api/events
}

/// What people hear.
#[rustfmt::skip]
fn sounds() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(recordings::audio::hear))                                   // /api/recordings/{id}/audio
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
