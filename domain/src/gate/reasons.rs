//! Why a prospect is not rung: never again, or not now. Each with the word of our API and what it means.

use crate::prospect::ProspectStatus;

/// Why a prospect is never rung again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NeverReason {
    /// The number is on the do-not-call list.
    DoNotCall,
    /// The prospect has a final answer already.
    Finished(ProspectStatus),
}

impl NeverReason {
    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DoNotCall => "do_not_call",
            Self::Finished(status) => status.as_str(),
        }
    }

    /// What it means, in plain words.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::DoNotCall => "The number is on the do-not-call list.",
            Self::Finished(ProspectStatus::Done) => "A call was answered; nothing more is to do.",
            Self::Finished(ProspectStatus::Exhausted) => {
                "Every attempt that the retry policy allows was made."
            }
            Self::Finished(ProspectStatus::Invalid) => "The number does not exist or cannot be rung.",
            Self::Finished(ProspectStatus::Removed) => "The prospect was taken off the campaign.",
            Self::Finished(_) => "The prospect is finished.",
        }
    }
}

/// Why a prospect is not rung now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// The database may have lost part of its history, and nobody is rung before it is reconciled.
    Quarantine,
    /// The campaign was never launched.
    CampaignDraft,
    /// The campaign is paused.
    CampaignPaused,
    /// The campaign is finished.
    CampaignCompleted,
    /// Dialing is switched off for the whole workspace.
    KillSwitch,
    /// An attempt is under way.
    InCall,
    /// The outcome of the last attempt is not known yet.
    OutcomeUnknown,
    /// The time of the next attempt has not come.
    NotDue,
    /// Outside the calling window.
    WindowClosed,
    /// The calling window closes too soon for the ring to fall inside it.
    WindowClosing,
    /// Today's limit is used up.
    DailyLimit,
    /// The number was rung as often as it may be in 24 hours, by this campaign or another.
    FrequencyCap,
    /// The campaign's budget does not cover the worst that the call can cost.
    Budget,
    /// The day's budget does not.
    DailyBudget,
    /// Nobody knows what a call to the number costs, and there is a budget to keep.
    NoRate,
    /// The number is in another call.
    NumberInCall,
    /// The campaign's voice is spoken by a service that is not set up.
    VoiceOff,
    /// The service that speaks is away, refuses, or its quota is used up.
    VoiceUnavailable,
    /// What the person may hear is being spoken first.
    NotSpokenYet,
    /// As many calls as allowed started just now.
    Pacing,
    /// As many calls as allowed are on.
    AtCapacity,
    /// The carrier asked to slow down.
    CarrierThrottled,
    /// The carrier cannot be reached.
    CarrierUnreachable,
}

impl HoldReason {
    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::CampaignDraft => "campaign_draft",
            Self::CampaignPaused => "campaign_paused",
            Self::CampaignCompleted => "campaign_completed",
            Self::KillSwitch => "kill_switch",
            Self::InCall => "in_call",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::NotDue => "not_due",
            Self::WindowClosed => "window_closed",
            Self::WindowClosing => "window_closing",
            Self::DailyLimit => "daily_limit",
            Self::FrequencyCap => "frequency_cap",
            Self::Budget => "budget",
            Self::DailyBudget => "daily_budget",
            Self::NoRate => "no_rate",
            Self::NumberInCall => "number_in_call",
            Self::VoiceOff => "voice_off",
            Self::VoiceUnavailable => "voice_unavailable",
            Self::NotSpokenYet => "not_spoken_yet",
            Self::Pacing => "pacing",
            Self::AtCapacity => "at_capacity",
            Self::CarrierThrottled => "carrier_throttled",
            Self::CarrierUnreachable => "carrier_unreachable",
        }
    }

    /// A moment's matter of how fast calls start, not of this prospect: whoever waits for it keeps their place.
    pub const fn is_pace(self) -> bool {
        matches!(self, Self::Pacing | Self::AtCapacity | Self::CarrierThrottled | Self::CarrierUnreachable)
    }

    /// What it means and what ends it, in plain words.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Quarantine => {
                "The database is older than what this server has done. Nobody is rung until the calls it forgot are found again and an administrator resumes."
            }
            Self::CampaignDraft => "The campaign was not launched yet. Launch it.",
            Self::CampaignPaused => "The campaign is paused. Resume it.",
            Self::CampaignCompleted => "The campaign is finished. Launch it again to ring new prospects.",
            Self::KillSwitch => "Dialing is switched off for everybody. Switch it on again.",
            Self::InCall => "A call to this prospect is under way.",
            Self::OutcomeUnknown => {
                "The carrier's answer to the last attempt was lost. Nobody is rung again on a guess: it is being looked for."
            }
            Self::NotDue => "The next attempt is planned for later.",
            Self::WindowClosed => "The calling window is closed.",
            Self::WindowClosing => "The calling window closes too soon for the phone to ring inside it.",
            Self::DailyLimit => "Today's limit of calls is used up.",
            Self::FrequencyCap => {
                "The number was rung as often as it may be in 24 hours, counting every campaign."
            }
            Self::Budget => {
                "What is left of the campaign's budget does not cover the worst that this call can cost. Raise the budget."
            }
            Self::DailyBudget => {
                "What is left of today's budget does not cover the worst that this call can cost."
            }
            Self::NoRate => {
                "There is a budget, and nobody knows what a call to this number costs. Add its rate to the settings."
            }
            Self::NumberInCall => "Another call to this number is under way.",
            Self::VoiceOff => {
                "The campaign speaks with a voice of ElevenLabs, which is not set up here. Set ELEVENLABS_API_KEY, or choose another voice."
            }
            Self::VoiceUnavailable => {
                "The service of the campaign's voice does not speak at the moment. It is asked again in a while; Settings, Voices says what is wrong. Nobody is rung without words."
            }
            Self::NotSpokenYet => {
                "What this person may hear is being spoken first. They are rung as soon as it is there."
            }
            Self::Pacing => "As many calls as the pace allows were just started.",
            Self::AtCapacity => "As many calls as allowed are on at the same time.",
            Self::CarrierThrottled => "The carrier asked to slow down.",
            Self::CarrierUnreachable => "The carrier cannot be reached; it is tried again in a while.",
        }
    }
}
