//! A campaign: its state and who may change it, and what stands in the way of its launch.

use jiff::Timestamp;

use crate::budget::Budgets;
use crate::calling_window::{CampaignZone, Openness, WeeklyWindows};
use crate::limits::DailyLimit;
use crate::pacing::Pacing;
use crate::retry::RetryPolicy;

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CampaignStatus {
    /// Being prepared; rings nobody.
    Draft,
    /// Rings its prospects whenever it may.
    Active,
    /// Stopped by a person, or by the server with a reason.
    Paused,
    /// Every prospect has a final answer.
    Completed,
}

impl CampaignStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Active, Self::Paused, Self::Completed];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Starts ringing. A completed campaign may be launched again after prospects were added to it.
    pub fn launch(self, blockers: Vec<LaunchBlocker>) -> Result<Self, TransitionRefused> {
        match self {
            Self::Active => Ok(Self::Active),
            Self::Paused => self.resume(),
            Self::Draft | Self::Completed if blockers.is_empty() => Ok(Self::Active),
            Self::Draft | Self::Completed => Err(TransitionRefused::Blocked(blockers)),
        }
    }

    /// Stops ringing; calls under way go on to their end.
    pub fn pause(self) -> Result<Self, TransitionRefused> {
        match self {
            Self::Active | Self::Paused => Ok(Self::Paused),
            Self::Draft | Self::Completed => Err(TransitionRefused::NotFrom(self)),
        }
    }

    /// Goes on after a pause.
    pub fn resume(self) -> Result<Self, TransitionRefused> {
        match self {
            Self::Active | Self::Paused => Ok(Self::Active),
            Self::Draft | Self::Completed => Err(TransitionRefused::NotFrom(self)),
        }
    }
}

/// Why a campaign cannot change as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionRefused {
    /// It stands where this cannot be done.
    #[error("a {} campaign cannot do this", .0.as_str())]
    NotFrom(CampaignStatus),
    /// Something is missing for its launch.
    #[error("something is missing for the launch")]
    Blocked(Vec<LaunchBlocker>),
}

/// What stands in the way of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaunchBlocker {
    /// No prospect may be rung.
    NoProspects,
    /// There is no number to call from.
    NoCallerId,
    /// Neither a script nor an audio file.
    NothingToSay,
    /// A sound that would be played is not there.
    SoundMissing,
    /// Its voice is that of a service that is not set up.
    VoiceOff,
    /// The script names a variable without a value for everybody and without a default.
    ScriptBroken,
    /// The script puts people through, and nobody is named for it.
    NobodyToTransferTo,
    /// The script has words for machines, and nothing tells when their tone is over.
    VoicemailUndetected,
    /// It sells, and no key that ends it for good is offered from the outset.
    OptOutMissing,
    /// It sells, and does not say in whose name.
    CallerUnnamed,
    /// The name of the caller is not said at the beginning.
    NotIdentified,
    /// It sells, and its message for machines names no number.
    VoicemailWithoutNumber,
}

impl LaunchBlocker {
    /// The word of our API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoProspects => "no_prospects",
            Self::NoCallerId => "no_caller_id",
            Self::NothingToSay => "nothing_to_say",
            Self::SoundMissing => "sound_missing",
            Self::VoiceOff => "voice_off",
            Self::ScriptBroken => "script_broken",
            Self::NobodyToTransferTo => "nobody_to_transfer_to",
            Self::VoicemailUndetected => "voicemail_undetected",
            Self::OptOutMissing => "opt_out_missing",
            Self::CallerUnnamed => "caller_unnamed",
            Self::NotIdentified => "not_identified",
            Self::VoicemailWithoutNumber => "voicemail_without_number",
        }
    }

    /// What is missing and what to do, in plain words.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::NoProspects => "Nobody is waiting to be rung. Add or import prospects.",
            Self::NoCallerId => {
                "There is no number to call from. Set TWILIO_PHONE_NUMBER, or callerId of the campaign."
            }
            Self::NothingToSay => {
                "People would hear silence. Give the campaign a script, an audioId or an audioUrl."
            }
            Self::SoundMissing => "A sound that would be played is not there any more. Choose another one.",
            Self::VoiceOff => {
                "Its voice is one of ElevenLabs, which is not set up here. Set ELEVENLABS_API_KEY, or choose another voice."
            }
            Self::ScriptBroken => "The script cannot be rendered. Correct it; its preview shows the place.",
            Self::NobodyToTransferTo => {
                "The script puts people through to somebody. Say to whom: transferTo of the campaign."
            }
            Self::VoicemailUndetected => {
                "The script has a voicemail message, which is spoken after the tone only. Set machineDetection to \
                 detect_message_end or async, or take the message out."
            }
            Self::OptOutMissing => {
                "A recorded sales call must offer a key that ends such calls for good, from the outset (47 CFR \
                 64.1200(b)(3)). Give the script a key that means opt_out."
            }
            Self::CallerUnnamed => {
                "A recorded sales call says at its beginning who calls (47 CFR 64.1200(b)(1)). Say in whose name: \
                 callerName of the campaign."
            }
            Self::NotIdentified => {
                "The callerName of the campaign is not said at the beginning of the script. Say who calls in the first \
                 sentence."
            }
            Self::VoicemailWithoutNumber => {
                "A sales message left on a machine names a toll-free number at which people can have such calls ended \
                 (47 CFR 64.1200(b)(3)). Put it into the voicemail message."
            }
        }
    }
}

/// What to do about a prospect when the carrier's answer was lost and no trace of the call was found: it may have rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LostCallPolicy {
    /// It counts as an attempt, and the retry policy decides; an hour passes at least.
    #[default]
    CountAsAttempt,
    /// A person decides, on what the carrier's own records show.
    Hold,
    /// It is taken to have rung: nobody rings this prospect again.
    AssumePlaced,
}

impl LostCallPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::CountAsAttempt, Self::Hold, Self::AssumePlaced];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CountAsAttempt => "count_as_attempt",
            Self::Hold => "hold",
            Self::AssumePlaced => "assume_placed",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

/// The rules under which a campaign rings.
#[derive(Debug, Clone)]
pub struct CampaignRules {
    /// The zone of its windows, its day and its retries.
    pub zone: CampaignZone,
    /// When it may ring.
    pub windows: WeeklyWindows,
    /// How many calls it may make on one of its local days.
    pub daily_limit: DailyLimit,
    /// Which outcomes are worth another attempt, and when.
    pub retry: RetryPolicy,
    /// What happens to a prospect whose call was lost for good.
    pub lost_calls: LostCallPolicy,
    /// How much it may cost.
    pub budgets: Budgets,
    /// Its own pace, within that of the account.
    pub pacing: Option<Pacing>,
}

impl CampaignRules {
    /// When the calling window that is open at `now` closes; `None` while it is closed. A window that never closes says a
    /// year from now.
    pub fn closes_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.windows.openness(now, &self.zone) {
            Openness::Open { until } => Some(until),
            Openness::Closed { .. } => None,
        }
    }
}
