//! The command line: what can be asked of the program, and how each command ends.

mod check;
mod demo;
mod serve;
mod twilio_sim;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{ConfigRefused, Environment, Flags, Settings};
use crate::store::OpenError;

/// The outbound calling server your team hosts itself.
///
/// Exit codes: 0 done, 1 failed, 2 wrong use, 3 configuration refused, 4 another process holds the data.
#[derive(Parser)]
#[command(name = "prospectai", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where the data is and where the server listens.
#[derive(Args, Clone)]
struct Place {
    /// The data folder [env: DATA_DIR] [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<std::path::PathBuf>,
    /// Address and port to serve on [env: LISTEN] [default: 127.0.0.1:3000]
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    listen: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve; what happens when no command is given
    Serve,
    /// Ring made-up people on the phone network in the box, in a throw-away data folder
    Demo(demo::Demo),
    /// Run the phone network in the box alone, for any client of Twilio's API
    TwilioSim(twilio_sim::TwilioSim),
    /// Bring the database's schema up to date, and stop
    Migrate,
    /// Recount everything from its source; exit code 0 when equal
    Check,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("prospectai: {error:#}");
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let flags = Flags { data_dir: cli.place.data_dir, listen: cli.place.listen };
    let settings = |flags| Settings::load(flags, &Environment::of_this_process()?);
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(settings(flags)?).await,
            Command::Demo(demo) => demo.run(flags).await,
            Command::TwilioSim(network) => network.run(flags.listen).await,
            Command::Migrate => check::migrate(&settings(flags)?).await,
            Command::Check => check::check(&settings(flags)?).await,
        }
    })
}

/// What scripts may rely on.
fn exit_code(error: &anyhow::Error) -> u8 {
    let refused = error.chain().any(|cause| cause.is::<ConfigRefused>());
    let held = error.chain().any(|cause| matches!(cause.downcast_ref(), Some(OpenError::Held(_))));
    match (refused, held) {
        (true, _) => 3,
        (_, true) => 4,
        _ => 1,
    }
}

/// Waits for Ctrl-C or the stop signal of a supervisor.
async fn stop_asked_for() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
