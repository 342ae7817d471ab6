//! The tabs of the settings, and the first page of each role.

use axum::http::Method;
use prospectai::actions::users::Role;
use prospectai::carrier::twilio::{CallbackUrls, ClientSettings, Credentials, TwilioClient};
use serde_json::json;
use simulator::{Simulator, Timeline};
use std::sync::Arc;
use std::time::Instant;

use super::ground::{Ground, Ids, PASSWORD};
use crate::support::api_client::{Database, MONDAY_MORNING, TestApi};

#[tokio::test]
async fn everybody_begins_on_a_page_that_they_may_see_and_is_shown_only_where_they_may_go() {
    let ground = Ground::on(Database::Sqlite).await;
    for role in Role::ALL {
        let who = ground.with(role).await;
        let first = who.get("/").await.expect(303).header("location").to_owned();
        let page = who.get(&first).await.expect(200);
        let links = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let links: Vec<&str> =
            links.filter(|link| link.starts_with('/') && !link.starts_with("/assets")).collect();
        assert!(links.len() > 1, "{links:?}");
        for link in links {
            let answer = who.get(link).await;
            assert!(matches!(answer.status, 200 | 303), "{role:?} is shown {link}: {}", answer.status);
        }
    }
    ground.with(Role::Listener).await.get("/live").await.expect(403).shows("Your role here is listener");
    let to = ground.with(Role::Listener).await.get("/settings").await.expect(303);
    assert_eq!(to.header("location"), "/settings/account");
}

