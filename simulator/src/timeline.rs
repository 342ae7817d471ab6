//! Virtual time: an instant that was "now" at a real anchor, and how much faster than the real clock it runs since.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock that may run faster (or slower) than the real one. Copies agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    origin: Timestamp,
    anchor: Instant,
    speed: f64,
}

impl Timeline {
    /// At the real instant `anchor` this clock shows `origin`; from there it runs `speed` virtual seconds per real
    /// second. A speed that is not a positive number counts as 1.
    pub fn new(origin: Timestamp, anchor: Instant, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { origin, anchor, speed }
    }

    /// The virtual instant; stays at the end of representable time rather than wrap.
    pub fn now(&self) -> Timestamp {
        let passed = Duration::try_from_secs_f64(self.anchor.elapsed().as_secs_f64() * self.speed);
        later(self.origin, passed.unwrap_or(Duration::MAX))
    }

    /// Virtual seconds per real second.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Waits for a stretch of virtual time.
    pub async fn sleep(&self, virtual_duration: Duration) {
        self.sleep_until(later(self.now(), virtual_duration)).await;
    }

    /// Waits until this clock shows `t`; returns at once when it already does.
    pub async fn sleep_until(&self, t: Timestamp) {
        loop {
            let missing = t.duration_since(self.now());
            let Ok(missing) = Duration::try_from(missing) else { return };
            if missing.is_zero() {
                return;
            }
            // Timers round up to milliseconds, so one turn is the rule; a second one covers rounding of the product.
            tokio::time::sleep(missing.div_f64(self.speed)).await;
        }
    }
}

/// `t` plus a duration, staying at the end of representable time.
pub(crate) fn later(t: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| t.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// How long after `from` the instant `to` is; zero when it is not after.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// The way Twilio writes dates: RFC 2822 in UTC.
pub(crate) fn rfc2822(t: Timestamp) -> String {
    t.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_look_like_twilio_s() {
        let t: Timestamp = "2010-08-31T20:36:28Z".parse().unwrap();
        assert_eq!(rfc2822(t), "Tue, 31 Aug 2010 20:36:28 +0000");
    }

    #[tokio::test]
    async fn a_virtual_hour_passes_in_a_real_blink() {
        let origin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let timeline = Timeline::new(origin, Instant::now(), 1_000_000.0);
        timeline.sleep(Duration::from_secs(3600)).await;
        assert!(between(origin, timeline.now()) >= Duration::from_secs(3600));
    }
}
