//! Requests the phone network makes: signed, with Twilio's time limits and its retries, and only to hosts it may reach.

mod edge;
pub(crate) mod fields;
pub(crate) mod reach;
pub(crate) mod signature;
pub(crate) mod sounds;

use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response, redirect};
use url::Url;

use crate::network::alerts::Alert;
use edge::Edge;
pub(crate) use edge::Trouble;
use reach::Reach;

/// Twilio waits this long for TwiML, and a status callback with all its retries is given up after it too.
const HARD_LIMIT: Duration = Duration::from_secs(15);
/// Twilio gives up a connection that is not made by then.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Twilio follows this many redirects for TwiML.
const MOST_REDIRECTS: usize = 10;
/// Twilio reads this much TwiML.
const MOST_TWIML_BYTES: usize = 64 * 1024;

/// How Twilio sends the fields: in the body or in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

/// Fields of a callback, in no particular order.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// A callback ready to go. The URL still carries its fragment, which says how to retry.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub url: String,
    pub method: Method,
    pub fields: Fields,
    pub idempotency_token: String,
    pub bad_signature: bool,
}

/// Sends callbacks and asks for TwiML, in the account's name.
pub(crate) struct Post {
    client: Client,
    auth_token: String,
    reach: Reach,
    sounds: sounds::Kept,
}

impl Post {
    pub(crate) fn new(auth_token: String, reach: Reach) -> Result<Self, reqwest::Error> {
        // Whoever embeds us may have installed a provider already; either one will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent("TwilioProxy/1.1")
            .build()?;
        Ok(Self { client, auth_token, reach, sounds: sounds::Kept::default() })
    }

    /// Delivers a status callback, retrying as the fragment of its URL says.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<(), Alert> {
        let url = self.allowed(&delivery.url)?;
        let edge = Edge::of(url.fragment());
        let started = Instant::now();
        let mut attempt = 0;
        loop {
            let left = edge.total.saturating_sub(started.elapsed());
            let sent = self
                .request(&url, delivery.method, &delivery.fields, delivery.bad_signature)
                .header("I-Twilio-Idempotency-Token", &delivery.idempotency_token)
                .send();
            let answer = tokio::time::timeout(left.min(edge.connect + edge.read), sent).await;
            let Some(trouble) = Trouble::of(answer) else { return Ok(()) };
            let pause = Duration::from_millis(50 << attempt);
            if attempt >= edge.retries || !edge.retries_on(trouble) || started.elapsed() + pause >= edge.total
            {
                return Err(Alert::undelivered(trouble, &url));
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Asks for a document, following redirects the way Twilio does.
    pub(crate) async fn ask(
        &self,
        url: &str,
        method: Method,
        fields: &Fields,
    ) -> Result<(Url, String), Alert> {
        match tokio::time::timeout(HARD_LIMIT, self.follow(url, method, fields)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(Alert::new(11200, "the document did not arrive within 15 seconds", url)),
        }
    }

    async fn follow(&self, url: &str, method: Method, fields: &Fields) -> Result<(Url, String), Alert> {
        let mut url = self.allowed(url)?;
        let (mut method, mut fields) = (method, fields.clone());
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.request(&url, method, &fields, false).send().await;
            let answer = answer.map_err(|error| Alert::unreachable(&error, &url))?;
            if !answer.status().is_redirection() {
                return document(url, answer).await;
            }
            let location = answer.headers().get("location").and_then(|l| l.to_str().ok()).unwrap_or_default();
            let next =
                url.join(location).map_err(|_| Alert::new(11206, "redirected to no valid URL", &url))?;
            if matches!(answer.status().as_u16(), 301..=303) {
                (method, fields) = (Method::Get, Fields::new());
            }
            url = self.allowed(next.as_str())?;
        }
        Err(Alert::new(11215, "more than 10 redirects", &url))
    }

    fn request(&self, url: &Url, method: Method, fields: &Fields, bad_signature: bool) -> RequestBuilder {
        let mut target = url.clone();
        target.set_fragment(None);
        let key = if bad_signature { "not the token" } else { &self.auth_token };
        let builder = match method {
            Method::Post => {
                let signature = sign(key, &target, fields);
                let form = "application/x-www-form-urlencoded; charset=UTF-8";
                self.client
                    .post(target)
                    .header(CONTENT_TYPE, form)
                    .header("X-Twilio-Signature", signature)
                    .form(fields)
            }
            Method::Get => {
                if !fields.is_empty() {
                    target.query_pairs_mut().extend_pairs(fields);
                }
                let signature = sign(key, &target, &Fields::new());
                self.client.get(target).header("X-Twilio-Signature", signature)
            }
        };
        builder.header("Accept", "*/*")
    }

    fn allowed(&self, url: &str) -> Result<Url, Alert> {
        let parsed = Url::parse(url).map_err(|_| Alert::new(11100, "the URL is not valid", url))?;
        if self.reach.allows(&parsed) {
            Ok(parsed)
        } else {
            Err(Alert::new(11210, "this phone network may not reach that host; see its settings", url))
        }
    }
}

fn sign(token: &str, url: &Url, fields: &Fields) -> String {
    signature::sign(
        token,
        &signature::signed_form(url),
        fields.iter().map(|(name, value)| (*name, value.as_str())),
    )
}

async fn document(url: Url, mut answer: Response) -> Result<(Url, String), Alert> {
    if !answer.status().is_success() {
        return Err(Alert::new(11200, &format!("the document was refused with {}", answer.status()), &url));
    }
    let kind = answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.contains("xml") {
        return Err(Alert::new(12300, "the document is not declared as XML", &url));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Alert::unreachable(&error, &url))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_TWIML_BYTES {
            return Err(Alert::new(11750, "the document is larger than 64 kB", &url));
        }
    }
    String::from_utf8(bytes)
        .map(|text| (url.clone(), text))
        .map_err(|_| Alert::new(12100, "the document is not UTF-8", &url))
}
