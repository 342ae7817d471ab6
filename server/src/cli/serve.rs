//! `prospectai serve`: the server, until it is asked to stop.

use std::process::ExitCode;

use secrecy::ExposeSecret as _;

use super::console::ServerFile;
use super::stop_asked_for;
use crate::app::{App, Network};
use crate::config::{CarrierSettings, Settings};
use crate::telemetry;

/// Serves until it is asked to stop.
pub(super) async fn serve(settings: Settings) -> anyhow::Result<ExitCode> {
    telemetry::start(&settings.log)?;
    let app = App::start(&settings, Network::default()).await?;
    // First of all, so that no command finds a server that it cannot reach.
    ServerFile::write(&settings.data_dir, app.address, &app.console_key)?;
    greet_owner(&app).await?;
    let carrier = match settings.carrier {
        CarrierSettings::Twilio { .. } => "calls go to real phones, through Twilio",
        CarrierSettings::Simulation => "simulation: no real phone rings",
    };
    let stop = stop_asked_for();
    println!("ProspectAI is ready at {} ({carrier})", app.public_url.as_str().trim_end_matches('/'));
    stop.await;
    println!("Stopping: no new calls; calls under way go on at the carrier.");
    ServerFile::remove(&settings.data_dir, &app.console_key);
    app.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Tells at the first start how to make the owner.
async fn greet_owner(app: &App) -> anyhow::Result<()> {
    if !app.actions.store.has_no_users().await? {
        return Ok(());
    }
    let base = app.public_url.as_str().trim_end_matches('/');
    println!(
        "This is the first start. Make the owner at {base}/welcome?code={}",
        app.setup_code().expose_secret()
    );
    println!("or with: prospectai user create --email YOU --role owner --password-stdin");
    Ok(())
}
