//! What a campaign that records does about those who must agree, as a person says it.

use domain::recording_consent::RecordingConsent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{FieldError, text};

const LONGEST_NOTICE: usize = 300;

/// What is done about those who must agree to a recording.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecordingConsent)]
pub enum Consent {
    /// Everybody is told at the beginning of the call.
    Announce,
    /// Nobody is told; a call is recorded only where its number belongs to a state in which one party may record.
    RecordOnlyWhereOnePartySuffices,
}

/// Changes it as was said; what cannot be goes to `wrong`.
pub(super) fn change(
    consent: &mut RecordingConsent,
    said: Option<Consent>,
    notice: &Option<Option<String>>,
    wrong: &mut Vec<FieldError>,
) {
    match said {
        Some(Consent::RecordOnlyWhereOnePartySuffices) => {
            *consent = RecordingConsent::OnlyWhereOnePartySuffices;
        }
        Some(Consent::Announce) if consent.notice().is_none() => *consent = RecordingConsent::default(),
        _ => {}
    }
    let Some(notice) = notice else { return };
    let read = match text::optional_name("/recordingNotice", notice.as_deref(), LONGEST_NOTICE) {
        Ok(read) => read,
        Err(error) => return wrong.push(error),
    };
    match consent {
        RecordingConsent::Announce { words } => *words = read,
        RecordingConsent::OnlyWhereOnePartySuffices if read.is_some() => wrong.push(FieldError::at(
            "/recordingNotice",
            "conflict",
            "people are told something only by a campaign that announces; leave it empty, or choose announce",
        )),
        RecordingConsent::OnlyWhereOnePartySuffices => {}
    }
}
