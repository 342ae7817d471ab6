//! What goes wrong, how often: a script of probabilities, decided by the seed, so that the same requests in the same
//! order meet the same accidents.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// The fault script. Probabilities are 0..=1; missing fields mean "never".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Accidents when a call is created.
    pub create: CreateFaults,
    /// Accidents on the way of callbacks.
    pub callbacks: CallbackFaults,
    /// Accidents with recordings.
    pub recordings: RecordingFaults,
    /// Virtual seconds by which lists of calls lag behind the truth.
    pub list_staleness_seconds: f64,
}

/// Accidents of `POST Calls.json`. At most one happens per request; the sum should not exceed 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateFaults {
    /// HTTP 429 with `Retry-After`; the request was not processed.
    pub too_many_requests: f64,
    /// HTTP 500 and no call.
    pub error_before_effect: f64,
    /// HTTP 500 although the call is made.
    pub error_after_effect: f64,
    /// HTTP 503 and no call.
    pub unavailable: f64,
    /// The connection closes without an answer, and there is no call.
    pub lost_before_effect: f64,
    /// The connection closes without an answer although the call is made.
    pub lost_after_effect: f64,
    /// The 201 breaks off in its middle; the call is made.
    pub truncated: f64,
    /// The answer comes late; the call is made at once.
    pub slow: f64,
    /// How late a slow answer comes, in real milliseconds.
    pub slow_ms: u64,
}

/// Accidents of callbacks of every kind. Each is decided on its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackFaults {
    /// Never sent.
    pub lost: f64,
    /// Sent twice.
    pub doubled: f64,
    /// Sent on its own after a random delay, so that later events may overtake it.
    pub reordered: f64,
    /// Longest delay of a reordered callback, in virtual seconds.
    pub reordered_seconds: f64,
    /// Sent late, and the later ones of the same call behind it.
    pub late: f64,
    /// How late, in virtual seconds.
    pub late_seconds: f64,
    /// Sent with a signature that does not verify.
    pub bad_signature: f64,
}

/// Accidents with recordings. Those of a request for the sound are decided for each request; at most one happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordingFaults {
    /// The sound of a recording is not there (404) the first times that it is asked for.
    pub not_ready: f64,
    /// How many times.
    pub not_ready_times: u64,
    /// The connection closes in the middle of the sound.
    pub broken_off: f64,
    /// The sound ends in its middle, and the answer says that it is whole.
    pub cut_short: f64,
    /// A web page comes instead of the sound, with status 200.
    pub page: f64,
    /// A callback of a recording is never sent.
    pub lost_callbacks: f64,
    /// A callback of a recording is sent twice.
    pub doubled_callbacks: f64,
}

/// A fault script that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("fault script: {field} is {value}, but {expected}; correct the script and load it again")]
pub struct FaultsError {
    field: &'static str,
    value: f64,
    expected: &'static str,
}

/// What happens to one create request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CreateFault {
    TooManyRequests,
    ErrorBeforeEffect,
    ErrorAfterEffect,
    Unavailable,
    LostBeforeEffect,
    LostAfterEffect,
    Truncated,
    Slow(Duration),
}

/// What happens to one request for the sound of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MediaFault {
    NotReady,
    BrokenOff,
    CutShort,
    Page,
}

