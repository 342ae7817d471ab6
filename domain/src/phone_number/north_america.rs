//! The numbers of the United States and Canada, by area code.
//!
//! There a number's first four digits (nearly always three, but two area codes open exchange by exchange) decide
//! everything, so the numbering plan is asked once for these instead of once per number: an import of a hundred
//! thousand people asks it some hundred times.

use std::sync::OnceLock;

use namba::NumberKind;

use super::Region;

/// By area code and first digit of the exchange: the country, where all such numbers lie in one of the two.
static AREAS: [OnceLock<Option<Region>>; 10_000] = [const { OnceLock::new() }; 10_000];

/// The country of an ordinary ten-digit number (area code, exchange, line) in the United States or Canada. `None` says
/// only that these digits do not decide: ask the numbering plan for this very number.
pub(super) fn region_of(national: &str) -> Option<Region> {
    let ten_digits = national.len() == 10 && national.bytes().all(|b| b.is_ascii_digit());
    let start = national.get(..4).filter(|_| ten_digits)?;
    *AREAS.get(start.parse::<usize>().ok()?)?.get_or_init(|| ask_the_plan(start))
}

/// 976 exchanges are pay-per-call in many area codes, 555-1212 is directory assistance.
pub(super) fn is_service(national: &str) -> bool {
    national.get(3..6) == Some("976") || national.get(3..) == Some("5551212")
}

fn ask_the_plan(start: &str) -> Option<Region> {
    let number = namba::parse(&format!("+1{start}345678")).ok()?;
    // Toll-free, premium and personal codes, and the islands, have rules of their own.
    let ordinary = number.assess().kind() == NumberKind::FixedLineOrMobile;
    let region = number.region().filter(|region| ordinary && matches!(region.as_str(), "US" | "CA"))?;
    Some(Region::known(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_decide_as_the_numbering_plan_does_number_by_number() {
        let mut known = 0;
        // Area codes and exchanges from all over the range.
        for start in (2_000..10_000_u32).step_by(STEP) {
            let national = format!("{start}{:06}", u64::from(start) * 7_919 % 1_000_000);
            if let Some(region) = region_of(&national) {
                known += 1;
                let number = namba::parse(&format!("+1{national}")).unwrap();
                assert_eq!(number.region().map(Region::known), Some(region), "{national}");
                assert_eq!(number.assess().kind(), NumberKind::FixedLineOrMobile, "{national}");
            }
        }
        assert!(known > 2_500 / STEP, "{known}");
    }

    /// A prime, so that every digit is met in every place.
    const STEP: usize = 61;

    #[test]
    fn exchanges_that_cannot_be_are_left_to_the_plan() {
        for national in [
            "4151552671",
            "4150552671",
            "9836812779",
            "415555267",
            "41555526711",
            "415555267x",
            "",
            "2422345678",
        ] {
            assert_eq!(region_of(national), None, "{national}");
        }
        assert_eq!(region_of("4155552671"), Region::parse("US").ok());
        assert_eq!(region_of("4165552671"), Region::parse("CA").ok());
    }
}
