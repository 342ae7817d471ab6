//! How a typed number is read, and what is refused on the way.

use namba::{EmergencyMatch, Format, NumberKind, Possibility, ShortNumber};

use super::{Region, north_america};

/// Longer texts are not looked at; the longest way of writing a number is far shorter.
const LONGEST_TEXT: usize = 64;
/// No country's subscribers have numbers this short; service and emergency codes are.
const LONGEST_SHORT_CODE: usize = 6;

/// Why a text was not accepted as a number to ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Nothing there.
    #[error("the phone number is missing")]
    Empty,
    /// A character that belongs to no phone number.
    #[error(
        "a phone number is written with the digits 0 to 9, a leading plus, spaces and ( ) - . / only; \
         leave out letters, extensions and prefixes such as tel:"
    )]
    UnexpectedCharacter,
    /// Written for dialling within a country, but no country is known.
    #[error(
        "write the number internationally, starting with + and the country code, or set the default country"
    )]
    CountryMissing,
    /// Written with an exit code (00, 011) instead of a plus.
    #[error("write + instead of 00 or 011 in front of the country code")]
    ExitCode,
    /// The digits after the plus begin with no country code.
    #[error("no country has this country code; check the digits after the plus")]
    UnknownCountryCode,
    /// Too few digits.
    #[error("the number has too few digits; check that none is missing")]
    TooShort,
    /// Too many digits.
    #[error("the number has too many digits; check that none was added and leave out extensions")]
    TooLong,
    /// The right length, but no such number is given out in that country.
    #[error("no such number is given out in that country; check the digits")]
    Unassigned,
    /// What a spreadsheet makes of a number.
    #[error(
        "this looks like a number that a spreadsheet has changed; format the column as text and enter the numbers again"
    )]
    LooksLikeSpreadsheetNumber,
    /// Emergency, information, premium-rate, satellite or short number.
    #[error("emergency, information, premium-rate, satellite and short numbers are never rung")]
    DestinationForbidden,
}

impl PhoneNumberError {
    /// The reason in one word, for the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LooksLikeSpreadsheetNumber => "looks_like_spreadsheet_number",
            Self::DestinationForbidden => "destination_forbidden",
            _ => "invalid_number",
        }
    }
}

/// The E.164 form of what was typed.
pub(super) fn read(raw: &str, default_region: Option<Region>) -> Result<String, PhoneNumberError> {
    let text = raw.trim_matches(' ');
    if text.is_empty() {
        return Err(PhoneNumberError::Empty);
    }
    if text.len() > LONGEST_TEXT {
        return Err(PhoneNumberError::TooLong);
    }
    if was_changed_by_a_spreadsheet(text) {
        return Err(PhoneNumberError::LooksLikeSpreadsheetNumber);
    }
    let typed = Typed::from(text)?;
    if let Some(e164) = typed.in_a_known_area(default_region) {
        return Ok(e164);
    }
    refuse_short_codes(&typed, default_region)?;
    let number = typed.number(default_region)?;
    let e164 = number.format(Format::E164).to_string();
    if reserved_region(&e164).is_none() {
        refuse_what_nobody_answers(&number)?;
    }
    Ok(e164)
}

/// Where the number is by its numbering plan.
pub(super) fn region_of(e164: &str) -> Option<Region> {
    if let Some(code) = reserved_region(e164) {
        return Region::parse(code).ok();
    }
    let known_area = e164.strip_prefix("+1").and_then(north_america::region_of);
    known_area.or_else(|| namba::parse(e164).ok()?.region().map(Region::known))
}

/// The number in the international format of its country; as it is where the plan knows none.
pub(super) fn international(e164: &str) -> String {
    let number = namba::parse(e164).ok();
    number.map_or_else(|| e164.to_owned(), |number| number.format(Format::International).to_string())
}

/// The zones of the number's range. Where the plan knows none it says so with a name that is no zone.
pub(super) fn zones_of(e164: &str) -> Vec<String> {
    let zones = namba::parse(e164).ok().and_then(|number| namba::TimeZones::for_number(&number));
    zones
        .iter()
        .flat_map(namba::TimeZones::iter)
        .filter(|zone| *zone != "Etc/Unknown")
        .map(str::to_owned)
        .collect()
}

/// A number as typed, with nothing in it but an optional plus and digits.
struct Typed<'a> {
    text: &'a str,
    international: bool,
    digits: String,
}

impl<'a> Typed<'a> {
    fn from(text: &'a str) -> Result<Self, PhoneNumberError> {
        let international = text.starts_with('+');
        let rest = text.strip_prefix('+').unwrap_or(text);
        let mut digits = String::with_capacity(rest.len());
        for character in rest.chars() {
            match character {
                '0'..='9' => digits.push(character),
                // Ordinary punctuation. Other digits, dashes and invisible characters are refused, not repaired: who
                // pastes them should see what was pasted.
                ' ' | '(' | ')' | '-' | '.' | '/' => {}
                _ => return Err(PhoneNumberError::UnexpectedCharacter),
            }
        }
        if digits.is_empty() {
            Err(PhoneNumberError::TooShort)
        } else {
            Ok(Self { text, international, digits })
        }
    }

    /// The short way for most numbers of the United States and Canada.
    fn in_a_known_area(&self, default_region: Option<Region>) -> Option<String> {
        let at_home = || default_region.is_some_and(|region| matches!(region.as_str(), "US" | "CA"));
        let national = match (self.international, self.digits.len()) {
            (true, 11) => self.digits.strip_prefix('1')?,
            (false, 11) if at_home() => self.digits.strip_prefix('1')?,
            (false, 10) if at_home() => &self.digits,
            _ => return None,
        };
        let ordinary = north_america::region_of(national).is_some() && !north_america::is_service(national);
        ordinary.then(|| format!("+1{national}"))
    }

