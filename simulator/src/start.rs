//! Starting and stopping a phone network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::faults::{Faults, FaultsError};
use crate::network::Network;
use crate::rest;
use crate::ring_ledger::{Recorded, Ring};
use crate::settings::Settings;

/// How long requests in progress may take when the network stops.
const GRACE: Duration = Duration::from_secs(2);

/// A running phone network. Dropping it without [`Simulator::stop`] leaves it running until the runtime ends.
pub struct Simulator {
    network: Arc<Network>,
    address: SocketAddr,
    server: JoinHandle<()>,
    closing: CancellationToken,
}

/// Why a phone network could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error(
        "the phone network cannot listen on {address}: {source}; choose a free port or stop what uses it"
    )]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The account's identifier has the wrong form.
    #[error("the account sid of the phone network must be AC and 32 hexadecimal digits")]
    AccountSid,
    /// The pace is not a positive number.
    #[error("calls per second must be a positive number, not {0}")]
    Pace(f64),
    /// The fault script makes no sense.
    #[error(transparent)]
    Faults(#[from] FaultsError),
    /// The HTTP client for callbacks could not be built.
    #[error("the phone network cannot send callbacks: {0}")]
    Client(#[from] reqwest::Error),
}

impl Simulator {
    /// Listens and begins to serve.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let mut settings = settings;
        settings.faults = settings.faults.checked()?;
        if !rest::is_sid("AC", &settings.account_sid) {
            return Err(StartError::AccountSid);
        }
        if !(settings.calls_per_second.is_finite() && settings.calls_per_second > 0.0) {
            return Err(StartError::Pace(settings.calls_per_second));
        }
        let refused = |source| StartError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;

        let doors = rest::Doors::of(&settings);
        let network = Network::new(settings, format!("http://{address}"))?;
        let closing = CancellationToken::new();
        let server = tokio::spawn(rest::serve(listener, Arc::clone(&network), doors, closing.clone()));
        Ok(Self { network, address, server, closing })
    }

    /// Where it listens, with the port it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to put in place of `https://api.twilio.com`.
    pub fn base_url(&self) -> String {
        self.network.base_url.clone()
    }

    /// Every created call in the order of creation, including those never dialled.
    pub fn ledger(&self) -> Vec<Ring> {
        self.network.ledger()
    }

    /// Every recording that can be fetched, in the order in which they began.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.network.recorded()
    }

    /// Resolves when no call is open and no callback is on its way.
    pub fn quiet(&self) -> impl Future<Output = ()> + Send + use<> {
        self.network.quiet()
    }

    /// Replaces the fault script from now on; callbacks already on their way keep their fate. A probability
    /// outside 0..=1 means never or always; see [`Faults::checked`].
    pub fn set_faults(&self, faults: Faults) {
        self.network.set_faults(faults);
    }

    /// Drops every call where it is, without a callback, drops what is undelivered and stops listening.
    pub async fn stop(mut self) {
        self.closing.cancel();
        self.network.stop().await;
        // Clients that keep a request open get a moment, not a veto.
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}