#[tokio::test]
async fn every_tab_shows_only_forms_that_its_reader_may_send() {
    let ground = Ground::on(Database::Sqlite).await;
    let mut tried = 0;
    for role in Role::ALL {
        for tab in ["", "/users", "/keys", "/servers", "/account"] {
            let page = ground.with(role).await.get(&format!("/settings{tab}")).await;
            for action in page.text.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                if action == "/sign-out" || action.contains("/sessions/") {
                    continue;
                }
                ground.open_the_door();
                let sent = ground.with(role).await.form(action, &[]).await;
                assert!(
                    sent.status != 403 && sent.status < 500,
                    "{role:?}: {action} answers {}",
                    sent.status
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

#[tokio::test]
async fn an_administrator_adds_people_gives_them_roles_and_shuts_them_out() {
    let ground = Ground::on(Database::Sqlite).await;
    let admin = ground.with(Role::Admin).await;
    let users = admin.get("/settings/users").await.expect(200).shows("admin@test.example.com").shows("(you)");
    users.hides("<option value=\"owner\">").hides("argon2");
    let bad = [("email", "nobody"), ("password", "  "), ("role", "analyst")];
    admin.form("/settings/users", &bad).await.expect(422).shows("value=\"nobody\"").shows("name@example.com");
    let weak = [("email", "new@example.com"), ("password", "short"), ("role", "analyst")];
    admin.form("/settings/users", &weak).await.expect(422).shows("password-wrong").hides("short\"");
    let new = [("email", "new@example.com"), ("password", PASSWORD), ("role", "analyst")];
    let added = admin.form("/settings/users", &new).await.expect(303);
    admin.get(added.header("location")).await.expect(200).shows("new@example.com").shows("Added.");
    admin.form("/settings/users", &new).await.expect(422).shows("exists already");
    let mighty = [("email", "mighty@example.com"), ("password", PASSWORD), ("role", "owner")];
    admin.form("/settings/users", &mighty).await.expect(422).shows("does not permit");

    let of = |role: Role, deed: &str| format!("/settings/users/{}/{deed}", Ids::of_user(ground.person(role)));
    admin.form(&of(Role::Analyst, "role"), &[("role", "operator")]).await.expect(303);
    admin.form(&of(Role::Analyst, "disable"), &[]).await.expect(303);
    admin.get("/settings/users?done=disabled").await.expect(200).shows("Open again").shows("Closed.");
    admin.form(&of(Role::Analyst, "enable"), &[]).await.expect(303);
    let weak = admin.form(&of(Role::Analyst, "password"), &[("password", "short")]).await;
    weak.expect(422).shows("use at least 12 characters");
    let new = admin.form(&of(Role::Analyst, "password"), &[("password", "nine yellow lanterns")]).await;
    admin.get(new.expect(303).header("location")).await.expect(200).shows("the new password");
    admin.form(&of(Role::Owner, "disable"), &[]).await.expect(403).shows("No permission");
    admin.form(&of(Role::Admin, "disable"), &[]).await.expect(409).shows("Nobody closes their own account");
    let console = ground.api.as_owner();
    console
        .form(&of(Role::Owner, "role"), &[("role", "admin")])
        .await
        .expect(409)
        .shows("Make another owner first");
}

#[tokio::test]
async fn a_key_is_on_one_page_once() {
    let ground = Ground::on(Database::Sqlite).await;
    let admin = ground.with(Role::Admin).await;
    admin.form("/settings/keys", &[("name", ""), ("role", "analyst")]).await.expect(422).shows("name-wrong");
    let made = admin.form("/settings/keys", &[("name", "The <CRM>"), ("role", "analyst")]).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.shows("It is shown only now.").shows("The &lt;CRM&gt;").hides("data-live");
    let secret =
        made.text.split("value=\"pak_").nth(1).and_then(|rest| rest.split('"').next()).expect("the key");
    let secret = format!("pak_{secret}");
    let key = ground.api.anonymous().with("authorization", &format!("Bearer {secret}"));
    let id = key.get("/api/session").await.expect(200).json["actor"].as_str().expect("an id").to_owned();
    let listed = admin.get("/settings/keys").await.expect(200).hides(&secret);
    listed.shows(&secret[secret.len() - 4..]);
    let revoked = admin.form(&format!("/settings/keys/{id}/revoke"), &[]).await.expect(303);
    admin.get(revoked.header("location")).await.expect(200).shows("opens nothing any more");
    key.get("/api/session").await.problem(401, "unauthenticated");
    admin.form(&format!("/settings/keys/{id}/revoke"), &[]).await.expect(404);
}

#[tokio::test]
async fn everybody_changes_their_own_password_and_ends_their_own_sessions_on_a_page() {
    let ground = Ground::on(Database::Sqlite).await;
    let (here, there) = (ground.with(Role::Listener).await, ground.with(Role::Listener).await);
    let page =
        here.get("/settings/account").await.expect(200).shows("This one").shows("Listener: sees calls");
    page.shows("Sign out everywhere else");
    let password = |current, new, again| [("current", current), ("new", new), ("again", again)];
    let differs = password(PASSWORD, "nine yellow lanterns", "nine yellow lantern");
    here.form("/settings/account/password", &differs).await.expect(422).shows("again-wrong").hides("lantern");
    let wrong = password("wrong", "nine yellow lanterns", "nine yellow lanterns");
    here.form("/settings/account/password", &wrong).await.expect(422).shows("not your current password");
    here.form("/settings/account/sessions/end-others", &[]).await.expect(303);
    there.get("/settings/account").await.expect(303);
    let right = password(PASSWORD, "nine yellow lanterns", "nine yellow lanterns");
    let done = here.form("/settings/account/password", &right).await.expect(303);
    let pair = done.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    here.get("/settings/account").await.expect(303);
    let renewed = ground.nobody().with("cookie", &pair);
    let page = renewed.get(done.header("location")).await.expect(200).shows("Your password is changed");
    let session =
        page.text.split("/sessions/ses_").nth(1).and_then(|rest| rest.split('/').next()).expect("a session");
    let out = renewed.form(&format!("/settings/account/sessions/ses_{session}/end"), &[]).await.expect(303);
    assert_eq!(out.header("location"), "/sign-in");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    renewed.get("/settings/account").await.expect(303);
}

#[tokio::test]
async fn limits_of_the_team_are_set_by_administrators_and_read_like_the_api_reads_them() {
    let ground = Ground::on(Database::Sqlite).await;
    let admin = ground.with(Role::Admin).await;
    let saved =
        admin.form("/settings/limits", &[("frequencyCap", "5"), ("dailyBudget", "12.50")]).await.expect(303);
    admin.get(saved.header("location")).await.expect(200).shows("Saved.").shows("value=\"12.5000\"");
    let limits = admin.get("/api/workspace").await.expect(200).json;
    assert_eq!((&limits["frequencyCap"], &limits["dailyBudget"]), (&json!(5), &json!("12.5000")));
    for (cap, budget, at) in
        [("0", "", "frequencyCap"), ("x", "", "frequencyCap"), ("3", "-1", "dailyBudget")]
    {
        let refused = admin.form("/settings/limits", &[("frequencyCap", cap), ("dailyBudget", budget)]).await;
        refused.expect(422).shows(&format!("{at}-wrong"));
    }
    admin.form("/settings/limits", &[("frequencyCap", "3"), ("dailyBudget", "")]).await.expect(303);
    assert_eq!(admin.get("/api/workspace").await.json["dailyBudget"], json!(null));
    ground.with(Role::Operator).await.form("/settings/limits", &[("frequencyCap", "5")]).await.expect(403);
}

#[tokio::test]
async fn servers_are_for_administrators_and_incidents_for_everybody_who_reads() {
    let ground = Ground::on(Database::Sqlite).await;
    ground
        .with(Role::Admin)
        .await
        .get("/settings/servers")
        .await
        .expect(200)
        .shows("Lease until")
        .shows("Works");
    let analyst = ground.with(Role::Analyst).await.get("/settings/servers").await.expect(200);
    analyst.hides("Lease until").shows("Nothing of the kind").shows("The daily comparison");
    let confirmed =
        ground.with(Role::Admin).await.form("/settings/servers/confirm-clock", &[]).await.expect(303);
    assert_eq!(confirmed.header("location"), "/settings/servers?done=confirmed");
}

const TOKEN: &str = "the token";

/// A phone network with the clock of the tests, this much later, which knows the number as its own or as verified.
async fn phones(api: &TestApi, later: i64, own: bool, verified: bool) -> Simulator {
    let number = vec!["+14155550100".to_owned()];
    let mut settings = simulator::Settings::new(api.state.server.account_sid.clone(), TOKEN);
    let start =
        MONDAY_MORNING.parse::<jiff::Timestamp>().expect("a time") + jiff::SignedDuration::from_secs(later);
    settings.timeline = Timeline::new(start, Instant::now(), 1.0);
    settings.numbers = if own { number.clone() } else { Vec::new() };
    settings.verified_numbers = if verified { number } else { Vec::new() };
    Simulator::start(settings).await.expect("a phone network")
}

fn connect(api: &TestApi, base: &str, token: &str) {
    let account = api.state.server.account_sid.clone();
    let credentials = Credentials::new(account, token.to_owned().into(), None).expect("credentials");
    let urls = CallbackUrls::new("https://calls.example.net", Box::new([7; 32]).into()).expect("addresses");
    let settings = ClientSettings::new(base.parse().expect("an address"));
    api.state.line.connect(Arc::new(TwilioClient::new(&settings, credentials, urls).expect("a client")));
}

/// The verdict on each thing, in order.
async fn verdicts(api: &TestApi) -> Vec<String> {
    let told = api.as_owner().post("/api/telephone/test", json!({})).await.expect(200).json;
    let findings = told["findings"].as_array().expect("findings").iter();
    let word = |finding: &serde_json::Value| {
        let bad = finding["verdict"] != "good";
        assert_eq!(finding["fix"].is_string(), bad, "{finding}");
        format!("{} {}", finding["about"].as_str().unwrap_or("-"), finding["verdict"].as_str().unwrap_or("-"))
    };
    findings.map(word).collect()
}

#[tokio::test]
async fn the_connection_test_finds_everything_in_order() {
    for verified in [false, true] {
        let api = TestApi::on(Database::Sqlite).await;
        let phones = phones(&api, 0, !verified, verified).await;
        connect(&api, &phones.base_url(), TOKEN);
        assert_eq!(verdicts(&api).await, ["account good", "number good", "public_url good", "clock good"]);
        let page = api.as_owner().form("/settings/telephone/test", &[]).await.expect(200);
        page.shows("Calls can be made.").shows("Simulated account").shows("agree on the time").hides(TOKEN);
        phones.stop().await;
    }
}

#[tokio::test]
async fn the_connection_test_says_what_is_wrong_and_what_to_do() {
    let api = TestApi::on(Database::Sqlite).await;
    let network = phones(&api, 600, false, false).await;
    connect(&api, &network.base_url(), TOKEN);
    assert_eq!(verdicts(&api).await, ["account good", "number bad", "public_url good", "clock bad"]);
    let page = api.as_owner().form("/settings/telephone/test", &[]).await.expect(200);
    let page =
        page.shows("Calls would fail").shows("Verified Caller IDs").shows("behind that of the phone network");
    page.shows("What to do:");
    network.stop().await;

    let api = TestApi::on(Database::Sqlite).await;
    let network = phones(&api, 0, true, false).await;
    connect(&api, &network.base_url(), "another token");
    assert_eq!(verdicts(&api).await, ["account bad", "number bad", "public_url good"]);
    let base = network.base_url();
    network.stop().await;

    let gone = TestApi::on(Database::Sqlite).await;
    connect(&gone, &base, TOKEN);
    assert_eq!(verdicts(&gone).await, ["account bad", "number bad", "public_url good"]);

    let without_line = TestApi::on(Database::Sqlite).await;
    assert_eq!(verdicts(&without_line).await, ["account doubtful"]);
    let analyst = without_line.with_role(Role::Analyst).await;
    analyst.ask(Method::POST, "/api/telephone/test", None).await.problem(403, "forbidden");
}
