//! Words with a colour and a shape for where things stand. The word says it all; colour and shape only help the eye.

use domain::call::CallStatus;
use domain::campaign::CampaignStatus;
use domain::carrier_event::AnsweredBy;
use domain::disposition::Disposition;
use domain::prospect::ProspectStatus;
use domain::reaction::Reaction;
use maud::{Markup, html};

/// A call's status.
pub fn call(status: CallStatus) -> Markup {
    let live = matches!(status, CallStatus::Ringing | CallStatus::InProgress);
    let class = format!("badge tone-{}{}", status.as_str(), if live { " live-dot" } else { "" });
    let hollow = if status.is_final() { "" } else { " hollow" };
    html! { span class={ (class) (hollow) } { (call_word(status)) } }
}

/// A call's status in words.
pub const fn call_word(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Queued => "Queued",
        CallStatus::Ringing => "Ringing",
        CallStatus::InProgress => "In progress",
        CallStatus::Completed => "Completed",
        CallStatus::Failed => "Failed",
        CallStatus::Busy => "Busy",
        CallStatus::NoAnswer => "No answer",
        CallStatus::Canceled => "Canceled",
        CallStatus::Unknown => "Unknown",
    }
}

/// A campaign's status.
pub fn campaign(status: CampaignStatus) -> Markup {
    let (tone, word) = match status {
        CampaignStatus::Draft => ("muted hollow square", "Draft"),
        CampaignStatus::Active => ("good", "Active"),
        CampaignStatus::Paused => ("warn square", "Paused"),
        CampaignStatus::Completed => ("accent square", "Completed"),
    };
    html! { span class={ "badge tone-" (tone) } { (word) } }
}

/// Where a prospect stands.
pub fn prospect(status: ProspectStatus) -> Markup {
    let tone = match status {
        ProspectStatus::Ready => "accent hollow",
        ProspectStatus::Waiting => "queued hollow",
        ProspectStatus::InCall => "in-progress live-dot",
        ProspectStatus::Held => "unknown hollow",
        ProspectStatus::Done => "good",
        ProspectStatus::Exhausted | ProspectStatus::Removed => "muted square",
        ProspectStatus::Invalid => "failed square",
        ProspectStatus::DoNotCall => "danger square",
    };
    html! { span class={ "badge tone-" (tone) } { (prospect_word(status)) } }
}

/// Where a prospect stands, in words.
pub const fn prospect_word(status: ProspectStatus) -> &'static str {
    match status {
        ProspectStatus::Ready => "Ready",
        ProspectStatus::InCall => "In a call",
        ProspectStatus::Waiting => "Waiting",
        ProspectStatus::Held => "Outcome unknown",
        ProspectStatus::Done => "Done",
        ProspectStatus::Exhausted => "Exhausted",
        ProspectStatus::Invalid => "Invalid number",
        ProspectStatus::DoNotCall => "Do not call",
        ProspectStatus::Removed => "Removed",
    }
}

/// Who picked up, in words.
pub const fn answered_by(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Human => "Person",
        AnsweredBy::Fax => "Fax",
        AnsweredBy::Unknown => "Could not tell",
        machine if machine.is_machine() => "Machine",
        _ => "Machine",
    }
}

/// How an attempt ended, in words.
pub const fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::HumanAnswered => "A person answered",
        Disposition::Confirmed => reaction_word(Reaction::Confirmed),
        Disposition::Abandoned => reaction_word(Reaction::Abandoned),
        Disposition::LeftMessage => reaction_word(Reaction::LeftMessage),
        Disposition::Transferred => reaction_word(Reaction::Transferred),
        Disposition::OptedOut => reaction_word(Reaction::OptedOut),
        Disposition::MachineAnswered => "A machine answered",
        Disposition::Fax => "A fax answered",
        Disposition::AnsweredUnknown => "Answered, nobody knows by whom",
        Disposition::Busy => "Busy",
        Disposition::NoAnswer => "No answer",
        Disposition::Failed => "Failed",
        Disposition::Canceled => "Canceled",
        Disposition::Refused => "Refused by the carrier",
        Disposition::Lost => "Lost",
    }
}
/// What a person did, in words.
pub const fn reaction_word(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::Confirmed => "Said yes",
        Reaction::Abandoned => "Asked for a person, got none",
        Reaction::LeftMessage => "Left a message",
        Reaction::Transferred => "Put through to a person",
        Reaction::OptedOut => "Wants no more calls",
    }
}
