//! `prospectai twilio-sim`: the phone network in the box alone.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use serde::de::DeserializeOwned;
use simulator::{Faults, Settings, Simulator, Timeline};

use super::stop_asked_for;
use crate::clock::Clock;
use crate::config::ConfigRefused;

/// Speaks Twilio's REST API and sends signed callbacks; GET /_ledger lists every ring
#[derive(Args)]
pub(super) struct TwilioSim {
    /// The account that clients use
    #[arg(long, value_name = "AC…", default_value = "AC00000000000000000000000000000000")]
    account_sid: String,
    /// The account's token, which also signs callbacks
    #[arg(long, value_name = "TOKEN", default_value = "simulated")]
    auth_token: String,
    /// Repeats everything that chance decides
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual seconds per second
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// New calls per virtual second; more wait in the queue
    #[arg(long, default_value_t = 1.0)]
    cps: f64,
    /// What goes wrong, as JSON or TOML
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// How the called people behave, as JSON or TOML
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

impl TwilioSim {
    pub(super) async fn run(self, listen: Option<String>) -> anyhow::Result<ExitCode> {
        let mut settings = Settings::new(self.account_sid, self.auth_token);
        let listen = listen.unwrap_or_else(|| "127.0.0.1:8010".to_owned());
        settings.listen = listen
            .parse()
            .map_err(|_| ConfigRefused::new("--listen is an address and a port, such as 127.0.0.1:8010"))?;
        settings.seed = self.seed;
        settings.calls_per_second = self.cps;
        settings.timeline = Timeline::new(Clock::System.now(), Instant::now(), self.speed);
        if let Some(file) = &self.faults {
            settings.faults = read::<Faults>(file)?.checked().map_err(|error| refused(file, error))?;
        }
        if let Some(file) = &self.answers {
            settings.answers = read(file)?;
        }
        let network = Simulator::start(settings).await.context("the phone network did not start")?;
        let stop = stop_asked_for();
        println!("The phone network is ready at {}", network.base_url());
        stop.await;
        network.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// A file named `.json` is JSON, any other is TOML.
fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    if file.extension().is_some_and(|extension| extension == "json") {
        let text = std::fs::read(file).map_err(|error| refused(file, error))?;
        return serde_json::from_slice(&text).map_err(|error| refused(file, error).into());
    }
    let source = config::File::from(file).format(config::FileFormat::Toml);
    let read = config::Config::builder().add_source(source).build();
    read.and_then(config::Config::try_deserialize).map_err(|error| refused(file, error).into())
}

fn refused(file: &Path, why: impl Display) -> ConfigRefused {
    ConfigRefused::new(format!("{} is not accepted: {why}", file.display()))
}
