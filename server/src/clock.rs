//! PORT: the clock. The only place that reads the time; everything else is told it.

mod guard;
mod uptime;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use simulator::Timeline;
use tokio::sync::watch;

pub use guard::{ClockGuard, ClockHold, Reference};
pub use uptime::Uptime;

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// Virtual time that runs a fixed number of times faster, shared with the phone network in the box.
    Timeline(Timeline),
    /// Set by hand, for tests.
    Settable(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `now` until it is set.
    pub fn settable(now: Timestamp) -> Self {
        Self::Settable(Arc::new(watch::Sender::new(now)))
    }

    /// The current time, in whole milliseconds: what is stored is what was compared.
    #[expect(clippy::disallowed_methods, reason = "this is the clock port")]
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Timeline(timeline) => timeline.now(),
            Self::Settable(time) => *time.borrow(),
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Whether it is a clock of the real world, which can be wrong.
    pub const fn can_be_wrong(&self) -> bool {
        matches!(self, Self::System)
    }

    /// Moves a settable clock; the others go by themselves.
    pub fn set(&self, now: Timestamp) {
        if let Self::Settable(time) = self {
            time.send_replace(now);
        }
    }

    /// Returns at `wanted`, or at once when it has passed.
    pub async fn sleep_until(&self, wanted: Timestamp) {
        match self {
            Self::System => {
                let wait = Duration::try_from(wanted.duration_since(self.now())).unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
            Self::Timeline(timeline) => timeline.sleep_until(wanted).await,
            Self::Settable(time) => {
                // The sender lives as long as this clock, so the wait can only end by reaching the time.
                let _ = time.subscribe().wait_for(|now| *now >= wanted).await;
            }
        }
    }

    /// How long a stretch of machine time appears on this clock: a network time-out is always real time.
    pub fn span_of_real(&self, real: Duration) -> Duration {
        match self {
            Self::Timeline(timeline) => real.mul_f64(timeline.speed().max(1.0)),
            Self::System | Self::Settable(_) => real,
        }
    }
}
