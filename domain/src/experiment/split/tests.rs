//! Who hears what: shares are met, nobody changes sides without need, campaigns know nothing of each other.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::time_ordered_uuid;

fn campaign(number: u64) -> CampaignId {
    CampaignId::from_uuid(Uuid::from_u64_pair(7, number))
}

/// Prospects as they come: made within a few minutes of each other, so that most bits of their ids agree.
fn prospects(count: u32) -> impl Iterator<Item = ProspectId> {
    (0..count).map(|n| {
        let [a, b, c, d] = n.to_be_bytes();
        let uuid = time_ordered_uuid(1_800_000_000_000 + u64::from(n) / 10, [0, 0, 0, 0, 0, 0, a, b, c, d]);
        ProspectId::from_uuid(uuid)
    })
}

fn letters(split: &Split, campaign: CampaignId, count: u32) -> String {
    prospects(count).map(|prospect| split.arm_of(campaign, prospect).letter()).collect()
}

/// How many slots two splits own differently.
fn moved(before: &Split, after: &Split) -> usize {
    before.owners.iter().zip(&after.owners).filter(|(one, other)| one != other).count()
}

/// Computed by another program from the description of `slot`.
#[test]
fn what_somebody_hears_stays_the_same_for_ever() {
    let split = Split::new(&[50, 30, 20]).unwrap();
    assert_eq!(letters(&split, campaign(1), 40), "AABAABBABBBBCBBBACAAAABABABACACAAACBABAB");
    let (campaign, prospect) = (
        "cmp_018f3a5b6c7d7e8f9a0b1c2d3e4f5061".parse().unwrap(),
        "pro_018f3a5b6c7d7e8f9a0b1c2d3e4f5062".parse().unwrap(),
    );
    assert_eq!(slot(campaign, prospect), 47);
}

#[test]
fn the_mix_is_splitmix64() {
    // The first three numbers of the generator with seed 1234567, as its authors' code prints them.
    let gamma = 0x9e37_79b9_7f4a_7c15_u64;
    let drawn: Vec<u64> = (0..3).map(|n| mixed(1_234_567_u64.wrapping_add(gamma.wrapping_mul(n)))).collect();
    assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn shares_that_are_no_whole_or_no_test_are_refused() {
    for (percents, why) in [
        (&[100][..], InvalidSplit::Arms),
        (&[], InvalidSplit::Arms),
        (&[12, 11, 11, 11, 11, 11, 11, 11, 11], InvalidSplit::Arms),
        (&[50, 49], InvalidSplit::Whole),
        (&[60, 50], InvalidSplit::Whole),
        (&[u32::MAX, 101], InvalidSplit::Whole),
    ] {
        assert_eq!(Split::new(percents), Err(why), "{percents:?}");
    }
    let split = Split::new(&[50, 50]).unwrap();
    assert_eq!(Split::new(&[30, 40, 30]).unwrap().with_shares(&[50, 50]), Err(InvalidSplit::ArmLeftOut));
    assert_eq!(split.with_shares(&[50, 51]), Err(InvalidSplit::Whole));
}

#[test]
fn a_stored_split_is_read_back_and_nonsense_is_refused() {
    let split = Split::new(&[50, 50]).unwrap().with_shares(&[40, 35, 25, 0]).unwrap();
    assert_eq!(Split::parse(&split.to_text(), 4), Ok(split));
    for (text, arms) in
        [("", 2), ("AB", 2), (&"A".repeat(101), 2), (&"C".repeat(100), 2), (&"a".repeat(100), 2)]
    {
        assert_eq!(Split::parse(text, arms), Err(InvalidSplit::Text), "{text}");
    }
    assert_eq!(Split::parse(&"A".repeat(100), 1), Err(InvalidSplit::Arms));
}

#[test]
fn the_winner_can_be_given_to_everybody_and_the_others_to_nobody() {
    let split = Split::new(&[34, 33, 33]).unwrap().with_shares(&[0, 100, 0]).unwrap();
    assert_eq!(letters(&split, campaign(1), 50), "B".repeat(50));
    assert_eq!(split.percents(), [0, 100, 0]);
}

/// Pearson's chi-square of people in two campaigns at once: with one degree of freedom for two halves, 15 is exceeded by
/// chance once in ten thousand.
#[test]
fn what_one_hears_in_one_campaign_says_nothing_about_another() {
    let split = Split::new(&[50, 50]).unwrap();
    for other in 2..30 {
        let (one, two) = (letters(&split, campaign(1), 4_000), letters(&split, campaign(other), 4_000));
        let both = |first, second| {
            one.chars().zip(two.chars()).filter(|pair| *pair == (first, second)).count() as f64
        };
        let observed = [both('A', 'A'), both('A', 'B'), both('B', 'A'), both('B', 'B')];
        let [aa, ab, ba, bb] = observed;
        let chi_square =
            4_000.0 * (aa * bb - ab * ba).powi(2) / ((aa + ab) * (ba + bb) * (aa + ba) * (ab + bb));
        assert!(chi_square < 15.0, "campaign {other}: {observed:?}");
    }
}

/// 2 to 8 shares that add up to 100: the gaps between cuts.
fn shares() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..=100_u32, 1..MOST_ARMS).prop_map(|mut cuts| {
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([100]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        ends.zip(starts).map(|(end, start)| end - start).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each arm's count is binomial; six standard deviations are exceeded by chance once in half a billion.
    #[test]
    fn shares_are_met(percents in shares(), number in any::<u64>()) {
        let split = Split::new(&percents).unwrap();
        let heard = letters(&split, campaign(number), 5_000);
        for (place, percent) in percents.iter().enumerate() {
            let letter = Arm::at(place).unwrap().letter();
            let count = heard.chars().filter(|heard| *heard == letter).count() as f64;
            let share = f64::from(*percent) / 100.0;
            let bound = 6.0 * (5_000.0 * share * (1.0 - share)).sqrt();
            prop_assert!((count - 5_000.0 * share).abs() <= bound, "{letter}: {count} of 5000, share {share}");
        }
    }

    #[test]
    fn new_shares_move_as_few_people_as_any_change_could(before in shares(), after in shares()) {
        let split = Split::new(&before).unwrap();
        let longer = before.len().max(after.len());
        let (mut before, mut after) = (before, after);
        before.resize(longer, 0);
        after.resize(longer, 0);
        let changed = split.with_shares(&after).unwrap();
        let given: Vec<u32> = changed.percents().iter().map(|share| *share as u32).collect();
        prop_assert_eq!(&given, &after);
        // What an arm loses must move, and nothing else does.
        let fewest: u32 = before.iter().zip(&after).map(|(was, is)| was.saturating_sub(*is)).sum();
        prop_assert_eq!(moved(&split, &changed), fewest as usize);
    }

    #[test]
    fn unchanged_shares_move_nobody(before in shares(), after in shares()) {
        let mut after = after;
        after.resize(MOST_ARMS, 0);
        let split = Split::new(&before).unwrap().with_shares(&after).unwrap();
        prop_assert_eq!(split.with_shares(&after).unwrap(), split);
    }
}
