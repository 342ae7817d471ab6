//! Two workspaces in which everything exists once, somebody of each role, and every route of the router.

use std::collections::BTreeMap;

use axum::http::Method;
use domain::ids::UserId;
use prospectai::actions::Actor;
use prospectai::actions::users::Role;
use prospectai::credentials::{SessionName, new_session};
use prospectai::http::sign_in_throttle::SignInThrottle;
use prospectai::store::people::{SessionRow, UserRow};
use prospectai::store::{StoreError, Tx};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::recordings::hearing::recorded;
use crate::support::api_client::{Client, Database, TestApi};

/// Everybody's password.
pub const PASSWORD: &str = "seven green kettles";

/// What there is to ask for.
pub struct Ground {
    pub api: TestApi,
    /// Ids of ours.
    pub ours: Ids,
    /// Ids that nobody has.
    pub missing: Ids,
    people: BTreeMap<&'static str, UserRow>,
    stranger: UserRow,
}

/// One id of each kind.
#[derive(Debug, Clone)]
pub struct Ids {
    pub campaign: String,
    pub prospect: String,
    pub call: String,
    pub recording: String,
    pub script: String,
    pub import: String,
    pub user: String,
    pub key: String,
    pub session: String,
}

impl Ground {
    /// Makes everything, reached at this address.
    pub async fn behind(public_url: &str) -> Self {
        Self::filled(TestApi::behind(public_url).await).await
    }

    /// Makes everything on a database.
    pub async fn on(database: Database) -> Self {
        Self::filled(TestApi::on(database).await).await
    }

    async fn filled(api: TestApi) -> Self {
        let mut people = BTreeMap::new();
        for role in Role::ALL {
            let actor = Actor { workspace: api.workspace(), name: "test".to_owned() };
            people.insert(role.as_str(), user(&api, actor, role).await);
        }
        let strangers = api.another_workspace().await;
        let stranger =
            user(&api, Actor { workspace: strangers, name: "stranger".to_owned() }, Role::Owner).await;
        let missing = Ids::missing();
        let mut ground = Self { api, ours: missing.clone(), missing, people, stranger };
        ground.ours = ground.made().await;
        ground
    }

    async fn made(&self) -> Ids {
        let (campaign, prospects) = self.api.running_campaign(2).await;
        let owner = self.api.as_owner();
        let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let call = owner.post("/api/calls/place", place).await.expect(201).id();
        let recording = recorded(&self.api, &call).await;
        let scripts = owner.get("/api/scripts").await.json;
        let script = scripts["scripts"][0]["id"].as_str().expect("a script").to_owned();
        let import = format!("/api/campaigns/{campaign}/imports?wait=true");
        let file = ("text/csv", format!("phone\n{}\n", self.api.new_number()));
        let import = owner.send(Method::POST, &import, Some(file)).await;
        let import = axum::body::to_bytes(import.into_body(), usize::MAX).await.expect("an import");
        let import: Value = serde_json::from_slice(&import).expect("JSON");
        let import = import["id"].as_str().unwrap_or_else(|| panic!("no import: {import}")).to_owned();
        let key = owner.post("/api/keys", json!({ "name": "CRM", "role": "analyst" })).await.expect(201).id();
        let colleague = json!({ "email": "colleague@example.com", "password": PASSWORD, "role": "listener" });
        let user = owner.post("/api/users", colleague).await.expect(201).id();
        let compared =
            json!({ "goal": "confirmed", "arms": [{ "share": 1 }, { "voiceId": "man", "share": 1 }] });
        owner.put(&format!("/api/campaigns/{campaign}/experiment"), compared).await.expect(201);
        let (_, session) = self.begin(self.person(Role::Listener)).await;
        Ids { campaign, prospect: prospects[1].clone(), call, recording, script, import, user, key, session }
    }

    /// The user with this role.
    pub fn person(&self, role: Role) -> &UserRow {
        &self.people[role.as_str()]
    }

