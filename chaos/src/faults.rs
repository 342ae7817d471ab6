//! The faults: what each does, on which databases, and how to run one.

mod kill_loop;

use std::path::PathBuf;
use std::time::Duration;

use crate::report::{Findings, Verdict};
use crate::world::{Database, World};

/// What was asked for on the command line.
pub struct Plan {
    /// The program under test.
    pub program: PathBuf,
    /// Repeats what chance decides.
    pub seed: u64,
    /// Kills of F2.
    pub kills: u32,
    /// How long faults that go on last, in minutes.
    pub minutes: f64,
}

/// One row of the fault matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[clap(rename_all = "UPPER")]
pub enum Fault {
    F2,
}

impl Fault {
    /// The promise under this fault, in a line.
    pub const fn what(self) -> &'static str {
        match self {
            Self::F2 => "the server is killed at random moments under load and started at once",
        }
    }

    /// Where it is tried.
    pub const fn databases(self) -> &'static [Database] {
        match self {
            Self::F2 => &[Database::Sqlite, Database::Postgres],
        }
    }

    /// Runs it within its time.
    pub async fn run(self, plan: &Plan, database: Database) -> Verdict {
        let running = async {
            match self {
                Self::F2 => kill_loop::run(plan, database).await,
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
