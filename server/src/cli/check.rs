//! `prospectai migrate` and `prospectai check`: the database, without a server.

use std::process::ExitCode;

use crate::config::Settings;
use crate::store::Store;

/// Brings the schema up to date.
pub(super) async fn migrate(settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = Store::open(&settings.database).await?;
    store.close().await?;
    println!("The database is up to date.");
    Ok(ExitCode::SUCCESS)
}

/// Recounts everything from its source.
pub(super) async fn check(settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = Store::open(&settings.database).await?;
    let found = store.recount().await?;
    store.close().await?;
    println!(
        "Recounted {} calls from {} events, and {} prospects.",
        found.calls, found.events, found.prospects
    );
    if found.is_equal() {
        println!("Everything that is stored follows from its source.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} differences:", found.differences);
    for difference in &found.shown {
        println!("  {difference}");
    }
    Ok(ExitCode::FAILURE)
}
