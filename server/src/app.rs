//! Builds the parts, starts them in order, and stops them in the reverse order.

mod descriptors;
mod desk;
mod network;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::SecretString;
use simulator::Simulator;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::actions::Actions;
use crate::actions::nodes::Membership;
use crate::carrier::twilio::{ClientSettings, TwilioClient};
use crate::clock::Clock;
use crate::config::{CarrierSettings, Settings};
use crate::engine::Engine;
use crate::engine::speaker::Speaking;
use crate::engine::transcriber::{Listening, audio_in};
use crate::http::Router;
use crate::http::server::{ServerLimits, Stopped, serve};
use crate::store::Store;

pub use desk::Desk;
pub use network::Network;

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
    desk: Desk,
    engine: Option<Engine>,
    server: JoinHandle<Stopped>,
}

impl App {
    /// Starts everything. When this returns the server answers.
    pub async fn start(settings: &Settings, network: Network) -> anyhow::Result<Self> {
        // Before anything is opened that may want more of them than there are.
        descriptors::connections_of(settings.max_connections)?;
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
        let public_url = desk::public_url(settings, &address.to_string())?;
        let name = format!("{} ({address})", desk::host_name());
        let membership = Membership::of(settings.role, name, settings.lease, &clock);
        let desk = Desk::set_up(store, clock, settings, membership, &public_url).await?;
        // Before anything could be armed.
        desk.actions.verify_history().await?;
        let (actions, router) = (desk.actions.clone(), desk.router.clone());
        let (console_key, stopping) = (desk.console_key.clone(), desk.stopping.clone());
        let (client, network) = reach_carrier(&desk, settings, network, &public_url).await?;
        let simulates = network.is_some();
        let listening = listening(&desk, settings)?;
        let speaking = speaking(&desk);
        let engine = client.filter(|_| settings.role.dials()).map(|client| {
            Engine::start(desk.actions.clone(), client, simulates, desk.keeping.clone(), listening, speaking)
        });

        let connections = descriptors::connections_of(settings.max_connections)?;
        let limits = ServerLimits { connections, ..ServerLimits::default() };
        let server = tokio::spawn(serve(listener, router.clone(), limits, stopping));
        Ok(Self { actions, router, address, public_url, console_key, network, desk, engine, server })
    }

    /// Makes the owner at the first start.
    pub const fn setup_code(&self) -> &SecretString {
        &self.desk.setup_code
    }

    /// Stops: no new call first, then requests under way, then the server, the network and the database.
    pub async fn stop(self) -> anyhow::Result<()> {
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
        self.desk.stopping.cancel();
        let stopped = self.server.await.context("the server's task ended badly")?;
        if stopped.cut > 0 {
            tracing::warn!(cut = stopped.cut, "connections were cut at the stop");
        }
        if let Some(network) = self.network {
            network.stop().await;
        }
        // The last: whatever was begun here is over.
        self.desk.close().await
    }
}

/// Who writes recordings down, where the operator named a model for it.
fn listening(desk: &Desk, settings: &Settings) -> anyhow::Result<Option<Listening>> {
    let named = settings.openai.as_ref().filter(|service| service.transcription_model.is_some());
    let Some(service) = named else { return Ok(None) };
    let audio = audio_in(desk.actions.store.clone(), desk.keeping.media.clone());
    Ok(Some(Listening::through(service, audio)?))
}

/// Who speaks texts beforehand, where the operator gave a key.
fn speaking(desk: &Desk) -> Option<Speaking> {
    let service = desk.voices.clone()?;
    let narrator = desk.actions.installation.narrator.clone()?;
    Some(Speaking { service, narrator, media: desk.keeping.media.clone() })
}

/// The way to the carrier, and the phone network in the box where there is none. That one runs in the server that dials:
/// from any other there is no way to it.
async fn reach_carrier(
    desk: &Desk,
    settings: &Settings,
    network: Network,
    public_url: &Url,
) -> anyhow::Result<(Option<Arc<TwilioClient>>, Option<Simulator>)> {
    let (network, api_base) = match &settings.carrier {
        CarrierSettings::Twilio { api_base, .. } => (None, api_base.clone()),
        CarrierSettings::Simulation if settings.role.dials() => {
            let number = desk.actions.installation.caller_id.as_ref();
            let (network, address) = network.start(&desk.account, number).await?;
            (Some(network), address)
        }
        CarrierSettings::Simulation => return Ok((None, None)),
    };
    let urls_to_give = desk::callback_urls(&desk.actions, public_url).await?;
    let client = TwilioClient::new(&ClientSettings::new(api_base), desk.account.clone(), urls_to_give)?;
    let client = Arc::new(client);
    desk.line.connect(client.clone());
    Ok((Some(client), network))
}
