//! A/B tests: which script or voice a prospect hears, and whether one of them is better.
//!
//! The [`split`] says who hears which arm, the [`tally`] what its people amount to, the [`comparison`] what may be concluded
//! from it so far.

mod certainty;
pub mod comparison;
pub mod split;
pub mod tally;

use std::fmt;

/// The most arms that one test has.
pub const MOST_ARMS: usize = 8;

/// One of the scripts or voices that are compared, by its place: A is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arm(u8);

impl Arm {
    /// A.
    pub const FIRST: Self = Self(0);

    /// The arm at a place, counted from 0; `None` beyond [`MOST_ARMS`].
    pub fn at(place: usize) -> Option<Self> {
        u8::try_from(place).ok().filter(|_| place < MOST_ARMS).map(Self)
    }

    /// Its place, counted from 0.
    pub const fn place(self) -> usize {
        self.0 as usize
    }

    /// A to H: how it is shown and stored.
    pub const fn letter(self) -> char {
        (b'A' + self.0) as char
    }

    /// Reads the stored letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        let place = u32::from(letter).checked_sub(u32::from('A'))?;
        Self::at(usize::try_from(place).ok()?)
    }

    /// Reads its letter where nothing else stands beside it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let one = letters.next().filter(|_| letters.next().is_none());
        one.and_then(Self::from_letter)
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}
