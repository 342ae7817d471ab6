//! The order of a list of calls, and where in it a page begins.

use std::fmt;
use std::str::FromStr;

use domain::ids::CallId;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};

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

    /// Calls in this order, from where the page begins.
    pub(super) fn apply(self, calls: Select<calls::Entity>, begin: Begin) -> Select<calls::Entity> {
        let value = self.by.value();
        let calls = match (begin, value.clone()) {
            (Begin::Skip(rows), _) => calls.offset(rows),
            (Begin::Behind(spot), None) if self.largest_first => calls.filter(Column::Id.lt(spot.id.uuid())),
            (Begin::Behind(spot), None) => calls.filter(Column::Id.gt(spot.id.uuid())),
            (Begin::Behind(spot), Some(value)) => {
                let here = Expr::tuple([value, Expr::col(Column::Id)]);
                let there = Expr::tuple([spot.value.into(), spot.id.uuid().into()]);
                calls.filter(if self.largest_first { here.lt(there) } else { here.gt(there) })
            }
        };
        let direction = if self.largest_first { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
        let calls = match value {
            Some(value) => calls.order_by(value, direction.clone()),
            None => calls,
        };
        calls.order_by(Column::Id, direction)
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
