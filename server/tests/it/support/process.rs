//! The program as its users start it: a process of its own.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a test waits for a process, in real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `prospectai`; killed when dropped.
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// `prospectai` with these arguments, in this folder, without any setting of the machine that runs the tests.
pub fn prospectai(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prospectai"));
    command.args(arguments).current_dir(folder).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub async fn run(mut command: Command) -> (i32, String) {
    let Output { status, stdout, stderr } =
        tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends in time").expect("it starts");
    let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (status.code().expect("it ended by itself"), text)
}

impl Process {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    /// Waits for the first line that contains `wanted`, and gives it back.
    pub async fn line_with(&mut self, wanted: &str) -> String {
        let reading = async {
            while let Some(line) = self.lines.next_line().await.expect("its output can be read") {
                if line.contains(wanted) {
                    return line;
                }
            }
            panic!("the process ended without a line with {wanted:?}");
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("it says so in time")
    }

    /// Its number, for whoever looks at it from outside.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it as a loss of power would.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Waits until it ends by itself; the signal that ended it, if one did.
    pub async fn killed_by(mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends in time");
        ended.expect("its end").signal()
    }

    /// Asks it to stop, as a supervisor does; its exit code.
    pub async fn stop(self) -> i32 {
        self.ask_to_stop().await;
        self.exit_code().await
    }

    /// Asks it to stop, as a supervisor does.
    pub async fn ask_to_stop(&self) {
        let id = self.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill is there");
        assert!(asked.success());
    }

    /// Waits until it ends by itself; its exit code.
    pub async fn exit_code(mut self) -> i32 {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it stops in time");
        ended.expect("its end").code().expect("it ended by itself")
    }
}
