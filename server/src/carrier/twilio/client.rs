//! The REST client: one that creates calls and never repeats itself, one that reads.

mod recordings;

pub use recordings::Audio;

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, redirect};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::{Host, Url};

use domain::ids::{CallId, ProspectId};
use domain::phone_number::PhoneNumber;

use super::callback_urls::{CallbackUrls, Purpose};
use super::errors::{self, NoReply, Reply};
use super::{ClientSettings, Credentials, wire};
use crate::carrier::{
    Account, CallEvent, CallList, CallSid, CarrierCall, EndAs, EndOutcome, NumberStanding, PlaceCall,
    PlaceOutcome, RedirectOutcome, RequestError,
};
use crate::clock::Uptime;

/// The first byte of a create leaves us within this time of its arming, or not at all: later, somebody else may already
/// have taken the attempt for lost. Time during which the machine itself sleeps counts.
pub const SEND_WITHIN: Duration = Duration::from_secs(5);

/// Longer answers are given up; the largest page we ask for is a fraction of it.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Nobody would ask for a longer pause in earnest.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
const PAGE_SIZE: &str = "50";
/// A number with more calls than this in the wanted time is not worth reading to the end.
const MAX_PAGES: usize = 20;

/// Twilio's REST API for one account.
#[derive(Debug)]
pub struct TwilioClient {
    creates: Client,
    reads: Client,
    api_base: Url,
    connect_timeout: Duration,
    credentials: Credentials,
    urls: CallbackUrls,
}

/// The client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No TLS, mostly for want of the system's root certificates.
    #[error(
        "the HTTPS client cannot be set up; install the system's CA certificates (package ca-certificates)"
    )]
    Tls(#[source] reqwest::Error),
    /// The API's address.
    #[error(
        "TWILIO_API_BASE must be an http or https URL without user, query or fragment, like https://api.twilio.com"
    )]
    ApiBase,
    /// A connect that outlasts the request would hide that nothing was sent.
    #[error("the connect timeout must be shorter than the request timeouts and than 5 s")]
    Timeouts,
}

