//! Twilio's own libraries, unchanged, drive the phone network in the box: whoever passes for Twilio with them passes for
//! Twilio. Both tell the same transcript.

use std::env;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use crate::support::process::{Process, prospectai, run};
use crate::support::world::{ACCOUNT, TOKEN};

const TRANSCRIPT: &str = "\
account: active
first: queued outbound-api to +14155550100
fetched: the same call
made in all: 7
three at most: 3
to one number: 1
to nobody: 0
queued: 6 or 7
started after tomorrow: 0
cancelled: canceled
cancelled in all: 1
cancelled again: 400 21220
completed: over
what was asked of the first: 2
recordings: 0
numbers: 1
no such call: 404 20404
no number: 400 21211
no such number: 400 21217
nothing to say: 400 21205
wrong token: 401 20003
too many requests: 429 20429
as before: queued
";

#[tokio::test]
async fn twilio_s_python_library_drives_the_phone_network() {
    let python =
        env::var_os("TWILIO_SDK_PYTHON").map_or_else(|| installed("python/bin/python"), PathBuf::from);
    let mut command = Command::new(&python);
    command.arg(script("drive.py"));
    assert_eq!(told_by(command).await, TRANSCRIPT);
}

#[tokio::test]
async fn twilio_s_node_library_drives_the_phone_network() {
    let folder = env::var_os("TWILIO_SDK_NODE").map_or_else(|| installed("node"), PathBuf::from);
    let mut command = Command::new("node");
    command.arg(script("drive.mjs")).env("TWILIO_SDK_NODE", &folder);
    assert_eq!(told_by(command).await, TRANSCRIPT);
}

/// What a library says of a phone network of its own.
async fn told_by(mut library: Command) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    // One call in a hundred seconds is started: the others can be seen waiting.
    let arguments = ["twilio-sim", "--listen", "127.0.0.1:0", "--cps", "0.01", "--account-sid", ACCOUNT];
    let mut command = prospectai(folder.path(), &arguments);
    command.args(["--auth-token", TOKEN]);
    let mut phones = Process::start(command);
    let ready = phones.line_with("ready at").await;
    let base_url = ready.rsplit(' ').next().expect("an address");
    library.args([base_url, ACCOUNT, TOKEN]).kill_on_drop(true);
    let (code, said) = run(library).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(phones.stop().await, 0);
    said
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sdk").join(name)
}

/// Where `scripts/test install` puts the libraries.
fn installed(what: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/sdk").join(what);
    assert!(path.exists(), "Twilio's libraries are not installed. Run: scripts/test install");
    path
}
