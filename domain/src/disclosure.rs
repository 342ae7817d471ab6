//! What a campaign calls for and in whose name, and what people must therefore hear.
//!
//! Recorded and artificial voices in the United States: who calls is said at the beginning (47 CFR 64.1200(b)(1)); where it is
//! marketing, a key that ends it for good is there from the outset, and a message left on a machine names a number at which that
//! can be asked for (64.1200(b)(3)).

use crate::call_flow::{Heard, Leg, Then, Waits, Words};
use crate::campaign::LaunchBlocker;

/// The name of the caller is said within this many characters: about ten seconds.
const BEGINNING: usize = 150;
/// Digits of the shortest telephone number that can be rung from anywhere in its country.
const SHORTEST_NUMBER: usize = 7;

/// What a campaign calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallPurpose {
    /// It sells, or leads to a sale.
    Marketing,
    /// It informs: a delivery, an appointment, a notice.
    Informational,
}

impl CallPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Marketing, Self::Informational];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Informational => "informational",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// What a campaign says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disclosure {
    /// What it calls for; nothing is asked of a campaign that does not say.
    pub purpose: Option<CallPurpose>,
    /// In whose name, as it is spoken.
    pub caller_name: Option<String>,
}

impl Disclosure {
    /// What a script lacks of what people must hear.
    pub fn lacks_of(&self, words: &Words) -> Vec<LaunchBlocker> {
        let Ok(flow) = words.flow() else { return Vec::new() };
        let beginning = flow.beginning();
        let mut lacks = self.lacks_a_name();
        if self.caller_name.as_deref().is_some_and(|name| !names(&beginning, name)) {
            lacks.push(LaunchBlocker::NotIdentified);
        }
        if self.is_marketing() && !flow.offers_opt_out_at(&beginning) {
            lacks.push(LaunchBlocker::OptOutMissing);
        }
        let silent_of_a_number =
            |text: &String| text.chars().filter(char::is_ascii_digit).count() < SHORTEST_NUMBER;
        if self.is_marketing() && words.voicemail.as_ref().is_some_and(silent_of_a_number) {
            lacks.push(LaunchBlocker::VoicemailWithoutNumber);
        }
        lacks
    }

    /// What a sound file lacks that is played and nothing else: no key is listened for. What is said in it is not known here.
    pub fn lacks_of_a_sound(&self) -> Vec<LaunchBlocker> {
        let mut lacks = self.lacks_a_name();
        if self.is_marketing() {
            lacks.push(LaunchBlocker::OptOutMissing);
        }
        lacks
    }

    fn lacks_a_name(&self) -> Vec<LaunchBlocker> {
        let unnamed = self.is_marketing() && self.caller_name.is_none();
        if unnamed { vec![LaunchBlocker::CallerUnnamed] } else { Vec::new() }
    }

    fn is_marketing(&self) -> bool {
        self.purpose == Some(CallPurpose::Marketing)
    }
}

/// Whether a name is said at the beginning. What is said in a sound file is not known: it passes.
fn names(beginning: &Leg<'_>, name: &str) -> bool {
    let mut said = String::new();
    for heard in &beginning.heard {
        match heard {
            Heard::Sound(_) => return true,
            Heard::Text(text) => said.extend([text, " "]),
        }
    }
    if let Then::Wait { waits: Waits::Key { text, .. }, .. } = beginning.then {
        said.push_str(text);
    }
    let early: String = said.chars().take(BEGINNING + name.chars().count()).collect();
    early.to_lowercase().contains(&name.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_flow::{CallFlow, Does, Goto, KeyChoice, Means, Menu, MenuKey, Step};
    use crate::reaction::Reaction;

    fn marketing() -> Disclosure {
        Disclosure { purpose: Some(CallPurpose::Marketing), caller_name: Some("Acme".to_owned()) }
    }

    fn says(text: &str, means: &[Means]) -> Words {
        let keys = means.iter().zip("19*23".chars());
        let menu = Menu {
            keys: keys.map(|(means, key)| MenuKey { key, means: *means, offer: None, reply: None }).collect(),
        };
        Words { text: text.to_owned(), menu, ..Words::default() }
    }

    #[test]
    fn a_sales_call_says_who_calls_and_offers_the_key_that_ends_it_for_good() {
        let whole = says("Hello, this is ACME. We sell.", &[Means::Confirm, Means::OptOut]);
        assert_eq!(marketing().lacks_of(&whole), []);
        let no_key = says("Hello, this is Acme. We sell.", &[Means::Confirm]);
        assert_eq!(marketing().lacks_of(&no_key), [LaunchBlocker::OptOutMissing]);
        let nobody = says("Hello. We sell.", &[Means::OptOut]);
        assert_eq!(marketing().lacks_of(&nobody), [LaunchBlocker::NotIdentified]);
        let late = says(&format!("{} This is Acme.", "We sell. ".repeat(20)), &[Means::OptOut]);
        assert_eq!(marketing().lacks_of(&late), [LaunchBlocker::NotIdentified]);
        let unnamed = Disclosure { caller_name: None, ..marketing() };
        assert_eq!(unnamed.lacks_of(&whole), [LaunchBlocker::CallerUnnamed]);
        assert_eq!(marketing().lacks_of_a_sound(), [LaunchBlocker::OptOutMissing]);
    }

    #[test]
    fn a_message_that_sells_names_a_number() {
        let mut words = says("This is Acme. We sell.", &[Means::OptOut]);
        words.voicemail = Some("Acme called. Good-bye.".to_owned());
        assert_eq!(marketing().lacks_of(&words), [LaunchBlocker::VoicemailWithoutNumber]);
        words.voicemail = Some("Acme called. Call 800 555 0100 to hear no more of us.".to_owned());
        assert_eq!(marketing().lacks_of(&words), []);
    }

    #[test]
    fn what_informs_needs_no_key_and_what_says_nothing_of_itself_is_asked_nothing() {
        let bare = says("Your parcel arrives today.", &[]);
        assert_eq!(Disclosure::default().lacks_of(&bare), []);
        let informs = Disclosure { purpose: Some(CallPurpose::Informational), caller_name: None };
        assert_eq!(informs.lacks_of(&bare), []);
        let named = Disclosure { caller_name: Some("Acme".to_owned()), ..informs };
        assert_eq!(named.lacks_of(&bare), [LaunchBlocker::NotIdentified]);
        assert_eq!(named.lacks_of_a_sound(), []);
    }

    #[test]
    fn a_key_behind_another_key_is_not_there_from_the_outset() {
        let ask = |name: &str, key, reaction, then| Step {
            name: name.to_owned(),
            does: Does::Ask {
                text: "This is Acme. Press a key.".to_owned(),
                keys: vec![KeyChoice { key, reaction, then }],
                wait_seconds: 5,
                tries: 1,
                otherwise: Goto::HangUp,
            },
        };
        let then = Goto::Step("b".to_owned());
        let steps = vec![ask("a", '1', None, then), ask("b", '9', Some(Reaction::OptedOut), Goto::HangUp)];
        let words = Words { steps: CallFlow::new(steps).ok(), ..Words::default() };
        assert_eq!(marketing().lacks_of(&words), [LaunchBlocker::OptOutMissing]);
    }
}
