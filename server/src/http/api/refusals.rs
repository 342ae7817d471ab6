//! What the refusals of actions become: one problem each, with a stable name and what to do.

use domain::campaign::{LaunchBlocker, TransitionRefused};
use domain::gate::{HoldReason, NeverReason};

use crate::actions::accounts::{PasswordRefused, UserChangeRefused};
use crate::actions::calls::EndRefused;
use crate::actions::calls::PlaceRefused;
use crate::actions::calls::ResolveRefused;
use crate::actions::campaigns::CampaignRefused;
use crate::actions::experiments::ExperimentRefused;
use crate::actions::prospects::ProspectRefused;
use crate::actions::recordings::RecordingRefused;
use crate::actions::scripts::ScriptRefused;
use crate::actions::users::UserRefused;
use crate::credentials::PasswordUnavailable;
use crate::http::{Blocker, FieldError, Problem};
use crate::store::StoreError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stopped => Self::unavailable("The server is stopping.", 5),
            StoreError::Conflict => {
                Self::conflict("conflict", "Somebody else did the same at this moment. Read it again.")
            }
            error if error.is_outage() => {
                tracing::error!(%error, "the database does not answer");
                Self::unavailable(
                    "The database does not answer. What was asked for may have been done; look before you try again.",
                    5,
                )
            }
            error => {
                tracing::error!(%error, "the database refused");
                Self::internal()
            }
        }
    }
}

impl From<RecordingRefused> for Problem {
    fn from(refused: RecordingRefused) -> Self {
        match refused {
            RecordingRefused::NotThere => Self::not_found("recording"),
            RecordingRefused::NotNow(state) => {
                let detail = format!("The recording is {}, and this cannot be done with it.", state.as_str());
                Self::conflict("recording_state", detail).with_reason(state.as_str())
            }
            RecordingRefused::Store(error) => error.into(),
        }
    }
}

impl From<CampaignRefused> for Problem {
    fn from(refused: CampaignRefused) -> Self {
        match refused {
            CampaignRefused::NotFound => Self::not_found("campaign"),
            CampaignRefused::NoSuchScript => {
                FieldError::at("/scriptId", "not_found", "there is no such script; list them at /api/scripts")
                    .into()
            }
            CampaignRefused::Compared => Self::conflict(
                "experiment_running",
                "An A/B test runs, and what people hear is what it compares. End the test first; it can leave the campaign \
                 with the script and voice of the best arm.",
            ),
            CampaignRefused::Transition(TransitionRefused::NotFrom(status)) => {
                let detail =
                    format!("The campaign is {}, and this cannot be done from there.", status.as_str());
                Self::conflict("campaign_state", detail).with_reason(format!("campaign_{}", status.as_str()))
            }
            CampaignRefused::Transition(TransitionRefused::Blocked(blockers)) => {
                let blockers = blockers.into_iter();
                let blockers =
                    blockers.map(|it| Blocker { code: it.code(), detail: it.explain().to_owned() }).collect();
                Self::blocked("The campaign cannot be launched yet; see `blockers`.", blockers)
            }
            CampaignRefused::HasCalls => Self::conflict(
                "has_calls",
                "The campaign has made calls, and they are kept. Pause it instead.",
            ),
            CampaignRefused::Store(error) => error.into(),
        }
    }
}

impl From<ScriptRefused> for Problem {
    fn from(refused: ScriptRefused) -> Self {
        match refused {
            ScriptRefused::NotFound => Self::not_found("script"),
            ScriptRefused::Compared => Self::conflict(
                "experiment_running",
                "An A/B test that runs compares the words of this script. End the test first, or write another script.",
            ),
            ScriptRefused::Store(error) => error.into(),
        }
    }
}

