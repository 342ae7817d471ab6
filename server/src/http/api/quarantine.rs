//! The quarantine after a restore or a rollback: why nobody is rung, how far the reconciliation is, and its end.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::maybe_time;
use crate::actions::quarantine::ResumeRefused;
use crate::http::Problem;
use crate::http::auth::{Admin, Analyst};
use crate::http::state::HttpState;
use crate::store::history::QuarantineRecord;

/// Whether this server dials, or first finds out what its database has forgotten.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// Nobody is rung.
    active: bool,
    /// Everything that can be found was found: an administrator may resume.
    reconciled: bool,
    /// Why it began: `behind`, `other_installation`, `marker_missing`, `restored`, `other_database` or `unknown_call`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What happened, what it means, what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    entered_at: Option<String>,
    /// The carrier's calls from here on are looked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    look_since: Option<String>,
    /// When the reconciliation was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    reconciled_at: Option<String>,
    /// What was found, so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

/// What a reconciliation found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Calls of ours that the carrier knows since `lookSince`.
    calls_found: u64,
    /// Those of them that this database had forgotten and has again.
    calls_recreated: u64,
    /// Those that belong to nobody in particular. Everybody with such a number is not rung again until a person retries
    /// them with the disposition `lost`; a number that is in no campaign is not protected.
    calls_unassigned: u64,
    /// Numbers that came back to the do-not-call list.
    opt_outs_restored: u64,
}

/// Whether a quarantine is open, and how far its reconciliation is.
#[utoipa::path(get, path = "/api/quarantine", tag = "dialing",
    responses((status = 200, body = Quarantine), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(_visitor): Analyst,
) -> Result<Json<Quarantine>, Problem> {
    Ok(Json(Quarantine::of(state.actions.store.open_quarantine().await?, state.server.simulation)))
}

/// Resumes dialing after the reconciliation: an administrator's business. 409 `not_reconciled` before it is done; nothing
/// happens where no quarantine is open.
#[utoipa::path(post, path = "/api/quarantine/resume", tag = "dialing",
    responses((status = 200, body = Quarantine), (status = "4XX", body = Problem)))]
pub async fn resume(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
) -> Result<Json<Quarantine>, Problem> {
    state.actions.resume_from_quarantine(visitor.actor).await?;
    Ok(Json(Quarantine::of(None, state.server.simulation)))
}

impl Quarantine {
    fn of(open: Option<QuarantineRecord>, simulation: bool) -> Self {
        let Some(open) = open else {
            return Self {
                active: false,
                reconciled: true,
                reason: None,
                detail: None,
                entered_at: None,
                look_since: None,
                reconciled_at: None,
                report: None,
            };
        };
        Self {
            active: true,
            reconciled: open.reconciled_at.is_some(),
            reason: Some(open.reason.as_str()),
            detail: Some(detail(&open, simulation)),
            entered_at: maybe_time(Some(open.entered_at)),
            look_since: maybe_time(Some(open.look_since)),
            reconciled_at: maybe_time(open.reconciled_at),
            report: Some(Report {
                calls_found: open.calls_found,
                calls_recreated: open.calls_recreated,
                calls_unassigned: open.calls_unassigned,
                opt_outs_restored: open.opt_outs_restored,
            }),
        }
    }
}

fn detail(open: &QuarantineRecord, simulation: bool) -> String {
    let why = open.reason.explain();
    let next = match (&open.problem, open.reconciled_at) {
        (_, Some(_)) => {
            "Everything that the carrier and the journal of opt-outs know is in the database again. Read the report, then resume."
        }
        (Some(_), None) => "It is not reconciled yet:",
        (None, None) => "It is being reconciled with the carrier and the journal of opt-outs.",
    };
    let problem = open.problem.as_deref().filter(|_| open.reconciled_at.is_none());
    let problem = problem.map(|problem| format!(" {problem}.")).unwrap_or_default();
    let simulated = if simulation {
        " The phone network in the box forgets its calls when it stops, so there is nothing to find there."
    } else {
        ""
    };
    format!("{why} Nobody is rung. {next}{problem}{simulated}")
}

impl From<ResumeRefused> for Problem {
    fn from(refused: ResumeRefused) -> Self {
        match refused {
            ResumeRefused::Store(error) => error.into(),
            refused @ ResumeRefused::NotReconciled { .. } => Self::conflict(
                "not_reconciled",
                format!("Dialing cannot be resumed: {refused}. Ask GET /api/quarantine how far it is."),
            )
            .with_reason("quarantine"),
        }
    }
}
