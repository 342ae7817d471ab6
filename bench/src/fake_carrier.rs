//! A carrier that takes every call at once and never sends news: what placing costs us, not the network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The account whose calls it takes.
pub const ACCOUNT_SID: &str = "AC00000000000000000000000000000001";
/// Signs what it would send.
pub const AUTH_TOKEN: &str = "the-token-of-a-measurement";

/// A running fake; stops when dropped.
pub struct FakeCarrier {
    /// Where it listens.
    pub address: SocketAddr,
    taken: Arc<watch::Sender<usize>>,
    serving: JoinHandle<()>,
}

impl FakeCarrier {
    /// Starts one on a port of this machine.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let taken = Arc::new(watch::Sender::new(0));
        let path = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json");
        let router = Router::new().route(&path, post(take)).with_state(taken.clone());
        let serving = tokio::spawn(async move {
            // It ends with the measurement; what it could say then interests nobody.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, taken, serving })
    }

    /// Waits until it has taken this many calls, but not longer than `patience`; how many it has taken.
    pub async fn taken(&self, wanted: usize, patience: Duration) -> usize {
        let mut taken = self.taken.subscribe();
        // Too few are an answer too.
        let _ = timeout(patience, taken.wait_for(|taken| *taken >= wanted)).await;
        *self.taken.borrow()
    }
}

impl Drop for FakeCarrier {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(taken): State<Arc<watch::Sender<usize>>>,
    Form(order): Form<Vec<(String, String)>>,
) -> (StatusCode, Json<Value>) {
    let field = |name: &str| order.iter().find(|(it, _)| it == name).map(|(_, value)| value);
    let mut number = 0;
    taken.send_modify(|taken| {
        *taken += 1;
        number = *taken;
    });
    let sid = format!("CA{:032x}", (1_u64 << 44) + number as u64);
    let body = json!({ "sid": sid, "status": "queued", "to": field("To"), "from": field("From"), "queue_time": "0" });
    (StatusCode::CREATED, Json(body))
}