impl From<ExperimentRefused> for Problem {
    fn from(refused: ExperimentRefused) -> Self {
        let wrong = |place: usize, field: &str, code, detail: String| {
            Self::from(FieldError::at(format!("/arms/{place}/{field}"), code, detail))
        };
        match refused {
            ExperimentRefused::NoSuchCampaign => Self::not_found("campaign"),
            ExperimentRefused::Running => Self::conflict(
                "experiment_running",
                "An A/B test runs in this campaign, and its arms and shares stay as they are. End it, and start another.",
            ),
            ExperimentRefused::NoneRuns => {
                Self::conflict("no_experiment_running", "No A/B test runs in this campaign.")
            }
            ExperimentRefused::NoSuchArm => {
                FieldError::at("/adopt", "not_found", "the test has no such arm").into()
            }
            ExperimentRefused::PlaysASound => Self::conflict(
                "plays_audio",
                "The campaign plays a sound file, and a test compares scripts and voices. Take the file out first.",
            ),
            ExperimentRefused::Shares(error) => {
                FieldError::at("/arms", "out_of_range", error.to_string()).into()
            }
            ExperimentRefused::NoSuchScript(arm) => {
                let detail = "there is no such script; list them at /api/scripts";
                wrong(arm.place(), "scriptId", "not_found", detail.to_owned())
            }
            ExperimentRefused::NothingToSay(arm) => {
                let detail = "the campaign has no script yet, so this arm must name one";
                wrong(arm.place(), "scriptId", "required", detail.to_owned())
            }
            ExperimentRefused::Same(one, other) => {
                let detail =
                    format!("arm {other} would sound exactly like arm {one}: choose another script or voice");
                wrong(other.place(), "scriptId", "duplicate", detail)
            }
            ExperimentRefused::Unsayable(arm, blockers) => {
                let detail = |it: LaunchBlocker| format!("Arm {arm}: {}", it.explain());
                let blockers = blockers.into_iter();
                let blockers = blockers.map(|it| Blocker { code: it.code(), detail: detail(it) }).collect();
                Self::blocked("The test cannot begin yet; see `blockers`.", blockers)
            }
            ExperimentRefused::Store(error) => error.into(),
        }
    }
}

impl From<ProspectRefused> for Problem {
    fn from(refused: ProspectRefused) -> Self {
        match refused {
            ProspectRefused::NoSuchCampaign => Self::not_found("campaign"),
            ProspectRefused::NotFound => Self::not_found("prospect"),
            ProspectRefused::InCall => {
                let detail = "A call to this prospect is under way. Wait for its end, or cancel it.";
                Self::conflict("already_in_call", detail)
            }
            ProspectRefused::NumberTaken => {
                let detail = "Another prospect of this campaign has this number. Change or remove that one.";
                Self::conflict("duplicate", detail)
            }
            ProspectRefused::Store(error) => error.into(),
        }
    }
}

impl From<PlaceRefused> for Problem {
    fn from(refused: PlaceRefused) -> Self {
        match refused {
            PlaceRefused::NoSuchCampaign => Self::not_found("campaign"),
            PlaceRefused::NoSuchProspect => Self::not_found("prospect"),
            PlaceRefused::NoCallerId => {
                let detail =
                    "There is no number to call from. Set TWILIO_PHONE_NUMBER, or callerId of the campaign.";
                Self::unprocessable("no_caller_id", detail)
            }
            PlaceRefused::BadTime => {
                let detail = "must lie in the future and at most a year away";
                FieldError::at("/scheduledFor", "out_of_range", detail).into()
            }
            PlaceRefused::Never(reason) => never(reason),
            PlaceRefused::NotNow { reason, until, call } => {
                let problem = Self::conflict(code_of(reason), reason.explain())
                    .with_reason(reason.as_str())
                    .next_possible_at(until);
                match call {
                    Some(call) => problem.with_call_id(call.to_string()),
                    None => problem,
                }
            }
            PlaceRefused::Store(error) => error.into(),
        }
    }
}

fn never(reason: NeverReason) -> Problem {
    let code = match reason {
        NeverReason::DoNotCall => "do_not_call",
        NeverReason::Finished(_) => "prospect_finished",
    };
    Problem::conflict(code, reason.explain()).with_reason(reason.as_str())
}

