//! `prospectai restore`: a backup takes the place of the database, in quarantine, and the old one is kept aside.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::backup::{Manifest, manifest_of, measure, postgres_program, run_program};
use crate::actions::quarantine::mark_restored;
use crate::clock::Clock;
use crate::config::Settings;
use crate::store::outside::{Outside, read_opt_outs};
use crate::store::{Location, OpenError, Store, backup};

/// Put a backup in the place of the database. Nobody is rung until it is reconciled and resumed
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    prospectai restore --from prospectai-2027-03-02.db --data-dir ./data --replace\n  \
    prospectai restore --from prospectai.dump --database-url postgres://… --opt-outs node-2/opt-outs.log\n\n\
    Then start the server, look at GET /api/quarantine, and resume with POST /api/quarantine/resume.")]
pub(super) struct Restore {
    /// The file that `prospectai backup` wrote; its manifest must lie beside it
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The PostgreSQL database to restore into [env: DATABASE_URL]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Take the place of data that is there; the old data is kept aside
    #[arg(long)]
    replace: bool,
    /// Journals of opt-outs of other nodes, to be joined with the one in the data folder
    #[arg(long, value_name = "FILE", num_args = 1..)]
    opt_outs: Vec<PathBuf>,
}

impl Restore {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        let manifest = self.checked_manifest()?;
        let journals = self.journals()?;
        let location = match self.database_url {
            Some(url) => Location::Postgres(url),
            None => settings.database,
        };
        let kind = if matches!(location, Location::Folder(_)) { "sqlite" } else { "postgres" };
        if manifest.kind != kind {
            bail!(
                "this is a backup of {}, and the target is {kind}. Name the right one with --data-dir or --database-url",
                manifest.kind
            );
        }
        let stamp = Clock::System.now().strftime("%Y%m%d_%H%M%S").to_string();
        let kept = match &location {
            Location::Folder(folder) => into_folder(&self.from, folder, self.replace, &stamp).await?,
            Location::Postgres(url) => into_postgres(&self.from, url, self.replace, &stamp).await?,
        };
        if !journals.is_empty() {
            Outside::in_folder(&settings.data_dir).note_opt_outs(&journals)?;
        }
        println!("Restored the backup of {} (version {}).", manifest.created_at, manifest.version);
        if let Some(kept) = kept {
            println!("What was there before is kept as {kept}.");
        }
        println!(
            "Nobody is rung until the calls and opt-outs since then are found again. Start the server with its usual data \
             folder (it holds opt-outs.log), look at GET /api/quarantine, then resume with POST /api/quarantine/resume."
        );
        Ok(ExitCode::SUCCESS)
    }

    fn checked_manifest(&self) -> anyhow::Result<Manifest> {
        let file = manifest_of(&self.from);
        let text = std::fs::read(&file).with_context(|| {
            format!("{} cannot be read; a backup is restored together with its manifest", file.display())
        })?;
        let manifest: Manifest =
            serde_json::from_slice(&text).with_context(|| format!("{} is no manifest", file.display()))?;
        let (bytes, sha256) = measure(&self.from)?;
        if (bytes, &sha256) != (manifest.bytes, &manifest.sha256) {
            bail!(
                "{} is not the file that its manifest describes: {bytes} bytes with SHA-256 {sha256}, expected {} bytes with \
                 {}. Use another copy of it",
                self.from.display(),
                manifest.bytes,
                manifest.sha256
            );
        }
        Ok(manifest)
    }

    fn journals(&self) -> anyhow::Result<Vec<crate::store::outside::OptOut>> {
        let mut all = Vec::new();
        for file in &self.opt_outs {
            if !file.exists() {
                bail!("{} is not there", file.display());
            }
            all.extend(read_opt_outs(file).with_context(|| format!("{} cannot be read", file.display()))?.0);
        }
        Ok(all)
    }
}

async fn into_folder(
    from: &Path,
    folder: &Path,
    replace: bool,
    stamp: &str,
) -> anyhow::Result<Option<String>> {
    let _held = backup::HeldFolder::take(folder)?;
    let place = folder.join(backup::SQLITE_FILE);
    let there = place.exists();
    if there && !replace {
        bail!(
            "{} holds data. Say --replace to put the backup in its place; the old data is kept aside",
            folder.display()
        );
    }
    let draft = tempfile::Builder::new().prefix(".restore-").tempdir_in(folder)?;
    let copy = draft.path().join(backup::SQLITE_FILE);
    std::fs::copy(from, &copy).with_context(|| format!("{} cannot be copied", from.display()))?;
    if let Err(broken) = backup::check_sqlite(&copy).await? {
        bail!("the backup is broken: {broken}. Use another one");
    }
    // In quarantine before it is in its place: a stop half-way must not leave a database that dials.
    let store = Store::open(&Location::Folder(draft.path().to_owned())).await?;
    mark_restored(&store, Clock::System.now()).await?;
    store.close().await?;
    drop(store);
    let left = draft.path().join(format!("{}-wal", backup::SQLITE_FILE));
    if left.metadata().is_ok_and(|left| left.len() > 0) {
        bail!("the restored database could not be closed; run this again");
    }
    File::open(&copy)?.sync_all()?;
    for (now, aside) in backup::aside(folder, stamp) {
        if now.exists() {
            std::fs::rename(&now, &aside)?;
        }
    }
    std::fs::rename(&copy, &place)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(there.then(|| format!("{}.before-restore-{stamp}", backup::SQLITE_FILE)))
}

async fn into_postgres(from: &Path, url: &str, replace: bool, stamp: &str) -> anyhow::Result<Option<String>> {
    if backup::a_server_uses_postgres(url).await? {
        return Err(OpenError::InUse.into());
    }
    let there = backup::look_into_postgres(url).await?.schema.is_some();
    let aside = format!("before_restore_{stamp}");
    if there && !replace {
        bail!(
            "the database holds data. Say --replace to put the backup in its place; the old data is kept aside"
        );
    }
    if there {
        backup::make_room_in_postgres(url, &aside).await?;
    }
    let mut program = postgres_program("pg_restore", url)?;
    program.args(["--no-owner", "--exit-on-error", "--single-transaction"]).arg(from);
    run_program("pg_restore", program).await?;
    let store = Store::open(&Location::Postgres(url.to_owned())).await?;
    mark_restored(&store, Clock::System.now()).await?;
    store.close().await?;
    Ok(there.then(|| format!("schema {aside}")))
}
