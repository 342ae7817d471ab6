//! `prospectai serve`: the server, until it is asked to stop.

use std::process::ExitCode;

use anyhow::Context as _;
use domain::ids::WorkspaceId;
use secrecy::{ExposeSecret, SecretString};

use super::console::ServerFile;
use super::stop_asked_for;
use crate::actions::users::{Role, UserRefused};
use crate::actions::{Actions, Actor, random_bytes};
use crate::app::{App, Network};
use crate::config::{CarrierSettings, Settings};
use crate::telemetry;

/// The address of the user that the first start makes.
const OWNER: &str = "owner@localhost.localdomain";

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

/// Makes the owner at the first start, and tells how to sign in, once.
async fn greet_owner(app: &App) -> anyhow::Result<()> {
    let actions = &app.actions;
    let (workspace, _) = actions.first_workspace().await?;
    if !actions.store.users(workspace).await?.is_empty() {
        return Ok(());
    }
    // Another server that started at the same moment may have been faster, and has told the password.
    let Some(password) = create_owner(actions, workspace).await? else { return Ok(()) };
    let base = app.public_url.as_str().trim_end_matches('/');
    println!("This is the first start. The owner is {OWNER} with the password {}", password.expose_secret());
    println!(
        "It is shown only now. Sign in with POST {base}/api/session {{\"email\", \"password\"}}, or make a user of your own: \
         prospectai user create --email YOU --role owner --password-stdin"
    );
    Ok(())
}

async fn create_owner(actions: &Actions, workspace: WorkspaceId) -> anyhow::Result<Option<SecretString>> {
    let bytes: [u8; 12] = random_bytes();
    let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let password = SecretString::from(password);
    let console = Actor { workspace, name: "console".to_owned() };
    let made =
        actions.create_user(console, Role::Owner, OWNER.to_owned(), password.clone(), Role::Owner).await;
    match made {
        Ok(_) => Ok(Some(password)),
        Err(UserRefused::EmailTaken) => Ok(None),
        Err(error) => Err(error).context("the owner could not be made"),
    }
}
