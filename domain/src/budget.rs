//! What a call may cost at worst, held before it is dialed, and what is left for it.

use crate::call::{Call, CallStatus, Placement};
use crate::money::Usd;
use crate::phone_number::PhoneNumber;
use crate::reaction::Reaction;

/// How much a campaign may cost; `None` where there is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budgets {
    /// In all.
    pub total: Option<Usd>,
    /// On one of its local days.
    pub per_day: Option<Usd>,
}

/// Prices of the carrier by the beginning of the number, and what it adds for detection and recording.
///
/// Twilio's list has one price per destination and minute, and rounds each call up to whole minutes. Answering machine
/// detection and recording are billed beside the price that a call reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateCard {
    per_minute: Vec<(String, Usd)>,
    detection: Usd,
    recording_per_minute: Usd,
}

/// Why a rate card was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRate {
    /// A prefix is not `+` and one to fifteen digits.
    #[error("{0:?} is not the beginning of a number: write + and digits, as +1 or +4420")]
    Prefix(String),
    /// A price is below zero or beyond a thousand dollars.
    #[error("the price of {0:?} must be between 0 and 1000 dollars")]
    Price(String),
}

/// What one call can cost at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quote {
    /// Everything: minutes up to the time limit, detection, recording.
    pub worst_case: Usd,
    /// The part that the carrier's price of a call does not contain.
    pub beside_the_price: Usd,
    /// The part for a second call, to somebody whom the person is put through to. The carrier bills it by itself.
    pub second_call: Usd,
}

impl Quote {
    /// The same with a second call, which may last as long.
    pub fn with_a_second_call(self, second: Self) -> Self {
        let second_call = second.worst_case;
        Self { worst_case: self.worst_case + second_call, second_call, ..self }
    }
}

/// What a call costs its budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Commitment {
    /// Held at worst case.
    pub held: Usd,
    /// Known for good.
    pub spent: Usd,
}

/// What is left of each budget that applies; `None` where none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funds {
    /// Of the campaign's whole budget.
    pub total: Option<Usd>,
    /// Of the campaign's budget of its local day.
    pub day: Option<Usd>,
    /// Of the workspace's budget of its day in UTC.
    pub workspace_day: Option<Usd>,
}

impl Funds {
    /// No budget applies.
    pub const UNBOUNDED: Self = Self { total: None, day: None, workspace_day: None };

    /// Whether any budget applies.
    pub const fn are_bounded(self) -> bool {
        self.total.is_some() || self.day.is_some() || self.workspace_day.is_some()
    }

    /// What is left after a call that costs `amount` at worst.
    pub fn after(self, amount: Usd) -> Self {
        let less = |left: Option<Usd>| left.map(|left| left - amount);
        Self { total: less(self.total), day: less(self.day), workspace_day: less(self.workspace_day) }
    }
}

impl RateCard {
    /// Prices per begun minute by prefix, per detection, and per minute of recording; each 0 to 1,000 dollars.
    pub fn new(
        per_minute: impl IntoIterator<Item = (String, Usd)>,
        detection: Usd,
        recording_per_minute: Usd,
    ) -> Result<Self, InvalidRate> {
        let dear = |price: Usd| price < Usd::ZERO || price > Usd::from_micros(1_000_000_000);
        let mut rates: Vec<(String, Usd)> = per_minute.into_iter().collect();
        for (prefix, price) in &rates {
            let digits = prefix.strip_prefix('+').unwrap_or_default();
            if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(InvalidRate::Prefix(prefix.clone()));
            }
            if dear(*price) {
                return Err(InvalidRate::Price(prefix.clone()));
            }
        }
        for (what, price) in [("detection", detection), ("recording", recording_per_minute)] {
            if dear(price) {
                return Err(InvalidRate::Price(what.to_owned()));
            }
        }
        // The longest prefix that fits is the nearest destination.
        rates.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(Self { per_minute: rates, detection, recording_per_minute })
    }

    /// The beginnings of numbers with a price, the nearest destination first.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.per_minute.iter().map(|(prefix, _)| prefix.as_str())
    }

    /// The worst that a call to `number` can cost; `None` when no price is known, and then nobody may ring it on a budget.
    pub fn quote(
        &self,
        number: &PhoneNumber,
        time_limit_seconds: u32,
        detects: bool,
        records: bool,
    ) -> Option<Quote> {
        let (_, rate) =
            self.per_minute.iter().find(|(prefix, _)| number.as_str().starts_with(prefix.as_str()))?;
        let minutes = time_limit_seconds.div_ceil(60).max(1);
        let detection = if detects { self.detection } else { Usd::ZERO };
        let recording = if records { self.recording_per_minute.times(minutes) } else { Usd::ZERO };
        let beside_the_price = detection + recording;
        Some(Quote {
            worst_case: rate.times(minutes) + beside_the_price,
            beside_the_price,
            second_call: Usd::ZERO,
        })
    }
}

