//! Who picks up, when, and for how long: a pure function of the seed, the number, how often it was rung before and
//! the hour at the called place.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// What becomes of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A person answers and hangs up after this many seconds, or when the TwiML runs out, whichever comes first.
    Human {
        /// Seconds from the answer until the person hangs up.
        talk_seconds: u32,
    },
    /// A machine answers, plays a greeting and records for two minutes at most.
    Voicemail,
    /// It rings until the caller's `Timeout`.
    NoAnswer,
    /// The line is engaged (SIP 486).
    Busy,
    /// The network cannot complete the call, with this SIP response (404: no such number).
    Failed {
        /// SIP response code, 400..=699.
        sip: u16,
    },
}

/// The odds from one hour of the day until the next entry's. What the three leave of 1 is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HourlyOdds {
    /// First hour (0..=23) at the called place this entry holds for.
    pub from_hour: i8,
    /// Probability that a person answers.
    pub human: f64,
    /// Probability that a machine answers.
    pub voicemail: f64,
    /// Probability that the line is engaged.
    pub busy: f64,
}

/// How the called people behave. Every field may be set from JSON or TOML; missing ones keep their default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerModel {
    /// Seconds between dialling and the first ring, shortest and longest.
    pub connect_seconds: (f64, f64),
    /// Seconds a person lets it ring, shortest and longest; short ones are likelier.
    pub ring_seconds: (f64, f64),
    /// Seconds until a machine picks up.
    pub voicemail_ring_seconds: (f64, f64),
    /// Seconds until a person hangs up; short talks are likelier.
    pub talk_seconds: (f64, f64),
    /// Seconds until machine detection decides.
    pub verdict_seconds: (f64, f64),
    /// Seconds a voicemail greeting lasts.
    pub greeting_seconds: (f64, f64),
    /// Share of numbers that do not exist; the same number always fails.
    pub invalid: f64,
    /// Odds by the hour at the called place, ordered by `from_hour`; before the first entry the last one holds.
    pub odds: Vec<HourlyOdds>,
    /// Probability that a person presses a key when asked to.
    pub key_press: f64,
    /// Keys a person picks from, each as likely as it occurs here.
    pub keys: String,
    /// Probability that machine detection says `unknown`.
    pub unknown_verdict: f64,
    /// Price of a begun minute in millionths of a US dollar (Twilio lists $0.0140 for the US).
    pub price_per_minute_micros: u64,
    /// What happens to every call, whatever the odds.
    pub everyone: Option<Outcome>,
    /// What happens on the first, second, … call to a number; the last entry repeats.
    pub scripts: BTreeMap<String, Vec<Outcome>>,
    /// Keys pressed at a number, one `Gather` after the other.
    pub key_scripts: BTreeMap<String, String>,
}

/// One call as the model decided it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// From dialling to the first ring.
    pub connect: Duration,
    /// From the first ring to the outcome, were the caller patient.
    pub ring: Duration,
    /// What happens then.
    pub outcome: Outcome,
    /// From the answer to the verdict of machine detection.
    pub verdict: Duration,
    /// How long a machine's greeting lasts.
    pub greeting: Duration,
    /// Machine detection cannot tell.
    pub verdict_unknown: bool,
}

impl AnswerModel {
    /// Every call ends the same way; ring and connect times still vary with the seed, people answer within 10 seconds.
    pub fn always(outcome: Outcome) -> Self {
        Self { everyone: Some(outcome), invalid: 0.0, unknown_verdict: 0.0, ..Self::default() }
    }

    /// People who answer and hang up within the same instant: for measurements of the caller, not of patience.
    pub fn instant() -> Self {
        let none = (0.0, 0.0);
        Self {
            connect_seconds: none,
            ring_seconds: none,
            voicemail_ring_seconds: none,
            talk_seconds: none,
            verdict_seconds: none,
            greeting_seconds: none,
            ..Self::always(Outcome::Human { talk_seconds: 0 })
        }
    }

