//! What a person did on a call, beyond picking up.

/// What a person did by a key or by speaking after the tone. Of several, the one that counts most is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reaction {
    /// Said yes.
    Confirmed,
    /// Asked for a person and got none. Regulators call such a call abandoned.
    Abandoned,
    /// Left a message.
    LeftMessage,
    /// Asked for a person and was put through.
    Transferred,
    /// Wants no more calls.
    OptedOut,
}

impl Reaction {
    /// Every reaction, the one that counts least first.
    pub const ALL: [Self; 5] =
        [Self::Confirmed, Self::Abandoned, Self::LeftMessage, Self::Transferred, Self::OptedOut];

    /// Its name in storage and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Abandoned => "abandoned",
            Self::LeftMessage => "left_message",
            Self::Transferred => "transferred",
            Self::OptedOut => "opted_out",
        }
    }

    /// Reads a name back; `None` for one this version does not know.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reaction| reaction.as_str() == name)
    }
}
