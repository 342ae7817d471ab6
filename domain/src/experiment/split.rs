//! Who hears which arm: decided by identity alone, so that it is the same on every server and for ever.
//!
//! A campaign and a prospect are mixed into one of a hundred slots, and every slot belongs to an arm. New shares hand over as
//! many slots as they must and leave the others where they are, so nobody else changes sides.

use crate::experiment::{Arm, MOST_ARMS};
use crate::ids::{CampaignId, ProspectId};

/// How finely people can be divided: one slot is one percent.
const SLOTS: usize = 100;

/// The arms of one test and who owns which slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    arms: usize,
    owners: [Arm; SLOTS],
}

/// Shares that cannot be given, or a stored split that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSplit {
    /// Too few or too many arms.
    #[error("a test has between 2 and 8 arms")]
    Arms,
    /// The shares do not make a whole.
    #[error("the shares of the arms must add up to 100 percent")]
    Whole,
    /// An arm was left out, although people may have heard it.
    #[error("an arm cannot be left out of a test that has begun; give it a share of 0 percent")]
    ArmLeftOut,
    /// Not what [`Split::to_text`] writes.
    #[error("a stored split is one letter of an arm for each of 100 slots")]
    Text,
}

impl Split {
    /// A test whose arms get these shares, in whole percents. A share of 0 is allowed.
    ///
    /// # Errors
    /// [`InvalidSplit::Arms`] and [`InvalidSplit::Whole`].
    pub fn new(percents: &[u32]) -> Result<Self, InvalidSplit> {
        let shares = checked(percents)?;
        let mut owners = [Arm(0); SLOTS];
        let owned = shares.iter().flat_map(|(arm, share)| std::iter::repeat_n(*arm, *share));
        owners.iter_mut().zip(owned).for_each(|(owner, arm)| *owner = arm);
        Ok(Self { arms: shares.len(), owners })
    }

    /// The same test with other shares, and perhaps with further arms. As few slots as possible change hands: each arm gives
    /// up what it has too much of and nothing else.
    ///
    /// # Errors
    /// See [`InvalidSplit`].
    pub fn with_shares(&self, percents: &[u32]) -> Result<Self, InvalidSplit> {
        let shares = checked(percents)?;
        if shares.len() < self.arms {
            return Err(InvalidSplit::ArmLeftOut);
        }
        let mut owners = self.owners;
        let mut missing: Vec<Arm> = Vec::new();
        for (arm, share) in &shares {
            missing.extend(std::iter::repeat_n(*arm, share.saturating_sub(self.slots_of(*arm))));
        }
        for (arm, share) in &shares {
            let surplus = self.slots_of(*arm).saturating_sub(*share);
            let own = owners.iter_mut().filter(|owner| **owner == *arm);
            // What an arm gains is handed over below, so only slots of before can be given up.
            own.take(surplus).zip(missing.drain(..surplus)).for_each(|(owner, heir)| *owner = heir);
        }
        Ok(Self { arms: shares.len(), owners })
    }

    /// The arm of one prospect. Independent between campaigns: who hears A in one says nothing about another.
    pub fn arm_of(&self, campaign: CampaignId, prospect: ProspectId) -> Arm {
        self.owners[slot(campaign, prospect)]
    }

    /// How many arms there are, those with a share of 0 included.
    pub const fn arms(&self) -> usize {
        self.arms
    }

    /// The share of each arm in percent; together 100.
    pub fn percents(&self) -> Vec<usize> {
        (0..self.arms).filter_map(Arm::at).map(|arm| self.slots_of(arm)).collect()
    }

    /// The owners of all slots as letters, for storage.
    pub fn to_text(&self) -> String {
        self.owners.iter().map(|owner| owner.letter()).collect()
    }

    /// Reads what was stored, for a test with so many arms.
    ///
    /// # Errors
    /// [`InvalidSplit::Arms`] and [`InvalidSplit::Text`].
    pub fn parse(text: &str, arms: usize) -> Result<Self, InvalidSplit> {
        if !(2..=MOST_ARMS).contains(&arms) {
            return Err(InvalidSplit::Arms);
        }
        let read = |letter| Arm::from_letter(letter).filter(|arm| arm.place() < arms);
        let owners: Option<Vec<Arm>> = text.chars().map(read).collect();
        let owners = owners.and_then(|owners| owners.try_into().ok()).ok_or(InvalidSplit::Text)?;
        Ok(Self { arms, owners })
    }

    fn slots_of(&self, arm: Arm) -> usize {
        self.owners.iter().filter(|owner| **owner == arm).count()
    }
}

fn checked(percents: &[u32]) -> Result<Vec<(Arm, usize)>, InvalidSplit> {
    if !(2..=MOST_ARMS).contains(&percents.len()) {
        return Err(InvalidSplit::Arms);
    }
    let whole: u64 = percents.iter().map(|share| u64::from(*share)).sum();
    if whole != SLOTS as u64 {
        return Err(InvalidSplit::Whole);
    }
    Ok(percents.iter().zip(0..).map(|(share, place)| (Arm(place), *share as usize)).collect())
}

/// The slot of a prospect, 0 to 99.
///
/// The four halves of the two UUIDs, campaign first, most significant half first, go one after the other through the
/// generator splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): each is
/// combined with what came before by exclusive or, stepped by the golden gamma and mixed. The slot is the hundredth of
/// the 64-bit range in which the result lies. Changing any of this would change what people hear: a test pins it.
fn slot(campaign: CampaignId, prospect: ProspectId) -> usize {
    let mut state = 0;
    for id in [campaign.uuid(), prospect.uuid()] {
        let (high, low) = id.as_u64_pair();
        state = mixed(state ^ high);
        state = mixed(state ^ low);
    }
    ((u128::from(state) * SLOTS as u128) >> 64) as usize
}

const fn mixed(word: u64) -> u64 {
    let mut word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests;