    /// Adds the outcome of the next call to `to` (E.164); the last one added repeats for all further calls.
    #[must_use]
    pub fn scripted(mut self, to: &str, outcome: Outcome) -> Self {
        self.scripts.entry(to.to_owned()).or_default().push(outcome);
        self
    }

    /// The person at `to` answers each `Gather` with the next keys of `keys`, and stays silent when they run out.
    #[must_use]
    pub fn pressing(mut self, to: &str, keys: &str) -> Self {
        self.key_scripts.insert(to.to_owned(), keys.to_owned());
        self
    }

    /// Decides the `nth` call (from 0) to `to`, placed when the clock at the called place shows `local_hour` (0..=23).
    pub fn decide(&self, seed: u64, to: &str, nth: u32, local_hour: i8) -> Answer {
        let mut dice = Dice::new(seed, &["answer", to, &nth.to_string()]);
        let connect = seconds(dice.between(self.connect_seconds));
        let drawn = self.drawn(&mut dice, seed, to, local_hour);
        let talk_and_ring = (dice.unit(), dice.unit());
        let forced = self.scripted_outcome(to, nth).or(self.everyone);
        let outcome = forced.unwrap_or(match drawn {
            Outcome::Human { .. } => {
                Outcome::Human { talk_seconds: skewed(self.talk_seconds, talk_and_ring.0).round() as u32 }
            }
            other => other,
        });
        let ring = match outcome {
            Outcome::Voicemail => dice.between(self.voicemail_ring_seconds),
            Outcome::Busy | Outcome::Failed { .. } => 1.0_f64.min(self.ring_seconds.0),
            Outcome::Human { .. } if forced.is_some() => skewed(soon(self.ring_seconds), talk_and_ring.1),
            Outcome::Human { .. } | Outcome::NoAnswer => skewed(self.ring_seconds, talk_and_ring.1),
        };
        Answer {
            connect,
            ring: seconds(ring),
            outcome,
            verdict: seconds(dice.between(self.verdict_seconds)),
            greeting: seconds(dice.between(self.greeting_seconds)),
            verdict_unknown: dice.hit(self.unknown_verdict),
        }
    }

    fn scripted_outcome(&self, to: &str, nth: u32) -> Option<Outcome> {
        let script = self.scripts.get(to)?;
        script.get(nth as usize).or(script.last()).copied()
    }

    fn drawn(&self, dice: &mut Dice, seed: u64, to: &str, local_hour: i8) -> Outcome {
        let roll = dice.unit();
        if Dice::new(seed, &["invalid", to]).hit(self.invalid) {
            return Outcome::Failed { sip: 404 };
        }
        let Some(odds) = self.odds.iter().rev().find(|o| o.from_hour <= local_hour).or(self.odds.last())
        else {
            return Outcome::NoAnswer;
        };
        if roll < odds.human {
            Outcome::Human { talk_seconds: 0 }
        } else if roll < odds.human + odds.voicemail {
            Outcome::Voicemail
        } else if roll < odds.human + odds.voicemail + odds.busy {
            Outcome::Busy
        } else {
            Outcome::NoAnswer
        }
    }
}

impl Default for AnswerModel {
    /// An ordinary consumer list: a third of the people pick up, more in the evening, few at night.
    fn default() -> Self {
        let odds = |from_hour, human, voicemail, busy| HourlyOdds { from_hour, human, voicemail, busy };
        Self {
            connect_seconds: (0.8, 3.0),
            ring_seconds: (3.0, 35.0),
            voicemail_ring_seconds: (18.0, 26.0),
            talk_seconds: (8.0, 180.0),
            verdict_seconds: (2.5, 4.5),
            greeting_seconds: (5.0, 20.0),
            invalid: 0.03,
            odds: vec![
                odds(0, 0.05, 0.50, 0.01),
                odds(8, 0.25, 0.35, 0.05),
                odds(12, 0.30, 0.33, 0.06),
                odds(17, 0.40, 0.28, 0.07),
                odds(21, 0.15, 0.45, 0.03),
            ],
            key_press: 0.6,
            keys: "1112239*".to_owned(),
            unknown_verdict: 0.03,
            price_per_minute_micros: 14_000,
            everyone: None,
            scripts: BTreeMap::new(),
            key_scripts: BTreeMap::new(),
        }
    }
}

