//! Starts real servers, a real database and a phone network, does to them what happens in life, and says which promises
//! held. See README.md here.

mod clock;
mod dice;
mod faults;
mod oracle;
mod report;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};

use crate::faults::{Fault, Plan};
use crate::world::Database;

/// Starts real servers, a real database and a phone network, does to them what happens in life, and says which
/// promises held.
///
/// Everything happens on this machine, in throw-away folders, and stops by itself. Ends with 0 only when all held.
#[derive(Parser)]
#[command(name = "prospectai-chaos")]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where the servers keep what they know
    #[arg(long, value_enum, default_value = "both")]
    database: Databases,
    /// Only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', ignore_case = true)]
    faults: Vec<Fault>,
    /// How often F2 and F39 kill
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Repeats what chance decides; the order of events on a real machine still differs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long the faults last that go on
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// F14, F31 and F34 in their full size instead of a tenth
    #[arg(long)]
    full: bool,
    /// The version before, for F39
    #[arg(long, value_name = "PATH")]
    older_binary: Option<PathBuf>,
    /// The program under test; `prospectai` beside this one when left out
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Print what can be done
    List,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Databases {
    Sqlite,
    Postgres,
    Both,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.command.is_some() {
        for fault in Fault::value_variants() {
            println!("{:4} {}", format!("{fault:?}"), fault.what());
        }
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("prospectai-chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<bool> {
    // The HTTP client wants to know who would do TLS, although nothing here does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if !(0.0..=600.0).contains(&options.minutes) || options.kills > 100_000 {
        bail!("--minutes is 0 to 600 and --kills at most 100000");
    }
    let plan = Plan {
        program: program(options)?,
        seed: options.seed,
        kills: options.kills,
        minutes: options.minutes,
        full: options.full,
        older: options.older_binary.as_deref().map(found).transpose()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Dropped when interrupted: every child is killed and the folders go away.
        tokio::select! {
            held = all(options, &plan) => Ok(held),
            () = interrupted() => bail!("interrupted"),
        }
    })
}

async fn all(options: &Options, plan: &Plan) -> bool {
    let wanted = if options.faults.is_empty() { Fault::value_variants() } else { &options.faults[..] };
    let mut all_held = true;
    let mut tried = 0;
    for fault in wanted {
        for database in fault.databases().iter().filter(|database| options.database.has(**database)) {
            let began = std::time::Instant::now();
            let verdict = fault.run(plan, *database).await;
            let name = format!("{fault:?}");
            println!("{name:4} {database:?} ({:.0} s): {verdict}", began.elapsed().as_secs_f64());
            all_held &= verdict.held();
            tried += 1;
        }
    }
    if tried == 0 {
        println!("Nothing was tried: none of these faults concerns this database.");
    }
    all_held && tried > 0
}

impl Databases {
    const fn has(self, database: Database) -> bool {
        matches!(
            (self, database),
            (Self::Both, _) | (Self::Sqlite, Database::Sqlite) | (Self::Postgres, Database::Postgres)
        )
    }
}

fn program(options: &Options) -> anyhow::Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("prospectai"));
    let program =
        options.binary.clone().or_else(beside).context("where the program is cannot be found out")?;
    found(&program)
}

fn found(program: &Path) -> anyhow::Result<PathBuf> {
    let found = program.canonicalize();
    found
        .with_context(|| format!("{} is not there; build it first: cargo build -p server", program.display()))
}

/// Returns at Ctrl-C or when a supervisor ends the run.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