/// What happens to one callback.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallbackFate {
    pub lost: bool,
    pub doubled: bool,
    pub overtaken_after: Option<Duration>,
    pub late_by: Option<Duration>,
    pub bad_signature: bool,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Checks every probability and duration.
    ///
    /// # Errors
    /// Names the first field outside its range.
    pub fn checked(self) -> Result<Self, FaultsError> {
        let (create, callbacks, recordings) = (&self.create, &self.callbacks, &self.recordings);
        let probabilities = [
            ("create.too_many_requests", create.too_many_requests),
            ("create.error_before_effect", create.error_before_effect),
            ("create.error_after_effect", create.error_after_effect),
            ("create.unavailable", create.unavailable),
            ("create.lost_before_effect", create.lost_before_effect),
            ("create.lost_after_effect", create.lost_after_effect),
            ("create.truncated", create.truncated),
            ("create.slow", create.slow),
            ("callbacks.lost", callbacks.lost),
            ("callbacks.doubled", callbacks.doubled),
            ("callbacks.reordered", callbacks.reordered),
            ("callbacks.late", callbacks.late),
            ("callbacks.bad_signature", callbacks.bad_signature),
            ("recordings.not_ready", recordings.not_ready),
            ("recordings.broken_off", recordings.broken_off),
            ("recordings.cut_short", recordings.cut_short),
            ("recordings.page", recordings.page),
            ("recordings.lost_callbacks", recordings.lost_callbacks),
            ("recordings.doubled_callbacks", recordings.doubled_callbacks),
        ];
        let seconds = [
            ("callbacks.reordered_seconds", callbacks.reordered_seconds),
            ("callbacks.late_seconds", callbacks.late_seconds),
            ("list_staleness_seconds", self.list_staleness_seconds),
        ];
        for (field, value) in probabilities {
            if !(0.0..=1.0).contains(&value) {
                return Err(FaultsError { field, value, expected: "a probability lies between 0 and 1" });
            }
        }
        for (field, value) in seconds {
            if !(0.0..=1e9).contains(&value) {
                return Err(FaultsError { field, value, expected: "seconds lie between 0 and a billion" });
            }
        }
        Ok(self)
    }

    /// The accident of the `nth` create request, if any.
    pub(crate) fn for_create(&self, seed: u64, nth: u64) -> Option<CreateFault> {
        let create = &self.create;
        let slow = CreateFault::Slow(Duration::from_millis(create.slow_ms));
        let wheel = [
            (create.too_many_requests, CreateFault::TooManyRequests),
            (create.error_before_effect, CreateFault::ErrorBeforeEffect),
            (create.error_after_effect, CreateFault::ErrorAfterEffect),
            (create.unavailable, CreateFault::Unavailable),
            (create.lost_before_effect, CreateFault::LostBeforeEffect),
            (create.lost_after_effect, CreateFault::LostAfterEffect),
            (create.truncated, CreateFault::Truncated),
            (create.slow, slow),
        ];
        let mut roll = Dice::new(seed, &["create fault", &nth.to_string()]).unit();
        for (share, fault) in wheel {
            if roll < share {
                return Some(fault);
            }
            roll -= share;
        }
        None
    }

    /// The fate of one callback, told by what it is about rather than by when it is sent: calls run side by side.
    pub(crate) fn for_callback(&self, seed: u64, subject: &[&str]) -> CallbackFate {
        let callbacks = &self.callbacks;
        let mut dice = Dice::new(seed, subject);
        let lost = dice.hit(callbacks.lost);
        let doubled = dice.hit(callbacks.doubled);
        let overtaken = dice.hit(callbacks.reordered);
        let delay = dice.between((0.0, callbacks.reordered_seconds));
        let late = dice.hit(callbacks.late);
        CallbackFate {
            lost,
            doubled,
            overtaken_after: overtaken.then(|| seconds(delay)),
            late_by: late.then(|| seconds(callbacks.late_seconds)),
            bad_signature: dice.hit(callbacks.bad_signature),
        }
    }

    /// The accident of the `nth` request for the sound of a recording, if any.
    pub(crate) fn for_media(&self, seed: u64, sid: &str, nth: u64) -> Option<MediaFault> {
        let faults = &self.recordings;
        let late = Dice::new(seed, &["recording is late", sid]).hit(faults.not_ready);
        if late && nth <= faults.not_ready_times {
            return Some(MediaFault::NotReady);
        }
        let wheel = [
            (faults.broken_off, MediaFault::BrokenOff),
            (faults.cut_short, MediaFault::CutShort),
            (faults.page, MediaFault::Page),
        ];
        let mut roll = Dice::new(seed, &["media fault", sid, &nth.to_string()]).unit();
        for (share, fault) in wheel {
            if roll < share {
                return Some(fault);
            }
            roll -= share;
        }
        None
    }

    /// How many times a recording's callback about this state is sent.
    pub(crate) fn callbacks_of_recording(&self, seed: u64, sid: &str, status: &str) -> usize {
        let mut dice = Dice::new(seed, &["recording callback fault", sid, status]);
        let lost = dice.hit(self.recordings.lost_callbacks);
        let doubled = dice.hit(self.recordings.doubled_callbacks);
        if lost { 0 } else { 1 + usize::from(doubled) }
    }

    pub(crate) fn list_staleness(&self) -> Duration {
        seconds(self.list_staleness_seconds)
    }
}

/// A duration that means nothing counts as none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_script_nothing_goes_wrong() {
        let faults = Faults::none();
        assert!((0..1_000).all(|n| faults.for_create(1, n).is_none()));
        assert_eq!(faults.for_callback(1, &["x"]), CallbackFate::default());
    }

    #[test]
    fn accidents_follow_the_seed_and_their_shares() {
        let mut faults = Faults::none();
        faults.create.truncated = 0.2;
        faults.create.lost_after_effect = 0.1;
        let decisions = |seed| (0..5_000).map(|n| faults.for_create(seed, n)).collect::<Vec<_>>();
        assert_eq!(decisions(3), decisions(3));
        assert_ne!(decisions(3), decisions(4));
        let truncated = decisions(3).iter().filter(|d| **d == Some(CreateFault::Truncated)).count();
        assert!((850..1_150).contains(&truncated), "{truncated}");
    }

    #[test]
    fn a_late_recording_is_there_after_the_given_times_and_others_at_once() {
        let mut faults = Faults::none();
        faults.recordings =
            RecordingFaults { not_ready: 0.5, not_ready_times: 2, ..RecordingFaults::default() };
        let asked = |sid: &str| [1, 2, 3].map(|nth| faults.for_media(7, sid, nth).is_some());
        let all: Vec<_> = (0..100).map(|nth| asked(&nth.to_string())).collect();
        assert!(all.iter().all(|times| *times == [true, true, false] || *times == [false; 3]), "{all:?}");
        assert!((30..70).contains(&all.iter().filter(|times| times[0]).count()));
    }

    #[test]
    fn a_probability_above_one_is_refused_by_name() {
        let mut faults = Faults::none();
        faults.callbacks.lost = 1.5;
        assert!(faults.checked().unwrap_err().to_string().contains("callbacks.lost is 1.5"));
    }

    #[test]
    fn a_script_names_only_what_goes_wrong() {
        let faults: Faults = serde_json::from_str(r#"{"create": {"truncated": 0.5}}"#).unwrap();
        assert_eq!(faults.create.truncated, 0.5);
        assert_eq!(faults.callbacks, CallbackFaults::default());
        assert!(serde_json::from_str::<Faults>(r#"{"creat": {}}"#).is_err());
    }
}