    /// Somebody of this role in a new session of theirs, writing from our own pages.
    pub async fn with(&self, role: Role) -> Client<'_> {
        self.signed_in(self.person(role)).await
    }

    /// An owner of another workspace, in a new session.
    pub async fn stranger(&self) -> Client<'_> {
        self.signed_in(&self.stranger).await
    }

    /// Nobody, writing from our own pages.
    pub fn nobody(&self) -> Client<'_> {
        self.api.anonymous().with("sec-fetch-site", "same-origin")
    }

    async fn signed_in(&self, user: &UserRow) -> Client<'_> {
        let (cookie, _) = self.begin(user).await;
        self.nobody().with("cookie", &cookie)
    }

    /// A new session of a user: its cookie and its name.
    pub async fn begin(&self, user: &UserRow) -> (String, String) {
        let random: [u8; 32] = prospectai::actions::random_bytes();
        let (secret, hash) = new_session(random);
        let now = self.api.clock.now().as_millisecond();
        let row = SessionRow {
            secret_hash: hash.0.to_vec(),
            workspace_id: user.workspace_id,
            user_id: user.id,
            created_at: now,
            last_seen_at: now,
            expires_at: now + 3_600_000,
        };
        let add = move |tx: Tx| async move { tx.add_session(row).await };
        self.api.state.actions.store.transaction::<_, StoreError, _, _>(add).await.expect("a session");
        let cookie = self.api.state.server.cookie.set(&secret, 3_600);
        let pair = cookie.split(';').next().expect("a cookie").to_owned();
        assert!(pair.ends_with(secret.expose_secret()));
        (pair, SessionName::of(&hash.0).to_string())
    }

    /// Every address with each method that it answers to, as the router itself tells.
    pub async fn routes(&self) -> Vec<(Method, String)> {
        let owner = self.api.as_owner().with("sec-fetch-site", "same-origin");
        let mut routes = Vec::new();
        for path in addresses(&self.api.routes_in_words()) {
            // A method that nothing answers to: the router then says to which ones it does.
            let refused = owner.ask(Method::TRACE, &self.missing.fill(path), None).await.expect(405);
            let methods = refused.header("allow").split(',').filter(|method| *method != "HEAD");
            routes.extend(methods.map(|method| (method.parse().expect("a method"), path.to_owned())));
        }
        assert!(routes.len() > 120, "the router does not print its routes as it used to: {routes:?}");
        routes
    }

    /// Forgets failed sign-ins, of which a matrix has many.
    pub fn open_the_door(&self) {
        *self.api.state.throttle.lock().expect("the throttle") = SignInThrottle::default();
    }
}

async fn user(api: &TestApi, actor: Actor, role: Role) -> UserRow {
    let email = format!("{}@{}.example.com", role.as_str(), actor.name);
    let made = api.state.actions.create_user(actor, Role::Owner, email, PASSWORD.into(), role).await;
    made.expect("a user")
}

