//! Stands between the phone network and the server, and keeps every signed request that passes, to the letter.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request of the phone network.
#[derive(Debug, Clone)]
pub struct Captured {
    path: String,
    content_type: String,
    signature: String,
    body: Bytes,
}

/// A recorder that listens; it ends with its owner.
pub struct Recorder {
    address: SocketAddr,
    tape: Arc<Tape>,
    serving: JoinHandle<()>,
}

struct Tape {
    target: OnceLock<SocketAddr>,
    captured: Mutex<Vec<Captured>>,
    http: reqwest::Client,
}

impl Recorder {
    /// Listens; tell it with [`Recorder::pass_on_to`] where the server is.
    pub async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let tape = Arc::new(Tape { target: OnceLock::new(), captured: Mutex::default(), http });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new().fallback(pass_on).with_state(tape.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { address, tape, serving }
    }

    /// The address to give to the phone network.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where requests go on to.
    pub fn pass_on_to(&self, server: SocketAddr) {
        self.tape.target.set(server).expect("once");
    }

    /// Everything that passed, in its order.
    pub fn captured(&self) -> Vec<Captured> {
        self.tape.captured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Captured {
    /// The bytes of the same request, for a connection that is kept.
    pub fn bytes(&self, host: SocketAddr) -> Vec<u8> {
        let Self { path, content_type, signature, body } = self;
        let mut bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\nX-Twilio-Signature: {signature}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

async fn pass_on(
    State(tape): State<Arc<Tape>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let captured = Captured {
        path: uri.to_string(),
        content_type: text("content-type"),
        signature: text("x-twilio-signature"),
        body,
    };
    tape.captured.lock().unwrap_or_else(PoisonError::into_inner).push(captured.clone());
    let target = tape.target.get().expect("the server is there before its first webhook");
    let request = tape.http.post(format!("http://{target}{uri}"));
    let request = request.header("content-type", captured.content_type);
    let request = request.header("x-twilio-signature", captured.signature).body(captured.body);
    match request.send().await {
        Ok(answer) => {
            let status = answer.status();
            (status, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