/// The hour at the called place, told from the country code alone; a rough guess is enough to make evenings differ.
pub(crate) fn local_hour(to: &str, at: Timestamp) -> i8 {
    const ZONES: [(&str, &str); 10] = [
        ("+1", "America/Chicago"),
        ("+33", "Europe/Paris"),
        ("+34", "Europe/Madrid"),
        ("+39", "Europe/Rome"),
        ("+44", "Europe/London"),
        ("+49", "Europe/Berlin"),
        ("+55", "America/Sao_Paulo"),
        ("+61", "Australia/Sydney"),
        ("+81", "Asia/Tokyo"),
        ("+91", "Asia/Kolkata"),
    ];
    let name = ZONES.iter().find(|(code, _)| to.starts_with(code)).map_or("UTC", |(_, zone)| zone);
    at.to_zoned(TimeZone::get(name).unwrap_or(TimeZone::UTC)).hour()
}

/// Squaring an even throw makes the short end likelier, as waiting times are.
fn skewed((low, high): (f64, f64), roll: f64) -> f64 {
    low + (high - low).max(0.0) * roll * roll
}

/// An answer that a test asked for must come before any ordinary `Timeout`.
fn soon((low, high): (f64, f64)) -> (f64, f64) {
    (low, high.min(10.0).max(low))
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_decides_the_same() {
        let model = AnswerModel::default();
        assert_eq!(model.decide(5, "+14155550123", 2, 18), model.decide(5, "+14155550123", 2, 18));
        assert_ne!(model.decide(5, "+14155550123", 2, 18), model.decide(5, "+14155550123", 3, 18));
    }

    #[test]
    fn people_pick_up_more_in_the_evening_than_at_night() {
        let model = AnswerModel::default();
        let humans = |hour| {
            (0..2_000)
                .filter(|n| {
                    let to = format!("+1415555{n:04}");
                    matches!(model.decide(1, &to, 0, hour).outcome, Outcome::Human { .. })
                })
                .count()
        };
        assert!(humans(18) > 3 * humans(3));
    }

    #[test]
    fn a_number_that_does_not_exist_never_exists() {
        let model = AnswerModel { invalid: 0.5, ..AnswerModel::default() };
        for n in 0..50 {
            let to = format!("+1415555{n:04}");
            let fails = |nth| matches!(model.decide(1, &to, nth, 12).outcome, Outcome::Failed { .. });
            assert_eq!(fails(0), fails(1));
        }
    }

    #[test]
    fn a_script_is_followed_call_by_call_and_its_last_line_repeats() {
        let model = AnswerModel::default()
            .scripted("+14155550100", Outcome::Busy)
            .scripted("+14155550100", Outcome::Human { talk_seconds: 9 });
        let outcome = |nth| model.decide(1, "+14155550100", nth, 12).outcome;
        assert_eq!(outcome(0), Outcome::Busy);
        assert_eq!(outcome(1), Outcome::Human { talk_seconds: 9 });
        assert_eq!(outcome(7), Outcome::Human { talk_seconds: 9 });
    }

    #[test]
    fn an_answer_a_test_asked_for_comes_before_any_ordinary_timeout() {
        let model = AnswerModel::always(Outcome::Human { talk_seconds: 5 });
        assert!((0..200).all(|nth| model.decide(1, "+14155550100", nth, 12).ring <= Duration::from_secs(10)));
    }

    #[test]
    fn the_hour_is_that_of_the_called_place() {
        let noon_utc: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        assert_eq!(local_hour("+14155550100", noon_utc), 6);
        assert_eq!(local_hour("+81312345678", noon_utc), 21);
    }
}
