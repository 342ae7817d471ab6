//! How any of the services is asked: one address, one key, bounds on time and size, and no way around them.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::ServiceError;

/// DNS, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nobody would ask for a longer pause in earnest.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// The most of a refusal that anybody reads.
const MOST_REFUSAL_BYTES: usize = 64 * 1024;
const MOST_REFUSAL_LETTERS: usize = 300;
/// Reads are free and change nothing, so one that failed is asked again so many times.
const MORE_READS: usize = 2;

/// Where a service lives: https, or any scheme on this very machine; without a user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAddress(Url);

/// An address that would send a key where it does not belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an https address without user, query or fragment is needed; http only leads to this machine")]
pub struct InvalidAddress;

/// There is no TLS, mostly for want of the system's root certificates.
#[derive(Debug, thiserror::Error)]
#[error("the HTTPS client cannot be set up; install the system's CA certificates (package ca-certificates)")]
pub struct NoHttps(#[source] reqwest::Error);

impl ServiceAddress {
    /// Checks an address of the configuration.
    ///
    /// # Errors
    /// [`InvalidAddress`].
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let url = Url::parse(text).map_err(|_| InvalidAddress)?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
        if plain && bare && safe && url.has_host() { Ok(Self(url)) } else { Err(InvalidAddress) }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What opens a service, and how it wants to be told.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// The header and what stands before the key in it.
    pub header: (HeaderName, &'static str),
    pub secret: SecretString,
    /// The setting, for whoever has to look at it.
    pub setting: &'static str,
}

/// The way to one service.
#[derive(Debug)]
pub(super) struct Door {
    client: Client,
    address: ServiceAddress,
    key: Key,
    pub service: &'static str,
}

/// A complete answer.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A request before its key is put in.
pub(super) struct Question<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    /// Content type and content.
    pub body: Option<(String, Vec<u8>)>,
    /// The whole of it, connecting included.
    pub within: Duration,
    /// A longer answer is given up.
    pub most_bytes: usize,
}

impl Door {
    /// Connects to nothing yet.
    pub(super) fn new(service: &'static str, address: ServiceAddress, key: Key) -> Result<Self, NoHttps> {
        // Fails when a provider is already installed, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("ProspectAI/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT);
        // Without https no root certificates are needed, and a machine may have none.
        let builder =
            if address.0.scheme() == "https" { builder.https_only(true) } else { builder.tls_certs_only([]) };
        Ok(Self { client: builder.build().map_err(NoHttps)?, address, key, service })
    }

    /// Asks once.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, ServiceError> {
        let response = self.request(question).send().await.map_err(|error| self.not_answered(error))?;
        self.read(response, question.most_bytes).await
    }

    /// Asks something that is free and changes nothing: again, when there was no whole answer.
    pub(super) async fn look(&self, question: &Question<'_>) -> Result<Answer, ServiceError> {
        for _ in 0..MORE_READS {
            match self.ask(question).await {
                Ok(answer) if answer.status < 500 => return Ok(answer),
                Err(ServiceError::Unusable { service, why }) => {
                    return Err(ServiceError::Unusable { service, why });
                }
                _ => {}
            }
        }
        self.ask(question).await
    }

    fn request(&self, question: &Question<'_>) -> RequestBuilder {
        let mut url = self.address.0.clone();
        url.set_path(&format!("{}{}", self.address.0.path().trim_end_matches('/'), question.path));
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(question.query);
        }
        let (name, before) = &self.key.header;
        let request = self.client.request(question.method.clone(), url).timeout(question.within);
        // A key with bytes that no header can carry opens nothing, and the service will say so.
        let value = HeaderValue::from_str(&format!("{before}{}", self.key.secret.expose_secret()));
        let request = match value {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(name, value)
            }
            Err(_) => request,
        };
        match &question.body {
            Some((content_type, body)) => request.header(CONTENT_TYPE, content_type).body(body.clone()),
            None => request,
        }
    }

    async fn read(&self, mut response: Response, most_bytes: usize) -> Result<Answer, ServiceError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let good = response.status().is_success();
        let most = if good { most_bytes } else { MOST_REFUSAL_BYTES };
        let mut body = Vec::new();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                // The status of a refusal says enough.
                Err(_) if !good => break,
                Err(error) => {
                    return Err(self.lost(format!("HTTP {status}, but {}", describe(error))));
                }
            };
            if body.len() + chunk.len() > most {
                return Err(self.unusable("it is longer than anything that was asked for"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    fn not_answered(&self, error: reqwest::Error) -> ServiceError {
        let never_left = error.is_connect() || error.is_builder();
        let why = describe(error);
        if never_left { ServiceError::Unreachable { service: self.service, why } } else { self.lost(why) }
    }

    /// What an answer that is no success means. `used_up` says whether the service's word for it means its quota; `code`
    /// and `message` are its words.
    pub(super) fn refusal(
        &self,
        answer: &Answer,
        used_up: bool,
        code: Option<&str>,
        message: Option<&str>,
    ) -> ServiceError {
        let service = self.service;
        match answer.status {
            401..=403 | 429 if used_up => ServiceError::Quota { service },
            402 => ServiceError::Quota { service },
            // What the service says here may repeat parts of the key.
            401 | 403 => ServiceError::Key { service, setting: self.key.setting },
            429 => ServiceError::Busy { service, retry_after: retry_after(&answer.headers) },
            300..=399 => self.refused("its address leads to another one, which would get the key. Correct the address in the settings"),
            413 => self.refused("it takes no file of this size"),
            400..=499 => match (code, message) {
                (_, Some(message)) => self.refused(&self.without_key(message)),
                (Some(code), None) => self.refused(&self.without_key(code)),
                (None, None) => self.refused(&format!("HTTP {}", answer.status)),
            },
            status => self.lost(format!("HTTP {status}")),
        }
    }

    pub(super) fn refused(&self, why: &str) -> ServiceError {
        ServiceError::Refused { service: self.service, why: why.to_owned() }
    }

    pub(super) const fn unusable(&self, why: &'static str) -> ServiceError {
        ServiceError::Unusable { service: self.service, why }
    }

    const fn lost(&self, why: String) -> ServiceError {
        ServiceError::Lost { service: self.service, why }
    }

    /// One line, not too long, in which the key does not stand.
    fn without_key(&self, text: &str) -> String {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let key = self.key.secret.expose_secret();
        let line = if key.is_empty() { line } else { line.replace(key, "…") };
        line.chars().take(MOST_REFUSAL_LETTERS).collect()
    }
}

impl Answer {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// A header of text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// The error and its causes in one line, without the address.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_over_https_or_stays_on_this_machine() {
        for good in [
            "https://api.elevenlabs.io",
            "https://a.example/v1",
            "http://127.0.0.1:9/v1",
            "http://localhost:9",
            "http://[::1]:9",
        ] {
            assert!(ServiceAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.elevenlabs.io",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "https://user@a.example",
            "https://a.example/?key=1",
            "https://a.example/#a",
            "ftp://127.0.0.1",
            "a.example",
            "",
        ] {
            assert_eq!(ServiceAddress::parse(bad), Err(InvalidAddress), "{bad}");
        }
    }
}
