//! Exact money: whole millionths of a currency, never floating point.

use std::fmt;
use std::str::FromStr;

/// An amount in millionths of one US dollar. Twilio rates calls to five decimals, so nothing is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd {
    micros: i64,
}

/// The text is not a decimal amount of at most six decimals that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal amount with at most six decimals")]
pub struct InvalidAmount;

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self { micros: 0 };

    /// An amount from millionths of a dollar.
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// The amount in millionths of a dollar.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// The amount without its sign: Twilio reports a price as a negative number.
    pub const fn abs(self) -> Self {
        Self { micros: self.micros.saturating_abs() }
    }

    /// So many times the amount.
    pub const fn times(self, count: u32) -> Self {
        Self { micros: self.micros.saturating_mul(count as i64) }
    }
}

impl std::ops::Add for Usd {
    type Output = Self;

    /// The sum; amounts beyond nine trillion dollars stay there.
    fn add(self, other: Self) -> Self {
        Self { micros: self.micros.saturating_add(other.micros) }
    }
}

impl std::ops::Sub for Usd {
    type Output = Self;

    /// The difference, below zero where more is taken away than there is.
    fn sub(self, other: Self) -> Self {
        Self { micros: self.micros.saturating_sub(other.micros) }
    }
}

impl fmt::Display for Usd {
    /// Decimal with at least four and at most six places: `0.0140`, `12.345678`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let (whole, fraction) =
            (self.micros.unsigned_abs() / 1_000_000, self.micros.unsigned_abs() % 1_000_000);
        let digits = format!("{fraction:06}");
        let shown = match digits.trim_end_matches('0').len() {
            0..=4 => &digits[..4],
            longer => &digits[..longer],
        };
        write!(f, "{sign}{whole}.{shown}")
    }
}

impl FromStr for Usd {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(InvalidAmount);
        }
        // Zeros behind the sixth place say nothing; any other digit there would be lost.
        let kept = fraction.get(..6).unwrap_or(fraction);
        if fraction[kept.len()..].bytes().any(|b| b != b'0') {
            return Err(InvalidAmount);
        }
        let whole: i64 = whole.parse().map_err(|_| InvalidAmount)?;
        let fraction: i64 = format!("{kept:0<6}").parse().map_err(|_| InvalidAmount)?;
        let micros =
            whole.checked_mul(1_000_000).and_then(|w| w.checked_add(fraction)).ok_or(InvalidAmount)?;
        Ok(Self { micros: if negative { -micros } else { micros } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_shown_exactly() {
        for (text, micros, shown) in [
            ("-0.03000", -30_000, "-0.0300"),
            ("0.0140", 14_000, "0.0140"),
            ("12.345678", 12_345_678, "12.345678"),
            ("7", 7_000_000, "7.0000"),
            ("0.00000100", 1, "0.000001"),
        ] {
            let amount: Usd = text.parse().expect(text);
            assert_eq!((amount.micros(), amount.to_string().as_str()), (micros, shown), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        for text in ["", "-", ".5", "1e3", "0.0000001", "1,5", "9999999999999999", "NaN", "--1"] {
            assert!(text.parse::<Usd>().is_err(), "{text}");
        }
    }
}
