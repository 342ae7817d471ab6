//! Phone numbers in international form.

use std::fmt;

/// A phone number in E.164 form: a plus and up to fifteen digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Wraps text that is already known to be E.164, such as a column of our own database.
    pub fn from_e164_unchecked(e164: String) -> Self {
        Self(e164)
    }

    /// The number as `+14155550123`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number with its middle hidden, for logs: `+1415•••0123`.
    pub fn masked(&self) -> String {
        let visible_tail = self.0.len().saturating_sub(4);
        let visible_head = visible_tail.min(5);
        format!("{}•••{}", &self.0[..visible_head], &self.0[visible_tail..])
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    /// Masked, so that a stray debug print never shows a person's number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}
