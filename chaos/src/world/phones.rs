//! The phone network as a process of its own, and what its ledger says.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;
use testbed::{Signal, free_address, signal};
use tokio::process::{Child, Command};

use crate::clock::{instant, maybe_instant};

/// The account at the phone network.
pub const ACCOUNT_SID: &str = "AC00000000000000000000000000000000";
/// Its token.
pub const AUTH_TOKEN: &str = "simulated";
/// The number that the network has without being told.
pub const CALLER_ID: &str = "+15005550006";

/// The running network.
pub struct Phones {
    /// Where its API is.
    pub address: SocketAddr,
    child: Child,
    client: Client,
}

/// One call of the ledger, as far as judging needs it.
#[derive(Clone, Debug, Deserialize)]
pub struct Ring {
    /// The network's name for the call.
    pub call_sid: String,
    /// The number.
    pub to: String,
    /// When the network took the request.
    #[serde(deserialize_with = "instant")]
    pub created_at: Timestamp,
    /// When it dialed.
    #[serde(deserialize_with = "maybe_instant")]
    pub started_at: Option<Timestamp>,
    /// When it was over.
    #[serde(deserialize_with = "maybe_instant")]
    pub ended_at: Option<Timestamp>,
    /// The keys that were pressed and that the server was told of.
    #[serde(default)]
    pub pressed: String,
    /// Where it stands.
    pub status: String,
    /// The callback address of the request, which names the attempt.
    pub tag: Option<String>,
}

#[derive(Deserialize)]
struct Ledger {
    rings: Vec<Ring>,
}

impl Phones {
    /// Starts the network in real time with these people and these accidents; the environment may give it another clock.
    pub async fn start(
        program: &Path,
        folder: &Path,
        seed: u64,
        calls_per_second: f64,
        answers: &Value,
        faults: &Value,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let file = |name: &str, content: &Value| {
            let file = folder.join(name);
            std::fs::write(&file, content.to_string()).map(|()| file)
        };
        let log = std::fs::File::create(folder.join("phones.log"))?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(environment)
            .args(["twilio-sim", "--listen", &address.to_string(), "--account-sid", ACCOUNT_SID])
            .args(["--auth-token", AUTH_TOKEN, "--seed", &seed.to_string()])
            .args(["--cps", &calls_per_second.to_string()])
            .arg("--answers")
            .arg(file("answers.json", answers)?)
            .arg("--faults")
            .arg(file("faults.json", faults)?)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let child = command.spawn().context("the phone network could not be started")?;
        let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
        let mut phones = Self { address, child, client };
        for _ in 0..600 {
            let answer = phones.client.get(format!("http://{address}/_health")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(phones);
            }
            if let Some(status) = phones.child.try_wait()? {
                let said = std::fs::read_to_string(folder.join("phones.log")).unwrap_or_default();
                bail!("the phone network ended while it started ({status}): {said}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the phone network did not start within 30 seconds")
    }

    /// Every call that the network took, also those it never dialed.
    pub async fn ledger(&self) -> anyhow::Result<Vec<Ring>> {
        let answer = self.client.get(format!("http://{}/_ledger?all=true", self.address)).send().await?;
        Ok(answer.error_for_status()?.json::<Ledger>().await?.rings)
    }

    /// What the network charges for a call, in millionths of a dollar; `None` while it does not say.
    pub async fn price(&self, call_sid: &str) -> anyhow::Result<Option<u64>> {
        let url = format!("http://{}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls/{call_sid}.json", self.address);
        let answer = self.client.get(url).basic_auth(ACCOUNT_SID, Some(AUTH_TOKEN)).send().await?;
        let call: Value = answer.error_for_status()?.json().await?;
        // Charges are negative there.
        let Some(price) = call["price"].as_str() else { return Ok(None) };
        let price: f64 = price.trim_start_matches('-').parse().context("a price is a number")?;
        Ok(Some((price * 1_000_000.0).round() as u64))
    }

    /// Replaces the accidents.
    pub async fn set_faults(&self, faults: &Value) -> anyhow::Result<()> {
        let url = format!("http://{}/_faults", self.address);
        self.client.post(url).json(faults).send().await?.error_for_status()?;
        Ok(())
    }

    /// Freezes the network where it is: connections stay open and nothing answers.
    pub fn freeze(&self) -> anyhow::Result<()> {
        signal(&self.child, Signal::STOP)
    }

    /// Lets it go on.
    pub fn thaw(&self) -> anyhow::Result<()> {
        signal(&self.child, Signal::CONT)
    }
}
