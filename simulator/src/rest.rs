//! Twilio's REST API, version 2010-04-01, as far as voice needs it, and a back door for tests. Every route is here.

mod account;
mod auth;
mod back_door;
mod calls;
mod create;
mod errors;
mod form;
mod numbers;
mod paging;
mod recordings;
mod sound;
mod time_filter;
mod view;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::network::Network;
pub(crate) use auth::Doors;
use errors::Refusal;
use wire::{Line, Wires};

/// What handlers work with.
#[derive(Clone)]
struct Desk {
    network: Arc<Network>,
    doors: Arc<Doors>,
}

/// Serves until told to close.
pub(crate) async fn serve(
    listener: TcpListener,
    network: Arc<Network>,
    doors: Doors,
    closing: CancellationToken,
) {
    let desk = Desk { network, doors: Arc::new(doors) };
    let service = router(desk).into_make_service_with_connect_info::<Line>();
    let served =
        axum::serve(Wires(listener), service).with_graceful_shutdown(closing.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the phone network stopped serving");
    }
}

fn router(desk: Desk) -> Router {
    let account = Router::new()
        .route("/Calls.json", post(calls::create).get(calls::list))
        .route("/Calls/{call}", get(calls::fetch).post(calls::update).delete(calls::delete))
        .route("/Calls/{call}/Events.json", get(calls::events))
        .route("/Calls/{call}/Recordings.json", get(recordings::of_call))
        .route("/Recordings.json", get(recordings::list))
        .route("/Recordings/{recording}", get(recordings::fetch).delete(recordings::delete))
        .route("/IncomingPhoneNumbers.json", get(account::numbers))
        .route("/OutgoingCallerIds.json", get(account::caller_ids))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(desk.clone(), auth::require));
    Router::new()
        .nest("/2010-04-01/Accounts/{account}", account)
        .route("/2010-04-01/Accounts/{account}", get(account::fetch))
        .route("/_health", get(back_door::health))
        .route("/_ledger", get(back_door::ledger))
        .route("/_alerts", get(back_door::alerts))
        .route("/_faults", post(back_door::faults))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(1 << 20))
        .layer(from_fn_with_state(desk.clone(), dated))
        .with_state(desk)
}

/// Answers name this network's time: it may be another one than the machine's.
async fn dated(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let now = desk.network.timeline.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(now) = HeaderValue::from_str(&now) {
        response.headers_mut().insert(header::DATE, now);
    }
    response
}

async fn unknown(uri: Uri) -> Refusal {
    Refusal::not_found(uri.path())
}

async fn wrong_method() -> Refusal {
    Refusal::method_not_allowed()
}

/// Two letters and 32 hex digits.
pub(crate) fn is_sid(kind: &str, text: &str) -> bool {
    text.len() == 34 && text.starts_with(kind) && text[2..].bytes().all(|b| b.is_ascii_hexdigit())
}
