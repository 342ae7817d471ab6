//! Chromium's driver, started once per test process, and a session with it in WebDriver's words.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// How long one command may take; a page that loads waits for the server.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shell's input ends with this process, however that ends. With the shell goes the driver, and with it every browser.
const UNTIL_INPUT_ENDS: &str = "chromedriver --port=0 & cat >/dev/null; kill $!";
/// How WebDriver says that a piece of JSON stands for an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser with a profile of its own, gone when the session ends.
pub struct Session {
    http: Client,
    address: String,
}

impl Session {
    /// Starts a browser.
    ///
    /// # Panics
    /// When there is none; the message says what to run.
    pub async fn begin(options: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let driver = Self { http, address: driver().to_owned() };
        let wanted = json!({ "capabilities": { "alwaysMatch": options } });
        let begun = driver.ask(Method::POST, "/session", Some(wanted)).await.expect("a browser");
        let id = begun["sessionId"].as_str().expect("the session's name");
        Self { address: format!("{}/session/{id}", driver.address), http: driver.http }
    }

    /// Ends the browser.
    pub async fn end(self) {
        self.ask(Method::DELETE, "", None).await.expect("the browser ends");
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.unwrap_or_else(|refused| panic!("{path}: {refused}"))
    }

    /// Does something.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.try_post(path, body).await.unwrap_or_else(|refused| panic!("{path}: {refused}"))
    }

    /// Does something; what WebDriver says when it refuses.
    pub async fn try_post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Says something to the browser's own tools.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// The path of the first element that a selector finds.
    pub async fn element(&self, css: &str) -> Result<String, String> {
        let found = self.try_post("/element", json!({ "using": "css selector", "value": css })).await?;
        Ok(format!("/element/{}", found[ELEMENT].as_str().expect("an element's name")))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the driver answers");
        let refused = !answer.status().is_success();
        let mut answer: Value = answer.json().await.expect("the driver speaks JSON");
        let value = answer["value"].take();
        if !refused {
            return Ok(value);
        }
        Err(format!("{}: {}", value["error"], value["message"]))
    }
}

/// Where the driver of this process listens.
fn driver() -> &'static str {
    static DRIVER: OnceLock<(Child, String)> = OnceLock::new();
    &DRIVER.get_or_init(start).1
}

fn start() -> (Child, String) {
    for program in ["chromium", "chromedriver"] {
        let found =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            found.is_ok_and(|status| status.success()),
            "{program} is missing. Run: scripts/test install"
        );
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", UNTIL_INPUT_ENDS]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Away from the terminal's group: an interrupted test still ends its browsers in order.
    let mut shell = shell.process_group(0).spawn().expect("a shell");
    let said = BufReader::new(shell.stdout.as_mut().expect("its output")).lines();
    let port = said.map_while(Result::ok).find_map(|line| port_in(&line)).expect("the driver says its port");
    (shell, format!("http://127.0.0.1:{port}"))
}

fn port_in(line: &str) -> Option<u16> {
    line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
}
