//! The command line as scripts see it: real processes, their output and their exit codes.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use prospectai::clock::Clock;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::support::process::{Process, prospectai, run};

/// A machine under load is slow, but not endlessly.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_key_made_before_the_first_start_opens_the_api_until_it_is_revoked() {
    let data = Data::new();
    let key = data.json("key create --name t --role admin --json").await;
    assert_eq!(key.as_object().expect("an object").len(), 2, "{key}");
    let server = data.serve().await;
    let secret = key["key"].as_str().expect("a secret");
    assert_eq!(server.get("/api/campaigns", secret).await.status(), 200);
    let revoked = data.run(&format!("key revoke {}", key["id"].as_str().expect("an id"))).await;
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(server.get("/api/campaigns", secret).await.status(), 401);
    server.stop().await;
    assert!(!data.folder().join("server.json").exists());
}

#[tokio::test]
async fn the_first_start_says_where_the_owner_is_made_and_only_its_code_makes_one() {
    let data = Data::new();
    let server = data.serve().await;
    let line = server.said.iter().find(|line| line.contains("/welcome?code=")).expect("a greeting");
    let (_, code) = line.split_once("code=").expect("a code");
    let password = "correct horse battery staple";
    let guessed = server.make_owner("0000-0000-0000-0000", "mallory@example.com", password).await;
    assert_eq!(guessed.status(), 422);
    assert!(guessed.text().await.expect("a page").contains("not the code"));
    let made = server.make_owner(code, "ada@example.com", password).await;
    assert!(made.status().is_success(), "{made:?}");
    assert_eq!(server.sign_in("ada@example.com", password).await.status(), 201);
    // The door through which the first one came is shut.
    server.make_owner(code, "mallory@example.com", password).await;
    assert_eq!(server.sign_in("mallory@example.com", password).await.status(), 401);
}

#[tokio::test]
async fn the_phone_network_takes_its_people_and_accidents_from_json_and_from_toml() {
    let written = [
        ("json", r#"{"everyone": {"human": {"talk_seconds": 1}}}"#, r#"{"create": {"slow": 0.5}}"#),
        ("toml", "everyone = { human = { talk_seconds = 1 } }", "[create]\nslow = 0.5\n"),
    ];
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    for (kind, people, accidents) in written {
        let (people_file, accidents_file) = (format!("people.{kind}"), format!("accidents.{kind}"));
        std::fs::write(folder.path().join(&people_file), people).expect("write");
        std::fs::write(folder.path().join(&accidents_file), accidents).expect("write");
        let files = ["--answers", &people_file, "--faults", &accidents_file];
        let network = ["twilio-sim", "--listen", "127.0.0.1:0"];
        let mut phones = Process::start(prospectai(folder.path(), &[&network[..], &files].concat()));
        phones.line_with("ready at").await;
        assert_eq!(phones.stop().await, 0);
        let swapped = ["twilio-sim", "--answers", &accidents_file];
        let (code, said) = run(prospectai(folder.path(), &swapped)).await;
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(&accidents_file), "{said}");
    }
}

#[tokio::test]
async fn a_user_whose_password_came_through_a_pipe_signs_in() {
    let data = Data::new();
    let create = "user create --email ada@example.com --role owner --password-stdin";
    let short = data.run_with(create, "short\n").await;
    assert_eq!(
        (short.status.code(), text(&short.stderr).contains("/password")),
        (Some(1), true),
        "{short:?}"
    );
    let made = data.run_with(create, "correct horse battery staple\n").await;
    assert!(made.status.success(), "{made:?}");
    let server = data.serve().await;
    assert!(server.said.iter().all(|line| !line.contains("/welcome")), "somebody is there already");
    let signed_in = server.sign_in("ada@example.com", "correct horse battery staple").await;
    assert_eq!(signed_in.status(), 201);
    let users = data.json("user list --json").await;
    assert_eq!(users["users"][0]["email"], "ada@example.com");
}

