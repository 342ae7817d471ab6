//! How a simulated phone network is set up.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use jiff::Timestamp;

use crate::answer_model::AnswerModel;
use crate::callbacks::reach::Reach;
use crate::faults::Faults;
use crate::timeline::Timeline;

/// Everything a [`crate::Simulator`] needs to know. Its `Debug` form hides the secrets.
#[derive(Clone)]
pub struct Settings {
    /// Where the REST API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The one account: `AC` and 32 hex digits.
    pub account_sid: String,
    /// Signs every callback, and opens the REST API together with the account's identifier.
    pub auth_token: String,
    /// Further ways into the REST API: identifiers (`SK…`) and their secrets.
    pub api_keys: Vec<(String, String)>,
    /// The account's own numbers besides +15005550006, E.164.
    pub numbers: Vec<String>,
    /// Numbers of others that the account has proved to be its people's own, E.164.
    pub verified_numbers: Vec<String>,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Calls started per virtual second; more are queued. Twilio's default is 1.
    pub calls_per_second: f64,
    /// Virtual time.
    pub timeline: Timeline,
    /// How the called people behave.
    pub answers: AnswerModel,
    /// What goes wrong.
    pub faults: Faults,
    /// Most calls open at once; more are refused with code 10004.
    pub concurrency_limit: Option<usize>,
    /// Where callbacks and TwiML requests may go; only this machine unless said otherwise.
    pub allow_callbacks_to: Reach,
}

impl Settings {
    /// A free port on this machine, real time, seed 1, one call per second, ordinary people, no accidents.
    pub fn new(account_sid: impl Into<String>, auth_token: impl Into<String>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the phone network is the outside world: it has its own clock"
        )]
        let now = Timestamp::now();
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account_sid: account_sid.into(),
            auth_token: auth_token.into(),
            api_keys: Vec::new(),
            numbers: Vec::new(),
            verified_numbers: Vec::new(),
            seed: 1,
            calls_per_second: 1.0,
            timeline: Timeline::new(now, Instant::now(), 1.0),
            answers: AnswerModel::default(),
            faults: Faults::none(),
            concurrency_limit: None,
            allow_callbacks_to: Reach::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("account_sid", &self.account_sid)
            .field("seed", &self.seed)
            .field("calls_per_second", &self.calls_per_second)
            .field("timeline", &self.timeline)
            .field("concurrency_limit", &self.concurrency_limit)
            .field("allow_callbacks_to", &self.allow_callbacks_to)
            .finish_non_exhaustive()
    }
}
