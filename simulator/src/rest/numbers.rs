//! Which numbers can be called from and to, with the magic numbers of Twilio's test credentials.

use super::errors::Refusal;

/// `+` and 7 to 15 digits, the first not 0.
pub(super) fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Checks `To`. Besides phone numbers Twilio calls `client:` and `sip:` addresses.
pub(super) fn check_to(to: Option<&str>) -> Result<String, Refusal> {
    let to = to.ok_or_else(|| Refusal::bad(21201, "No 'To' number is specified"))?;
    let refused = |code, why: &str| Err(Refusal::bad(code, format!("The 'To' number {to} {why}")));
    match to {
        "+15005550001" => refused(21217, "is not a valid phone number"),
        "+15005550002" => refused(21214, "cannot be reached"),
        "+15005550003" => refused(21215, "is in a region this account may not call"),
        "+15005550004" => refused(21216, "is on the block list"),
        _ if to.starts_with("client:") || to.starts_with("sip:") || is_e164(to) => Ok(to.to_owned()),
        _ => refused(21211, "is not a valid phone number"),
    }
}

/// Checks `From`: any number may call except the magic ones that stand for trouble.
pub(super) fn check_from(from: Option<&str>, to: &str) -> Result<String, Refusal> {
    let from = from.ok_or_else(|| Refusal::bad(21213, "No 'From' number is specified"))?;
    let calls_a_phone = to.starts_with('+');
    let valid =
        is_e164(from) || (!calls_a_phone && (from.starts_with("client:") || from.starts_with("sip:")));
    if from == "+15005550001" || !valid {
        return Err(Refusal::bad(21212, format!("The 'From' number {from} is not a valid caller id")));
    }
    if from.starts_with("+1500555") && from != "+15005550006" {
        return Err(Refusal::bad(
            21210,
            format!("The 'From' number {from} is not verified for this account"),
        ));
    }
    Ok(from.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_international_form_is_a_number() {
        assert!(is_e164("+14155550123"));
        for bad in ["14155550123", "+0415555012", "+1415", "+1415555012x", "+1234567890123456", ""] {
            assert!(!is_e164(bad), "{bad}");
        }
    }
}
