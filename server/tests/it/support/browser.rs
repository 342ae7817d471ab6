//! A headless Chromium: what somebody does on a page, what they see, and what their browser complains of.

mod driver;
mod look;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::driver::Session;
pub use self::look::{Rules, Scheme};

/// How long a page may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);
/// A page gives no signal that reaches over a change of the page: a wait looks this often.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The key that goes to the next link, field or button.
pub const TAB: &str = "\u{e004}";
/// The key that presses, follows and sends.
pub const ENTER: &str = "\u{e007}";

/// One browser. It must be closed: [`Browser::close`] looks whether it had anything to complain of.
pub struct Browser {
    session: Session,
    home: String,
    unclosed: Unclosed,
}

/// Fails the test that forgets to close its browser.
struct Unclosed;

/// What a browser noticed by itself.
#[derive(Debug, Default)]
pub struct Noticed {
    /// Errors and warnings on the console.
    pub complaints: Vec<String>,
    /// Requests that went anywhere but to the server.
    pub strayed: Vec<String>,
}

impl Browser {
    /// A new browser that shows nothing yet; `home` is the server's address without a path.
    pub async fn at(home: &str) -> Self {
        let home = home.trim_end_matches('/').to_owned();
        let arguments = [
            "--headless=new",
            // In containers tests run as root, where Chromium has no sandbox and little shared memory.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--window-size=1280,900",
            "--lang=en-US",
            // Whatever asks for another host finds nobody, whether a page does or the browser by itself.
            "--no-proxy-server",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ];
        let options = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        Self { session: Session::begin(options).await, home, unclosed: Unclosed }
    }

    /// Opens one of the server's addresses and waits until it is loaded.
    pub async fn open(&self, path: &str) {
        self.session.post("/url", json!({ "url": format!("{}{path}", self.home) })).await;
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.session.post("/refresh", json!({})).await;
    }

    /// Goes back to the page before.
    pub async fn back(&self) {
        self.session.post("/back", json!({})).await;
    }

    /// Path and query of the page that is shown.
    pub async fn address(&self) -> String {
        let url = self.session.get("/url").await;
        let url = url.as_str().expect("an address");
        url.strip_prefix(&self.home).unwrap_or(url).to_owned()
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.open("/sign-in").await;
        self.fill("#email", email).await;
        self.fill("#password", password).await;
        self.click("button[type=submit]").await;
        self.until("somebody is signed in", "document.querySelector('form[action=\"/sign-out\"]')").await;
    }

    /// Clicks on the first element that a selector finds.
    pub async fn click(&self, css: &str) {
        self.on(css, "click", json!({})).await;
    }

    /// Writes into a field in place of what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        self.on(css, "clear", json!({})).await;
        self.on(css, "value", json!({ "text": text })).await;
    }

    /// Writes into a field as if it were pasted, whatever the characters are; without scripts it cannot be.
    pub async fn paste(&self, css: &str, text: &str) {
        let paste = "document.querySelector(arguments[0]).value = arguments[1]";
        self.run(paste, json!([css, text])).await;
    }

    /// Gives a file to a field.
    pub async fn attach(&self, css: &str, file: &Path) {
        self.on(css, "value", json!({ "text": file })).await;
    }

    /// Chooses from a list by the value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value='{value}']")).await;
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|stroke| json!({ "type": stroke, "value": key })))
            .collect();
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": strokes }]);
        self.session.post("/actions", json!({ "actions": actions })).await;
    }

    /// What an expression is on the page.
    pub async fn read(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}"), json!([])).await
    }

    /// What an expression is on the page, as text.
    pub async fn text(&self, expression: &str) -> String {
        match self.read(expression).await {
            Value::String(text) => text,
            other => panic!("{expression} is no text but {other}"),
        }
    }

    /// Runs a script on the page; what it returns.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        self.session.post("/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// Runs a script on the page that hands its result to the last of its arguments.
    pub async fn run_to_end(&self, script: &str, arguments: Value) -> Value {
        self.session.post("/execute/async", json!({ "script": script, "args": arguments })).await
    }

    /// Waits until an expression is true on the page, whatever page that is by then.
    ///
    /// # Panics
    /// After half a minute; the message shows the page.
    pub async fn until(&self, what: &str, expression: &str) {
        let script = format!("try {{ return Boolean({expression}) }} catch (_) {{ return false }}");
        let holds = async || {
            let looked =
                self.session.try_post("/execute/sync", json!({ "script": script, "args": [] })).await;
            looked.is_ok_and(|held| held == Value::Bool(true))
        };
        if !in_time(holds).await {
            panic!("waited in vain until {what}, at {}\n{}", self.address().await, self.seen().await);
        }
    }

    /// The text of the whole page, as somebody reads it.
    pub async fn seen(&self) -> String {
        self.text("document.body.innerText").await
    }

    /// What the browser noticed since it was asked last.
    pub async fn noticed(&self) -> Noticed {
        let mut noticed = Noticed::default();
        for entry in self.log("browser").await {
            let message = entry["message"].as_str().unwrap_or_default();
            noticed.complaints.push(format!("{}: {message}", entry["level"]));
        }
        for entry in self.log("performance").await {
            let message: Value =
                serde_json::from_str(entry["message"].as_str().unwrap_or_default()).unwrap_or_default();
            let event = &message["message"];
            if event["method"] == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with(&format!("{}/", self.home)) && !url.starts_with("data:") {
                    noticed.strayed.push(url.to_owned());
                }
            }
        }
        noticed
    }

    /// Ends the browser.
    ///
    /// # Panics
    /// When there was anything on the console, or a request went to another host.
    pub async fn close(self) {
        let noticed = self.noticed().await;
        self.leave().await;
        assert!(
            noticed.complaints.is_empty(),
            "the console is not empty:\n{}",
            noticed.complaints.join("\n")
        );
        assert!(noticed.strayed.is_empty(), "requests left for elsewhere:\n{}", noticed.strayed.join("\n"));
    }

    /// Ends the browser of a test that gave it reason to complain.
    pub async fn leave(self) {
        let Self { session, unclosed, .. } = self;
        std::mem::forget(unclosed);
        session.end().await;
    }

    /// What is under the hand may just be exchanged for something newer: then it is tried again.
    async fn on(&self, css: &str, act: &str, body: Value) {
        let mut refused = String::new();
        let done = in_time(async || match self.try_on(css, act, &body).await {
            Ok(()) => true,
            Err(why) => {
                refused = why;
                false
            }
        });
        if !done.await {
            panic!("{act} on {css} at {}: {refused}\n{}", self.address().await, self.seen().await);
        }
    }

    async fn try_on(&self, css: &str, act: &str, body: &Value) -> Result<(), String> {
        let element = self.session.element(css).await?;
        self.session.try_post(&format!("{element}/{act}"), body.clone()).await.map(drop)
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        match self.session.post("/se/log", json!({ "type": kind })).await {
            Value::Array(entries) => entries,
            other => panic!("a log is a list, not {other}"),
        }
    }
}

impl Drop for Unclosed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a test must close its browser: `close`, or `leave` when it gave it reason to complain");
        }
    }
}

async fn in_time(mut holds: impl AsyncFnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    while Instant::now() < deadline {
        if holds().await {
            return true;
        }
        looks.tick().await;
    }
    false
}
