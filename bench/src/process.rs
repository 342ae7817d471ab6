//! A server under test, as a process of its own: started, watched through `/proc`, stopped.
//!
//! The process is this very program, which plays the part that its environment names: ProspectAI's own `main`, or the
//! bare handler. So one build measures itself, and both parts have the same layout.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use prospectai::store::Location;
use testbed::{Signal, free_address};
use tokio::process::{Child, Command};

use crate::connection::{Connection, request};
use crate::installation::{CALLER_ID, Installation};
use crate::{bare, fake_carrier};

const PART: &str = "PROSPECTAI_BENCH_PART";
const PROSPECTAI: &str = "prospectai";
const BARE: &str = "bare";
const LOG: &str = "server.log";
/// The environment variable that tells the bare handler where to listen.
pub const BARE_LISTEN: &str = "PROSPECTAI_BENCH_LISTEN";

/// Plays the part that the environment names, if it names one.
pub fn play_part() -> Option<ExitCode> {
    match std::env::var(PART).ok()?.as_str() {
        PROSPECTAI => Some(prospectai::cli::main()),
        BARE => Some(bare::main()),
        _ => None,
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From starting the process to its first answer.
    pub first_answer: Duration,
}

/// Memory of a process, in MB (millions of bytes).
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident now.
    pub resident: f64,
    /// The most that was resident so far.
    pub peak: f64,
}

impl Server {
    /// `prospectai serve` on an installation, with its default settings except those of the carrier and the pace.
    pub async fn prospectai(installation: &Installation, carrier: SocketAddr) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let mut command = part(PROSPECTAI, installation.folder.path())?;
        command
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(installation.folder.path())
            .env("PUBLIC_URL", format!("http://{address}"))
            .env("TWILIO_ACCOUNT_SID", fake_carrier::ACCOUNT_SID)
            .env("TWILIO_AUTH_TOKEN", fake_carrier::AUTH_TOKEN)
            .env("TWILIO_PHONE_NUMBER", CALLER_ID)
            .env("TWILIO_API_BASE", format!("http://{carrier}"))
            // The fastest pace that the server accepts: it must not be what is measured.
            .env("DIALER_CALLS_PER_SECOND", "1000")
            .env("DIALER_MAX_LIVE_CALLS", "100000");
        if let Location::Postgres(url) = &installation.database {
            command.env("DATABASE_URL", url);
        }
        Self::start(command, address, installation.folder.path()).await
    }

    /// The handler that only verifies the signature.
    pub async fn bare(folder: &Path) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let mut command = part(BARE, folder)?;
        command.env(BARE_LISTEN, address.to_string());
        Self::start(command, address, folder).await
    }

    async fn start(mut command: Command, address: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = command.spawn().context("the server under test could not be started")?;
        let health = request("GET", address, "/health", &[], b"");
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && connection.exchange(&health).await.is_ok()
            {
                break;
            }
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
                bail!("the server under test ended before its first answer ({status}). It says: {log}");
            }
            if began.elapsed() > Duration::from_secs(60) {
                bail!("the server under test did not answer within a minute");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { child, address, first_answer: began.elapsed() })
    }

    /// Memory, as the kernel counts it.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))
            .context("memory is read from /proc, which only Linux has")?;
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.trim_start_matches(':').split_whitespace().next());
            number
                .and_then(|number| number.parse::<f64>().ok())
                .context("the kernel does not tell the memory")
        };
        // The kernel's kB are of 1,024 bytes.
        Ok(Memory { resident: kilobytes("VmRSS")? * 0.001_024, peak: kilobytes("VmHWM")? * 0.001_024 })
    }

    /// Processor time used so far, in seconds.
    pub fn processor_seconds(&self) -> anyhow::Result<f64> {
        Ok(Times::of(self.id()?)?.own)
    }

    /// Asks it to stop, as a supervisor would, and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        testbed::stop(&mut self.child, Signal::TERM, Duration::from_secs(10)).await.map(|_| ())
    }

    fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server under test is gone")
    }
}

/// Processor time of a process with its living children and those it has waited for, in seconds: PostgreSQL has a
/// process per connection.
///
/// # Errors
/// The process is gone, or this is not Linux.
pub fn processor_seconds_of_family(parent: u32) -> anyhow::Result<f64> {
    let parents = Times::of(parent)?;
    let mut sum = parents.own + parents.children;
    for entry in std::fs::read_dir("/proc")? {
        let id = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        // A child may end meanwhile.
        if let Some(times) = id.and_then(|id| Times::of(id).ok()).filter(|times| times.parent == parent) {
            sum += times.own;
        }
    }
    Ok(sum)
}

/// What the kernel counts of a process, in seconds.
struct Times {
    parent: u32,
    own: f64,
    children: f64,
}

impl Times {
    fn of(process: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        // After the name in parentheses: the parent is the second field; user and system time are the 12th and 13th, in
        // hundredths of a second, and those of children that were waited for the two after them.
        let (_, rest) = stat.rsplit_once(')').context("the kernel does not tell the processor time")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
        let seconds = |at| Some(f64::from(field(at)? + field(at + 1)?) / 100.0);
        let times = || Some(Self { parent: field(1)?, own: seconds(11)?, children: seconds(13)? });
        times().context("the kernel tells the processor time in another way")
    }
}

/// This program in another part. Nothing of our own environment but the temporary folder reaches it.
fn part(name: &str, folder: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env_clear().env(PART, name).current_dir(folder);
    if let Some(temporary) = std::env::var_os("TMPDIR") {
        command.env("TMPDIR", temporary);
    }
    // The log is written as in real life, at its default level.
    let log = File::options().create(true).append(true).open(folder.join(LOG))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    Ok(command)
}
