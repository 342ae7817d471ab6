//! The order of a list of calls, and where in it a page begins.

use std::fmt;
use std::str::FromStr;

use domain::ids::CallId;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{QueryFilter, QueryOrder, QuerySelect, Select};

use crate::store::calls::CallRecord;
use crate::store::entities::calls::{self, Column};

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: By,
    /// The latest, longest or dearest first.
    pub largest_first: bool,
}

/// What calls are put in order by; those that are equal, by the time of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The time of their making: calls are made in the order of their ids.
    Made,
    /// How long was spoken; not at all counts as no time.
    Duration,
    /// What the carrier took; what it has not told counts as nothing.
    Cost,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// After so many rows, all of which are read.
    Skip(u64),
    /// Behind a call, found by the index.
    Behind(Spot),
}

/// The spot of a call in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Seconds or millionths of a dollar; 0 in the order of making.
    value: i64,
    id: CallId,
}

impl Order {
    /// The latest call first.
    pub const NEWEST_FIRST: Self = Self { by: By::Made, largest_first: true };

    /// As it stands in an address, such as `-duration`.
    pub fn parse(word: &str) -> Option<Self> {
        let (largest_first, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
        let by = By::ALL.into_iter().find(|by| by.as_str() == word)?;
        Some(Self { by, largest_first })
    }

    /// The word that `parse` reads.
    pub fn word(self) -> String {
        format!("{}{}", if self.largest_first { "-" } else { "" }, self.by.as_str())
    }

    /// Where a call stands.
    pub fn spot(self, call: &CallRecord) -> Spot {
        let facts = &call.call.facts;
        let value = match self.by {
            By::Made => 0,
            By::Duration => facts.duration_seconds.map_or(0, i64::from),
            By::Cost => facts.price.map_or(0, |price| price.micros()),
        };
        Spot { value, id: call.id }
    }

    /// Calls in this order from where the page begins, as stretches that follow each other: each of them is a range of the
    /// index, which neither database makes of "smaller, or equal and made before".
    pub(super) fn stretches(self, calls: &Select<calls::Entity>, begin: Begin) -> Vec<Select<calls::Entity>> {
        let spot = match begin {
            Begin::Skip(rows) => return vec![self.sorted(calls.clone().offset(rows))],
            Begin::Behind(spot) => spot,
        };
        let beyond = |value: SimpleExpr, of: SimpleExpr| {
            if self.largest_first { value.lt(of) } else { value.gt(of) }
        };
        let behind = beyond(Expr::col(Column::Id), spot.id.uuid().into());
        let Some(value) = self.by.value() else {
            return vec![self.sorted(calls.clone().filter(behind))];
        };
        // Put in the order of their value, too, these would be sorted by SQLite, though all have the same.
        let equal = calls.clone().filter(value.clone().eq(spot.value)).filter(behind);
        let further = calls.clone().filter(beyond(value, spot.value.into()));
        vec![equal.order_by(Column::Id, self.direction()), self.sorted(further)]
    }

    fn sorted(self, calls: Select<calls::Entity>) -> Select<calls::Entity> {
        let calls = match self.by.value() {
            Some(value) => calls.order_by(value, self.direction()),
            None => calls,
        };
        calls.order_by(Column::Id, self.direction())
    }

    const fn direction(self) -> sea_orm::Order {
        if self.largest_first { sea_orm::Order::Desc } else { sea_orm::Order::Asc }
    }

    /// The same for what was read already.
    pub(super) fn sort(self, calls: &mut [calls::Model]) {
        calls.sort_unstable_by_key(|call| {
            let value = match self.by {
                By::Made => None,
                By::Duration => call.duration_seconds,
                By::Cost => call.price_micros,
            };
            (value.unwrap_or(0), call.id)
        });
        if self.largest_first {
            calls.reverse();
        }
    }
}

impl By {
    const ALL: [Self; 3] = [Self::Made, Self::Duration, Self::Cost];

    /// As it stands in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "createdAt",
            Self::Duration => "duration",
            Self::Cost => "cost",
        }
    }

    /// Letter by letter as the indexes have it.
    fn value(self) -> Option<SimpleExpr> {
        match self {
            Self::Made => None,
            Self::Duration => Some(Expr::cust("coalesce(duration_seconds, 0)")),
            Self::Cost => Some(Expr::cust("coalesce(price_micros, 0)")),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            0 => self.id.fmt(f),
            value => write!(f, "{value}:{}", self.id),
        }
    }
}

/// A text that names no spot.
#[derive(Debug)]
pub struct NoSpot;

impl FromStr for Spot {
    type Err = NoSpot;

    fn from_str(text: &str) -> Result<Self, NoSpot> {
        let (value, id) = text.split_once(':').unwrap_or(("0", text));
        Ok(Self { value: value.parse().map_err(|_| NoSpot)?, id: id.parse().map_err(|_| NoSpot)? })
    }
}
