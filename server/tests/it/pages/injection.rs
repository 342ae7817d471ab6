//! Hostile text in every field: it is shown as the text that it is, breaks no page, and does nothing in a spreadsheet.

use prospectai::actions::users::Role;
use reqwest::Client;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::files::{import, send};
use super::visit::PASSWORD;
use crate::support::browser::Browser;
use crate::support::test_app::TestApp;
use crate::support::world::Database;

/// Would leave its mark wherever one of its parts came alive: as markup, inside an attribute, inside a script.
const MARKUP: &str = r#"</script>'"><img src=x onerror=window.__ran=1><svg onload=window.__ran=1>{{7*7}}"#;
/// Is as wide and as high as text gets.
const LAYOUT: &str = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW 👩‍👩‍👧‍👦 مرحبا בעולם Z̷̡̢͍̥͎̎͒̏a̵";
/// Spreadsheets run what begins like these.
const FORMULAS: [&str; 5] =
    ["=HYPERLINK(\"http://192.0.2.1\",\"x\")", "+1+1", "-2+3", "@SUM(A1:A9)", "=cmd|' /C calc'!A0"];
/// Reads in another order than it is stored.
const REVERSED: &str = "Ada\u{202e}gpj.exe";

#[tokio::test]
async fn hostile_text_is_shown_as_text_on_every_page_and_in_every_file() {
    let app = TestApp::on(Database::Sqlite).speed(60.0).start().await;
    let api = Api {
        base: app.url(""),
        key: app.key().await,
        http: Client::builder().no_proxy().build().expect("a client"),
    };
    let whole = [
        "/live",
        "/campaigns",
        "/calls",
        "/do-not-call",
        "/reports",
        "/settings",
        "/settings/users",
        "/settings/keys",
        "/settings/account",
    ];
    let mut addresses = whole.map(str::to_owned).to_vec();
    for name in [MARKUP, LAYOUT] {
        let key = app.actions.create_key(app.actor.clone(), Role::Owner, name.to_owned(), Role::Analyst);
        key.await.expect("a key");
    }
    let mut files = vec!["/do-not-call.csv".to_owned()];
    for (nth, text) in [MARKUP, LAYOUT].into_iter().chain(FORMULAS).enumerate() {
        let campaign = api.campaign_of(text, nth).await;
        files.push(format!("/campaigns/{}/calls.csv", campaign.id));
        if nth < 2 {
            let tabs = [
                "",
                "/launch",
                "/prospects",
                "/prospects/new",
                "/schedule",
                "/message",
                "/settings",
                "/activity",
            ];
            addresses.extend(tabs.map(|tab| format!("/campaigns/{}{tab}", campaign.id)));
            addresses.extend(["", "/edit"].map(|end| format!("/prospects/{}{end}", campaign.prospect)));
            let of: domain::ids::CampaignId = campaign.id.parse().expect("an id");
            let call = app.until_call(of, "somebody is rung", |_| true).await;
            addresses.push(format!("/calls/{}", call.id));
        }
    }
    app.until_quiet().await;

    let email = "o'{{7*7}}=1+1@example.com";
    let owner = app.actions.create_user(
        app.actor.clone(),
        Role::Owner,
        email.to_owned(),
        SecretString::from(PASSWORD),
        Role::Owner,
    );
    owner.await.expect("a user");
    let browser = Browser::at(&app.url("")).await;
    browser.sign_in(email, PASSWORD).await;
    // The same in a file: names of its columns, which become names of fields, its rows, and what is refused of them.
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let (markup, layout) = (quoted(MARKUP), quoted(LAYOUT));
    let (live, wide) = (quoted("'\"><img src=x onerror=window.__ran=1>"), "W".repeat(64));
    let file = format!("phone,{live},{wide}\n+1 415 555 0199,{markup},{layout}\n{markup},{layout},x\n");
    let campaign = addresses.iter().find(|it| it.starts_with("/campaigns/cmp_")).expect("a campaign").clone();
    send(&browser, &campaign, app.folder(), &file).await;
    let columns = browser.address().await;
    let mut wrong = Vec::new();
    look_at(&browser, &columns, &mut wrong).await;
    import(&browser).await;
    addresses.push(browser.address().await);
    for address in &addresses {
        look_at(&browser, address, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    for file in &files {
        let text = browser
            .run_to_end("fetch(arguments[0]).then(it => it.text()).then(arguments[1])", json!([file]))
            .await;
        expect_harmless(file, text.as_str().expect("a file"));
    }
    browser.close().await;
    app.stop().await;
}

/// Nothing on the page came alive, and it is no wider than the window.
async fn look_at(browser: &Browser, address: &str, wrong: &mut Vec<String>) {
    browser.open(address).await;
    let asleep = "window.__ran === undefined && !document.querySelector('img[src=x], svg[onload]')";
    if browser.read(asleep).await != true {
        wrong.push(format!("{address}: something came alive"));
    }
    for width in [390, 1280] {
        browser.width(width).await;
        if let Some(culprit) = browser.overflow().await {
            wrong.push(format!("{address}, {width} wide: {culprit} sticks out"));
        }
    }
}

#[tokio::test]
async fn a_refused_form_keeps_hostile_text_as_it_was_typed() {
    let app = TestApp::on(Database::Sqlite).speed(1.0).start().await;
    let browser = super::visit::signed_in(&app, Role::Operator).await;
    browser.open("/campaigns/new").await;
    browser.paste("#name", MARKUP).await;
    browser.paste("#timezone", MARKUP).await;
    browser.click("main form button[type=submit]").await;
    browser.until("the mistake is said", "document.querySelector('#timezone[aria-invalid=true]')").await;
    for field in ["#name", "#timezone"] {
        assert_eq!(browser.text(&format!("document.querySelector('{field}').value")).await, MARKUP);
    }
    assert_eq!(browser.read("window.__ran === undefined").await, true);
    browser.paste("#name", REVERSED).await;
    browser.paste("#timezone", "UTC").await;
    browser.click("main form button[type=submit]").await;
    browser.until("the mistake is said", "document.querySelector('#name[aria-invalid=true]')").await;
    assert!(browser.seen().await.contains("U+202E"), "what reads backwards is named");
    // Refused forms answer 422, which Chromium writes on the console; nothing else may stand there.
    let complaints = browser.noticed().await.complaints;
    assert!(complaints.iter().all(|line| line.contains("status of 422")), "{complaints:?}");
    browser.leave().await;
    app.abandon().await;
}

/// A client of the API, where the same text comes in without a form.
struct Api {
    base: String,
    key: String,
    http: Client,
}

struct Made {
    id: String,
    prospect: String,
}

impl Api {
    /// A launched campaign that says this wherever somebody can say something.
    async fn campaign_of(&self, text: &str, nth: usize) -> Made {
        // A script has signs of its own, which are left out of its words.
        let words = text.replace("{{", "{ {");
        let body =
            format!("{words} {{{{ firstName | default(\"there\") }}}}, {{{{ note | default(\"bye\") }}}}.");
        let menu = json!([{ "key": "9", "means": "opt_out", "offer": words, "reply": words }]);
        let script = json!({ "name": text, "body": body, "menu": menu, "voicemail": words });
        let script = self.post("/api/scripts", script).await;
        let campaign = json!({
            "name": text, "scriptId": script["id"], "metadata": { "note": text },
            "machineDetection": "detect_message_end", "timezone": "UTC", "callWindowStart": "00:00", "callWindowEnd": "24:00",
        });
        let id = self.post("/api/campaigns", campaign).await["id"].as_str().expect("an id").to_owned();
        let prospect = json!({
            "phone": format!("+1212555{:04}", 100 + nth), "firstName": text, "lastName": text, "company": text,
            "title": text, "email": "o'{{7*7}}=1+1@example.com", "metadata": { "note": text, "more": text },
        });
        let added = self.post(&format!("/api/campaigns/{id}/prospects"), json!([prospect])).await;
        let prospect = added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned();
        let listed = json!({ "phone": format!("+1312555{:04}", 100 + nth), "reason": text });
        self.post("/api/do-not-call", listed).await;
        self.post(&format!("/api/campaigns/{id}/launch"), json!({})).await;
        Made { id, prospect }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let asked = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key).json(&body);
        let answer = asked.send().await.expect("an answer");
        let status = answer.status();
        let answer: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }
}

/// No cell of a file is run by a spreadsheet.
fn expect_harmless(file: &str, text: &str) {
    let mut cells = 0;
    for row in csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).records() {
        for cell in &row.expect("a row") {
            cells += 1;
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{file}: {cell}");
        }
    }
    assert!(cells > 4, "{file}: {text}");
}
