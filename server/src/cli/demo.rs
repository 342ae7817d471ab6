//! `prospectai demo`: a whole campaign on the phone network in the box, in a throw-away data folder, at high speed.
//!
//! It is the same server, client and webhooks as for real calls; only the network answers from the next port, and time
//! runs faster for both.

mod heard;
mod services;
mod summary;

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use domain::campaign::CampaignStatus;
use domain::ids::CampaignId;
use domain::pacing::Pacing;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use simulator::Timeline;

use super::stop_asked_for;
use crate::actions::users::Role;
use crate::actions::{Actor, example, random_bytes};
use crate::app::{App, Network};
use crate::clock::Clock;
use crate::config::{Environment, Flags, Settings};
use crate::store::Location;
use crate::telemetry;

/// Who looks around.
const VISITOR: &str = "demo@example.com";
/// New calls per virtual second.
const CALLS_PER_SECOND: f64 = 1.0;
/// Calls on at the same time.
const MAX_LIVE: u32 = 100;

/// Rings made-up people on the phone network in the box, records the calls and writes them down, shows how it goes, and
/// compares the result with the network's own ledger
#[derive(Args)]
pub(super) struct Demo {
    /// How many people are rung, at most 2000
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    prospects: u32,
    /// Repeats everything that chance decides
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual seconds per second
    #[arg(long, default_value_t = 60.0)]
    speed: f64,
    /// End after the summary: exit code 0 only if ledger, database and statistics agree, every recording
    /// is stored, and the first 200 are written down
    #[arg(long)]
    exit: bool,
}

impl Demo {
    pub(super) async fn run(self, flags: Flags) -> anyhow::Result<ExitCode> {
        let folder = tempfile::tempdir().context("no throw-away data folder could be made")?;
        let mut settings = self.settings(flags, folder.path())?;
        telemetry::start(&settings.log)?;
        let services = services::start(&mut settings).await?;
        let timeline = Timeline::new(mid_morning(Clock::System.now()), Instant::now(), self.speed);
        // The network takes a quarter more calls per second than we make: its own queue stays empty.
        let network = Network {
            seed: self.seed,
            calls_per_second: CALLS_PER_SECOND * 1.25,
            timeline: Some(timeline),
            ..Network::default()
        };
        let app = App::start(&settings, network).await?;
        println!("ProspectAI demo: nobody real is rung. Time runs {} times faster.", self.speed);
        let (workspace, _) = app.actions.first_workspace().await?;
        let actor = Actor { workspace, name: "console".to_owned() };
        let password = make_visitor(&app, actor.clone()).await?;
        println!("Watch it live at {}: sign in as {VISITOR} with the password {password}", base(&app));
        println!("The API is at {}/docs, the key for it is {}", base(&app), app.console_key.expose_secret());
        let campaign = app.actions.make_example(actor.clone(), "Demo", self.prospects, true).await?;
        app.actions.launch(actor, campaign).await?;
        follow(&app, campaign, u64::from(self.prospects)).await?;
        heard::until_written_down(&app).await?;
        let agree = summary::print(&app, campaign).await?;

        if !self.exit {
            println!("The dashboard and the API stay up at {} until Ctrl-C.", base(&app));
            stop_asked_for().await;
        }
        app.stop().await?;
        services.stop().await;
        Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn settings(&self, flags: Flags, folder: &std::path::Path) -> anyhow::Result<Settings> {
        let wanted = flags.listen.is_some();
        let flags = Flags { data_dir: Some(folder.to_owned()), ..flags };
        // Settings for real calls must not reach the demo.
        let mut settings = Settings::load(flags, &Environment::default())?;
        settings.database = Location::Folder(folder.to_owned());
        settings.pacing = Pacing::new(CALLS_PER_SECOND, MAX_LIVE)?;
        if std::env::var_os("LOG_LEVEL").is_none() {
            "error".clone_into(&mut settings.log.level);
        }
        // Another server on the usual port is no reason to fail, unless this very port was asked for.
        if !wanted && TcpListener::bind(settings.listen).is_err() {
            settings.listen.set_port(0);
        }
        Ok(settings)
    }
}

/// Makes the user who looks around; their password.
async fn make_visitor(app: &App, actor: Actor) -> anyhow::Result<String> {
    let bytes: [u8; 8] = random_bytes();
    let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = SecretString::from(password.clone());
    let made = app.actions.create_user(actor, Role::Owner, VISITOR.to_owned(), secret, Role::Owner);
    made.await.context("the demo's user could not be made")?;
    Ok(password)
}

/// Ten in the morning in New York today: the demo has a whole afternoon of virtual time before its window closes.
fn mid_morning(now: Timestamp) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(example::ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    let today = now.to_zoned(zone.clone()).date();
    today.at(10, 0, 0, 0).to_zoned(zone).map_or(now, |morning| morning.timestamp())
}

fn base(app: &App) -> &str {
    app.public_url.as_str().trim_end_matches('/')
}

/// Shows progress until every prospect has a final answer.
async fn follow(app: &App, campaign: CampaignId, people: u64) -> anyhow::Result<()> {
    let store = &app.actions.store;
    let bar = ProgressBar::new(people);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} people have their answer; {msg}")?;
    bar.set_style(style);
    let began = Instant::now();
    let mut told = Instant::now();
    let mut rung = false;
    let mut live = app.actions.live.subscribe(None).changes;
    loop {
        let tally = store.tally(campaign).await?;
        let answered: u64 = store
            .prospects_by_status(campaign)
            .await?
            .into_iter()
            .filter_map(|(status, count)| status.is_final().then_some(count))
            .sum();
        let says = format!(
            "{} calls, {} in the air, {} people and {} machines picked up, {} busy, {} did not answer",
            tally.total,
            tally.queued + tally.ringing + tally.in_progress,
            tally.answered_by_human,
            tally.answered_by_machine,
            tally.busy,
            tally.no_answer
        );
        if !rung && tally.ringing + tally.in_progress + tally.completed > 0 {
            rung = true;
            bar.println(format!(
                "The first phone rings, {:.1} s after the launch.",
                began.elapsed().as_secs_f64()
            ));
        }
        bar.set_position(answered);
        if bar.is_hidden() && told.elapsed() >= Duration::from_secs(2) {
            println!("{answered}/{people} people have their answer; {says}");
            told = Instant::now();
        }
        bar.set_message(says);
        let status = store.any_campaign(campaign).await?.map(|campaign| campaign.status);
        if status != Some(CampaignStatus::Active) {
            break;
        }
        // The next change, but not every one: a few looks per second are enough for eyes.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), live.recv()).await;
        live = live.resubscribe();
    }
    bar.finish_and_clear();
    println!("Every person has a final answer, {:.0} s after the launch.", began.elapsed().as_secs_f64());
    Ok(())
}
