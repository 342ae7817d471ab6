//! Who hears which arm: decided by identity alone, so that it is the same on every server, at every attempt and for ever.
//!
//! A test and a prospect are mixed into a number, which falls into the part of one arm. The test's own id is in the mixture:
//! who hears A in one test says nothing about another, not even in the same campaign.

use crate::experiment::{Arm, MOST_ARMS};
use crate::ids::{ExperimentId, ProspectId};

/// The largest weight of one arm.
pub const LARGEST_WEIGHT: u32 = 1_000;

/// The arms of one test and the part of the people that each gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    weights: Vec<u32>,
}

/// Shares that cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSplit {
    /// Too few or too many arms.
    #[error("a test has between 2 and 8 arms")]
    Arms,
    /// An arm that nobody hears says nothing, and one beyond the limit is a slip.
    #[error("a share is a whole number between 1 and 1000")]
    Weight,
}

impl Split {
    /// A test whose arms, A first, get these shares: any whole weights, such as 50 and 50 or 2, 1 and 1.
    ///
    /// # Errors
    /// See [`InvalidSplit`].
    pub fn new(weights: Vec<u32>) -> Result<Self, InvalidSplit> {
        if !(2..=MOST_ARMS).contains(&weights.len()) {
            return Err(InvalidSplit::Arms);
        }
        if !weights.iter().all(|weight| (1..=LARGEST_WEIGHT).contains(weight)) {
            return Err(InvalidSplit::Weight);
        }
        Ok(Self { weights })
    }

    /// The arm of one prospect.
    pub fn arm_of(&self, experiment: ExperimentId, prospect: ProspectId) -> Arm {
        let place = u128::from(mixture(experiment, prospect));
        // Of the 64-bit range each arm has a stretch as long as its weight; what is multiplied stays below 2^78.
        let drawn = (place * u128::from(self.whole())) >> 64;
        let mut end = 0;
        let owner = self.weights.iter().position(|weight| {
            end += u128::from(*weight);
            drawn < end
        });
        owner.and_then(Arm::at).unwrap_or(Arm::FIRST)
    }

    /// The share of each arm, A first, in fractions of one; together 1.
    pub fn shares(&self) -> Vec<f64> {
        self.weights.iter().map(|weight| f64::from(*weight) / self.whole() as f64).collect()
    }

    fn whole(&self) -> u64 {
        self.weights.iter().map(|weight| u64::from(*weight)).sum()
    }
}

/// The four halves of the two UUIDs, the test's first, most significant half first, go one after the other through the
/// generator splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): each is
/// combined with what came before by exclusive or, stepped by the golden gamma and mixed. Changing any of this would change
/// what people hear: a test pins it.
fn mixture(experiment: ExperimentId, prospect: ProspectId) -> u64 {
    let mut state = 0;
    for id in [experiment.uuid(), prospect.uuid()] {
        let (high, low) = id.as_u64_pair();
        state = mixed(state ^ high);
        state = mixed(state ^ low);
    }
    state
}

const fn mixed(word: u64) -> u64 {
    let mut word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests;