/// The paths of a router, which prints them as `RouteId(12): "/calls/{id}"`; in order.
pub fn addresses(printed: &str) -> Vec<&str> {
    // What answers where there is no route is printed behind the routes, in the same way.
    let routes = printed.split("fallback_router").next().unwrap_or_default();
    let mut paths: Vec<&str> = routes.split("RouteId(").filter_map(path_in).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn path_in(piece: &str) -> Option<&str> {
    let (id, rest) = piece.split_once("): \"")?;
    let path = rest.split('"').next()?;
    (id.parse::<u32>().is_ok() && !path.contains("__private")).then_some(path)
}

impl Ids {
    fn missing() -> Self {
        let none = "0".repeat(32);
        let id = |prefix: &str| format!("{prefix}_{none}");
        Self {
            campaign: id("cmp"),
            prospect: id("pro"),
            call: id("call"),
            recording: id("rec"),
            script: id("scr"),
            import: id("imp"),
            user: id("usr"),
            key: id("key"),
            session: format!("ses_{}", "0".repeat(16)),
        }
    }

    /// A route's address with these ids in it.
    pub fn fill(&self, path: &str) -> String {
        let noun = path.trim_start_matches("/api").trim_start_matches("/settings").split('/').nth(1);
        let id = match noun {
            Some("campaigns") => &self.campaign,
            Some("prospects") => &self.prospect,
            Some("calls") => &self.call,
            Some("recordings") => &self.recording,
            Some("scripts") => &self.script,
            Some("imports") => &self.import,
            Some("users") => &self.user,
            Some("keys") => &self.key,
            Some("sessions" | "account") => &self.session,
            _ => path,
        };
        let filled = path.replace("{id}", id).replace("{number}", "+12127365000");
        let filled = filled.replace("{name}", "app.css").replace("{*rest}", "index.css");
        // What a stream or a list is about stands in its query.
        match filled.as_str() {
            "/changes" => "/changes?page=/calls".to_owned(),
            "/api/recordings" => format!("/api/recordings?callId={}", self.call),
            _ => filled,
        }
    }

    /// What a request to a route says, so that it comes as far as to look for what it names.
    pub fn body(&self, method: &Method, path: &str) -> Option<(&'static str, String)> {
        if method == Method::GET {
            return None;
        }
        if !path.starts_with("/api/") {
            return Some(("application/x-www-form-urlencoded", self.form(path)));
        }
        if path.ends_with("/imports") {
            return Some(("text/csv", "phone\n+12127365000\n".to_owned()));
        }
        Some(("application/json", self.json(method, path).to_string()))
    }

    fn json(&self, method: &Method, path: &str) -> Value {
        match path {
            "/api/calls/place" => json!({ "campaignId": self.campaign, "prospectId": self.prospect }),
            "/api/calls/{id}/resolve" => {
                json!({ "outcome": "not_placed", "reason": "looked", "confirm": true })
            }
            "/api/campaigns/{id}/calls" => json!({ "maxCalls": 1 }),
            "/api/campaigns/{id}/experiment" => {
                json!({ "goal": "confirmed", "arms": [{ "share": 1 }, { "voiceId": "man", "share": 1 }] })
            }
            "/api/campaigns/{id}/prospects" => json!({ "phone": "+12127365999" }),
            "/api/campaigns/{id}/queue/priority" => {
                json!({ "prospectIds": [self.prospect], "priority": "high" })
            }
            "/api/campaigns/{id}/queue/skip"
            | "/api/campaigns/{id}/queue/unskip"
            | "/api/campaigns/{id}/queue/requeue" => {
                json!({ "prospectIds": [self.prospect] })
            }
            "/api/scripts/{id}/preview" => json!({ "prospectId": self.prospect }),
            "/api/session/password" => json!({ "current": PASSWORD, "new": "short" }),
            "/api/users/{id}" if method == Method::PATCH => json!({ "role": "analyst" }),
            _ => json!({}),
        }
    }

    fn form(&self, path: &str) -> String {
        let inputs: &[(&str, &str)] = match path {
            "/calls/{id}/resolve" => &[("outcome", "not_placed"), ("reason", "looked"), ("confirm", "yes")],
            "/campaigns/{id}/prospects/new" => &[("phone", "+12127365999")],
            "/campaigns/{id}/experiment" => {
                &[("goal", "confirmed"), ("share_A", "1"), ("share_B", "1"), ("voice_B", "man")]
            }
            "/do-not-call/remove" => &[("phone", "+12127365000"), ("reason", "asked for it")],
            "/prospects/{id}/do-not-call" => &[("reason", "asked for it")],
            "/settings/account/password" => &[("current", PASSWORD), ("new", "short"), ("again", "short")],
            "/settings/users/{id}/role" => &[("role", "analyst")],
            _ => &[],
        };
        form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs).finish()
    }

    /// The user's id.
    pub fn of_user(user: &UserRow) -> String {
        UserId::from_uuid(user.id).to_string()
    }
}