#[tokio::test]
async fn a_file_is_imported_alike_with_and_without_a_server() {
    let messy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/messy.csv");
    let (alone, served) = (Data::new(), Data::new());
    let server = served.serve().await;
    let mut both = Vec::new();
    for data in [&alone, &served] {
        let campaign = data.campaign("--window 09:00-17:00").await;
        both.push(data.json(&format!("import --campaign {campaign} {} --json", messy.display())).await);
    }
    assert_eq!(both[0], both[1]);
    let count = |field: &str| both[0][field].as_u64().expect(field);
    assert_eq!(count("rows"), count("added") + count("merged") + count("rejected"));
    let rejects = both[0]["rejects"].as_array().expect("rejects");
    assert_eq!(rejects.len() as u64, count("rejected"));
    assert!(count("added") > 0 && count("rejected") > 0, "{}", both[0]);
    assert!(rejects.iter().all(|reject| reject.as_object().is_some_and(|fields| fields.len() == 2)));
    assert_eq!(both[0].as_object().expect("an object").len(), 5);
    server.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_accepted_ends_with_1_and_the_reason() {
    let data = Data::new();
    let campaign = data.campaign("--window 09:00-17:00").await;
    let refused = data.run_with(&format!("import --campaign {campaign} -"), "name,city\nAda,Boston\n").await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("phone"), "{refused:?}");
}

#[tokio::test]
async fn exit_codes_tell_wrong_use_from_refused_settings_and_held_data() {
    let data = Data::new();
    for wrong in
        ["place", "user create --email a@example.com --role owner", "key create --name t --role king"]
    {
        assert_eq!(data.run(wrong).await.status.code(), Some(2), "{wrong}");
    }
    let half = data.command("key list").env("TWILIO_AUTH_TOKEN", "hunter2").output().await.expect("run");
    assert_eq!(half.status.code(), Some(3));
    let says = text(&half.stderr);
    assert!(says.contains("TWILIO_ACCOUNT_SID") && !says.contains("hunter2"), "{says}");

    let server = data.serve().await;
    assert_eq!(data.run("serve --listen 127.0.0.1:0").await.status.code(), Some(4));
    // A server that left no address is as good as a foreign process.
    std::fs::remove_file(data.folder().join("server.json")).expect("the server left its address");
    assert_eq!(data.run("key list").await.status.code(), Some(4));
    // One that is gone leaves an address at most, which misleads nobody.
    server.stop().await;
    let gone = json!({ "url": server_address_of_nobody(), "key": "pak_none" });
    std::fs::write(data.folder().join("server.json"), gone.to_string()).expect("written");
    assert!(data.run("key list").await.status.success());
}

#[tokio::test]
async fn a_call_outside_hours_is_refused_with_the_next_possible_time() {
    let data = Data::new();
    let (campaign, prospect) = data.campaign_of_one(&window_that_opens_later()).await;
    assert!(data.run(&format!("campaign launch {campaign}")).await.status.success());
    let refused = data.run(&format!("place --campaign {campaign} --prospect {prospect}")).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("The next possible time is 20"), "{refused:?}");
}

#[tokio::test]
async fn a_call_placed_while_no_server_runs_is_made_by_the_next_one() {
    let data = Data::new();
    let (campaign, prospect) = data.campaign_of_one("--window 00:00-24:00").await;
    assert!(data.run(&format!("campaign launch {campaign}")).await.status.success());
    let placed = data.run(&format!("place --campaign {campaign} --prospect {prospect} --json")).await;
    assert!(placed.status.success(), "{placed:?}");
    assert!(text(&placed.stderr).contains("prospectai serve"), "{placed:?}");
    let call: Value = serde_json::from_slice(&placed.stdout).expect("JSON");
    assert_eq!((call["status"].as_str(), &call["timeline"]["armedAt"]), (Some("queued"), &Value::Null));

    let key = data.json("key create --name t --role analyst --json").await;
    let key = key["key"].as_str().expect("a secret");
    let server = data.serve().await;
    let mut changes = server.get("/api/events", key).await;
    let path = format!("/api/calls/{}", call["id"].as_str().expect("an id"));
    let made = async {
        while server.get(&path, key).await.json::<Value>().await.expect("a call")["timeline"]["placedAt"]
            .is_null()
        {
            changes.chunk().await.expect("changes").expect("more changes");
        }
    };
    timeout(PATIENCE, made).await.expect("the call is made");
}

