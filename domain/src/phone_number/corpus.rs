//! What is accepted and what is not, number by number.

use super::*;

fn us() -> Option<Region> {
    Region::parse("US").ok()
}

fn region(code: &str) -> Option<Region> {
    Some(Region::parse(code).unwrap())
}

/// As typed, default country, E.164, country.
const ACCEPTED: &[(&str, &str, &str, &str)] = &[
    // North America: the ways people type
    ("+14155552671", "", "+14155552671", "US"),
    ("  +1 415 555 2671  ", "", "+14155552671", "US"),
    ("(415) 555-2671", "US", "+14155552671", "US"),
    ("415.555.2671", "US", "+14155552671", "US"),
    ("415/555/2671", "US", "+14155552671", "US"),
    ("1-415-555-2671", "US", "+14155552671", "US"),
    ("14155552671", "US", "+14155552671", "US"),
    ("+1 (212) 736-5000", "GB", "+12127365000", "US"),
    ("+1 907 276 1234", "", "+19072761234", "US"),
    ("+1 808 922 2233", "", "+18089222233", "US"),
    ("+1 800 234 5678", "", "+18002345678", "US"),
    ("+1 416 967 1111", "", "+14169671111", "CA"),
    ("604 683 1234", "CA", "+16046831234", "CA"),
    ("514-281-1234", "CA", "+15142811234", "CA"),
    // territories that share +1
    ("+1 242 322 1234", "", "+12423221234", "BS"),
    ("+1 246 426 1234", "", "+12464261234", "BB"),
    ("+1 264 497 1234", "", "+12644971234", "AI"),
    ("+1 268 462 1234", "", "+12684621234", "AG"),
    ("+1 345 949 1234", "", "+13459491234", "KY"),
    ("+1 441 292 1234", "", "+14412921234", "BM"),
    ("+1 473 440 1234", "", "+14734401234", "GD"),
    ("+1 649 946 1234", "", "+16499461234", "TC"),
    ("+1 664 491 1234", "", "+16644911234", "MS"),
    ("+1 758 452 1234", "", "+17584521234", "LC"),
    ("+1 809 682 1234", "", "+18096821234", "DO"),
    ("+1 868 622 1234", "", "+18686221234", "TT"),
    ("+1 876 922 1234", "", "+18769221234", "JM"),
    ("+1 787 721 1234", "", "+17877211234", "PR"),
    ("+1 671 646 1234", "", "+16716461234", "GU"),
    // Europe
    ("+44 20 7925 0918", "", "+442079250918", "GB"),
    ("020 7925 0918", "GB", "+442079250918", "GB"),
    ("+44 (0)20 7925 0918", "", "+442079250918", "GB"),
    ("07400 123456", "GB", "+447400123456", "GB"),
    ("+44 1534 456789", "", "+441534456789", "JE"),
    ("+44 1481 256789", "", "+441481256789", "GG"),
    ("+33 1 42 68 53 00", "", "+33142685300", "FR"),
    ("06 12 34 56 78", "FR", "+33612345678", "FR"),
    ("030 12345678", "DE", "+493012345678", "DE"),
    ("+49 151 23456789", "", "+4915123456789", "DE"),
    ("02 1234 5678", "IT", "+390212345678", "IT"),
    ("+39 06 6982 1234", "", "+390669821234", "VA"),
    ("312 345 6789", "IT", "+393123456789", "IT"),
    ("+34 912 34 56 78", "", "+34912345678", "ES"),
    ("020 123 4567", "NL", "+31201234567", "NL"),
    ("+32 2 512 34 56", "", "+3225123456", "BE"),
    ("044 668 18 00", "CH", "+41446681800", "CH"),
    ("+43 1 234567890", "", "+431234567890", "AT"),
    ("+46 8 123 456 78", "", "+46812345678", "SE"),
    ("22 123 45 67", "PL", "+48221234567", "PL"),
    ("+353 1 234 5678", "", "+35312345678", "IE"),
    ("+30 21 2345 6789", "", "+302123456789", "GR"),
    ("+7 912 345 67 89", "", "+79123456789", "RU"),
    ("+7 701 234 5678", "", "+77012345678", "KZ"),
    // elsewhere
    ("098765 43210", "IN", "+919876543210", "IN"),
    ("+91 22 2345 6789", "", "+912223456789", "IN"),
    ("03-1234-5678", "JP", "+81312345678", "JP"),
    ("+82 2 212 34567", "", "+82221234567", "KR"),
    ("+86 131 2345 6789", "", "+8613123456789", "CN"),
    ("+852 2123 4567", "", "+85221234567", "HK"),
    ("+65 6123 4567", "", "+6561234567", "SG"),
    ("02 9374 4000", "AU", "+61293744000", "AU"),
    ("+64 9 345 6789", "", "+6493456789", "NZ"),
    ("(11) 96123-4567", "BR", "+5511961234567", "BR"),
    ("+52 55 1234 5678", "", "+525512345678", "MX"),
    ("+54 9 11 2345 6789", "", "+5491123456789", "AR"),
    ("+56 2 2123 4567", "", "+56221234567", "CL"),
    ("+57 321 1234567", "", "+573211234567", "CO"),
    ("+972 50 234 5678", "", "+972502345678", "IL"),
    ("+971 50 123 4567", "", "+971501234567", "AE"),
    ("+90 501 234 56 78", "", "+905012345678", "TR"),
    ("+20 2 34567890", "", "+20234567890", "EG"),
    ("+234 802 123 4567", "", "+2348021234567", "NG"),
    ("+254 712 123456", "", "+254712123456", "KE"),
    ("071 123 4567", "ZA", "+27711234567", "ZA"),
    ("+977 98 41234567", "", "+9779841234567", "NP"),
    // reserved for fiction and for tests
    ("+1 415 555 0100", "", "+14155550100", "US"),
    ("(212) 555-0199", "US", "+12125550199", "US"),
    ("+1 416 555 0123", "", "+14165550123", "CA"),
    ("+44 20 7946 0018", "", "+442079460018", "GB"),
    ("020 7946 0999", "GB", "+442079460999", "GB"),
    ("01632 960123", "GB", "+441632960123", "GB"),
    ("+44 7700 900123", "", "+447700900123", "GB"),
    ("+15005550001", "", "+15005550001", "US"),
    ("+1 500 555 0006", "", "+15005550006", "US"),
];

