//! Measures ProspectAI beside a bare handler, the disk and figures of other systems. See README.md here.

mod bare;
mod callbacks;
mod connection;
mod dialing;
mod disk;
mod fake_carrier;
mod fill;
mod importing;
mod installation;
mod load;
mod memory;
mod pages;
mod peers;
mod placing;
mod process;
mod reading;
mod report;
mod size;
mod startup;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use testbed::Postgres;

use crate::fake_carrier::FakeCarrier;
use crate::fill::Contents;
use crate::installation::Installation;
use crate::report::Report;
use crate::size::Size;

/// Measures ProspectAI beside a bare handler, the disk and figures of other systems, in one run.
///
/// Everything happens on this machine, in throw-away folders, and stops by itself. Ends with 0 whether targets are met
/// or missed; with 1 when something could not be measured.
#[derive(Parser)]
#[command(name = "bench")]
struct Options {
    /// Show in less than a minute that the measurements work; the figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Measure each subject this often; the median counts
    #[arg(long, value_name = "NUMBER")]
    rounds: Option<std::num::NonZeroUsize>,
    /// Measure only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Wanted>,
    /// Also write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wanted {
    Webhooks,
    Placing,
    Dialing,
    Importing,
    Reading,
    Startup,
    Pages,
    Memory,
}

fn main() -> ExitCode {
    if let Some(ended) = process::play_part() {
        return ended;
    }
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        // Dropped when interrupted: the servers stop and the folders go away.
        tokio::select! {
            report = measure(options) => report,
            () = interrupted() => anyhow::bail!("interrupted"),
        }
    })?;
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
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

async fn measure(options: &Options) -> anyhow::Result<Report> {
    let mut size = if options.quick { Size::QUICK } else { Size::FULL };
    size.rounds = options.rounds.map_or(size.rounds, std::num::NonZero::get);
    let wants = |wanted| options.only.is_empty() || options.only.contains(&wanted);
    let mut report = Report {
        mode: if options.quick { "quick" } else { "full" },
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        subjects: Vec::new(),
    };
    println!("{} run of a {} build on {} cores", report.mode, report.build, report.cores);
    let carrier = FakeCarrier::start().await?;
    if wants(Wanted::Webhooks) || wants(Wanted::Placing) {
        let mut postgres = Postgres::start().await?;
        if wants(Wanted::Webhooks) {
            eprintln!("webhooks …");
            report.add(webhooks::measure(size, postgres.as_mut(), &carrier).await?);
        }
        if wants(Wanted::Placing) {
            eprintln!("placing …");
            report.add(placing::measure(size, postgres.as_mut()).await?);
        }
        if let Some(postgres) = postgres {
            postgres.stop().await?;
        }
    }
    if wants(Wanted::Dialing) {
        eprintln!("dialing …");
        report.add(dialing::measure(size, &carrier).await?);
    }
    if wants(Wanted::Importing) {
        eprintln!("importing …");
        report.add(importing::measure(size, &carrier).await?);
    }
    if [Wanted::Reading, Wanted::Startup, Wanted::Pages, Wanted::Memory].into_iter().any(wants) {
        of_a_big_database(size, wants, &carrier, &mut report).await?;
    }
    Ok(report)
}

/// The subjects that share the two databases of past calls.
async fn of_a_big_database(
    size: Size,
    wants: impl Fn(Wanted) -> bool,
    carrier: &FakeCarrier,
    report: &mut Report,
) -> anyhow::Result<()> {
    eprintln!("filling {} and {} calls …", size.calls[0], size.calls[1]);
    let live_calls = size.webhook_calls[2].1 as u64;
    let [few, many] =
        size.calls.map(|ended_calls| Contents { ended_calls, live_calls, ..Contents::default() });
    let (small, big) = (Installation::on_sqlite(few).await?, Installation::on_sqlite(many).await?);
    if wants(Wanted::Reading) {
        eprintln!("reading …");
        report.add(reading::measure(size, &small, &big, carrier).await?);
    }
    if wants(Wanted::Startup) {
        eprintln!("startup …");
        report.add(startup::measure(size, &small, &big, carrier).await?);
    }
    if wants(Wanted::Pages) {
        eprintln!("pages …");
        report.add(pages::measure(size, &big, carrier).await?);
    }
    if wants(Wanted::Memory) {
        eprintln!("memory …");
        report.add(memory::measure(size, &big, carrier).await?);
    }
    Ok(())
}
