//! One person in one campaign: waiting to be rung, in a call, or done, and how.

use jiff::Timestamp;

use crate::call::{Call, Placement};
use crate::campaign::{CampaignRules, LostCallPolicy};
use crate::disposition::Disposition;
use crate::refusal::RefusalMeaning;
use crate::retry::RetryDecision;

/// Where a prospect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// Where a prospect stands, and what led there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where the prospect stands now.
    pub status: ProspectStatus,
    /// Attempts that the retry policy counts.
    pub attempts_spent: u32,
    /// When they may be rung again, for those who wait.
    pub due_at: Option<Timestamp>,
    /// How the last attempt ended.
    pub disposition: Option<Disposition>,
}

impl Standing {
    /// Whether a change of one of the prospect's calls can change where they stand. What leaves it as it is need not be
    /// followed: a ringing phone, a price, a recording.
    pub fn is_moved_by(before: &Call, after: &Call) -> bool {
        let bearing = |call: &Call| (call.placement, call.refusal, call.disposition(), call.ended_at());
        bearing(before) != bearing(after)
    }

    /// Follows a change of one of the prospect's calls. `is_latest`: it is their latest call, and its fate is theirs; an
    /// older one can still learn its price, or turn out to have rung. `not_before` is when a call that was given up may be
    /// tried again.
    ///
    /// A function of the difference and of the call's facts, so that the same evidence in another order leaves the same
    /// standing.
    pub fn follow(
        &mut self,
        before: &Call,
        after: &Call,
        is_latest: bool,
        not_before: Option<Timestamp>,
        rules: &CampaignRules,
        now: Timestamp,
    ) {
        let (spent, spent_before) = (u32::from(after.spends_attempt()), u32::from(before.spends_attempt()));
        self.attempts_spent = (self.attempts_spent + spent).saturating_sub(spent_before);
        if !is_latest {
            return;
        }
        self.disposition = after.disposition().or(self.disposition);
        if self.status.is_sticky() {
            return;
        }
        let (status, due_at) = match after.placement {
            // Given up before it was sent: back to the line, as if nothing had happened.
            Placement::Released if self.attempts_spent == 0 => {
                (ProspectStatus::Ready, not_before.or(Some(now)))
            }
            Placement::Released => (ProspectStatus::Waiting, not_before.or(Some(now))),
            _ => stands_after(after, self.attempts_spent, rules),
        };
        (self.status, self.due_at) = (status, due_at);
    }
}

fn stands_after(call: &Call, attempts: u32, rules: &CampaignRules) -> (ProspectStatus, Option<Timestamp>) {
    let Some(disposition) = call.disposition() else {
        return match call.placement {
            Placement::Unknown => (ProspectStatus::Held, None),
            _ => (ProspectStatus::InCall, None),
        };
    };
    match (call.placement, call.refusal) {
        (_, Some(RefusalMeaning::InvalidNumber | RefusalMeaning::DestinationBlocked)) => {
            return (ProspectStatus::Invalid, None);
        }
        // Our own set-up was refused, not the person: they keep their attempt.
        (_, Some(ours)) if !ours.is_about_the_person() => return (ProspectStatus::Ready, call.ended_at()),
        // A person looked it up: nobody was rung.
        (Placement::NotPlaced, None) => return (ProspectStatus::Ready, call.ended_at()),
        (Placement::PresumedNotPlaced, _) => match rules.lost_calls {
            LostCallPolicy::CountAsAttempt => {}
            LostCallPolicy::Hold => return (ProspectStatus::Held, None),
            LostCallPolicy::AssumePlaced => return (ProspectStatus::Done, None),
        },
        _ => {}
    }
    let ended_at = call.ended_at().unwrap_or(Timestamp::UNIX_EPOCH);
    match rules.retry.decide(disposition, attempts, ended_at, &rules.zone) {
        RetryDecision::At(due_at) => (ProspectStatus::Waiting, Some(due_at)),
        RetryDecision::GiveUp(_) if disposition.was_answered() => (ProspectStatus::Done, None),
        RetryDecision::GiveUp(_) => (ProspectStatus::Exhausted, None),
    }
}

#[cfg(test)]
mod tests;
