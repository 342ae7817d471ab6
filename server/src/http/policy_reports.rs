//! Browsers tell here what our content policy kept from running: somebody's attack, or a mistake of ours.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::state::HttpState;

/// The longest report, in bytes; whoever sends more sends something else.
pub const LONGEST: usize = 16 * 1024;
/// What is kept of each word of a report.
const LONGEST_WORD: usize = 200;

/// Logs a report, one a second at most: anybody can send them.
pub async fn take(State(state): State<HttpState>, body: Bytes) -> StatusCode {
    static LOGGED: AtomicI64 = AtomicI64::new(i64::MIN);
    let now = state.actions.clock.now().as_second();
    if let Some(report) = Report::read(&body)
        && LOGGED.swap(now, Ordering::Relaxed) != now
    {
        let Report { page, directive, blocked } = report;
        tracing::warn!(page, directive, blocked, "a browser kept something on a page of ours from running");
    }
    StatusCode::NO_CONTENT
}

#[derive(Debug, PartialEq, Eq)]
struct Report {
    /// Without its query, which may hold what somebody searched for.
    page: String,
    directive: String,
    blocked: String,
}

impl Report {
    /// The first report of either form: Content Security Policy Level 2 (`report-uri`) or the Reporting API (`report-to`).
    fn read(body: &[u8]) -> Option<Self> {
        let sent: Value = serde_json::from_slice(body).ok()?;
        let old = sent.get("csp-report");
        let of = |name: &str, old_name: &str| match old {
            Some(report) => word(report.get(old_name)),
            None => word(sent.pointer(&format!("/0/body/{name}"))),
        };
        let page = of("documentURL", "document-uri")?;
        Some(Self {
            page: page.split(['?', '#']).next().unwrap_or_default().to_owned(),
            directive: of("effectiveDirective", "violated-directive")?,
            blocked: of("blockedURL", "blocked-uri")?,
        })
    }
}

fn word(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    Some(text.chars().filter(|letter| !letter.is_control()).take(LONGEST_WORD).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_in_both_forms_without_what_was_searched_for() {
        let expected = Report {
            page: "https://calls.example.com/calls".to_owned(),
            directive: "script-src-elem".to_owned(),
            blocked: "inline".to_owned(),
        };
        let old = br#"{"csp-report":{"document-uri":"https://calls.example.com/calls?q=Ada","violated-directive":"script-src-elem","blocked-uri":"inline"}}"#;
        let new = br#"[{"type":"csp-violation","body":{"documentURL":"https://calls.example.com/calls#top","effectiveDirective":"script-src-elem","blockedURL":"in\nline"}}]"#;
        assert_eq!(Report::read(old), Some(expected));
        assert_eq!(Report::read(new).map(|report| report.blocked), Some("inline".to_owned()));
    }

    #[test]
    fn what_is_no_report_is_passed_over() {
        for nonsense in ["", "{}", "[]", "null", r#"{"csp-report":7}"#, r#"[{"body":{"documentURL":1}}]"#] {
            assert_eq!(Report::read(nonsense.as_bytes()), None, "{nonsense}");
        }
    }
}
