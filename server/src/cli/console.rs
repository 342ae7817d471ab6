//! The console: how a command reaches the API. A running server is asked over HTTP; where none runs, the command opens
//! the data itself and asks the same routes in its own process.

mod refused;
mod server_file;

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt as _;
use url::Url;

use crate::app::Desk;
use crate::config::Settings;

pub(super) use refused::Refused;
pub(super) use server_file::ServerFile;

/// How long a server has to accept a connection, and to answer whether it is the one we look for.
const KNOCK: Duration = Duration::from_secs(2);
/// Requests without a server go nowhere, but need an address all the same.
const NOWHERE: &str = "http://localhost/";

/// A way to the API, with the rights of the owner.
pub(super) struct Console {
    client: Client,
    base: Url,
    key: SecretString,
    /// The open data, where no server runs.
    desk: Option<Desk>,
}

impl Console {
    /// Finds the server of the data folder, or opens the data.
    pub(super) async fn connect(settings: &Settings) -> anyhow::Result<Self> {
        let client = client()?;
        if let Some(ServerFile { url, key }) = ServerFile::read(&settings.data_dir)
            && let Ok(base) = Url::parse(&url)
        {
            let console = Self { client: client.clone(), base, key: key.into(), desk: None };
            if console.is_known_there().await {
                return Ok(console);
            }
        }
        let desk = Desk::open(settings).await?;
        let key = desk.console_key.clone();
        Ok(Self { client, base: Url::parse(NOWHERE)?, key, desk: Some(desk) })
    }

    /// A command never dials. Says so where no server runs that would.
    pub(super) fn say_if_nobody_dials(&self) {
        if self.desk.is_some() {
            eprintln!(
                "This is written down. No server runs on this data folder: calls are made once one does (prospectai serve)."
            );
        }
    }

    /// Asks for a thing.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> anyhow::Result<T> {
        self.read(self.request(Method::GET, path)).await
    }

    /// Asks for something to be made or done.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(Method::POST, path).json(body)).await
    }

    /// Every page of a list; `name` is the field that holds its rows.
    pub(super) async fn list(&self, path: &[&str], name: &str) -> anyhow::Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request = self.request(Method::GET, path).query(&[("limit", "200")]);
            let request = match &cursor {
                Some(cursor) => request.query(&[("cursor", cursor)]),
                None => request,
            };
            let mut page: Value = self.read(request.header("accept", "application/json")).await?;
            if let Value::Array(found) = page[name].take() {
                rows.extend(found);
            }
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Sends a request and reads the JSON of its answer.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response = self.send(request).await?;
        response
            .json()
            .await
            .context("the server's answer is not what this command expects; is it of another version?")
    }

    /// A request to a path below `/api`, each part of which is encoded.
    pub(super) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        self.client.request(method, url).bearer_auth(self.key.expose_secret())
    }

    /// Sends a request; everything but success is an error.
    pub(super) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = match &self.desk {
            Some(desk) => ask_in_process(desk, request).await?,
            None => request.send().await.with_context(|| {
                format!(
                    "the server at {} stopped answering; look at its log, then run the command again",
                    self.base
                )
            })?,
        };
        if response.status().is_success() { Ok(response) } else { Err(Refused::read(response).await.into()) }
    }

    /// Closes the data where it was opened.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self.desk {
            Some(desk) => desk.close().await,
            None => Ok(()),
        }
    }

    /// A file of a server that is gone can point to anybody: only the server that made our key knows it.
    async fn is_known_there(&self) -> bool {
        let answer = self.request(Method::GET, &["session"]).timeout(KNOCK).send().await;
        answer.is_ok_and(|answer| {
            answer.status().is_success() || answer.status() == StatusCode::SERVICE_UNAVAILABLE
        })
    }
}

async fn ask_in_process(desk: &Desk, request: RequestBuilder) -> anyhow::Result<Response> {
    let request: hyper::Request<reqwest::Body> = request.build()?.try_into()?;
    let Ok(response) = desk.router.clone().oneshot(request).await;
    Ok(response.map(|body| reqwest::Body::wrap_stream(body.into_data_stream())).into())
}

fn client() -> anyhow::Result<Client> {
    // Fails when a provider is already installed, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No proxy, no redirect, no https: the server is on this machine, and the key is for nobody else.
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(KNOCK)
        .tls_certs_only([])
        .build()
        .context("no HTTP client could be made")?;
    Ok(client)
}
