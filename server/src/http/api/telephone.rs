//! Whether the telephone works.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::auth::Operator;
use crate::http::connection::{self, Finding, Verdict};
use crate::http::state::HttpState;

/// What the test found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TelephoneTest)]
pub struct TestView {
    /// Calls can be made and their news arrives.
    ready: bool,
    findings: Vec<FindingView>,
}

/// What the test found about one thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TelephoneFinding)]
struct FindingView {
    /// `account`, `number`, `public_url` or `clock`.
    about: &'static str,
    /// `good`, `doubtful` or `bad`.
    verdict: &'static str,
    /// What was found, and what it means.
    detail: String,
    /// What to do; null where all is well.
    fix: Option<String>,
}

/// Asks the carrier for the account and the number shown, and looks at the address for webhooks and the clock. Nobody is
/// rung, and nothing is changed.
#[utoipa::path(post, path = "/api/telephone/test", tag = "server",
    responses((status = 200, body = TestView), (status = "4XX", body = Problem)))]
pub async fn test(State(state): State<HttpState>, _: Operator) -> Json<TestView> {
    let findings = connection::test(&state).await;
    let ready = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    Json(TestView { ready, findings: findings.into_iter().map(FindingView::from).collect() })
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        let verdict = match finding.verdict {
            Verdict::Good => "good",
            Verdict::Doubtful => "doubtful",
            Verdict::Bad => "bad",
        };
        Self { about: finding.about.0, verdict, detail: finding.what, fix: finding.fix }
    }
}
