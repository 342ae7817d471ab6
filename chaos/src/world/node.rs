//! One `prospectai serve` as a process of its own, which may be killed, stopped, frozen and started again.

use std::ffi::OsStr;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Client;
use testbed::{Signal, signal};
use tokio::process::{Child, Command};

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One server of an installation.
pub struct Node {
    /// Its data folder.
    pub folder: PathBuf,
    /// Where it listens, whether it runs or not.
    pub address: SocketAddr,
    program: PathBuf,
    environment: Vec<(String, String)>,
    /// A program with arguments that becomes the server, having narrowed what it may have.
    by_way_of: Vec<String>,
    child: Option<Child>,
    client: Client,
}

impl Node {
    /// A node that has yet to be started.
    pub fn new(
        program: &Path,
        folder: PathBuf,
        address: SocketAddr,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let client = Client::builder().timeout(Duration::from_secs(2)).pool_max_idle_per_host(0).build()?;
        let (program, by_way_of) = (program.to_owned(), Vec::new());
        Ok(Self { folder, address, program, environment, by_way_of, child: None, client })
    }

    /// A command of the same program on the same data.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut words = self.by_way_of.iter().map(OsStr::new).chain([self.program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            // Backups of PostgreSQL are made by its own programs.
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Changes one setting from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A setting that is not the default.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.environment.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// Lets another program become the server from the next start on: `prlimit --nofile=64`, for instance. Nothing for
    /// the server itself.
    pub fn start_by_way_of(&mut self, words: &[&str]) {
        self.by_way_of = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Another build from the next start on.
    pub fn set_program(&mut self, program: &Path) {
        program.clone_into(&mut self.program);
    }

    /// Starts the process where it should refuse to, and waits for its end: its exit code and what it said. `None` when
    /// it had to be killed because it goes on.
    pub async fn refusal(&self, patience: Duration) -> anyhow::Result<Option<(Option<i32>, String)>> {
        let address = self.address.to_string();
        let mut serve = self.command(&["serve", "--listen", &address]);
        let Ok(said) = tokio::time::timeout(patience, serve.output()).await else { return Ok(None) };
        let said = said.context("the server could not be started")?;
        let text =
            [said.stdout, said.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat();
        Ok(Some((said.status.code(), text)))
    }

    /// Starts the process, and does not wait for it.
    pub fn launch(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command(&["serve", "--listen", &self.address.to_string()]);
        command.stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().context("the server could not be started")?);
        Ok(())
    }

    /// Starts the process and waits until it is healthy; how long that took.
    pub async fn start(&mut self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        self.launch()?;
        self.until_healthy().await?;
        Ok(began.elapsed())
    }

    /// Waits until `/health` answers 200.
    pub async fn until_healthy(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self.is_healthy().await {
            let child = self.child.as_mut().context("the server was not started")?;
            if let Some(status) = child.try_wait()? {
                bail!("a server ended while it started ({status}); its log is {}", self.log().display());
            }
            if began.elapsed() > PATIENCE {
                bail!(
                    "a server was not healthy after {} s; see {}",
                    PATIENCE.as_secs(),
                    self.log().display()
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Whether `/health` answers 200 at this moment.
    pub async fn is_healthy(&self) -> bool {
        let answer = self.client.get(format!("http://{}/health", self.address)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Whether the process is there.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Ends it as a loss of power would.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks it to end, as a supervisor does, and waits. Its exit status, and how long it took.
    pub async fn stop(&mut self, patience: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        let began = Instant::now();
        let mut child = self.child.take().context("the server does not run")?;
        let status = testbed::stop(&mut child, Signal::TERM, patience).await?;
        Ok((status, began.elapsed()))
    }

    /// Freezes it where it is.
    pub fn freeze(&self) -> anyhow::Result<()> {
        signal(self.child.as_ref().context("the server does not run")?, Signal::STOP)
    }

    /// Lets it go on.
    pub fn thaw(&self) -> anyhow::Result<()> {
        signal(self.child.as_ref().context("the server does not run")?, Signal::CONT)
    }

    /// Its process, while there is one.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref()?.id()
    }

    /// How it ended, once it has by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok()?
    }

    /// Memory resident now, in MB.
    pub fn memory(&self) -> Option<f64> {
        self.kilobytes("VmRSS:").map(|kilobytes| kilobytes * 0.001_024)
    }

    /// The most memory that was resident since the start or since that was forgotten, in MiB.
    pub fn peak_memory(&self) -> Option<f64> {
        self.kilobytes("VmHWM:").map(|kilobytes| kilobytes / 1024.0)
    }

    /// From now on only what follows counts for `peak_memory`.
    pub fn forget_peak_memory(&self) -> anyhow::Result<()> {
        let id = self.process().context("the server does not run")?;
        Ok(std::fs::write(format!("/proc/{id}/clear_refs"), "5")?)
    }

    fn kilobytes(&self, name: &str) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Lines of its log that contain a text.
    pub fn logged(&self, text: &str) -> usize {
        let log = std::fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(&log).lines().filter(|line| line.contains(text)).count()
    }

    fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }
}