/// A data folder, and the program working on it.
struct Data(tempfile::TempDir);

impl Data {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// A run with nothing of the surroundings: no variables, no `.env`.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prospectai"));
        command.args(arguments.split_whitespace()).arg("--data-dir").arg(self.folder());
        command.env_clear().env("LOG_LEVEL", "error").current_dir(self.0.path());
        // By its id, whatever becomes of the test.
        command.kill_on_drop(true).stdin(Stdio::null());
        command
    }

    async fn run(&self, arguments: &str) -> Output {
        self.run_with(arguments, "").await
    }

    async fn run_with(&self, arguments: &str, input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("spawn");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that wants no input may have ended before it is written.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        timeout(PATIENCE, child.wait_with_output()).await.expect("an end").expect("output")
    }

    async fn json(&self, arguments: &str) -> Value {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("one JSON value and nothing else")
    }

    /// The id of a new campaign.
    async fn campaign(&self, options: &str) -> String {
        let campaign = self.json(&format!("campaign create --name T --script Hello. {options} --json")).await;
        campaign["id"].as_str().expect("an id").to_owned()
    }

    /// A campaign and its one prospect. A server tells the prospect's id, and is gone again.
    async fn campaign_of_one(&self, options: &str) -> (String, String) {
        let campaign = self.campaign(options).await;
        let import = format!("import --campaign {campaign} - --json");
        let imported = self.run_with(&import, "firstName,phone\nAda,+16175550123\n").await;
        assert!(imported.status.success(), "{imported:?}");
        let key = self.json("key create --name t --role analyst --json").await;
        let server = self.serve().await;
        let path = format!("/api/campaigns/{campaign}/prospects");
        let list = server.get(&path, key["key"].as_str().expect("a secret")).await;
        let list: Value = list.json().await.expect("prospects");
        server.stop().await;
        (campaign, list["prospects"][0]["id"].as_str().expect("one prospect").to_owned())
    }

    async fn serve(&self) -> Server {
        let mut child =
            self.command("serve --listen 127.0.0.1:0").stdout(Stdio::piped()).spawn().expect("spawn");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut said = Vec::new();
        let url = loop {
            let line = timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("readable");
            let line = line.expect("the server gets ready before it ends");
            if let Some((_, rest)) = line.split_once("ready at ") {
                break rest.split(' ').next().expect("an address").to_owned();
            }
            said.push(line);
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        Server { child, url, said, client, _lines: lines }
    }
}

/// A running server; killed when dropped.
struct Server {
    child: Child,
    url: String,
    /// What it said before it was ready.
    said: Vec<String>,
    client: Client,
    // Kept open: a server that cannot print must not fail for it.
    _lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Server {
    async fn get(&self, path: &str, key: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(key);
        timeout(PATIENCE, request.send()).await.expect("in time").expect("an answer")
    }

    /// Sends the form of the first run, as its page does.
    async fn make_owner(&self, code: &str, email: &str, password: &str) -> Response {
        let form = [("code", code), ("email", email), ("password", password), ("again", password)];
        let request =
            self.client.post(format!("{}/welcome", self.url)).header("origin", &self.url).form(&form);
        timeout(PATIENCE, request.send()).await.expect("in time").expect("an answer")
    }

    async fn sign_in(&self, email: &str, password: &str) -> Response {
        let body = json!({ "email": email, "password": password });
        let request = self.client.post(format!("{}/api/session", self.url)).json(&body);
        timeout(PATIENCE, request.send()).await.expect("in time").expect("an answer")
    }

    /// Asks it to stop, as a supervisor does, and waits for its end.
    async fn stop(mut self) {
        let id = self.child.id().expect("running").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill");
        assert!(asked.success());
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("an end");
        assert!(ended.success(), "{ended}");
    }
}

/// Where the prospect and the campaign are at home, this window opens in about two hours and is open for one.
fn window_that_opens_later() -> String {
    let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
    let hour = Clock::System.now().to_zoned(zone).hour();
    format!("--window {:02}:00-{:02}:00", (hour + 2) % 24, (hour + 3) % 24)
}

/// A port that nobody listens on: it was free a moment ago.
fn server_address_of_nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("its address"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
