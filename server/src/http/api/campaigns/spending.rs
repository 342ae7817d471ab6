//! How much a campaign may cost and how fast it may ring, as people write it.

use domain::budget::{Budgets, Commitment};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::money::Usd;
use domain::pacing::Pacing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::FieldError;
use crate::http::api::words::note;

/// The largest budget, in dollars.
const LARGEST_BUDGET: Usd = Usd::from_micros(10_000_000 * 1_000_000);

/// A campaign's own pace, within that of the account.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CampaignPacing)]
pub struct PacingFields {
    /// Calls started per second, 0.01 to 10000. Four fifths of it are used, as of the account's.
    #[schema(example = 0.5)]
    calls_per_second: f64,
    /// Calls on at the same time, 1 to 100000.
    #[schema(example = 3)]
    max_live_calls: u32,
}

/// What happens to a prospect whose call was lost for good: the carrier's answer never came, and no trace was found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LostCalls {
    /// It counts as an attempt, and the retry policy decides; an hour passes at least.
    CountAsAttempt,
    /// The prospect is held until a person decides.
    Hold,
    /// It is taken to have rung: nobody rings this prospect again.
    AssumePlaced,
}

/// Money that a campaign has committed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CampaignSpending)]
pub struct Spending {
    /// Dollars that calls cost whose price is known.
    #[schema(example = "12.3400")]
    spent: String,
    /// Dollars held for the worst case of the others.
    #[schema(example = "0.5600")]
    held: String,
}

impl From<Commitment> for Spending {
    fn from(committed: Commitment) -> Self {
        Self { spent: committed.spent.to_string(), held: committed.held.to_string() }
    }
}

impl From<Pacing> for PacingFields {
    fn from(pacing: Pacing) -> Self {
        Self { calls_per_second: pacing.calls_per_second(), max_live_calls: pacing.max_live() }
    }
}

/// What was said about money and pace; `None` for what was left out.
pub(super) struct Spoken<'a> {
    pub budget: &'a Option<Option<String>>,
    pub daily_budget: &'a Option<Option<String>>,
    pub pacing: Option<Option<PacingFields>>,
    pub lost_calls: Option<LostCalls>,
}

impl Spoken<'_> {
    /// Changes the rules, or notes what is wrong.
    pub fn change(self, rules: &mut CampaignRules, errors: &mut Vec<FieldError>) {
        let Budgets { total, per_day } = &mut rules.budgets;
        for (spoken, pointer, kept) in
            [(self.budget, "/budget", total), (self.daily_budget, "/dailyBudget", per_day)]
        {
            if let Some(amount) = spoken {
                *kept = amount.as_deref().and_then(|text| note(errors, budget(pointer, text)));
            }
        }
        if let Some(pacing) = self.pacing {
            rules.pacing = pacing.and_then(|fields| note(errors, fields.read()));
        }
        if let Some(lost_calls) = self.lost_calls {
            rules.lost_calls = lost_calls.into();
        }
    }
}

/// A budget in dollars, zero to ten million.
pub fn budget(pointer: &str, text: &str) -> Result<Usd, FieldError> {
    let wrong = |what: String| FieldError::at(pointer, "out_of_range", what);
    let amount: Usd =
        text.parse().map_err(|error| wrong(format!("{error}; write dollars as in \"25.00\"")))?;
    if (Usd::ZERO..=LARGEST_BUDGET).contains(&amount) {
        return Ok(amount);
    }
    Err(wrong("a budget is between 0 and 10000000 dollars".to_owned()))
}

impl PacingFields {
    fn read(self) -> Result<Pacing, FieldError> {
        Pacing::new(self.calls_per_second, self.max_live_calls)
            .map_err(|error| FieldError::at("/pacing", "out_of_range", error.to_string()))
    }
}

impl From<LostCalls> for LostCallPolicy {
    fn from(spoken: LostCalls) -> Self {
        match spoken {
            LostCalls::CountAsAttempt => Self::CountAsAttempt,
            LostCalls::Hold => Self::Hold,
            LostCalls::AssumePlaced => Self::AssumePlaced,
        }
    }
}
