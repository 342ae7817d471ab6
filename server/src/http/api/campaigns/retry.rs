//! Retry rules as the API writes them.

use std::collections::BTreeMap;

use domain::disposition::Disposition;
use domain::retry::{InvalidRetryPolicy, RetryPolicy, RetryRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::FieldError;

/// Which outcomes are tried again, when, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RetryFields {
    /// Attempts allowed, 1 to 10, the first call included.
    #[schema(example = 3, minimum = 1, maximum = 10)]
    pub max_attempts: u32,
    /// A rule for each outcome that is tried again: `busy`, `no_answer`, `failed`, `lost`, `canceled`,
    /// `machine_answered`.
    pub rules: BTreeMap<String, RuleFields>,
}

/// When to ring again after one kind of outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuleFields {
    /// Minutes before the first retry, 1 to 43200.
    #[schema(example = 180, minimum = 1, maximum = 43200)]
    pub delay_minutes: u32,
    /// Each delay in per cent of the one before, 100 to 1000.
    #[serde(default = "always_the_same")]
    #[schema(default = 100, minimum = 100, maximum = 1000)]
    pub growth_percent: u16,
    /// Wait for the other half of a later day.
    #[serde(default)]
    pub other_half_of_day: bool,
}

const fn always_the_same() -> u16 {
    100
}

impl RetryFields {
    /// The policy as the rules read it; every mistake with its place below `pointer`.
    pub fn read(&self, pointer: &str) -> Result<RetryPolicy, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut rules = Vec::new();
        for (name, fields) in &self.rules {
            let shown: String =
                name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
            let here = format!("{pointer}/rules/{shown}");
            let Some(outcome) = Disposition::parse(name) else {
                let known: Vec<_> = Disposition::ALL.into_iter().filter(|it| it.may_be_retried()).collect();
                let known: Vec<_> = known.into_iter().map(Disposition::as_str).collect();
                let what = format!("expected one of: {}", known.join(", "));
                errors.push(FieldError::at(here, "unknown_value", what));
                continue;
            };
            match RetryRule::new(fields.delay_minutes, fields.growth_percent, fields.other_half_of_day) {
                Ok(rule) => rules.push((outcome, rule)),
                Err(error) => {
                    let field =
                        if error == InvalidRetryPolicy::Growth { "growthPercent" } else { "delayMinutes" };
                    errors.push(FieldError::at(format!("{here}/{field}"), "out_of_range", error.to_string()));
                }
            }
        }
        match RetryPolicy::new(self.max_attempts, rules) {
            Ok(policy) if errors.is_empty() => return Ok(policy),
            Ok(_) => {}
            Err(InvalidRetryPolicy::NeverRetried(outcome)) => {
                let what = InvalidRetryPolicy::NeverRetried(outcome).to_string();
                let here = format!("{pointer}/rules/{}", outcome.as_str());
                errors.push(FieldError::at(here, "never_retried", what));
            }
            Err(error) => {
                errors.push(FieldError::at(
                    format!("{pointer}/maxAttempts"),
                    "out_of_range",
                    error.to_string(),
                ));
            }
        }
        Err(errors)
    }

    /// The policy as the API shows it.
    pub fn of(policy: &RetryPolicy) -> Self {
        let rules = policy.rules().map(|(outcome, rule)| {
            let fields = RuleFields {
                delay_minutes: rule.delay_minutes(),
                growth_percent: rule.growth_percent(),
                other_half_of_day: rule.other_half_of_day(),
            };
            (outcome.as_str().to_owned(), fields)
        });
        Self { max_attempts: policy.max_attempts(), rules: rules.collect() }
    }
}
