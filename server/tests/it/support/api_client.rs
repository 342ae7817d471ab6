//! The HTTP API on an empty database, called without a network, with a clock that stands until it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response};
use domain::ids::{WorkspaceId, time_ordered_uuid};
use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use prospectai::actions::nodes::Membership;
use prospectai::actions::users::Role;
use prospectai::actions::{Actions, Actor, Installation};
use prospectai::carrier::twilio::CallbackUrls;
use prospectai::clock::Clock;
use prospectai::credentials::{ApiKey, SessionCookie};
use prospectai::http::query::CursorKey;
use prospectai::http::router;
use prospectai::http::state::{HttpParts, HttpState, ServerFacts};
use prospectai::live::Live;
use prospectai::media::{MediaPlace, MediaStore, PublicUrls};
use prospectai::store::nodes::NodeRole;
use prospectai::store::{Location, Store, StoreError};
use prospectai::wake::Wake;
use secrecy::{ExposeSecret, SecretBox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use url::Url;
use utoipa::openapi::OpenApi;

use super::bare::random_node;
use super::postgres::fresh_database;

/// A Monday, ten in the morning in New York: the default window is open.
pub const MONDAY_MORNING: &str = "2026-03-02T15:00:00Z";

/// What the API stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// Both, for tests whose answer must not depend on it.
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// The API, ready to be asked.
pub struct TestApi {
    pub state: HttpState,
    pub clock: Clock,
    pub description: OpenApi,
    router: Router,
    workspace: WorkspaceId,
    console: String,
    next_number: AtomicU32,
    _folder: Option<TempDir>,
    _media: TempDir,
}

impl TestApi {
    /// On a new, empty database.
    pub async fn on(database: Database) -> Self {
        let (location, folder) = match database {
            Database::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder");
                (Location::Folder(folder.path().to_owned()), Some(folder))
            }
            Database::Postgres => (Location::Postgres(fresh_database().await), None),
        };
        Self::at(location, folder).await
    }

    /// On the new, empty database at this place.
    pub async fn at(location: Location, folder: Option<TempDir>) -> Self {
        Self::at_url(location, folder, "https://calls.example.net").await
    }

    /// On a new, empty database, reached at this address.
    pub async fn behind(public_url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::at_url(Location::Folder(folder.path().to_owned()), Some(folder), public_url).await
    }

    async fn at_url(location: Location, folder: Option<TempDir>, public_url: &str) -> Self {
        let store = Store::open(&location).await.expect("open the database");
        let clock = Clock::settable(MONDAY_MORNING.parse().expect("a time"));
        let installation = Installation {
            caller_id: Some(number("+14155550100")),
            // The clock stands: with the usual pace only one call would ever start.
            pacing: Pacing::new(10_000.0, 100_000).expect("a pace"),
            ..Installation::of(random_node())
        };
        let actions = Actions::new(store, clock.clone(), Wake::default(), Live::new("test"), installation);
        let (workspace, _) = actions.first_workspace().await.expect("a workspace");
        let membership =
            Membership::of(NodeRole::All, "test".to_owned(), Duration::from_secs(600), &actions.clock);
        actions.join(membership).await.expect("join");
        let console = ApiKey::generate([9; 32]);
        let public_url = Url::parse(public_url).expect("a URL");
        let server = ServerFacts {
            cookie: SessionCookie::for_public_url(&public_url),
            cursor_key: CursorKey::new([7; 32]),
            callback_urls: CallbackUrls::new(public_url.as_str(), SecretBox::new(Box::new([7; 32])))
                .expect("callback addresses"),
            public_sounds: Arc::new(PublicUrls::new(&public_url, SecretBox::new(Box::new([7; 32])))),
            public_url,
            setup_code: "test".to_owned().into(),
            webhook_tokens: Vec::new(),
            account_sid: format!("AC{}", "0".repeat(32)),
            console_key: console.hash,
            simulation: true,
            allow_http_audio: false,
            recordings_keep_days: 90,
            voices: Default::default(),
        };
        let media_folder = tempfile::tempdir().expect("a folder");
        let media = MediaPlace::Folder(media_folder.path().to_owned());
        let media = MediaStore::open(&media).expect("a store");
        let state = HttpState::from(HttpParts {
            actions: Arc::new(actions),
            server: Arc::new(server),
            throttle: Default::default(),
            line: Default::default(),
            media,
            standing: Default::default(),
            stopping: Default::default(),
        });
        let (router, description) = router::described(state.clone());
        let console = console.secret.expose_secret().to_owned();
        let next_number = AtomicU32::new(5_000);
        Self {
            state,
            clock,
            description,
            router,
            workspace,
            console,
            next_number,
            _folder: folder,
            _media: media_folder,
        }
    }

    /// Moves the clock.
    pub fn set_clock(&self, to: &str) {
        self.clock.set(to.parse::<Timestamp>().expect("a time"));
    }

    /// The first workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The router as it prints itself, which is the only way in which it lists its routes.
    pub fn routes_in_words(&self) -> String {
        format!("{:?}", self.router)
    }

    /// Nobody.
    pub fn anonymous(&self) -> Client<'_> {
        Client { api: self, headers: Vec::new() }
    }

    /// With the console's key, which opens everything.
    pub fn as_owner(&self) -> Client<'_> {
        self.anonymous().with("authorization", &format!("Bearer {}", self.console))
    }

    /// With a new key of this role.
    pub async fn with_role(&self, role: Role) -> Client<'_> {
        self.in_workspace(self.workspace, role).await
    }

    /// With a new owner's key of another workspace.
    pub async fn as_stranger(&self) -> Client<'_> {
        let id = self.another_workspace().await;
        self.in_workspace(id, Role::Owner).await
    }

    /// A workspace of strangers.
    pub async fn another_workspace(&self) -> WorkspaceId {
        let id = WorkspaceId::from_uuid(time_ordered_uuid(4_000_000_000_000, [3; 10]));
        let now = self.clock.now();
        let work =
            move |tx: prospectai::store::Tx| async move { tx.add_workspace(id, "Strangers", now).await };
        // Made at the first call; at the next it is there already.
        let _ = self.state.actions.store.transaction::<_, StoreError, _, _>(work).await;
        id
    }

    async fn in_workspace(&self, workspace: WorkspaceId, role: Role) -> Client<'_> {
        let actor = Actor { workspace, name: "test".to_owned() };
        let made = self.state.actions.create_key(actor, Role::Owner, "test".to_owned(), role).await;
        let (secret, _) = made.expect("a key");
        self.anonymous().with("authorization", &format!("Bearer {}", secret.expose_secret()))
    }

    /// A number nobody has yet.
    pub fn new_number(&self) -> String {
        format!("+1212736{}", self.next_number.fetch_add(1, Ordering::Relaxed))
    }

    /// A campaign with a script and `prospects` people, launched; its id and theirs.
    pub async fn running_campaign(&self, prospects: usize) -> (String, Vec<String>) {
        let owner = self.as_owner();
        let script = owner.post("/api/scripts", json!({ "name": "Hello", "body": "Hello there." })).await;
        let campaign = json!({ "name": "Spring", "scriptId": script.json["id"] });
        let campaign = owner.post("/api/campaigns", campaign).await.expect(201).id();
        let people: Vec<Value> = (0..prospects).map(|_| json!({ "phone": self.new_number() })).collect();
        let added = owner.post(&format!("/api/campaigns/{campaign}/prospects"), Value::from(people)).await;
        let added = added.expect(200).json;
        let ids = added["results"].as_array().expect("results").iter();
        let ids = ids.map(|item| item["id"].as_str().expect("an id").to_owned()).collect();
        owner.post(&format!("/api/campaigns/{campaign}/launch"), json!({})).await.expect(200);
        (campaign, ids)
    }
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text, None).expect("a number")
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Client<'a> {
    api: &'a TestApi,
    headers: Vec<(String, String)>,
}

