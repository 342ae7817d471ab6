//! The words that a campaign's settings are chosen from.

use domain::disclosure::CallPurpose;
use domain::queue::DialOrder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a campaign calls for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CallPurpose)]
pub enum Purpose {
    /// It sells, or leads to a sale.
    Marketing,
    /// It informs.
    Informational,
}

impl From<Purpose> for CallPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Marketing => Self::Marketing,
            Purpose::Informational => Self::Informational,
        }
    }
}

/// In which order those of one priority are rung.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DialOrder)]
pub enum Order {
    /// Whose time came first.
    Due,
    /// Those who are `ready` before those who are `waiting` for another attempt.
    FreshFirst,
    /// Those who are `waiting` for another attempt before those who are `ready`.
    RetriesFirst,
}

impl From<Order> for DialOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Due => Self::Due,
            Order::FreshFirst => Self::FreshFirst,
            Order::RetriesFirst => Self::RetriesFirst,
        }
    }
}

/// Whether and how the carrier tells people from machines.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MachineDetection {
    /// Not at all.
    Off,
    /// Before the call begins.
    Enable,
    /// Before the call begins, waiting for the end of a machine's greeting.
    DetectMessageEnd,
    /// While the call goes on.
    Async,
}

/// Whether and how calls are recorded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecordingMode)]
pub enum Recording {
    /// Not at all.
    Off,
    /// Both sides in one channel.
    Mono,
    /// Each side in a channel of its own.
    Dual,
}

impl MachineDetection {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Enable => "enable",
            Self::DetectMessageEnd => "detect_message_end",
            Self::Async => "async",
        }
    }
}

impl Recording {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Mono => "mono",
            Self::Dual => "dual",
        }
    }
}
