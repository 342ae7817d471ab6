//! The table of places, and what each campaign makes of it.

use std::collections::BTreeSet;

use super::*;

fn number(area: u16) -> PhoneNumber {
    PhoneNumber::from_e164_unchecked(format!("+1{area}5550142"))
}

#[test]
fn whoever_announces_records_everywhere_and_whoever_does_not_only_where_one_party_suffices() {
    let silent = RecordingConsent::OnlyWhereOnePartySuffices;
    for (to, state, records) in [
        ("+12125550142", "NY", true),
        ("+15125550142", "TX", true),
        ("+14045550142", "GA", true),
        ("+12025550142", "DC", true),
        ("+14155550142", "CA", false),
        ("+13055550142", "FL", false),
        ("+13125550142", "IL", false),
        ("+16175550142", "MA", false),
        ("+12155550142", "PA", false),
        ("+12065550142", "WA", false),
        // Disputed, or changed by courts: the strictest reading.
        ("+15035550142", "OR", false),
        ("+17025550142", "NV", false),
        ("+13135550142", "MI", false),
    ] {
        let to = PhoneNumber::from_e164_unchecked(to.to_owned());
        let ruling = silent.ruling(&to);
        assert_eq!(ruling.records(), records, "{state}");
        assert_eq!(law_of(&to).map(|law| law.state), Some(state));
        assert!(ruling.explain().contains("U.S.C.") || !records, "{}", ruling.explain());
        assert_eq!(RecordingConsent::default().ruling(&to), RecordingRuling::Announced);
    }
}

#[test]
fn where_a_number_belongs_to_no_known_place_the_strictest_law_holds() {
    for to in [
        "+18005550142",
        "+14165550142",
        "+442071838750",
        "+4930123456",
        "+17875550142",
        "+19995550142",
        "+1",
        "",
    ] {
        let to = PhoneNumber::from_e164_unchecked(to.to_owned());
        let ruling = RecordingConsent::OnlyWhereOnePartySuffices.ruling(&to);
        assert_eq!(ruling, RecordingRuling::UnknownPlace, "{to}");
        assert!(!ruling.records());
        assert!(RecordingConsent::default().ruling(&to).records());
    }
}

#[test]
fn every_state_has_one_law_with_a_source_and_every_area_one_state() {
    assert_eq!(LAWS.len(), 51, "fifty states and the District of Columbia");
    let states: BTreeSet<&str> = LAWS.iter().map(|law| law.state).collect();
    assert_eq!(states.len(), LAWS.len());
    let mut areas = BTreeSet::new();
    for law in &LAWS {
        assert!(!law.name.is_empty() && !law.source.is_empty() && !law.areas.is_empty(), "{}", law.state);
        for area in law.areas {
            assert!((200..1_000).contains(area) && areas.insert(area), "{area} of {}", law.state);
            assert_eq!(law_of(&number(*area)).map(|found| found.state), Some(law.state));
        }
    }
    let strict: Vec<&str> =
        LAWS.iter().filter(|law| law.parties == Parties::All).map(|law| law.state).collect();
    assert_eq!(
        strict,
        ["CA", "CT", "DE", "FL", "IL", "MD", "MA", "MI", "MT", "NV", "NH", "OR", "PA", "VT", "WA"]
    );
    assert!(COMPILED_ON.parse::<jiff::civil::Date>().is_ok());
}

#[test]
fn no_area_is_one_that_the_numbering_plan_gives_to_another_country() {
    for law in &LAWS {
        for area in law.areas {
            let region = number(*area).region();
            assert!(region.is_none_or(|region| region.as_str() == "US"), "{area} of {}", law.state);
        }
    }
}

#[test]
fn a_ruling_and_a_consent_are_read_as_they_were_stored() {
    let all = LAWS.iter().flat_map(|law| [RecordingRuling::OneParty(law), RecordingRuling::AllParties(law)]);
    for ruling in all.chain([RecordingRuling::Announced, RecordingRuling::UnknownPlace]) {
        assert_eq!(RecordingRuling::parse(&ruling.stored()), Some(ruling));
    }
    for broken in ["", "one_party", "one_party:XX", "recorded"] {
        assert_eq!(RecordingRuling::parse(broken), None, "{broken}");
    }
    let own = RecordingConsent::Announce { words: Some("We record.".to_owned()) };
    assert_eq!(RecordingConsent::parse(own.as_str(), Some("We record.".to_owned())), Some(own.clone()));
    assert_eq!((own.notice(), RecordingConsent::default().notice()), (Some("We record."), Some(NOTICE)));
    let silent = RecordingConsent::OnlyWhereOnePartySuffices;
    assert_eq!(RecordingConsent::parse(silent.as_str(), None), Some(silent.clone()));
    assert_eq!((silent.notice(), RecordingConsent::parse("off", None)), (None, None));
}
