//! The server's public API, asked like any client would.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::stream;
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::maybe_instant;

/// How long a client goes on asking while servers come and go.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest that a file may take.
const UPLOAD: Duration = Duration::from_secs(600);

/// A client with a key.
#[derive(Clone)]
pub struct Api {
    client: Client,
    key: String,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
}

/// A call as the API shows it, as far as judging needs it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Whose it is.
    pub campaign_id: String,
    /// The number.
    pub to_number: String,
    /// The how-many-eth attempt.
    pub attempt: u32,
    /// The network's name for it.
    pub twilio_call_sid: Option<String>,
    /// Where it stands.
    pub status: String,
    /// What the person did.
    pub reaction: Option<String>,
    /// When what happened.
    pub timeline: Timeline,
}

/// When what happened to a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// Committed to be sent.
    #[serde(deserialize_with = "maybe_instant")]
    pub armed_at: Option<jiff::Timestamp>,
    /// Dialing began.
    pub initiated_at: Option<String>,
    /// It rang.
    pub ringing_at: Option<String>,
    /// It was picked up.
    pub answered_at: Option<String>,
    /// It was over.
    pub ended_at: Option<String>,
}

impl Api {
    /// Asks these nodes.
    pub fn new(key: String, nodes: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            .connect_timeout(Duration::from_secs(1))
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, key, nodes: Arc::new(Mutex::new(nodes)) })
    }

    /// The same with other nodes.
    pub fn by_way_of(&self, nodes: Vec<SocketAddr>) -> anyhow::Result<Self> {
        Self::new(self.key.clone(), nodes)
    }

    /// The key, for clients of another kind.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.until_answered(|base| self.client.get(format!("{base}{path}"))).await
    }

    /// Writes; repeated while nobody answers, so only what may be done twice belongs here once faults began.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.until_answered(|base| self.client.request(method.clone(), format!("{base}{path}")).json(body))
            .await
    }

    /// Imports people into a campaign and waits until they are there.
    pub async fn import(&self, campaign: &str, numbers: &[String]) -> anyhow::Result<()> {
        let rows = numbers.iter().enumerate().map(|(nth, number)| format!("Person {nth},{number}\n"));
        let file = format!("firstName,phone\n{}", rows.collect::<String>());
        let path = format!("/api/campaigns/{campaign}/imports?wait=true");
        let done = self
            .until_answered(|base| {
                let request = self.client.post(format!("{base}{path}")).timeout(Duration::from_secs(300));
                request.header("content-type", "text/csv").body(file.clone())
            })
            .await?;
        if done["added"].as_u64() != Some(numbers.len() as u64) {
            bail!("not every number was taken: {done}");
        }
        Ok(())
    }

    /// Every call, newest first, or only those made since an instant.
    pub async fn calls(&self, since: Option<jiff::Timestamp>) -> anyhow::Result<Vec<Call>> {
        let mut calls = Vec::new();
        let mut path = match since {
            Some(since) => format!("/api/calls?limit=200&from={since}"),
            None => "/api/calls?limit=200".to_owned(),
        };
        let first = path.clone();
        loop {
            let mut page = self.get(&path).await?;
            calls.extend(serde_json::from_value::<Vec<Call>>(page["calls"].take())?);
            match page["nextCursor"].as_str() {
                Some(cursor) => path = format!("{first}&cursor={cursor}"),
                None => return Ok(calls),
            }
        }
    }

    /// Sends a file as it comes, in pieces and without its length, and waits until it is imported: the status and the
    /// answer, whatever they are.
    pub async fn upload(
        &self,
        campaign: &str,
        pieces: impl Iterator<Item = Vec<u8>> + Send + Sync + 'static,
    ) -> anyhow::Result<(u16, Value)> {
        let node = self.nodes.lock().unwrap_or_else(PoisonError::into_inner)[0];
        let url = format!("http://{node}/api/campaigns/{campaign}/imports?wait=true");
        let body = reqwest::Body::wrap_stream(stream::iter(pieces.map(Ok::<_, Infallible>)));
        let request =
            self.client.post(url).bearer_auth(&self.key).timeout(UPLOAD).header("content-type", "text/csv");
        let answer = request.body(body).send().await.context("the file was not answered")?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    async fn until_answered(&self, request: impl Fn(&str) -> RequestBuilder) -> anyhow::Result<Value> {
        let began = Instant::now();
        let mut turn = 0;
        loop {
            let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let node = nodes[turn % nodes.len()];
            turn += 1;
            let answer = request(&format!("http://{node}")).bearer_auth(&self.key).send().await;
            match answer {
                Ok(answer) if answer.status().is_success() => {
                    let body = answer.bytes().await?;
                    return Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? });
                }
                // Not now; the next node or the next moment may do.
                Ok(answer) if answer.status().is_server_error() && began.elapsed() < PATIENCE => {}
                Ok(answer) => {
                    bail!("the API answered {}: {}", answer.status(), answer.text().await.unwrap_or_default())
                }
                Err(_) if began.elapsed() < PATIENCE => {}
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
