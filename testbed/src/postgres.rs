//! A throw-away PostgreSQL with its durability on: a commit that is not on the disk would make every figure a lie.
//!
//! The server that the tests share runs with `fsync` off and cannot be used here.

use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{free_address, signals};

/// How long a stop may take before it is forced.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server; stops when dropped.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    port: Option<u16>,
    environment: Vec<(String, String)>,
    server: Child,
    databases: u32,
}

impl Postgres {
    /// Starts one on a Unix socket; `None` when PostgreSQL is not installed.
    ///
    /// # Errors
    /// It is installed and does not start.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        Self::start_at(None, Vec::new()).await
    }

    /// The same, also on a free port of this machine, so that something can stand between it and its clients.
    ///
    /// # Errors
    /// It is installed and does not start.
    pub async fn start_on_loopback() -> anyhow::Result<Option<Self>> {
        Self::start_on_loopback_with(Vec::new()).await
    }

    /// The same with an environment for its processes, such as another clock.
    ///
    /// # Errors
    /// It is installed and does not start.
    pub async fn start_on_loopback_with(environment: Vec<(String, String)>) -> anyhow::Result<Option<Self>> {
        Self::start_at(Some(free_address().await?.port()), environment).await
    }

    async fn start_at(port: Option<u16>, environment: Vec<(String, String)>) -> anyhow::Result<Option<Self>> {
        let Some(programs) = find_programs() else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("prospectai-pg.").tempdir()?;
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
        let server = serve(&folder, &programs, user, port, &environment)?;
        let postgres = Self { folder, programs, user, port, environment, server, databases: 0 };
        postgres.until_ready().await?;
        Ok(Some(postgres))
    }

    /// Where it listens besides its socket, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Its first process, whose children serve the connections; `None` when it is gone.
    pub fn process(&self) -> Option<u32> {
        self.server.id()
    }

    /// Ends it the way `pg_ctl -m immediate` does, without a checkpoint, starts it again and waits until it answers.
    ///
    /// # Errors
    /// It does not come back within 20 seconds.
    pub async fn restart_at_once(&mut self) -> anyhow::Result<()> {
        signals::stop(&mut self.server, Signal::QUIT, PATIENCE).await?;
        self.server = serve(&self.folder, &self.programs, self.user, self.port, &self.environment)?;
        self.until_ready().await
    }

    /// How often it ended a transaction because two waited for each other, since it was made or crashed.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn deadlocks(&self) -> anyhow::Result<i64> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        let counted = "SELECT CAST(SUM(deadlocks) AS BIGINT) FROM pg_stat_database";
        let deadlocks = sqlx::query_scalar(counted).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(deadlocks)
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        for _ in 0..400 {
            if let Ok(connection) = PgConnection::connect(&self.url("postgres")).await {
                connection.close().await?;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("PostgreSQL did not start within 20 seconds")
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// It cannot be made.
    pub async fn new_database(&mut self) -> anyhow::Result<String> {
        self.make("").await
    }

    /// The URL of a copy of a database of ours that nobody is connected to.
    ///
    /// # Errors
    /// It cannot be copied.
    pub async fn new_database_like(&mut self, url: &str) -> anyhow::Result<String> {
        let without_options = url.split('?').next().unwrap_or(url);
        let (_, name) = without_options.rsplit_once('/').context("not a URL of this server")?;
        self.make(&format!("TEMPLATE {name}")).await
    }

    async fn make(&mut self, like: &str) -> anyhow::Result<String> {
        self.databases += 1;
        let name = format!("db_{}", self.databases);
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} {like}"))).await?;
        connection.close().await?;
        Ok(self.url(&name))
    }

    /// The URL of a database of ours by way of another address that leads to its port.
    ///
    /// # Errors
    /// The URL is not one of `new_database`.
    pub fn url_by_way_of(&self, address: SocketAddr, url: &str) -> anyhow::Result<String> {
        let (_, rest) = url.split_once("@localhost/").context("not a URL of this server")?;
        let name = rest.split('?').next().unwrap_or(rest);
        Ok(format!("postgres://postgres@{address}/{name}?sslmode=disable"))
    }

    /// Stops at once, and waits until it has.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        signals::stop(&mut self.server, Signal::INT, PATIENCE).await.map(|_| ())
    }

    fn url(&self, database: &str) -> String {
        // The socket's name carries the port.
        let port = self.port.unwrap_or(5432);
        format!("postgres://postgres@localhost/{database}?host={}&port={port}", self.folder.path().display())
    }
}

fn serve(
    folder: &TempDir,
    programs: &std::path::Path,
    user: Option<(u32, u32)>,
    port: Option<u16>,
    environment: &[(String, String)],
) -> anyhow::Result<Child> {
    let mut serve = command(user, programs.join("postgres"));
    serve.envs(environment.iter().map(|(name, value)| (name, value)));
    serve.arg("-D").arg(folder.path().join("data")).arg("-k").arg(folder.path());
    // The defaults, of which the first two are what the figures stand on.
    serve.args(["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=200"]);
    match port {
        Some(port) => serve.args(["-c", "listen_addresses=127.0.0.1", "-p", &port.to_string()]),
        None => serve.args(["-c", "listen_addresses="]),
    };
    serve
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    serve.spawn().context("PostgreSQL could not be started")
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