impl Client<'_> {
    /// With one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whom this client asks, for requests of a kind that it does not make.
    pub fn router(&self) -> Router {
        self.api.router.clone()
    }

    /// What it says of itself.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// A page, as text; it must be there.
    pub async fn get_text(&self, path: &str) -> String {
        let response = self.begin(Method::GET, path, None).await;
        assert_eq!(response.status(), 200, "GET {path}");
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// Sends a form as a page does.
    pub async fn form(&self, path: &str, inputs: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs).finish();
        let kind = "application/x-www-form-urlencoded";
        let response = self.send(Method::POST, path, Some((kind, body))).await;
        read(format!("POST {path}"), response).await
    }

    /// Asks, and reads the whole answer.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let what = format!("{method} {path}");
        read(what, self.begin(method, path, body).await).await
    }

    /// Asks, and leaves the answer open, for those without an end.
    pub async fn begin(&self, method: Method, path: &str, body: Option<Value>) -> Response<Body> {
        self.send(method, path, body.map(|json| ("application/json", json.to_string()))).await
    }

    /// Sends a body of any kind, and leaves the answer open.
    pub async fn send(&self, method: Method, path: &str, body: Option<(&str, String)>) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = match body {
            Some((kind, text)) => {
                request = request.header("content-type", kind);
                Body::from(text)
            }
            None => Body::empty(),
        };
        let request = request.body(body).expect("a request");
        self.api.router.clone().oneshot(request).await.expect("an answer")
    }
}

async fn read(what: String, response: Response<Body>) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Answer { what, status, headers, json, text: String::from_utf8_lossy(&body).into_owned() }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Answer {
    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.json);
        self
    }

    /// The page, if it shows this.
    #[track_caller]
    pub fn shows(self, what: &str) -> Self {
        assert!(self.text.contains(what), "{} does not show {what:?}: {}", self.what, self.text);
        self
    }

    /// The page, if it does not show this.
    #[track_caller]
    pub fn hides(self, what: &str) -> Self {
        assert!(!self.text.contains(what), "{} shows {what:?}: {}", self.what, self.text);
        self
    }

    /// The problem, if it has this status and name.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}: {}", self.what, self.json);
        self
    }

    /// The name of a problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("-")
    }

    /// The JSON pointer of the only error.
    pub fn pointer(&self) -> &str {
        self.json["errors"][0]["pointer"].as_str().unwrap_or("-")
    }

    /// The id of what was made.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.json)).to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}
