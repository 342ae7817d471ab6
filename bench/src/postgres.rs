//! A throw-away PostgreSQL with its durability on: a commit that is not on the disk would make every figure a lie.
//!
//! The server that the tests share runs with `fsync` off and cannot be used here.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A running server; stops when dropped.
pub struct Postgres {
    folder: TempDir,
    server: Child,
    databases: u32,
}

impl Postgres {
    /// Starts one on a Unix socket; `None` when PostgreSQL is not installed.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        let Some(programs) = find_programs() else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("prospectai-bench-pg.").tempdir()?;
        let user = other_user(&folder).await?;
        let data = folder.path().join("data");
        let mut make = command(user, programs.join("initdb"));
        make.args([
            "--username",
            "postgres",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--pgdata",
        ])
        .arg(&data);
        let made = make.current_dir("/").output().await.context("initdb could not be run")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        let mut serve = command(user, programs.join("postgres"));
        serve.arg("-D").arg(&data).arg("-k").arg(folder.path());
        // The defaults, of which these two are what the figures stand on; no network.
        serve.args(["-c", "listen_addresses=", "-c", "fsync=on", "-c", "synchronous_commit=on"]);
        serve
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let server = serve.spawn().context("PostgreSQL could not be started")?;
        let postgres = Self { folder, server, databases: 0 };
        for _ in 0..400 {
            if let Ok(connection) = PgConnection::connect(&postgres.url("postgres")).await {
                connection.close().await?;
                return Ok(Some(postgres));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("PostgreSQL did not start within 20 seconds")
    }

    /// The URL of a new, empty database.
    pub async fn new_database(&mut self) -> anyhow::Result<String> {
        self.databases += 1;
        let name = format!("bench_{}", self.databases);
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        connection.close().await?;
        Ok(self.url(&name))
    }

    /// Stops at once, and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(id) = self.server.id() {
            Command::new("kill").args(["-INT", &id.to_string()]).status().await?;
            if tokio::time::timeout(Duration::from_secs(10), self.server.wait()).await.is_err() {
                self.server.kill().await?;
            }
        }
        Ok(())
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.path().display())
    }
}

fn find_programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    found.sort();
    found.reverse();
    found.extend(std::env::split_paths(&std::env::var_os("PATH")?));
    found.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// PostgreSQL refuses to run as root: then the user `postgres`, who is given the folder.
async fn other_user(folder: &TempDir) -> anyhow::Result<Option<(u32, u32)>> {
    if std::fs::metadata(folder.path())?.uid() != 0 {
        return Ok(None);
    }
    let ask = async |what| {
        let said = Command::new("id").args([what, "postgres"]).output().await?;
        let number = String::from_utf8_lossy(&said.stdout).trim().parse::<u32>();
        number.context("there is no user `postgres`, and PostgreSQL does not run as root")
    };
    let (user, group) = (ask("-u").await?, ask("-g").await?);
    chown(folder.path(), Some(user), Some(group))?;
    Ok(Some((user, group)))
}

fn command(user: Option<(u32, u32)>, program: PathBuf) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}
