//! `prospectai backup`: a copy of the database at one instant, checked, with a manifest beside it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::process::Command;
use url::Url;

use crate::clock::Clock;
use crate::config::Settings;
use crate::store::outside::Marker;
use crate::store::{Location, backup};

/// Copy the database while the server goes on, and check the copy
#[derive(Args)]
#[command(after_help = "Example:\n  prospectai backup --to /backups/prospectai-2027-03-02.db\n\n\
    The manifest is written beside it. Keep opt-outs.log of the data folder on another machine too: it is what a restored\n\
    database learns later opt-outs from.")]
pub(super) struct Backup {
    /// The file to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// What a backup says of itself, in a file beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    /// `sqlite` or `postgres`.
    pub kind: String,
    /// The program that made it.
    pub version: String,
    /// The last step of the schema.
    pub schema: Option<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// Its size.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
    /// How far the history had come, at the least.
    pub history: Option<Marker>,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let to = std::path::absolute(&self.to)?;
        let manifest_file = manifest_of(&to);
        if to.exists() || manifest_file.exists() {
            bail!("{} is there already. Choose another name, or remove it first", to.display());
        }
        let folder = to.parent().context("the file has no folder")?;
        // Whoever looks at the name finds a whole copy or none.
        let draft = tempfile::Builder::new().prefix(".backup-").tempdir_in(folder).with_context(|| {
            format!("{} cannot be written; is it there, and may the process write there?", folder.display())
        })?;
        let copy = draft.path().join("copy");
        let (kind, contents) = match &settings.database {
            Location::Folder(data) => ("sqlite", of_sqlite(data, &copy).await?),
            Location::Postgres(url) => ("postgres", of_postgres(url, &copy).await?),
        };
        let (bytes, sha256) = measure(&copy)?;
        let manifest = Manifest {
            kind: kind.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: contents.schema,
            created_at: Clock::System.now().to_string(),
            bytes,
            sha256,
            history: contents.history,
        };
        File::open(&copy)?.sync_all()?;
        std::fs::rename(&copy, &to).with_context(|| format!("{} cannot be written", to.display()))?;
        std::fs::write(&manifest_file, serde_json::to_vec_pretty(&manifest)?)?;
        File::open(&manifest_file)?.sync_all()?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        println!("Copied to {}: {bytes} bytes, SHA-256 {}", to.display(), manifest.sha256);
        println!("The copy was read again and is whole. Its manifest is {}", manifest_file.display());
        Ok(ExitCode::SUCCESS)
    }
}

async fn of_sqlite(data: &Path, copy: &Path) -> anyhow::Result<backup::Contents> {
    if !data.join(backup::SQLITE_FILE).exists() {
        bail!("there is no database in the data folder {}. Name it with --data-dir", data.display());
    }
    backup::copy_sqlite(data, copy).await?;
    match backup::check_sqlite(copy).await? {
        Ok(contents) => Ok(contents),
        Err(broken) => bail!("the copy is broken, and so is the database perhaps: {broken}"),
    }
}

async fn of_postgres(url: &str, copy: &Path) -> anyhow::Result<backup::Contents> {
    // Before the dump: its snapshot is at least as new.
    let contents = backup::look_into_postgres(url).await?;
    let mut dump = postgres_program("pg_dump", url)?;
    dump.args(["--format=custom", "--exclude-schema=before_restore_*", "--file"]).arg(copy);
    run_program("pg_dump", dump).await?;
    let mut list = Command::new("pg_restore");
    list.arg("--list").arg(copy).stdout(std::process::Stdio::null());
    run_program("pg_restore", list).await?;
    Ok(contents)
}

/// A program of PostgreSQL on a database. The password travels in the environment: other users see the command line.
pub(super) fn postgres_program(name: &str, url: &str) -> anyhow::Result<Command> {
    let mut bare = Url::parse(url).context("DATABASE_URL is not understood")?;
    let password = bare.password().map(str::to_owned);
    let mut command = Command::new(name);
    if let Some(password) = password {
        let password = percent_decoded(&password);
        let _ = bare.set_password(None);
        command.env("PGPASSWORD", password);
    }
    command.arg(format!("--dbname={bare}"));
    Ok(command)
}

fn percent_decoded(text: &str) -> String {
    let plus_kept = text.replace('+', "%2B");
    form_urlencoded::parse(plus_kept.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// Runs a program of PostgreSQL to its end.
pub(super) async fn run_program(name: &str, mut command: Command) -> anyhow::Result<()> {
    let ended = command.stdin(std::process::Stdio::null()).output().await;
    let ended = match ended {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "{name} is not installed here. Install PostgreSQL's client programs (package postgresql-client) in the version of \
             the server or newer, and run this again; or copy the database with the means of whoever hosts it"
        ),
        other => other.with_context(|| format!("{name} could not be started"))?,
    };
    if !ended.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(())
}

/// Where the manifest of a backup is.
pub(super) fn manifest_of(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".manifest.json");
    PathBuf::from(name)
}

/// Size and hash of a file.
pub(super) fn measure(file: &Path) -> anyhow::Result<(u64, String)> {
    let mut file = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let (mut hash, mut bytes, mut part) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            break;
        }
        hash.update(&part[..read]);
        bytes += read as u64;
    }
    let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, hash))
}
