//! `prospectai migrate` and `prospectai check`: the database, without a server.

use std::process::ExitCode;

use crate::config::Settings;
use crate::media::MediaStore;
use crate::store::Store;

/// Sound files and what is written down of them.
mod sounds;

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
    let media = MediaStore::open(&settings.media_place())?;
    let sounds = sounds::compare(&store, &media).await;
    store.close().await?;
    let sounds = sounds?;
    println!(
        "Recounted {} calls from {} events, and {} prospects.",
        found.calls, found.events, found.prospects
    );
    println!("Read {} files in the store of sound files.", sounds.read);
    let wrong = found.differences + sounds.differences.len() as u64;
    if wrong == 0 {
        println!("Everything that is stored follows from its source.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{wrong} differences:");
    for difference in found.shown.iter().chain(&sounds.differences) {
        println!("  {difference}");
    }
    Ok(ExitCode::FAILURE)
}
