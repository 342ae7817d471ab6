//! What becomes of a transcript: how far it has come, who said what, when to try again and what it costs.

use std::time::Duration;

use crate::money::Usd;

/// How far a transcript has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TranscriptState {
    /// The recording has yet to be written down.
    Wanted,
    /// It is written down, and has yet to be summed up.
    Written,
    /// Nothing is left to do.
    Done,
    /// It could not be written down, for as long as it is worth trying.
    Failed,
}

/// Who said something, by the track of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The person who was rung: the first of two tracks.
    Person,
    /// Our side: the second of two.
    Us,
    /// Both are on one track.
    Either,
}

/// What a service that writes down and sums up charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListeningPrices {
    /// Per minute of audio, charged by the begun second.
    pub per_minute: Usd,
    /// Per million tokens that a summary reads.
    pub per_million_read: Usd,
    /// Per million tokens that a summary writes.
    pub per_million_written: Usd,
}

impl TranscriptState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Wanted, Self::Written, Self::Done, Self::Failed];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Written => "written",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The state when it is not worth trying on. What is written down stays, also without a summary.
    #[must_use]
    pub const fn given_up(self) -> Self {
        match self {
            Self::Wanted | Self::Failed => Self::Failed,
            Self::Written | Self::Done => Self::Done,
        }
    }
}

impl Speaker {
    /// Every speaker.
    pub const ALL: [Self; 3] = [Self::Person, Self::Us, Self::Either];

    /// Who is heard on a track, counted from 0, of so many. A call that we make by Twilio's API has one leg, the parent one, whose
    /// sound is on the first channel of its recording.
    pub const fn on_track(track: usize, of: usize) -> Self {
        match (track, of) {
            (0, 2) => Self::Person,
            (1, 2) => Self::Us,
            _ => Self::Either,
        }
    }

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Us => "us",
            Self::Either => "either",
        }
    }

    /// The speaker of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speaker| speaker.as_str() == word)
    }
}

impl ListeningPrices {
    /// What it costs to write down so many milliseconds.
    pub fn of_audio(&self, milliseconds: u64) -> Usd {
        part(self.per_minute, milliseconds.div_ceil(1_000), 60)
    }

    /// What it costs to sum up with so many tokens.
    pub fn of_summary(&self, read: u64, written: u64) -> Usd {
        part(self.per_million_read, read, 1_000_000) + part(self.per_million_written, written, 1_000_000)
    }
}

/// So many parts of what the whole costs, rounded up.
fn part(price: Usd, parts: u64, whole: i128) -> Usd {
    let micros = (i128::from(price.micros()) * i128::from(parts) + whole - 1) / whole;
    Usd::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// Seconds between one attempt in vain and the next: a service that is away comes back within minutes or within hours. Together
/// about a day.
const PAUSES: [u64; 8] = [10, 60, 300, 1_800, 3_600, 10_800, 21_600, 43_200];

/// How long to wait after so many attempts in vain; `None` when it is not worth another one.
pub fn pause_after(attempts: u32) -> Option<Duration> {
    let nth = usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1);
    PAUSES.get(nth).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_was_written() {
        assert!(TranscriptState::ALL.iter().all(|s| TranscriptState::parse(s.as_str()) == Some(*s)));
        assert!(Speaker::ALL.iter().all(|speaker| Speaker::parse(speaker.as_str()) == Some(*speaker)));
        assert_eq!(TranscriptState::parse("begun"), None);
    }

    #[test]
    fn giving_up_keeps_what_was_written_down() {
        assert_eq!(TranscriptState::Wanted.given_up(), TranscriptState::Failed);
        assert_eq!(TranscriptState::Written.given_up(), TranscriptState::Done);
    }

    #[test]
    fn two_tracks_tell_the_person_from_us_and_one_tells_nothing() {
        assert_eq!([0, 1].map(|track| Speaker::on_track(track, 2)), [Speaker::Person, Speaker::Us]);
        assert_eq!(Speaker::on_track(0, 1), Speaker::Either);
        assert_eq!(Speaker::on_track(2, 3), Speaker::Either);
    }

    #[test]
    fn audio_is_charged_by_the_begun_second_and_nothing_is_rounded_away() {
        let prices = ListeningPrices {
            per_minute: Usd::from_micros(6_000),
            per_million_read: Usd::from_micros(150_000),
            per_million_written: Usd::from_micros(600_000),
        };
        assert_eq!(prices.of_audio(60_000), Usd::from_micros(6_000));
        assert_eq!(prices.of_audio(1), Usd::from_micros(100));
        assert_eq!(prices.of_audio(0), Usd::ZERO);
        assert_eq!(prices.of_summary(1_000, 100), Usd::from_micros(150 + 60));
        assert_eq!(prices.of_summary(1, 0), Usd::from_micros(1));
        let dear = ListeningPrices { per_minute: Usd::from_micros(i64::MAX), ..prices };
        assert_eq!(dear.of_audio(u64::MAX).micros(), i64::MAX);
    }

    #[test]
    fn attempts_come_further_and_further_apart_and_end_after_about_a_day() {
        let pauses: Vec<Duration> = (1..).map_while(pause_after).collect();
        assert!(pauses.is_sorted());
        let together = pauses.iter().sum::<Duration>().as_secs();
        assert!((20 * 3_600..26 * 3_600).contains(&together), "{together}");
        assert_eq!((pause_after(0), pause_after(u32::MAX)), (pause_after(1), None));
    }
}
