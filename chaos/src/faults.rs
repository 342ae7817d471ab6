//! The faults: what each does, on which databases, and how to run one.

mod carrier;
mod data_folder;
mod database_line;
mod database_restart;
mod disk_full;
mod frozen_nodes;
mod graceful_stop;
mod kill_loop;
mod large_files;
mod little_memory;
mod many_readers;
mod migrations;
mod operator;
mod restore;
mod rolling_restart;
mod strangers;
mod wrong_clock;

use std::path::PathBuf;
use std::time::Duration;

use crate::report::{Findings, Verdict};
use crate::world::campaigns::PEOPLE;
use crate::world::{Database, World};

/// What was asked for on the command line.
pub struct Plan {
    /// The program under test.
    pub program: PathBuf,
    /// Repeats what chance decides.
    pub seed: u64,
    /// Kills of F2 and F39.
    pub kills: u32,
    /// How long faults that go on last, in minutes.
    pub minutes: f64,
    /// Whether what is counted in thousands has its full size.
    pub full: bool,
    /// The version before the one under test.
    pub older: Option<PathBuf>,
}

/// One row of the fault matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[clap(rename_all = "UPPER")]
pub enum Fault {
    F2,
    F3,
    F5,
    F8,
    F10,
    F11,
    F13,
    F14,
    F20,
    F21,
    F24,
    F26,
    F29,
    F30,
    F31,
    F33,
    F34,
    F35,
    F39,
    F41,
    F44,
}

impl Fault {
    /// The promise under this fault, in a line.
    pub const fn what(self) -> &'static str {
        match self {
            Self::F2 => "the server is killed at random moments under load and started at once",
            Self::F3 => "five servers share a database, and some of them are frozen for 1 to 20 seconds",
            Self::F5 => "PostgreSQL is restarted without a checkpoint every 20 seconds under load",
            Self::F8 => "an older backup takes the place of the database",
            Self::F10 => {
                "the line to PostgreSQL is reset, slow, hanging, cut, or loses the answers of commits"
            }
            Self::F11 => "the disk is full, and has room again later",
            Self::F13 => {
                "the data folder is read-only, or vanished, or there are hardly any file descriptors"
            }
            Self::F14 => "256 MiB of memory, thousands of live calls and an import",
            Self::F20 => "the phone network cannot be reached for a while, then stands still for a while",
            Self::F21 => "every callback is lost",
            Self::F24 => "answers and callbacks are lost, and lists of calls are ten minutes old",
            Self::F26 => "one of two servers has a clock that is wrong by five minutes or an hour",
            Self::F29 => "five servers on one PostgreSQL are restarted in turn every 10 seconds, or frozen",
            Self::F30 => "one of three servers is cut off from PostgreSQL",
            Self::F31 => "files that are very large or very wrong, while people are dialed",
            Self::F33 => "thousands of connections say nothing, or say it very slowly",
            Self::F34 => {
                "thousands of readers of the stream, some of whom stop reading; and all come back at once"
            }
            Self::F35 => "a flood of webhooks with forged signatures",
            Self::F39 => "a change of the schema is killed half-way; two versions share a database",
            Self::F41 => {
                "an operator pauses, stops everything and lowers the limit a hundred times under load"
            }
            Self::F44 => "the server is asked to end with 200 requests to the phone network in flight",
        }
    }

    /// Where it is tried.
    pub const fn databases(self) -> &'static [Database] {
        match self {
            Self::F11 | Self::F13 | Self::F14 | Self::F31 | Self::F33 | Self::F34 | Self::F35 => {
                &[Database::Sqlite]
            }
            Self::F2 | Self::F8 | Self::F20 | Self::F21 | Self::F24 | Self::F39 | Self::F41 | Self::F44 => {
                &[Database::Sqlite, Database::Postgres]
            }
            Self::F3 | Self::F5 | Self::F10 | Self::F26 | Self::F29 | Self::F30 => &[Database::Postgres],
        }
    }

    /// Runs it within its time.
    pub async fn run(self, plan: &Plan, database: Database) -> Verdict {
        let running = async {
            match self {
                Self::F2 => kill_loop::run(plan, database).await,
                Self::F3 => frozen_nodes::run(plan, database).await,
                Self::F5 => database_restart::run(plan, database).await,
                Self::F8 => restore::run(plan, database).await,
                Self::F10 => database_line::bad_line(plan, database).await,
                Self::F11 => disk_full::run(plan, database).await,
                Self::F13 => data_folder::run(plan, database).await,
                Self::F14 => little_memory::run(plan, database).await,
                Self::F20 => carrier::outage(plan, database).await,
                Self::F21 => carrier::lost_callbacks(plan, database).await,
                Self::F24 => carrier::stale_lists(plan, database).await,
                Self::F26 => wrong_clock::run(plan, database).await,
                Self::F29 => rolling_restart::run(plan, database).await,
                Self::F30 => database_line::partition(plan, database).await,
                Self::F31 => large_files::run(plan, database).await,
                Self::F33 => strangers::silent(plan, database).await,
                Self::F34 => many_readers::run(plan, database).await,
                Self::F35 => strangers::forged(plan, database).await,
                Self::F39 => migrations::run(plan, database).await,
                Self::F41 => operator::run(plan, database).await,
                Self::F44 => graceful_stop::run(plan, database).await,
            }
        };
        let most = plan.most_time();
        match tokio::time::timeout(most, running).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => broken(format!("it could not be carried through: {error:#}")),
            Err(_) => broken(format!("it did not end within {} minutes", most.as_secs() / 60)),
        }
    }
}

impl Plan {
    /// How long a fault that goes on lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }

    /// People enough for a load of so many calls per second over the whole duration and a minute more; as many as there
    /// are, less those of smaller campaigns.
    fn people(&self, per_second: f64) -> usize {
        let wanted = (self.duration().as_secs_f64() + 60.0) * per_second;
        (wanted as usize).min(PEOPLE - 2_000)
    }

    fn most_time(&self) -> Duration {
        Duration::from_secs(15 * 60) + self.duration() * 4 + Duration::from_secs(5) * self.kills
    }

    /// The verdict; what was broken stays on the disk to be looked at.
    fn conclude(&self, world: World, mut findings: Findings) -> anyhow::Result<Verdict> {
        if !findings.all_kept() {
            findings.breach(format!("logs and data are kept in {}", world.keep().display()));
        }
        Ok(findings.into())
    }
}

fn broken(why: String) -> Verdict {
    let mut findings = Findings::default();
    findings.breach(why);
    findings.into()
}
