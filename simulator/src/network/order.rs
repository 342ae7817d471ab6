//! What the caller asked for when it created a call, validated.

use std::time::Duration;

use crate::callbacks::Method;

/// Everything `POST Calls.json` said.
#[derive(Debug)]
pub(crate) struct Order {
    pub to: String,
    pub from: String,
    pub script: Script,
    pub fallback: Option<Target>,
    pub status_callback: Option<Target>,
    pub events: Vec<Event>,
    /// How long it may ring.
    pub timeout: Duration,
    /// How long the call may last once answered.
    pub time_limit: Duration,
    pub recording: Option<RecordingOrder>,
    pub detection: Option<Detection>,
    /// The request as it came, for the call's `Events`.
    pub parameters: Vec<(String, String)>,
}

/// Where the call's instructions come from.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    Inline(String),
    Fetch(Target),
}

/// A URL of the caller's and how to ask it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub url: String,
    pub method: Method,
}

/// What a status callback can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Initiated,
    Ringing,
    Answered,
    Completed,
}

/// `Record=true` and its companions.
#[derive(Clone, Debug)]
pub(crate) struct RecordingOrder {
    pub channels: u8,
    pub track: String,
    pub callback: Option<Target>,
    pub events: Vec<RecordingEvent>,
}

/// What a recording callback can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordingEvent {
    InProgress,
    Completed,
    Absent,
}

/// `MachineDetection` and its companions.
#[derive(Clone, Debug)]
pub(crate) struct Detection {
    pub waits_for_message_end: bool,
    pub timeout: Duration,
    /// `AsyncAmd`: the call goes on while the verdict is being found.
    pub asynchronous: bool,
    pub callback: Option<Target>,
}
