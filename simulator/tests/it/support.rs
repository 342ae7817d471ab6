//! A phone network and the web server it calls back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use simulator::{AnswerModel, Outcome, Settings, Simulator, Timeline};
use tokio::sync::watch;

pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub const TOKEN: &str = "a token only tests know";
pub const FROM: &str = "+15005550006";
pub const TO: &str = "+14155550123";

pub const ALL_EVENTS: [(&str, &str); 4] = [
    ("StatusCallbackEvent", "initiated"),
    ("StatusCallbackEvent", "ringing"),
    ("StatusCallbackEvent", "answered"),
    ("StatusCallbackEvent", "completed"),
];

/// Settings that differ from the defaults by a fixed start, a fast clock, a fast pace and people who talk for 30 s.
pub fn settings() -> Settings {
    let mut settings = Settings::new(ACCOUNT, TOKEN);
    settings.timeline = at_speed(600.0);
    settings.calls_per_second = 1_000.0;
    settings.answers = AnswerModel::always(Outcome::Human { talk_seconds: 30 });
    settings
}

pub fn at_speed(speed: f64) -> Timeline {
    Timeline::new("2026-03-02T15:00:00Z".parse().unwrap(), Instant::now(), speed)
}

/// One request the phone network made.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: Method,
    pub path: String,
    pub url: String,
    pub fields: HashMap<String, String>,
    pub token: Option<String>,
    pub signature_holds: bool,
}

impl Heard {
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("(missing)", String::as_str)
    }
}

pub struct World {
    pub phones: Simulator,
    pub web: Web,
    pub http: reqwest::Client,
}

impl World {
    pub async fn start(settings: Settings) -> Self {
        let web = Web::start().await;
        let phones = Simulator::start(settings).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { phones, web, http }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/2010-04-01/Accounts/{ACCOUNT}/{path}", self.phones.base_url())
    }

    /// Calls `TO` with a sentence of four seconds and whatever else is given.
    pub async fn call(&self, more: &[(&str, &str)]) -> Value {
        let twiml =
            "<Response><Say>This sentence is sixty letters long, as can be counted here.</Say></Response>";
        let mut fields = vec![("From", FROM)];
        if !more.iter().any(|(name, _)| *name == "To") {
            fields.push(("To", TO));
        }
        if !more.iter().any(|(name, _)| matches!(*name, "Url" | "Twiml")) {
            fields.push(("Twiml", twiml));
        }
        fields.extend_from_slice(more);
        let (status, body) = self.post("Calls.json", &fields).await;
        assert_eq!(status, 201, "{body}");
        body
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let request = self.http.post(self.url(path)).basic_auth(ACCOUNT, Some(TOKEN)).form(fields);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(self.url(path)).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A URL that starts with the server's root, such as a `next_page_uri`.
    pub async fn get_uri(&self, uri: &str) -> Value {
        let url = format!("{}{uri}", self.phones.base_url());
        self.http.get(url).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn fetch(&self, call: &Value) -> Value {
        self.get(&format!("Calls/{}.json", sid(call))).await.1
    }

    pub async fn alert_codes(&self) -> Vec<String> {
        let alerts = self.get_uri("/_alerts").await;
        let codes = alerts["alerts"].as_array().unwrap().iter();
        codes.map(|alert| alert["error_code"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn sid(call: &Value) -> &str {
    call["sid"].as_str().unwrap()
}

/// A web server that remembers what it is asked and answers as told; 204 where nothing is told.
#[derive(Clone)]
pub struct Web {
    base: String,
    heard: watch::Sender<Vec<Heard>>,
    answers: Arc<Mutex<HashMap<String, Answers>>>,
}

type Answers = Vec<(StatusCode, &'static str, String)>;

impl Web {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let web = Self { base, heard: watch::Sender::new(Vec::new()), answers: Arc::default() };
        let router = Router::new().fallback(hear).with_state(web.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        web
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Answers `path` with TwiML; several answers are given one after the other, the last for ever.
    pub fn says(&self, path: &str, twiml: &str) {
        self.answers(path, StatusCode::OK, "text/xml", twiml);
    }

    pub fn answers(&self, path: &str, status: StatusCode, kind: &'static str, body: &str) {
        let mut answers = self.answers.lock().unwrap();
        answers.entry(path.to_owned()).or_default().push((status, kind, body.to_owned()));
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.borrow().clone()
    }

    pub fn heard_at(&self, path: &str) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.path == path).collect()
    }

    pub fn statuses_at(&self, path: &str) -> Vec<String> {
        self.heard_at(path).iter().map(|heard| heard.field("CallStatus").to_owned()).collect()
    }

    /// Waits until something was heard that fits.
    pub async fn until(&self, fits: impl Fn(&Heard) -> bool) {
        self.heard.subscribe().wait_for(|all| all.iter().any(&fits)).await.unwrap();
    }

    fn answer(&self, path: &str) -> Response {
        let mut answers = self.answers.lock().unwrap();
        let Some(left) = answers.get_mut(path) else { return StatusCode::NO_CONTENT.into_response() };
        let (status, kind, body) = if left.len() > 1 { left.remove(0) } else { left[0].clone() };
        if status.is_redirection() {
            return (status, [(header::LOCATION, body)]).into_response();
        }
        (status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

async fn hear(State(web): State<Web>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let url = format!("{}{uri}", web.base);
    let posted: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let asked = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned();
    let signature =
        simulator::sign(TOKEN, &url, posted.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let heard = Heard {
        method,
        path: uri.path().to_owned(),
        signature_holds: header("x-twilio-signature") == Some(signature),
        token: header("i-twilio-idempotency-token"),
        url,
        fields: asked.chain(posted).collect(),
    };
    let answer = web.answer(uri.path());
    web.heard.send_modify(|all| all.push(heard));
    answer
}