#[test]
fn ordinary_numbers_of_many_countries_are_brought_into_one_form() {
    let mut wrong = Vec::new();
    for (typed, default, e164, country) in ACCEPTED {
        let number = PhoneNumber::parse(typed, Region::parse(default).ok());
        let found = number.as_ref().map(|n| (n.as_str().to_owned(), n.region()));
        if found != Ok(((*e164).to_owned(), region(country))) {
            wrong.push(format!("{typed} ({default}): {found:?}, not {e164} {country}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Small countries have numbers as short as other countries' service codes.
#[test]
fn every_country_has_an_ordinary_number_that_is_accepted() {
    let letters = || (b'A'..=b'Z').map(char::from);
    let codes = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
    let (mut countries, mut wrong) = (0, Vec::new());
    for country in codes.filter_map(|code| Region::parse(&code).ok()) {
        countries += 1;
        for kind in [namba::NumberKind::FixedLine, namba::NumberKind::Mobile] {
            let Some(example) = namba::example_number_for_kind(country.plan(), kind) else { continue };
            let e164 = example.format(namba::Format::E164).to_string();
            let found = PhoneNumber::parse(&e164, None);
            if found.as_ref().map(PhoneNumber::as_str) != Ok(&e164) {
                wrong.push(format!("{country} {e164} {found:?}"));
            }
            let national = example.format(namba::Format::National).to_string();
            let found = PhoneNumber::parse(&national, Some(country));
            if found.as_ref().map(PhoneNumber::as_str) != Ok(&e164) {
                wrong.push(format!("{country} {national} {found:?}"));
            }
        }
    }
    assert!(countries > 230, "{countries}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_accepted_once_is_accepted_unchanged_again() {
    for (_, _, e164, country) in ACCEPTED {
        for default in [None, us(), region("GB")] {
            let again = PhoneNumber::parse(e164, default).unwrap();
            assert_eq!((again.as_str(), again.region()), (*e164, region(country)));
        }
    }
}

#[test]
fn what_is_no_plain_number_is_refused() {
    use PhoneNumberError::*;
    let table = [
        ("", Empty),
        ("   ", Empty),
        ("sip:ann@example.com", UnexpectedCharacter),
        ("client:ann", UnexpectedCharacter),
        ("tel:+14155552671", UnexpectedCharacter),
        ("+1 800 FLOWERS", UnexpectedCharacter),
        ("1-800-FLOWERS", UnexpectedCharacter),
        ("+14155552671 x12", UnexpectedCharacter),
        ("+14155552671 ext. 12", UnexpectedCharacter),
        ("+14155552671;ext=12", UnexpectedCharacter),
        ("+14155552671#12", UnexpectedCharacter),
        ("+14155552671,,12", UnexpectedCharacter),
        ("+1415555267１", UnexpectedCharacter),
        ("＋14155552671", UnexpectedCharacter),
        ("٤١٥٥٥٥٢٦٧١", UnexpectedCharacter),
        ("۴۱۵۵۵۵۲۶۷۱", UnexpectedCharacter),
        ("+1415\u{200b}5552671", UnexpectedCharacter),
        ("\u{feff}+14155552671", UnexpectedCharacter),
        ("\u{202a}+14155552671\u{202c}", UnexpectedCharacter),
        ("+1\u{a0}415\u{a0}555\u{a0}2671", UnexpectedCharacter),
        ("+1‑415‑555‑2671", UnexpectedCharacter),
        ("\t+14155552671", UnexpectedCharacter),
        ("+14155552671\n", UnexpectedCharacter),
        ("+1415\u{0}5552671", UnexpectedCharacter),
        ("++14155552671", UnexpectedCharacter),
        ("1+4155552671", UnexpectedCharacter),
        ("+14155552671; DROP TABLE", UnexpectedCharacter),
        ("+", TooShort),
        ("()", TooShort),
        ("00 1 415 555 2671", ExitCode),
        ("0044 20 7925 0918", ExitCode),
        ("011 44 20 7925 0918", ExitCode),
        ("011 1 415 555 2671", ExitCode),
        ("+0044 20 7925 0918", UnknownCountryCode),
        ("+011 44 20 7925 0918", UnknownCountryCode),
        ("+999 123 456 789", UnknownCountryCode),
        ("+1 415 555 26", TooShort),
        ("555-2671", TooShort),
        ("+1 415 555 26711", TooLong),
        ("+14155552671234567", TooLong),
        ("+1 555 234 5678", Unassigned),
        ("+1 555 555 5555", Unassigned),
        ("+1 123 456 7890", Unassigned),
        ("+1 415 155 2671", Unassigned),
        ("1.55512E+10", LooksLikeSpreadsheetNumber),
        ("1,55512E+10", LooksLikeSpreadsheetNumber),
        ("+1.55512e+10", LooksLikeSpreadsheetNumber),
        ("1E10", LooksLikeSpreadsheetNumber),
        ("14155552671.0", LooksLikeSpreadsheetNumber),
        ("'+14155552671", LooksLikeSpreadsheetNumber),
        ("'4155552671", LooksLikeSpreadsheetNumber),
        ("=+14155552671", LooksLikeSpreadsheetNumber),
        ("########", LooksLikeSpreadsheetNumber),
    ];
    let mut wrong = Vec::new();
    for (typed, why) in table {
        let found = PhoneNumber::parse(typed, us());
        if found != Err(why) {
            wrong.push(format!("{typed:?}: {found:?}, not {why:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_that_are_never_rung_are_refused_with_and_without_a_country() {
    let table = [
        ("911", "US"),
        ("9-1-1", "US"),
        ("911", ""),
        ("112", ""),
        ("999", "GB"),
        ("112", "DE"),
        ("110", "DE"),
        ("000", "AU"),
        ("411", "US"),
        ("511", ""),
        ("988", "US"),
        ("+1 911", ""),
        ("+44 999", ""),
        ("+49 112", ""),
        ("+1 900 234 5678", ""),
        ("900-234-5678", "US"),
        ("+1 212 976 1234", ""),
        ("+1 415 555 1212", ""),
        ("+44 909 879 0123", ""),
        ("0871 234 5678", "GB"),
        ("0845 123 4567", "GB"),
        ("070 1234 5678", "GB"),
        ("+33 899 12 34 56", ""),
        ("0900 1234567", "DE"),
        ("+1 500 234 5678", ""),
        ("+870 773 123 456", ""),
        ("+881 612 345 678", ""),
        ("+882 16 1234 5678", ""),
        ("+883 5100 1234 5678", ""),
        ("+979 123 456 789", ""),
        ("+800 1234 5678", ""),
    ];
    let mut wrong = Vec::new();
    for (typed, default) in table {
        let found = PhoneNumber::parse(typed, Region::parse(default).ok());
        if found != Err(PhoneNumberError::DestinationForbidden) {
            wrong.push(format!("{typed} ({default}): {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_local_number_needs_a_country() {
    for typed in ["415 555 2671", "020 7925 0918", "14155552671"] {
        assert_eq!(PhoneNumber::parse(typed, None), Err(PhoneNumberError::CountryMissing));
    }
}

#[test]
fn only_countries_switched_on_may_be_rung() {
    let policy = DestinationPolicy::default();
    let (mut allowed, mut refused) = (0, 0);
    for (_, _, e164, country) in ACCEPTED {
        let number = PhoneNumber::parse(e164, None).unwrap();
        match policy.allows(&number) {
            Ok(()) => allowed += i32::from(matches!(*country, "US" | "CA")),
            Err(refusal) => {
                assert_eq!((refusal.region, refusal.code()), (region(country), "destination_not_enabled"));
                refused += 1;
            }
        }
    }
    assert_eq!(allowed + refused, i32::try_from(ACCEPTED.len()).unwrap());
    let with_britain = DestinationPolicy::only(policy.allowed().chain(region("GB")));
    assert!(with_britain.allows(&PhoneNumber::parse("+442079460018", None).unwrap()).is_ok());
    let jersey = PhoneNumber::parse("+441534456789", None).unwrap();
    assert!(with_britain.allows(&jersey).unwrap_err().to_string().contains("JE"));
}

#[test]
fn every_expensive_area_code_behind_plus_one_is_a_country_of_its_own() {
    let policy = DestinationPolicy::default();
    for area in [
        242, 246, 264, 268, 284, 345, 441, 473, 649, 658, 664, 721, 758, 767, 784, 809, 829, 849, 868, 869,
        876,
    ] {
        for line in 2_000_000..2_000_050_u32 {
            let number = PhoneNumber::from_e164_unchecked(format!("+1{area}{}", line + 260_000));
            assert!(policy.allows(&number).is_err(), "{}", number.as_str());
        }
    }
}

#[test]
fn a_number_knows_the_zones_it_may_ring_in() {
    let zones = |e164: &str| PhoneNumber::parse(e164, None).unwrap().zones();
    assert_eq!(zones("+12127365000"), ["America/New_York"]);
    assert_eq!(zones("+442079250918"), ["Europe/London"]);
    assert!(zones("+18002345678").len() > 3, "a toll-free number can ring anywhere");
    for (_, _, e164, _) in ACCEPTED {
        for zone in zones(e164) {
            assert!(crate::calling_window::CampaignZone::parse(&zone).is_ok(), "{e164}: {zone}");
        }
    }
}

#[test]
fn a_number_is_shown_as_people_abroad_write_it_and_reads_back_as_itself() {
    let shown = |e164: &str| PhoneNumber::from_e164_unchecked(e164.to_owned()).international();
    assert_eq!(shown("+12127365000"), "+1 212-736-5000");
    assert_eq!(shown("+442079250918"), "+44 20 7925 0918");
    assert_eq!(shown("+999"), "+999", "what the plan does not know stays as it is");
    for (_, _, e164, _) in ACCEPTED {
        assert_eq!(
            PhoneNumber::parse(&shown(e164), None).map(|number| number.to_string()),
            Ok((*e164).to_owned())
        );
    }
}

#[test]
fn reasons_have_codes_for_programs_and_sentences_for_people() {
    assert_eq!(PhoneNumberError::Unassigned.code(), "invalid_number");
    assert_eq!(PhoneNumberError::LooksLikeSpreadsheetNumber.code(), "looks_like_spreadsheet_number");
    assert_eq!(PhoneNumberError::DestinationForbidden.code(), "destination_forbidden");
    assert!(PhoneNumberError::CountryMissing.to_string().contains("starting with +"));
}

proptest::proptest! {
    /// Whatever is typed: no panic, and what is accepted is E.164 and stays as it is.
    #[test]
    fn no_text_surprises_the_reader(typed in "[+0-9() ./eE'x-]{0,24}|\\PC{0,30}", with_country: bool) {
        if let Ok(number) = PhoneNumber::parse(&typed, us().filter(|_| with_country)) {
            let digits = number.as_str().strip_prefix('+').unwrap();
            proptest::prop_assert!((7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
            proptest::prop_assert!(number.region().is_some());
            proptest::prop_assert_eq!(PhoneNumber::parse(number.as_str(), None), Ok(number));
        }
    }
}
