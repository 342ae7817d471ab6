//! People who come as a file: it is sent here, and what its columns are is said on the next page.

/// What the columns of a file are.
pub mod columns;
/// What would become of its first rows.
mod preview;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::CampaignId;
use maud::{Markup, html};

use super::outlook::{Outlook, outlook};
use crate::actions::imports::ImportLimits;
use crate::actions::users::Role;
use crate::http::api::campaigns::load;
use crate::http::auth::Operator;
use crate::http::pages::import::{progress_of, sentence};
use crate::http::pages::page::Page;
use crate::http::pages::parts::show;
use crate::http::pages::sent_file::{ACCEPTED, receive};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::store::imports::ImportRecord;

/// Earlier imports that are shown.
const EARLIER: u64 = 10;

/// Asks for a file.
pub async fn ask(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    asking(&state, &outlook, visitor.role, None).await
}

/// Takes a file, and leads to its columns. A file that cannot be read is refused here, with what to do.
pub async fn send(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Request,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let limits = ImportLimits::default();
    let problem = match receive(request, limits.bytes).await {
        Ok((file, name)) => {
            match state.actions.stage_import(visitor.actor.clone(), id, file, name, limits).await {
                Ok(token) => {
                    let next = format!("/campaigns/{id}/import/columns?file={token}");
                    return Ok(Redirect::to(&next).into_response());
                }
                Err(refused) => Problem::from(refused),
            }
        }
        Err(problem) => problem,
    };
    if !matches!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE) {
        return Err(problem);
    }
    let outlook = outlook(&state, campaign).await?;
    let why = html! {
        p { strong { "The file was not read, and nobody was added." } }
        p { (sentence(problem.detail())) }
    };
    let page = asking(&state, &outlook, visitor.role, Some(why)).await?;
    Ok(page.status(problem.status()).into_response())
}

/// The page that asks for a file, with why the last one was not taken.
async fn asking(
    state: &HttpState,
    outlook: &Outlook,
    role: Role,
    why: Option<Markup>,
) -> Result<Page, Problem> {
    let earlier = state.actions.store.imports_of(outlook.campaign.id, EARLIER).await?;
    let page = super::page(outlook, role, "/prospects");
    let page = match why {
        Some(why) => page.with("wrong", html! { div.notice.danger role="alert" { (why) } }),
        None => page,
    };
    Ok(page.with("send", choice(outlook)).with("earlier", list(outlook, &earlier)))
}

fn choice(outlook: &Outlook) -> Markup {
    let limits = ImportLimits::default();
    html! {
        div.card {
            h2 { "Import a file" }
            form method="post" action={ "/campaigns/" (outlook.campaign.id) "/import" } enctype="multipart/form-data" {
                div.field {
                    label for="file" { "A CSV or Excel file (.xlsx)" }
                    input #file name="file" type="file" required aria-describedby="file-hint"
                        accept=(ACCEPTED);
                    span.hint #file-hint {
                        "The first row names the columns, one of them the phone number. Of a workbook its first sheet is read. At most "
                        (limits.bytes / 1024 / 1024) " MB and " (show::grouped(limits.rows)) " rows."
                    }
                }
                p.muted { "Nobody is added before you have seen the first rows. Numbers without a country code are read as those of " (outlook.campaign.default_region) "." }
                button.primary type="submit" { "Next: what the columns are" }
            }
        }
    }
}

fn list(outlook: &Outlook, earlier: &[ImportRecord]) -> Markup {
    let zone = &outlook.campaign.rules.zone;
    html! {
        @if !earlier.is_empty() {
            h2 { "Earlier imports" }
            div.frame.cards {
                table {
                    thead { tr { th { "When" } th { "State" } th.right { "Rows" } th.right { "Added" } th.right { "Merged" } th.right { "Refused" } } }
                    tbody {
                        @for import in earlier {
                            tr id=(import.id) {
                                td data-label="When" { a href={ "/imports/" (import.id) } { (show::short_time(import.created_at, outlook.now(), zone)) } }
                                td data-label="State" { (progress_of(import)) }
                                td.right data-label="Rows" { (show::grouped(import.rows)) }
                                td.right data-label="Added" { (show::grouped(import.added)) }
                                td.right data-label="Merged" { (show::grouped(import.merged)) }
                                td.right data-label="Refused" { (show::grouped(import.rejected)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
