//! One person in one campaign: waiting to be rung, in a call, or done, and how.

use jiff::Timestamp;

use crate::call::{Call, Placement};
use crate::calling_window::CampaignZone;
use crate::disposition::Disposition;
use crate::refusal::RefusalMeaning;
use crate::retry::{RetryDecision, RetryPolicy};

/// Where a prospect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProspectStatus {
    /// May be rung as soon as the campaign may ring anybody.
    Ready,
    /// An attempt is under way.
    InCall,
    /// Was rung and will be again, later.
    Waiting,
    /// The outcome of an attempt is not known yet.
    Held,
    /// Reached; nothing more to do.
    Done,
    /// Rung as often as the retry policy allows, without success.
    Exhausted,
    /// The number does not exist or cannot be rung.
    Invalid,
    /// Must never be rung.
    DoNotCall,
    /// Taken off the campaign by a person.
    Removed,
}

impl ProspectStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::InCall,
        Self::Waiting,
        Self::Held,
        Self::Done,
        Self::Exhausted,
        Self::Invalid,
        Self::DoNotCall,
        Self::Removed,
    ];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::InCall => "in_call",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Done => "done",
            Self::Exhausted => "exhausted",
            Self::Invalid => "invalid",
            Self::DoNotCall => "do_not_call",
            Self::Removed => "removed",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Exhausted | Self::Invalid | Self::DoNotCall | Self::Removed)
    }

    /// A person or the law decided; no news of a call changes it.
    pub const fn is_sticky(self) -> bool {
        matches!(self, Self::DoNotCall | Self::Removed)
    }
}

/// What an attempt left its prospect in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where the prospect stands now.
    pub status: ProspectStatus,
    /// When they may be rung again, for those who wait.
    pub due_at: Option<Timestamp>,
    /// How the last attempt ended.
    pub disposition: Option<Disposition>,
}

/// Where the prospect of `call` stands, given that it is their latest attempt and their `attempts`-th.
///
/// A function of the call's facts alone, so that the same evidence in another order leaves the same standing.
pub fn standing_after(call: &Call, attempts: u32, policy: &RetryPolicy, zone: &CampaignZone) -> Standing {
    let stands = |status| Standing { status, due_at: None, disposition: call.disposition() };
    let Some(disposition) = call.disposition() else {
        return stands(match call.placement {
            Placement::Unknown => ProspectStatus::Held,
            _ => ProspectStatus::InCall,
        });
    };
    match call.refusal {
        Some(RefusalMeaning::InvalidNumber | RefusalMeaning::DestinationBlocked) => {
            stands(ProspectStatus::Invalid)
        }
        // Our own set-up was refused, not the person: they keep their attempt.
        Some(ours) if !ours.is_about_the_person() => {
            Standing { due_at: call.ended_at(), ..stands(ProspectStatus::Ready) }
        }
        _ => after_disposition(disposition, call, attempts, policy, zone),
    }
}

fn after_disposition(
    disposition: Disposition,
    call: &Call,
    attempts: u32,
    policy: &RetryPolicy,
    zone: &CampaignZone,
) -> Standing {
    let ended_at = call.ended_at().unwrap_or(Timestamp::UNIX_EPOCH);
    let (status, due_at) = match policy.decide(disposition, attempts, ended_at, zone) {
        RetryDecision::At(due_at) => (ProspectStatus::Waiting, Some(due_at)),
        RetryDecision::GiveUp(_) if disposition.was_answered() => (ProspectStatus::Done, None),
        RetryDecision::GiveUp(_) => (ProspectStatus::Exhausted, None),
    };
    Standing { status, due_at, disposition: Some(disposition) }
}
