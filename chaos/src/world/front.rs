//! The public address of the installation: passes webhooks on to a node that answers, and remembers each one that was
//! answered with 2xx. What it remembers must never be lost by the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::campaigns::OPT_OUT_KEY;

/// A webhook that a server answered with 2xx.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The network's name for the call.
    pub call_sid: String,
    /// What it said of the call.
    pub status: String,
    /// How long the server took.
    pub took: Duration,
}

/// What is remembered of a call on which somebody asked to be left alone.
pub const OPTED_OUT: &str = "opted_out";

/// The running front.
pub struct Front {
    /// Where the phone network sends its webhooks.
    pub address: SocketAddr,
    desk: Desk,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Desk {
    client: Client,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
    turn: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<Vec<Acknowledged>>>,
    turned_away: Arc<AtomicUsize>,
}

impl Front {
    /// Listens; there are no nodes behind it yet.
    pub async fn start() -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(1))
            .redirect(reqwest::redirect::Policy::none())
            // A connection each, so that whoever keeps connections from being taken keeps webhooks out too.
            .pool_max_idle_per_host(0)
            .build()?;
        let desk = Desk {
            client,
            nodes: Arc::default(),
            turn: Arc::default(),
            acknowledged: Arc::default(),
            turned_away: Arc::default(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass_on).with_state(desk.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the front stopped: {error}");
            }
        });
        Ok(Self { address, desk, serving })
    }

    /// The nodes that webhooks may go to, in turn.
    pub fn lead_to(&self, nodes: Vec<SocketAddr>) {
        *self.desk.nodes.lock().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    /// Every webhook that was answered with 2xx so far, in the order of the answers.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.desk.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was acknowledged so far: an older copy of the database may have forgotten it, too.
    pub fn forget(&self) {
        self.desk.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many requests got another answer, or none.
    pub fn turned_away(&self) -> usize {
        self.desk.turned_away.load(Ordering::Relaxed)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass_on(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let began = Instant::now();
    let answer = ask_a_node(&desk, method, &uri, headers, body.clone()).await;
    match &answer {
        Some(answer) if answer.status().is_success() => remember(&desk, &body, began.elapsed()),
        _ => {
            desk.turned_away.fetch_add(1, Ordering::Relaxed);
        }
    }
    answer.unwrap_or_else(|| StatusCode::BAD_GATEWAY.into_response())
}

/// The first answer of a node, whatever it is. One that cannot be connected to never saw the request.
async fn ask_a_node(
    desk: &Desk,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Option<Response> {
    headers.remove("content-length");
    headers.remove("connection");
    let nodes = desk.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let turn = desk.turn.fetch_add(1, Ordering::Relaxed);
    for nth in 0..nodes.len() {
        let node = nodes[(turn + nth) % nodes.len()];
        let request = desk.client.request(method.clone(), format!("http://{node}{target}"));
        match request.headers(headers.clone()).body(body.clone()).send().await {
            Ok(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                // An answer whose body broke off was not received.
                let body = answer.bytes().await.ok()?;
                let kind = headers.get("content-type").cloned();
                let mut response = (status, Body::from(body)).into_response();
                response.headers_mut().extend(kind.map(|kind| (axum::http::header::CONTENT_TYPE, kind)));
                return Some(response);
            }
            Err(error) if error.is_connect() => {}
            Err(_) => return None,
        }
    }
    None
}

fn remember(desk: &Desk, body: &Bytes, took: Duration) {
    let field = |name: &str| {
        form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let Some((call_sid, status)) = field("CallSid").zip(field("CallStatus")) else { return };
    // A question what to say tells no time, so it leaves none; what it tells is the key that was pressed.
    let status = match (field("Timestamp"), field("Digits")) {
        (Some(_), _) => status,
        (None, Some(keys)) if keys.contains(OPT_OUT_KEY) => OPTED_OUT.to_owned(),
        (None, _) => return,
    };
    let acknowledged = Acknowledged { call_sid, status, took };
    desk.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(acknowledged);
}
