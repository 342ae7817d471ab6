//! The command line: what can be asked of the program, and how each command ends.

mod backup;
mod campaign;
mod check;
mod console;
mod demo;
mod import;
mod people;
mod place;
mod print;
mod restore;
mod serve;
mod twilio_sim;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{ConfigRefused, Environment, Flags, Settings};
use crate::store::OpenError;
use crate::telemetry;
use console::Console;

/// The outbound calling server your team hosts itself.
///
/// Exit codes: 0 done, 1 failed, 2 wrong use, 3 configuration refused, 4 another process holds the data.
#[derive(Parser)]
#[command(name = "prospectai", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    whereabouts: Whereabouts,
    #[command(flatten)]
    part: Part,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  prospectai demo                                        see it work; nobody real is rung
  prospectai                                             serve, with the data in ./data
  prospectai key create --name reports --role analyst    a key for the API
  prospectai import --campaign cmp_… prospects.csv       people into a campaign
  prospectai campaign launch cmp_…                       ring them

Commands that change something ask the server that runs on the data folder, or open the data themselves where none does.";

/// Where the data is and where the server listens.
#[derive(Args, Clone)]
struct Whereabouts {
    /// The data folder [env: DATA_DIR] [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<std::path::PathBuf>,
    /// Address and port to serve on [env: LISTEN] [default: 127.0.0.1:3000; twilio-sim: 127.0.0.1:8010]
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    listen: Option<String>,
}

/// What a server takes on. Not for every command: people and keys have roles of their own.
#[derive(Args, Clone)]
struct Part {
    /// What the server does: all, web or dialer [env: ROLE] [default: all]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve; what happens when no command is given
    Serve(Part),
    /// Ring made-up people on the phone network in the box, in a throw-away data folder
    Demo(demo::Demo),
    /// Make, launch, pause and watch campaigns
    #[command(subcommand)]
    Campaign(campaign::Campaign),
    Import(import::Import),
    Place(place::Place),
    /// Make and list users
    #[command(subcommand)]
    User(people::User),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(people::Key),
    /// Run the phone network in the box alone, for any client of Twilio's API
    TwilioSim(twilio_sim::TwilioSim),
    /// Print what makes a shell complete this program's commands
    #[command(after_help = "Example:\n  prospectai completions bash > /etc/bash_completion.d/prospectai")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Bring the database's schema up to date, and stop
    Migrate,
    /// Recount everything from its source; exit code 0 when equal
    Check,
    Backup(backup::Backup),
    Restore(restore::Restore),
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
    let command = cli.command.unwrap_or(Command::Serve(cli.part.clone()));
    let role = match &command {
        Command::Serve(part) => part.role.clone().or(cli.part.role),
        _ => None,
    };
    let flags = Flags { data_dir: cli.whereabouts.data_dir, listen: cli.whereabouts.listen, role };
    let settings = |flags| Settings::load(flags, &Environment::of_this_process()?);
    runtime.block_on(async {
        match command {
            Command::Serve(_) => serve::serve(settings(flags)?).await,
            Command::Demo(demo) => demo.run(flags).await,
            Command::Campaign(campaign) => {
                with_console(settings(flags)?, async |it| campaign.run(it).await).await
            }
            Command::Import(import) => with_console(settings(flags)?, async |it| import.run(it).await).await,
            Command::Place(place) => with_console(settings(flags)?, async |it| place.run(it).await).await,
            Command::User(user) => with_console(settings(flags)?, async |it| user.run(it).await).await,
            Command::Key(key) => with_console(settings(flags)?, async |it| key.run(it).await).await,
            Command::TwilioSim(network) => network.run(flags.listen).await,
            Command::Completions { shell } => {
                // Into memory first: generating panics where a pipe is closed early.
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "prospectai", &mut script);
                std::io::stdout().write_all(&script)?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Migrate => check::migrate(&settings(flags)?).await,
            Command::Check => check::check(&settings(flags)?).await,
            Command::Backup(backup) => backup.run(&settings(flags)?).await,
            Command::Restore(restore) => restore.run(settings(flags)?).await,
        }
    })
}

/// Runs a command that asks the API. The data is closed whatever became of it.
async fn with_console(
    mut settings: Settings,
    command: impl AsyncFnOnce(&Console) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    // A command says what happened itself; the log of its short life interests those who ask for it.
    if std::env::var_os("LOG_LEVEL").is_none() {
        "error".clone_into(&mut settings.log.level);
    }
    telemetry::start(&settings.log)?;
    let console = Console::connect(&settings).await?;
    let ended = command(&console).await;
    console.close().await?;
    ended
}

/// What scripts may rely on.
fn exit_code(error: &anyhow::Error) -> u8 {
    let refused = error.chain().any(|cause| cause.is::<ConfigRefused>());
    let held = error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(OpenError::Held(_) | OpenError::InUse)));
    let newer =
        error.chain().any(|cause| matches!(cause.downcast_ref(), Some(OpenError::NewerSchema { .. })));
    match (refused || newer, held) {
        (true, _) => 3,
        (_, true) => 4,
        _ => 1,
    }
}

/// Listens from now on for Ctrl-C and the stop signal of a supervisor; what it returns waits for one of them.
///
/// Called before anybody is told that the program is ready: whoever reads that may ask for the stop at once.
fn stop_asked_for() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        drop(tokio::signal::ctrl_c().await);
    }
}
