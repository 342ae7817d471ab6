//! What it means for a campaign when the carrier refuses to make a call.

/// Why the carrier refused, as far as our rules tell refusals apart. A refused call was never placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalMeaning {
    /// The number does not exist: this prospect is never rung again.
    InvalidNumber,
    /// The number exists but cannot be reached now: one later attempt at most.
    UnreachableNumber,
    /// The carrier or the account's permissions do not allow this destination.
    DestinationBlocked,
    /// Our own configuration is wrong: the campaign is paused, the prospect is left as it was.
    SetUp,
    /// Credentials, suspension or a missing feature: every campaign of the account is paused.
    Account,
    /// Too many calls at once for this account: fewer at a time, later. Not an attempt.
    Concurrency,
    /// A refusal this version does not know: counts as a failed attempt and raises an alert.
    Other,
}

impl RefusalMeaning {
    /// Every meaning.
    pub const ALL: [Self; 7] = [
        Self::InvalidNumber,
        Self::UnreachableNumber,
        Self::DestinationBlocked,
        Self::SetUp,
        Self::Account,
        Self::Concurrency,
        Self::Other,
    ];

    /// Reads one of Twilio's error codes. The 13xxx codes are the same refusals for a dialled leg, the
    /// 32xxx codes those of a SIP trunk.
    pub const fn from_twilio_code(code: u32) -> Self {
        match code {
            21211 | 21217 | 13224 | 13226 => Self::InvalidNumber,
            21214 => Self::UnreachableNumber,
            // Premium numbers, international calls off, geographic permissions, Twilio's block list.
            21202 | 21203 | 21215 | 21216 | 13225 | 13227 | 32203 | 32205 => Self::DestinationBlocked,
            21201 | 21205..=21210 | 21212 | 21213 | 21218 | 21219 | 21234 | 21262 | 21263 | 13247 | 32202 => {
                Self::SetUp
            }
            // 20404 answers a create only when the account in the path is not known.
            10001 | 10002 | 20003 | 20005 | 20006 | 20008 | 20010 | 20403 | 20404 => Self::Account,
            10004 => Self::Concurrency,
            _ => Self::Other,
        }
    }

    /// The refusal is about the person's number. The others are about our set-up, and leave the person untouched.
    pub const fn is_about_the_person(self) -> bool {
        !matches!(self, Self::SetUp | Self::Account | Self::Concurrency)
    }

    /// The word under which it is stored and shown in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidNumber => "invalid_number",
            Self::UnreachableNumber => "unreachable_number",
            Self::DestinationBlocked => "destination_blocked",
            Self::SetUp => "set_up",
            Self::Account => "account",
            Self::Concurrency => "concurrency",
            Self::Other => "other",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meaning| meaning.as_str() == word)
    }

    /// What happened, for a person; `code` is Twilio's, where it gave one.
    pub fn explain(self, code: Option<u32>) -> String {
        let happened = match code.and_then(happened_for_code) {
            Some(specific) => specific,
            None => self.happened(),
        };
        match code {
            Some(code) => format!("{happened} (Twilio {code}). {}", self.next_step()),
            None => format!("{happened}. {}", self.next_step()),
        }
    }

    const fn happened(self) -> &'static str {
        match self {
            Self::InvalidNumber => "The number does not exist",
            Self::UnreachableNumber => "The number cannot be reached at present",
            Self::DestinationBlocked => "Calls to this destination are not allowed",
            Self::SetUp => "The call was set up in a way Twilio does not accept",
            Self::Account => "Twilio does not accept calls from this account",
            Self::Concurrency => "The account already has as many calls at once as it may have",
            Self::Other => "Twilio refused the call for a reason this version does not know",
        }
    }

    const fn next_step(self) -> &'static str {
        match self {
            Self::InvalidNumber => "It will not be rung again; correct the number to try once more.",
            Self::UnreachableNumber => "It may be tried once more later.",
            Self::DestinationBlocked => {
                "It will not be rung until the account's permissions for voice calls allow the destination."
            }
            Self::SetUp => {
                "The campaign is paused and nobody was rung; correct the setting and start the campaign again."
            }
            Self::Account => {
                "All campaigns of this account are paused; check the credentials and the state of the account in \
                 Twilio's console."
            }
            Self::Concurrency => "The call is made later and fewer calls run at once.",
            Self::Other => "It counts as a failed attempt; look the code up in Twilio's error catalogue.",
        }
    }
}

/// Where one meaning gathers several causes, the cause behind a code in particular.
const fn happened_for_code(code: u32) -> Option<&'static str> {
    Some(match code {
        21202 => "The number is a premium number, and those are not rung",
        21203 | 21215 | 13227 | 32205 => "The account has no permission to call this country or region",
        21216 | 13225 | 32203 => "The number is on Twilio's block list",
        21210 => "The caller id has not been verified with Twilio",
        21212 | 13247 => "The caller id is not a number Twilio lets us call from",
        21213 => "No caller id was given",
        21219 => "The Twilio account is a trial and may only ring numbers verified with it",
        21205 => "Twilio does not accept the address at which it should ask what to say",
        20003 => "The account SID or the auth token is wrong",
        20005 | 20006 | 10001 => "The Twilio account is suspended or not active",
        10002 | 20008 | 20010 => "The Twilio account may not use this feature",
        20404 => "Twilio does not know the account",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_fact_sheet_has_its_meaning() {
        use RefusalMeaning::*;
        for (codes, meaning) in [
            (&[21211, 21217, 13224, 13226][..], InvalidNumber),
            (&[21214], UnreachableNumber),
            (&[21202, 21203, 21215, 21216, 13225, 13227, 32203, 32205], DestinationBlocked),
            (
                &[
                    21201, 21205, 21206, 21207, 21208, 21209, 21210, 21212, 21213, 21218, 21219, 21234,
                    21262, 21263, 13247, 32202,
                ],
                SetUp,
            ),
            (&[20003, 20005, 20006, 20403, 10001, 10002, 20008, 20010, 20404], Account),
            (&[10004], Concurrency),
            (&[0, 20001, 21220, 99999], Other),
        ] {
            for &code in codes {
                assert_eq!(RefusalMeaning::from_twilio_code(code), meaning, "{code}");
            }
        }
    }

    #[test]
    fn the_explanation_says_what_happened_the_code_and_what_to_do() {
        let text = RefusalMeaning::InvalidNumber.explain(Some(21211));
        assert!(text.starts_with("The number does not exist (Twilio 21211). "), "{text}");
        assert!(RefusalMeaning::SetUp.explain(Some(21210)).contains("caller id"));
        for meaning in RefusalMeaning::ALL {
            assert!(meaning.explain(None).ends_with('.'), "{meaning:?}");
            assert_eq!(RefusalMeaning::parse(meaning.as_str()), Some(meaning));
        }
    }
}