impl TwilioClient {
    /// A client; connects to nothing yet.
    pub fn new(
        settings: &ClientSettings,
        credentials: Credentials,
        urls: CallbackUrls,
    ) -> Result<Self, ClientError> {
        let base = &settings.api_base;
        let plain = base.username().is_empty() && base.password().is_none();
        let bare = base.query().is_none() && base.fragment().is_none() && base.has_host();
        if !(plain && bare && matches!(base.scheme(), "http" | "https")) {
            return Err(ClientError::ApiBase);
        }
        let connect = settings.connect_timeout;
        if connect >= settings.place_timeout.min(settings.read_timeout).min(SEND_WITHIN) {
            return Err(ClientError::Timeouts);
        }
        // Fails when a provider is already installed, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .user_agent(concat!("ProspectAI/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .connect_timeout(connect)
        };
        // Without https no root certificates are needed, and a machine may have none: a simulator must work all the same.
        let builder = || if base.scheme() == "https" { builder() } else { builder().tls_certs_only([]) };
        let build = |builder: ClientBuilder| builder.build().map_err(ClientError::Tls);
        Ok(Self {
            // Without idle connections every create has a fresh one: a reused connection that dies leaves open whether
            // the request was seen, and the layer below would send it again.
            creates: build(builder().timeout(settings.place_timeout).pool_max_idle_per_host(0))?,
            reads: build(builder().timeout(settings.read_timeout))?,
            api_base: base.clone(),
            connect_timeout: connect,
            credentials,
            urls,
        })
    }

    /// The addresses this client gives to Twilio, for those who receive the callbacks.
    pub fn callback_urls(&self) -> &CallbackUrls {
        &self.urls
    }

    /// Places one call, with at most one request. `armed` is when the attempt was armed; past [`SEND_WITHIN`], less the time
    /// that connecting may take, nothing is sent.
    pub async fn place(&self, call: &PlaceCall, armed: Uptime) -> PlaceOutcome {
        let form = match wire::create_form(call, &self.urls) {
            Ok(form) => form,
            Err(error) => return PlaceOutcome::Refused(errors::refused_unsent(&error)),
        };
        let waited = armed.elapsed();
        if waited + self.connect_timeout > SEND_WITHIN {
            let why = format!("{} ms went by between arming and sending", waited.as_millis());
            return PlaceOutcome::NotSent { why };
        }
        let request = self.creates.post(self.account_url("/Calls.json"));
        errors::place_outcome(self.exchange(with_form(request, form)).await)
    }

    /// Reads one call.
    pub async fn fetch(&self, sid: &CallSid) -> Result<CarrierCall, RequestError> {
        let json = self.read(self.account_url(&format!("/Calls/{sid}.json"))).await?;
        wire::read_call(&json).ok_or_else(errors::unreadable)
    }

    /// Ends one call.
    pub async fn end(&self, sid: &CallSid, end: EndAs) -> Result<EndOutcome, RequestError> {
        let request = self.reads.post(self.account_url(&format!("/Calls/{sid}.json")));
        errors::end_outcome(self.exchange(with_form(request, wire::end_form(end))).await)
    }

    /// Has a call that is under way ask our voice address anew for what to say.
    pub async fn speak_anew(
        &self,
        sid: &CallSid,
        call: CallId,
        prospect: ProspectId,
    ) -> Result<RedirectOutcome, RequestError> {
        let request = self.reads.post(self.account_url(&format!("/Calls/{sid}.json")));
        let form = wire::redirect_form(&self.urls.url(Purpose::Voice, call, prospect));
        errors::redirect_outcome(self.exchange(with_form(request, form)).await)
    }

    /// The calls between two numbers that were created at or after `since`, newest first. There is no filter by time of
    /// creation: Twilio filters by start only, and a queued call has not started.
    pub async fn list(
        &self,
        to: &PhoneNumber,
        from: &PhoneNumber,
        since: Timestamp,
    ) -> Result<CallList, RequestError> {
        let mut url = self.account_url("/Calls.json");
        url.query_pairs_mut()
            .append_pair("To", to.as_str())
            .append_pair("From", from.as_str())
            .append_pair("PageSize", PAGE_SIZE);
        self.read_list(url, since, MAX_PAGES).await
    }

    /// Every call of the account that was created at or after `since`, newest first: for finding again what a restored
    /// database has forgotten. However long that takes.
    pub async fn list_all(&self, since: Timestamp) -> Result<CallList, RequestError> {
        let mut url = self.account_url("/Calls.json");
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        self.read_list(url, since, usize::MAX).await
    }

    async fn read_list(
        &self,
        mut url: Url,
        since: Timestamp,
        most_pages: usize,
    ) -> Result<CallList, RequestError> {
        let mut calls = Vec::new();
        for _ in 0..most_pages {
            let page = self.read(url).await?;
            for call in entries(&page, "calls")? {
                let call = wire::read_call(call).ok_or_else(errors::unreadable)?;
                if call.created_at.is_some_and(|created| created < since) {
                    return Ok(CallList { calls, complete: true });
                }
                calls.push(call);
            }
            match self.next_page(&page, "/Calls.json")? {
                Some(next) => url = next,
                None => return Ok(CallList { calls, complete: true }),
            }
        }
        Ok(CallList { calls, complete: false })
    }

    /// The requests that Twilio has noted with a call, its first page: the create is the first of them.
    pub async fn call_events(&self, sid: &CallSid) -> Result<Vec<CallEvent>, RequestError> {
        let json = self.read(self.account_url(&format!("/Calls/{sid}/Events.json"))).await?;
        Ok(entries(&json, "events")?.iter().map(wire::read_event).collect())
    }

    /// Reads the account itself: the connection test. A standard API key may not, and answers with a refusal.
    pub async fn fetch_account(&self) -> Result<Account, RequestError> {
        let reply = self.exchange(self.reads.get(self.account_url(".json"))).await;
        let answered_at = reply.as_ref().ok().and_then(|reply| reply.date);
        let json = errors::read_outcome(reply)?;
        wire::read_account(&json, answered_at).ok_or_else(errors::unreadable)
    }

    /// What a number is to the account.
    pub async fn standing_of(&self, number: &PhoneNumber) -> Result<NumberStanding, RequestError> {
        let bought = self.find_number("/IncomingPhoneNumbers.json", "incoming_phone_numbers", number).await?;
        if let Some(bought) = bought {
            let voice = wire::has_voice(&bought);
            return Ok(if voice { NumberStanding::Owned } else { NumberStanding::WithoutVoice });
        }
        let verified = self.find_number("/OutgoingCallerIds.json", "outgoing_caller_ids", number).await?;
        Ok(if verified.is_some() { NumberStanding::Verified } else { NumberStanding::Foreign })
    }

    async fn find_number(
        &self,
        list: &str,
        name: &str,
        number: &PhoneNumber,
    ) -> Result<Option<Value>, RequestError> {
        let mut url = self.account_url(list);
        // A whole number: however many the account has, at most a handful contain it, and they come on the first page.
        url.query_pairs_mut().append_pair("PhoneNumber", number.as_str()).append_pair("PageSize", "20");
        let page = self.read(url).await?;
        Ok(entries(&page, name)?.iter().find(|entry| wire::is_number(entry, number)).cloned())
    }

    /// Whether the API lives on this very machine: a phone network that simulates the carrier.
    pub fn is_on_this_machine(&self) -> bool {
        match self.api_base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether an API key signs in instead of the account's own token.
    pub fn signs_in_with_key(&self) -> bool {
        self.credentials.api_key.is_some()
    }

    async fn read(&self, url: Url) -> Result<Value, RequestError> {
        errors::read_outcome(self.exchange(self.reads.get(url)).await)
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Reply, NoReply> {
        let (user, password) = self.credentials.basic_auth();
        let request = request.basic_auth(user, Some(password.expose_secret()));
        let response = request.send().await.map_err(|error| {
            let never_left = error.is_connect() || error.is_builder();
            let why = describe(error);
            if never_left { NoReply::NotSent { why } } else { NoReply::Lost { why } }
        })?;
        read_reply(response).await
    }

    fn account_url(&self, rest: &str) -> Url {
        let mut url = self.api_base.clone();
        let prefix = self.api_base.path().trim_end_matches('/');
        url.set_path(&format!("{prefix}/2010-04-01/Accounts/{}{rest}", self.credentials.account_sid()));
        url
    }

    /// The next page's address, which must lead to where our credentials belong.
    fn next_page(&self, page: &Value, list: &str) -> Result<Option<Url>, RequestError> {
        let Some(next) = page["next_page_uri"].as_str().filter(|uri| !uri.is_empty()) else {
            return Ok(None);
        };
        let next = self.api_base.join(next).map_err(|_| errors::unreadable())?;
        let here = next.origin() == self.api_base.origin() && next.username().is_empty();
        if here && next.path() == self.account_url(list).path() {
            return Ok(Some(next));
        }
        Err(RequestError::Failed { why: "Twilio's next page lies on another address".to_owned() })
    }
}

fn with_form(request: RequestBuilder, form: String) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
}

async fn read_reply(mut response: Response) -> Result<Reply, NoReply> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let date = response.headers().get(DATE).and_then(|date| wire::read_time(date.to_str().ok()?));
    let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
    let lost = |why: String| NoReply::Lost { why: format!("HTTP {status}, but {why}") };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(describe(error)))? {
        if body.len() + chunk.len() > MAX_REPLY_BYTES {
            return Err(lost(format!("its body is longer than {MAX_REPLY_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, retry_after, date, body })
}

fn entries<'p>(page: &'p Value, name: &str) -> Result<&'p [Value], RequestError> {
    page[name].as_array().map(Vec::as_slice).ok_or_else(errors::unreadable)
}

/// The error and its causes in one line, without the address: it names the account.
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
