//! The yardstick: the same server layout, for webhooks the same check of the signature and nothing kept, for pages a text
//! that is there already.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::LazyLock;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Html;
use axum::routing::{get, post};
use prospectai::carrier::twilio::{Purpose, signature};
use prospectai::http::server::{ServerLimits, serve};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::fake_carrier::AUTH_TOKEN;
use crate::process::BARE_LISTEN;

/// As long as a page of ours with fifty rows.
static PAGE: LazyLock<String> = LazyLock::new(|| "<p>A page.</p>\n".repeat(4_000));

/// Serves until it is killed.
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the bare handler: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let address: SocketAddr = std::env::var(BARE_LISTEN)?.parse().context("not an address")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let known = Known { base: format!("http://{address}").into(), tokens: [AUTH_TOKEN.into()].into() };
        let router = Router::new()
            .route(Purpose::Status.path(), post(verify))
            .route("/page", get(|| async { Html(PAGE.as_str()) }))
            .with_state(known);
        serve(listener, router, ServerLimits::default(), CancellationToken::new()).await;
        Ok(())
    })
}

#[derive(Clone)]
struct Known {
    base: std::sync::Arc<str>,
    tokens: std::sync::Arc<[SecretString]>,
}

async fn verify(State(known): State<Known>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let url = format!("{}{uri}", known.base);
    let given = headers.get("x-twilio-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match signature::verify(&known.tokens, &url, &fields, given) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::FORBIDDEN,
    }
}