/// The stable name of a refusal that time or a person can lift.
pub fn code_of(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::Quarantine => "quarantine",
        HoldReason::CampaignDraft | HoldReason::CampaignPaused | HoldReason::CampaignCompleted => {
            "campaign_state"
        }
        HoldReason::KillSwitch => "kill_switch",
        HoldReason::FrequencyCap => "frequency_cap",
        HoldReason::Budget | HoldReason::DailyBudget => "budget",
        HoldReason::NoRate => "no_rate",
        HoldReason::Pacing | HoldReason::AtCapacity => "at_capacity",
        HoldReason::CarrierThrottled | HoldReason::CarrierUnreachable => "carrier_unavailable",
        HoldReason::InCall | HoldReason::NumberInCall => "already_in_call",
        HoldReason::OutcomeUnknown => "outcome_unknown",
        HoldReason::NotDue => "not_due",
        HoldReason::WindowClosed | HoldReason::WindowClosing => "outside_hours",
        HoldReason::DailyLimit => "daily_limit",
    }
}

impl From<EndRefused> for Problem {
    fn from(refused: EndRefused) -> Self {
        match refused {
            EndRefused::NoSuchCall => Self::not_found("call"),
            EndRefused::Over => {
                Self::conflict("call_over", "The call is over already; there is nothing to end.")
            }
            EndRefused::Store(error) => error.into(),
        }
    }
}

impl From<ResolveRefused> for Problem {
    fn from(refused: ResolveRefused) -> Self {
        match refused {
            ResolveRefused::NoSuchCall => Self::not_found("call"),
            ResolveRefused::Known => Self::conflict(
                "outcome_known",
                "What became of the call is known already; only a call whose answer was lost can be settled by hand.",
            ),
            ResolveRefused::Claimed => Self::conflict(
                "duplicate",
                "Another call of ours has this name at the carrier already. Look the call up again.",
            ),
            ResolveRefused::Store(error) => error.into(),
        }
    }
}

impl From<UserRefused> for Problem {
    fn from(refused: UserRefused) -> Self {
        match refused {
            UserRefused::Password(flaw) => FieldError::at("/password", flaw.code(), flaw.to_string()).into(),
            UserRefused::EmailTaken => Self::conflict(
                "email_taken",
                "A user with this e-mail address exists already. Use another one.",
            ),
            UserRefused::NotAllowed => Self::forbidden(),
            UserRefused::Unavailable(unavailable) => unavailable.into(),
            UserRefused::Store(error) => error.into(),
        }
    }
}

impl From<UserChangeRefused> for Problem {
    fn from(refused: UserChangeRefused) -> Self {
        match refused {
            UserChangeRefused::NoSuchUser => Self::not_found("user"),
            UserChangeRefused::NotAllowed => Self::forbidden(),
            UserChangeRefused::Oneself => Self::conflict(
                "own_account",
                "Nobody closes their own account. Ask another administrator of your team.",
            ),
            UserChangeRefused::OwnPassword => Self::conflict(
                "own_account",
                "Your own password takes the current one: change it under your account.",
            ),
            UserChangeRefused::Password(flaw) => {
                FieldError::at("/password", flaw.code(), flaw.to_string()).into()
            }
            UserChangeRefused::Unavailable(unavailable) => unavailable.into(),
            UserChangeRefused::LastOwner => Self::conflict(
                "last_owner",
                "This is the only owner who can sign in, and nobody else could make one. Make another owner first.",
            ),
            UserChangeRefused::Store(error) => error.into(),
        }
    }
}

impl From<PasswordRefused> for Problem {
    fn from(refused: PasswordRefused) -> Self {
        match refused {
            PasswordRefused::NoAccount => Self::conflict(
                "no_account",
                "Only people who signed in have a password; an API key has none. Sign in, and change it there.",
            ),
            PasswordRefused::Wrong => {
                FieldError::at("/current", "wrong_password", "This is not your current password.").into()
            }
            PasswordRefused::Password(flaw) => FieldError::at("/new", flaw.code(), flaw.to_string()).into(),
            PasswordRefused::Unavailable(unavailable) => unavailable.into(),
            PasswordRefused::Store(error) => error.into(),
        }
    }
}

impl From<PasswordUnavailable> for Problem {
    fn from(_: PasswordUnavailable) -> Self {
        Self::unavailable("Passwords cannot be checked at the moment. Try again.", 5)
    }
}
