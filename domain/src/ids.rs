//! Typed identifiers: prefixed, time-ordered, not interchangeable.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the form {prefix}_ followed by 32 lower-case hexadecimal digits")]
pub struct InvalidId {
    /// The prefix that was expected, without its underscore.
    pub prefix: &'static str,
}

/// A UUID version 7 from a time and ten random bytes, both given by the caller: this crate has neither
/// a clock nor a source of randomness.
pub fn time_ordered_uuid(unix_millis: u64, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid()
}

fn parse_prefixed(text: &str, prefix: &'static str) -> Result<Uuid, InvalidId> {
    let wrong = InvalidId { prefix };
    let hex = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(wrong)?;
    // One spelling per identifier: upper case or dashes would make two URLs for one thing.
    let canonical = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(wrong);
    }
    Uuid::parse_str(hex).map_err(|_| wrong)
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the printed form starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that is known to identify this kind of thing.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside, for storage.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_prefixed(text, $prefix).map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// A tenant: everything a team owns.
    WorkspaceId = "wsp";
    /// A person who signs in.
    UserId = "usr";
    /// An API key.
    ApiKeyId = "key";
    /// A campaign.
    CampaignId = "cmp";
    /// One person in one campaign.
    ProspectId = "pro";
    /// One attempt to ring one prospect.
    CallId = "call";
    /// One piece of news from the carrier.
    CarrierEventId = "evt";
    /// One file of prospects taken in.
    ImportId = "imp";
    /// One text that people hear.
    ScriptId = "scr";
    /// One entry of the audit trail.
    AuditId = "aud";
    /// One run of the server: a node among those that share the database.
    NodeId = "node";
    /// One clearing of a campaign's queue.
    ClearingId = "clr";
    /// One recording of a call.
    RecordingId = "rec";
    /// One A/B test of a campaign.
    ExperimentId = "exp";
    /// One thing that must not happen and did.
    IncidentId = "inc";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_printed() {
        let id = CallId::from_uuid(time_ordered_uuid(1_800_000_000_000, [7; 10]));
        assert_eq!(id.to_string().parse::<CallId>(), Ok(id));
        assert!(id.to_string().starts_with("call_"));
    }

    #[test]
    fn another_kind_another_case_and_paths_are_refused() {
        let id = CallId::from_uuid(time_ordered_uuid(1_800_000_000_000, [0xab; 10])).to_string();
        assert!(id.parse::<CampaignId>().is_err());
        assert!(id.to_uppercase().parse::<CallId>().is_err());
        for hostile in ["", "call_", "call_../../etc", "call_0", &format!("{id}0"), &format!(" {id}")] {
            assert!(hostile.parse::<CallId>().is_err(), "{hostile:?}");
        }
    }

    #[test]
    fn later_ids_sort_behind_earlier_ones() {
        let earlier = CallId::from_uuid(time_ordered_uuid(1_000, [0xff; 10]));
        let later = CallId::from_uuid(time_ordered_uuid(1_001, [0; 10]));
        assert!(earlier < later);
    }
}