impl Default for RateCard {
    /// Calls to the United States and Canada at Twilio's list price, and no other destination.
    fn default() -> Self {
        Self {
            per_minute: vec![("+1".to_owned(), Usd::from_micros(14_000))],
            detection: Usd::from_micros(7_500),
            recording_per_minute: Usd::from_micros(2_500),
        }
    }
}

/// What a call costs its budgets, as far as is known: the worst case until the carrier told its price.
///
/// A call that was never picked up is free of charge. A price that never comes keeps the hold: too little is dialed then,
/// never too much. Nobody asks for the price of a second call: it counts at its worst once somebody asked for a person.
pub fn commitment(call: &Call, quote: Quote) -> Commitment {
    let held = Commitment { held: quote.worst_case, spent: Usd::ZERO };
    match call.placement {
        Placement::Reserved | Placement::Released | Placement::NotPlaced => Commitment::default(),
        Placement::Armed | Placement::Unknown | Placement::PresumedNotPlaced => held,
        Placement::Placed if call.is_live() => held,
        Placement::Placed => match (call.facts.price, call.status()) {
            (Some(price), CallStatus::Completed) => {
                let second = match call.facts.reaction {
                    Some(Reaction::Abandoned | Reaction::Transferred) => quote.second_call,
                    _ => Usd::ZERO,
                };
                Commitment { held: Usd::ZERO, spent: price.abs() + quote.beside_the_price + second }
            }
            (Some(price), _) => Commitment { held: Usd::ZERO, spent: price.abs() },
            (None, CallStatus::Completed) => held,
            (None, _) => Commitment::default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier_event::CarrierStatus;
    use crate::facts::{Evidence, Source};

    fn usd(text: &str) -> Usd {
        text.parse().expect(text)
    }

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_e164_unchecked(text.to_owned())
    }

    #[test]
    fn the_worst_case_counts_begun_minutes_detection_and_recording_at_the_nearest_rate() {
        let rates = [("+44".to_owned(), usd("0.02")), ("+447".to_owned(), usd("0.05"))];
        let card = RateCard::new(rates, usd("0.0075"), usd("0.0025")).expect("a card");
        let worst = |to: &str, seconds, detects, records| {
            card.quote(&number(to), seconds, detects, records).map(|quote| quote.worst_case)
        };
        assert_eq!(worst("+442079460000", 60, false, false), Some(usd("0.02")));
        assert_eq!(worst("+442079460000", 61, false, false), Some(usd("0.04")));
        assert_eq!(worst("+447700900000", 0, false, false), Some(usd("0.05")));
        assert_eq!(worst("+447700900000", 120, true, true), Some(usd("0.1125")));
        assert_eq!(worst("+12025550100", 60, false, false), None);
        let quote = card.quote(&number("+442079460000"), 61, true, true).expect("a rate");
        let alone =
            Quote { worst_case: usd("0.0525"), beside_the_price: usd("0.0125"), second_call: Usd::ZERO };
        assert_eq!(quote, alone);
        let second = card.quote(&number("+447700900000"), 61, false, false).expect("a rate");
        let both = Quote { worst_case: usd("0.1525"), second_call: usd("0.1"), ..alone };
        assert_eq!(quote.with_a_second_call(second), both);
        assert_eq!(card.prefixes().collect::<Vec<_>>(), ["+447", "+44"], "the nearest first");
    }

    #[test]
    fn a_rate_that_cannot_be_meant_is_refused() {
        for prefix in ["", "1", "+", "+1x", "+1234567890123456"] {
            let rates = [(prefix.to_owned(), Usd::ZERO)];
            assert_eq!(
                RateCard::new(rates, Usd::ZERO, Usd::ZERO),
                Err(InvalidRate::Prefix(prefix.to_owned()))
            );
        }
        for price in ["-0.01", "1000.000001"] {
            let rates = [("+1".to_owned(), usd(price))];
            assert!(RateCard::new(rates, Usd::ZERO, Usd::ZERO).is_err(), "{price}");
            assert!(RateCard::new([], usd(price), Usd::ZERO).is_err(), "{price}");
            assert!(RateCard::new([], Usd::ZERO, usd(price)).is_err(), "{price}");
        }
        assert!(RateCard::new([("+1".to_owned(), usd("1000"))], Usd::ZERO, Usd::ZERO).is_ok());
    }

    #[test]
    fn a_second_call_counts_at_its_worst_once_somebody_asked_for_a_person() {
        let quote = Quote { worst_case: usd("0.1"), beside_the_price: usd("0.01"), second_call: usd("0.04") };
        let spent = |reaction| {
            let mut call = Call { placement: Placement::Placed, ..Call::reserved() };
            let price = Some(usd("-0.014"));
            let status = Some(CarrierStatus::Completed);
            call.facts.apply(&Evidence { status, price, reaction, ..Evidence::from(Source::Rest) });
            commitment(&call, quote).spent
        };
        for reaction in [Reaction::Abandoned, Reaction::Transferred] {
            assert_eq!(spent(Some(reaction)), usd("0.064"), "{reaction:?}");
        }
        for reaction in
            [None, Some(Reaction::Confirmed), Some(Reaction::LeftMessage), Some(Reaction::OptedOut)]
        {
            assert_eq!(spent(reaction), usd("0.024"), "{reaction:?}");
        }
    }

    #[test]
    fn the_hold_stays_until_the_price_is_known_and_goes_when_nobody_was_rung() {
        let quote = Quote { worst_case: usd("0.1"), beside_the_price: usd("0.01"), ..Quote::default() };
        let mut call = Call::reserved();
        assert_eq!(commitment(&call, quote), Commitment::default());
        for placement in
            [Placement::Armed, Placement::Unknown, Placement::PresumedNotPlaced, Placement::Placed]
        {
            call.placement = placement;
            assert_eq!(commitment(&call, quote).held, usd("0.1"), "{placement:?}");
        }
        let ended = |status, price: Option<&str>| {
            let mut call = Call { placement: Placement::Placed, ..Call::reserved() };
            let price = price.map(usd);
            call.facts.apply(&Evidence { status: Some(status), price, ..Evidence::from(Source::Rest) });
            commitment(&call, quote)
        };
        let nothing = Commitment::default();
        assert_eq!(ended(CarrierStatus::Completed, None).held, usd("0.1"));
        assert_eq!(
            ended(CarrierStatus::Completed, Some("-0.014")),
            Commitment { spent: usd("0.024"), ..nothing }
        );
        assert_eq!(ended(CarrierStatus::NoAnswer, None), nothing);
        assert_eq!(ended(CarrierStatus::Busy, Some("-0.001")), Commitment { spent: usd("0.001"), ..nothing });
        call.placement = Placement::NotPlaced;
        assert_eq!(commitment(&call, quote), nothing);
    }

    #[test]
    fn funds_shrink_by_what_a_call_may_cost_where_they_are_bounded() {
        let funds = Funds { total: Some(usd("1")), ..Funds::UNBOUNDED };
        assert!(!Funds::UNBOUNDED.are_bounded());
        let any = Some(Usd::ZERO);
        for one in [
            Funds { total: any, ..Funds::UNBOUNDED },
            Funds { day: any, ..Funds::UNBOUNDED },
            Funds { workspace_day: any, ..Funds::UNBOUNDED },
        ] {
            assert!(one.are_bounded(), "one is enough, and one with nothing left most of all: {one:?}");
        }
        assert_eq!(funds.after(usd("0.25")), Funds { total: Some(usd("0.75")), ..Funds::UNBOUNDED });
    }
}
