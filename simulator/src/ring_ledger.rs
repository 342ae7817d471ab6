//! The independent record of who was rung when, against which a dialler's promises can be checked.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::network::call::Call;
use crate::network::status::Status;

/// One created call. Instants are virtual; in JSON they are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ring {
    /// The call's identifier.
    pub call_sid: String,
    /// The called number.
    pub to: String,
    /// The caller id.
    pub from: String,
    /// How often this number had been called before.
    pub nth: u32,
    /// When the call was accepted into the queue.
    #[serde(serialize_with = "instant")]
    pub created_at: Timestamp,
    /// When dialling began, which is the ring; none while queued and for calls cancelled there.
    #[serde(serialize_with = "instants")]
    pub started_at: Option<Timestamp>,
    /// When the called phone began to sound.
    #[serde(serialize_with = "instants")]
    pub rang_at: Option<Timestamp>,
    /// When somebody or something picked up.
    #[serde(serialize_with = "instants")]
    pub answered_at: Option<Timestamp>,
    /// When the call was over.
    #[serde(serialize_with = "instants")]
    pub ended_at: Option<Timestamp>,
    /// The state it is in, final once `ended_at` is set.
    pub status: Status,
    /// What machine detection said.
    pub answered_by: Option<String>,
    /// The keys that the person pressed, one after the other, as far as the caller was told of them.
    pub pressed: String,
    /// Messages that were left.
    pub messages: u32,
    /// Files that were played, one after the other.
    pub played: Vec<PlayedSound>,
    /// Seconds from answer to end; 0 when it was not answered.
    pub duration_seconds: u64,
    /// The SIP response the call ended with.
    pub sip_response_code: Option<u16>,
    /// The caller's own mark: the `StatusCallback` URL of the create request, without its fragment.
    pub tag: Option<String>,
}

/// A file that `<Play>` named.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlayedSound {
    /// Its address.
    pub url: String,
    /// What it was sent as; none when it was not had.
    pub content_type: Option<String>,
    /// Its size; 0 when it was not had.
    pub bytes: u64,
    /// Its length, where its head tells.
    pub seconds: Option<f64>,
    /// Why it was not had.
    pub trouble: Option<String>,
}

impl PlayedSound {
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }
}

impl Ring {
    pub(crate) fn of(call: &Call) -> Self {
        let tag = call.order.status_callback.as_ref().and_then(|target| target.url.split('#').next());
        Self {
            call_sid: call.sid.clone(),
            to: call.order.to.clone(),
            from: call.order.from.clone(),
            nth: call.nth,
            created_at: call.created_at,
            started_at: call.started_at,
            rang_at: call.rang_at,
            answered_at: call.answered_at,
            ended_at: call.ending.map(|ending| ending.at),
            status: call.status(),
            answered_by: call.verdict.map(|verdict| verdict.answered_by.to_owned()),
            pressed: call.pressed.clone(),
            messages: call.messages,
            played: call.played.clone(),
            duration_seconds: call.duration(),
            sip_response_code: call.ending.map(|ending| ending.sip).filter(|sip| *sip != 0),
            tag: tag.map(str::to_owned),
        }
    }
}

fn instant<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn instants<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