    fn number(&self, default_region: Option<Region>) -> Result<namba::PhoneNumber, PhoneNumberError> {
        if self.international && self.digits.starts_with('0') {
            return Err(PhoneNumberError::UnknownCountryCode);
        }
        if !self.international && self.digits.starts_with("00") {
            return Err(PhoneNumberError::ExitCode);
        }
        if self.international {
            return namba::parse(self.text).map_err(|error| explained(error.kind()));
        }
        let region = default_region.ok_or(PhoneNumberError::CountryMissing)?;
        let number = namba::parse_in(region.plan(), self.text).map_err(|error| explained(error.kind()))?;
        // The only way to another country without a plus is that country's exit code.
        let stayed_home = number.assess().regions().contains(&region.plan());
        let north_american_exit = number.calling_code().value() == 1 && self.digits.starts_with("011");
        if stayed_home && !north_american_exit { Ok(number) } else { Err(PhoneNumberError::ExitCode) }
    }
}

/// `1.55512E+10`, `14155550123.0` and `'+1415…`: the number is damaged, and guessing would ring a stranger.
fn was_changed_by_a_spreadsheet(text: &str) -> bool {
    let is_count = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let is_decimal = |mantissa: &str| mantissa.split(['.', ',']).all(is_count);
    let scientific = text.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        is_decimal(mantissa.trim_start_matches(['+', '-']))
            && is_count(exponent.trim_start_matches(['+', '-']))
    });
    let floating = text.strip_suffix(".0").is_some_and(|whole| is_count(whole.trim_start_matches('+')));
    scientific || floating || text.starts_with(['\'', '’', '=']) || text.bytes().all(|b| b == b'#')
}

/// 911, 112, 411 and the like.
fn refuse_short_codes(typed: &Typed<'_>, default_region: Option<Region>) -> Result<(), PhoneNumberError> {
    let digits = typed.digits.as_str();
    let known_everywhere = matches!(digits, "911" | "112" | "999" | "000" | "110" | "119" | "988");
    let north_american = matches!(digits.as_bytes(), [b'2'..=b'9', b'1', b'1']);
    let in_region = default_region.is_some_and(|region| is_short_code(region.plan(), digits));
    if !typed.international && (known_everywhere || north_american || in_region) {
        Err(PhoneNumberError::DestinationForbidden)
    } else {
        Ok(())
    }
}

fn is_short_code(region: namba::Region, digits: &str) -> bool {
    digits.len() <= LONGEST_SHORT_CODE
        && ShortNumber::parse(region, digits)
            .is_ok_and(|code| code.is_valid() || code.emergency_match() != EmergencyMatch::None)
}

/// Numbers that no ordinary subscriber has.
fn refuse_what_nobody_answers(number: &namba::PhoneNumber) -> Result<(), PhoneNumberError> {
    let assessment = number.assess();
    let national = number.national_number();
    let is_service = number.calling_code().value() == 1 && north_america::is_service(national);
    // Also behind a country code: +1 911. Small countries have subscribers with numbers as short.
    let is_code =
        !assessment.is_valid() && assessment.regions().iter().any(|region| is_short_code(*region, national));
    if is_code || belongs_to_no_country(number) || is_service {
        return Err(PhoneNumberError::DestinationForbidden);
    }
    match assessment.kind() {
        // Shared-cost and personal numbers forward to whatever their owner likes, at the caller's cost.
        NumberKind::PremiumRate | NumberKind::SharedCost | NumberKind::Personal => {
            Err(PhoneNumberError::DestinationForbidden)
        }
        NumberKind::Unknown => Err(match assessment.possibility() {
            Possibility::TooShort | Possibility::LocalOnly => PhoneNumberError::TooShort,
            Possibility::TooLong => PhoneNumberError::TooLong,
            _ => PhoneNumberError::Unassigned,
        }),
        _ => Ok(()),
    }
}

/// Satellite (+870, +881), international networks (+882, +883), international premium rate (+979) and toll free
/// (+800): country codes of the ITU that are no country's.
fn belongs_to_no_country(number: &namba::PhoneNumber) -> bool {
    matches!(number.calling_code().value(), 800 | 808 | 870 | 878 | 881 | 882 | 883 | 888 | 979)
}

/// Numbers that ring nobody and are accepted although no subscriber can have them, with the region they count in,
/// because demonstrations and tests use them:
///
/// - Ofcom keeps ranges free for drama: 020 7946 0xxx (London), 01632 960xxx (no area), 07700 900xxx (mobile).
/// - Twilio's test credentials know 500 555 0000 to 0009: each calls forth one answer or one error.
///
/// The North American numbers for fiction (555-0100 to 555-0199 in every area code) are ordinary to the plan.
fn reserved_region(e164: &str) -> Option<&'static str> {
    let starts = |range: &str, length: usize| e164.starts_with(range) && e164.len() == length;
    if starts("+442079460", 13) || starts("+441632960", 13) || starts("+447700900", 13) {
        Some("GB")
    } else if starts("+1500555000", 12) {
        Some("US")
    } else {
        None
    }
}

const fn explained(kind: namba::ErrorKind) -> PhoneNumberError {
    match kind {
        namba::ErrorKind::MissingRegion => PhoneNumberError::CountryMissing,
        namba::ErrorKind::UnsupportedCallingCode => PhoneNumberError::UnknownCountryCode,
        namba::ErrorKind::TooShort => PhoneNumberError::TooShort,
        namba::ErrorKind::TooLong => PhoneNumberError::TooLong,
        _ => PhoneNumberError::UnexpectedCharacter,
    }
}
