//! What becomes of a recording: how far it has come, whatever order its news arrives in, and when to try again.

use std::time::Duration;

/// How far a recording has come. News only ever moves it on; each state is worth more than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordingState {
    /// The carrier records, or has said that it will.
    Announced,
    /// The carrier says that there is nothing to be heard.
    Absent,
    /// The carrier has it whole, and we have yet to fetch it.
    Awaited,
    /// It was fetched in vain for as long as it is worth it; somebody may have it tried again.
    Failed,
    /// It lies in our store, and was read back from there.
    Stored,
    /// It was deleted, by a person or because its time was over.
    Deleted,
}

/// What the carrier says of a recording. Source: Twilio, recording status callbacks and the Recordings resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingNews {
    /// It runs, pauses or is being made into a file.
    InProgress,
    /// It can be fetched.
    Completed,
    /// There will be none.
    Absent,
}

/// Whose words a recording holds. Source: Twilio's `RecordingSource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingSource {
    /// The whole call.
    Call,
    /// A message that the called person left.
    Message,
    /// Another one, such as of a transfer.
    Other,
}

impl RecordingState {
    /// Every state, in order.
    pub const ALL: [Self; 6] =
        [Self::Announced, Self::Absent, Self::Awaited, Self::Failed, Self::Stored, Self::Deleted];

    /// The state after a piece of news. The same whatever the order, and however often it is said.
    ///
    /// A recording that is said to be absent and to be complete is fetched: an attempt in vain is seen, a recording that
    /// was never looked for is not.
    #[must_use]
    pub fn after(self, news: RecordingNews) -> Self {
        self.max(Self::told(news))
    }

    /// The state of a recording of which this is the first that is heard.
    pub const fn told(news: RecordingNews) -> Self {
        match news {
            RecordingNews::InProgress => Self::Announced,
            RecordingNews::Absent => Self::Absent,
            RecordingNews::Completed => Self::Awaited,
        }
    }

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Absent => "absent",
            Self::Awaited => "awaited",
            Self::Failed => "failed",
            Self::Stored => "stored",
            Self::Deleted => "deleted",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl RecordingSource {
    /// The source behind the carrier's word.
    pub fn of_carrier(word: &str) -> Self {
        match word {
            "OutboundAPI" | "StartCallRecordingAPI" | "StartCallRecordingTwiML" => Self::Call,
            "RecordVerb" => Self::Message,
            _ => Self::Other,
        }
    }

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Message => "message",
            Self::Other => "other",
        }
    }

    /// The source of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Call, Self::Message, Self::Other].into_iter().find(|source| source.as_str() == word)
    }
}

/// Seconds between one attempt in vain and the next. A file is often not there yet when it is announced; after that it is
/// the carrier's trouble, or the network's, which may last for hours. Together a little more than a day.
const PAUSES: [u64; 11] = [2, 5, 15, 60, 300, 900, 3_600, 7_200, 14_400, 28_800, 36_000];

/// How long to wait after so many attempts in vain; `None` when it is not worth another one.
pub fn pause_after(attempts: u32) -> Option<Duration> {
    let nth = usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1);
    PAUSES.get(nth).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWS: [RecordingNews; 3] =
        [RecordingNews::InProgress, RecordingNews::Absent, RecordingNews::Completed];

    #[test]
    fn the_order_of_news_and_its_repetition_change_nothing() {
        for first in NEWS {
            for second in NEWS {
                for third in NEWS {
                    let end = RecordingState::told(first).after(second).after(third);
                    assert_eq!(end, RecordingState::told(third).after(first).after(second));
                    assert_eq!(end, end.after(first).after(second).after(third));
                }
            }
        }
    }

    #[test]
    fn no_news_undoes_what_we_did_with_a_recording() {
        for state in [RecordingState::Failed, RecordingState::Stored, RecordingState::Deleted] {
            assert!(NEWS.into_iter().all(|news| state.after(news) == state));
        }
        assert_eq!(RecordingState::Absent.after(RecordingNews::Completed), RecordingState::Awaited);
    }

    #[test]
    fn every_word_is_read_as_it_was_written() {
        for state in RecordingState::ALL {
            assert_eq!(RecordingState::parse(state.as_str()), Some(state));
        }
        assert_eq!(RecordingState::parse("fetched"), None);
        assert_eq!(RecordingSource::of_carrier("RecordVerb").as_str(), "message");
        assert_eq!(RecordingSource::parse("call"), Some(RecordingSource::Call));
    }

    #[test]
    fn attempts_come_further_and_further_apart_and_end_after_more_than_a_day() {
        let pauses: Vec<Duration> = (1..).map_while(pause_after).collect();
        assert!(pauses.is_sorted());
        assert!(pauses.iter().sum::<Duration>() > Duration::from_secs(24 * 60 * 60));
        assert_eq!(pause_after(u32::MAX), None);
        assert_eq!(pause_after(0), pause_after(1));
    }
}
