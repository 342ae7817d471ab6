//! Headers every answer carries, unless the route set its own.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Nothing in an API answer is ever to be shown as a page.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// For the API's own page: Swagger UI styles itself inline and draws its icons from data URLs.
pub const DOCS_PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// For our own pages: everything they need comes from here, nothing stands inline, nobody frames them.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
    report-uri /api/policy-reports; report-to policy";

/// Where newer browsers report to, as `report-to` calls it.
const REPORTING_ENDPOINTS: &str = "policy=\"/api/policy-reports\"";

/// What browsers are told about the answers of a group of routes.
#[derive(Debug, Clone, Copy)]
pub struct AnswerPolicy {
    /// `Content-Security-Policy`.
    pub content: &'static str,
    /// Whether the public URL is https, so that browsers shall never use anything else.
    pub https: bool,
}

impl AnswerPolicy {
    /// For answers that are data.
    pub const fn api(https: bool) -> Self {
        Self { content: API_POLICY, https }
    }

    /// For our own pages.
    pub const fn pages(https: bool) -> Self {
        Self { content: PAGE_POLICY, https }
    }

    /// For the page that shows the API description.
    pub const fn docs(https: bool) -> Self {
        Self { content: DOCS_PAGE_POLICY, https }
    }
}

impl AnswerPolicy {
    /// Adds the security headers and `Cache-Control: no-store` where the answer has none of its own.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        let mut set = |name: HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        set(header::CONTENT_SECURITY_POLICY, self.content);
        if self.content == PAGE_POLICY {
            set(HeaderName::from_static("reporting-endpoints"), REPORTING_ENDPOINTS);
        }
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "no-referrer");
        set(header::CACHE_CONTROL, "no-store");
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        if self.https {
            set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
    }
}

/// Gives a group of routes another policy than the one around all of them.
pub async fn answer_headers(State(policy): State<AnswerPolicy>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    policy.write(response.headers_mut());
    response
}
