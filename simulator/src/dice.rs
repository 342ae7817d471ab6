//! Seeded dice: every throw is a pure function of the seed and of what it is thrown for, on every machine and with
//! every version of every library.

/// Throws for one subject; the order of the throws is part of the subject.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Dice for `subject` (`["answer", number, nth call]` …) under `seed`.
    pub(crate) fn new(seed: u64, subject: &[&str]) -> Self {
        let mut state = mixed(seed ^ 0x5EED_0F70_E570_E500);
        for part in subject {
            for byte in part.bytes() {
                state = mixed(state ^ u64::from(byte));
            }
            state = mixed(state ^ 0x100);
        }
        Self { state }
    }

    /// The next 64 bits (splitmix64).
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.state)
    }

    /// A number in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with probability `p` (0 never, 1 always).
    pub(crate) fn hit(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number between the two ends of `range`, evenly.
    pub(crate) fn between(&mut self, (low, high): (f64, f64)) -> f64 {
        low + (high - low).max(0.0) * self.unit()
    }
}

/// A Twilio identifier: two letters and 32 hex digits, from the seed and a counter.
pub(crate) fn sid(kind: &str, seed: u64, counter: u64) -> String {
    let mut dice = Dice::new(seed, &[kind, &counter.to_string()]);
    format!("{kind}{:016x}{:016x}", dice.bits(), dice.bits())
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)).wrapping_add(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_subject_throw_the_same() {
        assert_eq!(Dice::new(7, &["a", "b"]).bits(), Dice::new(7, &["a", "b"]).bits());
        assert_ne!(Dice::new(7, &["a", "b"]).bits(), Dice::new(8, &["a", "b"]).bits());
        assert_ne!(Dice::new(7, &["a", "b"]).bits(), Dice::new(7, &["ab"]).bits());
    }

    #[test]
    fn a_sid_has_34_characters() {
        let sid = sid("CA", 1, 2);
        assert_eq!(sid.len(), 34);
        assert!(sid.starts_with("CA") && sid[2..].bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn throws_are_spread_evenly() {
        let hits = (0..10_000).filter(|n| Dice::new(1, &["x", &n.to_string()]).hit(0.3)).count();
        assert!((2_700..3_300).contains(&hits), "{hits}");
    }
}
