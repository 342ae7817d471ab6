//! Builds the parts, starts them in order, and stops them in the reverse order.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use axum::Router;
use domain::phone_number::PhoneNumber;
use secrecy::{SecretBox, SecretString};
use simulator::{AnswerModel, Faults, Simulator, Timeline};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::actions::{Actions, Installation, new_uuid, random_bytes};
use crate::carrier::twilio::{CallbackUrls, ClientSettings, Credentials, TwilioClient};
use crate::clock::Clock;
use crate::config::{CarrierSettings, Settings};
use crate::credentials::{ApiKey, SessionCookie};
use crate::engine::Engine;
use crate::http::query::CursorKey;
use crate::http::server::{ServerLimits, Stopped, serve};
use crate::http::sign_in_throttle::SignInThrottle;
use crate::http::state::{HttpState, ServerFacts};
use crate::live::Live;
use crate::store::Store;
use crate::wake::Wake;

/// How the phone network in the box behaves, where it is used.
#[derive(Debug, Clone)]
pub struct Network {
    /// Repeats everything that chance decides.
    pub seed: u64,
    /// Who picks up, and when.
    pub answers: AnswerModel,
    /// What goes wrong.
    pub faults: Faults,
    /// New calls per second.
    pub calls_per_second: f64,
    /// The time it shares with the server; the machine's when absent.
    pub timeline: Option<Timeline>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            seed: 1,
            answers: AnswerModel::default(),
            faults: Faults::none(),
            calls_per_second: 1.0,
            timeline: None,
        }
    }
}

/// A running server.
pub struct App {
    /// Everything that changes something, for commands of the same process.
    pub actions: Actions,
    /// Every route.
    pub router: Router,
    /// The address it listens on.
    pub address: SocketAddr,
    /// Where people reach it.
    pub public_url: Url,
    /// The key of the console, for commands of the same machine.
    pub console_key: SecretString,
    /// The phone network in the box, where it is used.
    pub network: Option<Simulator>,
    engine: Engine,
    server: JoinHandle<Stopped>,
    stopping: CancellationToken,
}

/// The number that the phone network in the box knows as its own: from the range reserved for fiction.
const SIMULATED_CALLER_ID: &str = "+16175550100";

impl App {
    /// Starts everything. When this returns the server answers.
    pub async fn start(settings: &Settings, network: Network) -> anyhow::Result<Self> {
        let store = Store::open(&settings.database).await?;
        let clock = network.timeline.map_or(Clock::System, Clock::Timeline);
        Self::start_on(store, clock, settings, network).await
    }

    /// Starts everything on an open database and a given clock.
    pub async fn start_on(
        store: Store,
        clock: Clock,
        settings: &Settings,
        network: Network,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await.with_context(|| {
            format!("cannot listen on {}; is something else using the port?", settings.listen)
        })?;
        let address = listener.local_addr().context("the listening socket has no address")?;
        let public_url = match &settings.public_url {
            Some(url) => url.clone(),
            None => Url::parse(&format!("http://{address}")).context("the listening address makes no URL")?,
        };
        let simulates = matches!(settings.carrier, CarrierSettings::Simulation);
        let caller_id = settings.caller_id.clone();
        let simulated = || PhoneNumber::from_e164_unchecked(SIMULATED_CALLER_ID.to_owned());
        let installation = Installation {
            run: new_uuid(clock.now()).simple().to_string(),
            caller_id: if simulates { caller_id.or_else(|| Some(simulated())) } else { caller_id },
            destinations: settings.destinations.clone(),
        };
        let live = Live::new(&installation.run);
        let actions = Actions::new(store, clock, Wake::default(), live, installation);
        actions.first_workspace().await?;
        actions.close_what_was_left_open().await?;

        let (credentials, api_base, network) = connect(&actions, settings, network).await?;
        let webhook_urls = callback_urls(&actions, &public_url).await?;
        let urls_to_give = callback_urls(&actions, &public_url).await?;
        let client = TwilioClient::new(&ClientSettings::new(api_base), credentials.clone(), urls_to_give)?;

        let console_key = ApiKey::generate(random_bytes());
        let stopping = CancellationToken::new();
        let facts = ServerFacts {
            cookie: SessionCookie::for_public_url(&public_url),
            public_url: public_url.clone(),
            cursor_key: CursorKey::new(actions.installation_secret("cursor_key").await?),
            callback_urls: webhook_urls,
            webhook_tokens: vec![credentials.auth_token().clone()],
            account_sid: credentials.account_sid().to_owned(),
            console_key: console_key.hash,
            simulation: simulates,
            allow_http_audio: settings.allow_http_audio,
        };
        let state = HttpState {
            actions: actions.clone(),
            server: Arc::new(facts),
            throttle: Arc::new(Mutex::new(SignInThrottle::default())),
            stopping: stopping.clone(),
        };
        let router = crate::http::router::router(state);
        let limits = ServerLimits { connections: settings.max_connections, ..ServerLimits::default() };
        let server = tokio::spawn(serve(listener, router.clone(), limits, stopping.clone()));
        let engine = Engine::start(actions.clone(), Arc::new(client), settings.pacing, simulates);
        let console_key = console_key.secret;
        Ok(Self { actions, router, address, public_url, console_key, network, engine, server, stopping })
    }

    /// Stops: no new call first, then requests under way, then the server, the network and the database.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.engine.stop().await;
        self.stopping.cancel();
        let stopped = self.server.await.context("the server's task ended badly")?;
        if stopped.cut > 0 {
            tracing::warn!(cut = stopped.cut, "connections were cut at the stop");
        }
        if let Some(network) = self.network {
            network.stop().await;
        }
        self.actions.store.close().await?;
        Ok(())
    }
}

/// The carrier's credentials and address; without any, a phone network of our own on a port of this machine.
async fn connect(
    actions: &Actions,
    settings: &Settings,
    network: Network,
) -> anyhow::Result<(Credentials, Url, Option<Simulator>)> {
    match &settings.carrier {
        CarrierSettings::Twilio { credentials, api_base } => {
            Ok((credentials.clone(), api_base.clone(), None))
        }
        CarrierSettings::Simulation => {
            // The account of the network in the box is made at the first start, so that calls outlive a restart.
            let secret = actions.installation_secret("simulated_account").await?;
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let account_sid = format!("AC{}", hex(&secret[..16]));
            let auth_token = hex(&secret[16..]);
            let mut box_settings = simulator::Settings::new(account_sid.clone(), auth_token.clone());
            box_settings.seed = network.seed;
            box_settings.answers = network.answers;
            box_settings.faults = network.faults;
            box_settings.calls_per_second = network.calls_per_second;
            if let Some(timeline) = network.timeline {
                box_settings.timeline = timeline;
            }
            let simulator =
                Simulator::start(box_settings).await.context("the phone network in the box did not start")?;
            let api_base =
                Url::parse(&simulator.base_url()).context("the phone network in the box has no address")?;
            let credentials = Credentials::new(account_sid, SecretString::from(auth_token), None)?;
            Ok((credentials, api_base, Some(simulator)))
        }
    }
}

async fn callback_urls(actions: &Actions, public_url: &Url) -> anyhow::Result<CallbackUrls> {
    let key = actions.installation_secret("callback_key").await?;
    let urls = CallbackUrls::new(public_url.as_str(), SecretBox::new(Box::new(key)))
        .context("PUBLIC_URL cannot be used for callbacks")?;
    Ok(urls)
}
