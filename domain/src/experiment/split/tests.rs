//! Who hears what: shares are met, nobody changes sides, tests know nothing of each other.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::time_ordered_uuid;

fn experiment(number: u64) -> ExperimentId {
    ExperimentId::from_uuid(Uuid::from_u64_pair(7, number))
}

/// Prospects as they come: made within a few minutes of each other, so that most bits of their ids agree.
fn prospects(count: u32) -> impl Iterator<Item = ProspectId> {
    (0..count).map(|n| {
        let [a, b, c, d] = n.to_be_bytes();
        let uuid = time_ordered_uuid(1_800_000_000_000 + u64::from(n) / 10, [0, 0, 0, 0, 0, 0, a, b, c, d]);
        ProspectId::from_uuid(uuid)
    })
}

fn split(weights: &[u32]) -> Split {
    Split::new(weights.to_vec()).unwrap()
}

fn letters(split: &Split, experiment: ExperimentId, count: u32) -> String {
    prospects(count).map(|prospect| split.arm_of(experiment, prospect).letter()).collect()
}

/// Computed by another program from the description of `mixture`, in whole percents.
#[test]
fn what_somebody_hears_stays_the_same_for_ever() {
    let heard = "AABAABBABBBBCBBBACAAAABABABACACAAACBABAB";
    assert_eq!(letters(&split(&[50, 30, 20]), experiment(1), 40), heard);
    // The same shares in other weights are the same shares.
    assert_eq!(letters(&split(&[5, 3, 2]), experiment(1), 40), heard);
    let (experiment, prospect) = (
        "exp_018f3a5b6c7d7e8f9a0b1c2d3e4f5061".parse().unwrap(),
        "pro_018f3a5b6c7d7e8f9a0b1c2d3e4f5062".parse().unwrap(),
    );
    assert_eq!((u128::from(mixture(experiment, prospect)) * 100) >> 64, 47);
    assert_eq!(split(&[47, 53]).arm_of(experiment, prospect).letter(), 'B');
    assert_eq!(split(&[48, 52]).arm_of(experiment, prospect).letter(), 'A');
}

#[test]
fn the_mix_is_splitmix64() {
    // The first three numbers of the generator with seed 1234567, as its authors' code prints them.
    let gamma = 0x9e37_79b9_7f4a_7c15_u64;
    let drawn: Vec<u64> = (0..3).map(|n| mixed(1_234_567_u64.wrapping_add(gamma.wrapping_mul(n)))).collect();
    assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn shares_that_are_no_test_are_refused() {
    for (weights, why) in [
        (&[100][..], InvalidSplit::Arms),
        (&[], InvalidSplit::Arms),
        (&[1; 9], InvalidSplit::Arms),
        (&[50, 0], InvalidSplit::Weight),
        (&[1, 1_001], InvalidSplit::Weight),
        (&[u32::MAX, u32::MAX], InvalidSplit::Weight),
    ] {
        assert_eq!(Split::new(weights.to_vec()), Err(why), "{weights:?}");
    }
    assert_eq!(split(&[1; 8]).shares(), [0.125; 8]);
}

/// Pearson's chi-square of people in two tests at once: with one degree of freedom for two halves, 15 is exceeded by
/// chance once in ten thousand.
#[test]
fn what_one_hears_in_one_test_says_nothing_about_another() {
    let split = split(&[50, 50]);
    for other in 2..30 {
        let (one, two) = (letters(&split, experiment(1), 4_000), letters(&split, experiment(other), 4_000));
        let both = |first, second| {
            one.chars().zip(two.chars()).filter(|pair| *pair == (first, second)).count() as f64
        };
        let observed = [both('A', 'A'), both('A', 'B'), both('B', 'A'), both('B', 'B')];
        let [aa, ab, ba, bb] = observed;
        let chi_square =
            4_000.0 * (aa * bb - ab * ba).powi(2) / ((aa + ab) * (ba + bb) * (aa + ba) * (ab + bb));
        assert!(chi_square < 15.0, "test {other}: {observed:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each arm's count is binomial; six standard deviations are exceeded by chance once in half a billion.
    #[test]
    fn shares_are_met(
        weights in prop::collection::vec(1..=LARGEST_WEIGHT, 2..=MOST_ARMS),
        number in any::<u64>(),
    ) {
        let split = split(&weights);
        let heard = letters(&split, experiment(number), 5_000);
        for (place, share) in split.shares().into_iter().enumerate() {
            let letter = Arm::at(place).unwrap().letter();
            let count = heard.chars().filter(|heard| *heard == letter).count() as f64;
            let bound = 6.0 * (5_000.0 * share * (1.0 - share)).sqrt();
            prop_assert!((count - 5_000.0 * share).abs() <= bound, "{letter}: {count} of 5000, share {share}");
        }
    }
}
