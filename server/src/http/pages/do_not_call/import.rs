//! Numbers that come as a file: each row is listed, known already, or refused with its reason.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use domain::phone_number::Region;
use maud::{Markup, html};

use crate::actions::imports::NumbersListed;
use crate::actions::imports::rejects::cells_of;
use crate::http::Problem;
use crate::http::auth::Operator;
use crate::http::pages::import::{cut, sentence};
use crate::http::pages::page::{Page, Place};
use crate::http::pages::parts::head::head;
use crate::http::pages::parts::{show, tiles};
use crate::http::pages::sent_file::{ACCEPTED, receive};
use crate::http::state::HttpState;

/// Characters of a refused row that are shown.
const LONGEST_ROW: usize = 160;

/// Asks for a file.
pub async fn ask(Operator(_): Operator) -> Page {
    page(html! {})
}

/// Puts the numbers of a file on the list and says what became of each row.
pub async fn send(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    request: Request,
) -> Result<Page, Problem> {
    let problem = match receive(request, NumbersListed::LIMITS.bytes).await {
        Ok((file, name)) => {
            let reason = format!("Imported from {name}");
            let region = Region::parse("US").ok();
            match state.actions.import_do_not_call(visitor.actor, file, region, reason).await {
                Ok(listed) => return Ok(page(report(&listed))),
                Err(refused) => Problem::from(refused),
            }
        }
        Err(problem) => problem,
    };
    if !matches!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE) {
        return Err(problem);
    }
    let why = html! {
        div.notice.danger role="alert" {
            p { strong { "The file was not read, and no number was added." } }
            p { (sentence(problem.detail())) }
        }
    };
    Ok(page(why).status(problem.status()))
}

fn page(said: Markup) -> Page {
    let lead =
        "Every number of the file is rung by nobody any more, in any campaign, from the instant it is added.";
    let back = html! { a.button href="/do-not-call" { "See the list" } };
    Page::new("Import numbers", Place::DoNotCall)
        .with("head", head("Import numbers never to be rung", lead, &back))
        .with("said", said)
        .with("send", choice())
}

fn choice() -> Markup {
    html! {
        div.card {
            h2 { "Import a file" }
            form method="post" action="/do-not-call/import" enctype="multipart/form-data" {
                div.field {
                    label for="file" { "A CSV or Excel file (.xlsx)" }
                    input #file name="file" type="file" required aria-describedby="file-hint" accept=(ACCEPTED);
                    span.hint #file-hint {
                        "A plain list of numbers, or columns of which one is named as the phone number. At most "
                        (show::grouped(NumbersListed::LIMITS.rows)) " rows. Nobody comes off the list by it."
                    }
                }
                button.primary type="submit" { "Do not call them" }
            }
        }
    }
}

fn report(listed: &NumbersListed) -> Markup {
    html! {
        div.card {
            h2 { "The file was read" }
            (tiles(&[
                ("Rows", html! { (show::grouped(listed.rows)) }),
                ("Added", html! { a href="/do-not-call" { (show::grouped(listed.added)) } }),
                ("Known already", html! { (show::grouped(listed.known)) }),
                ("Refused", html! { (show::grouped(listed.rejected)) }),
            ]))
            p.muted { "Every row is in one of the three: added, on the list already or twice in the file, or refused." }
            @if !listed.rejects.is_empty() { (refused(listed)) }
        }
    }
}

fn refused(listed: &NumbersListed) -> Markup {
    html! {
        h3 #rejects-title { "Refused rows: these numbers are not on the list" }
        div.frame.cards {
            table aria-labelledby="rejects-title" {
                thead { tr { th.right { "Line" } th { "Reason" } th { "The row" } } }
                tbody {
                    @for reject in &listed.rejects {
                        tr {
                            td.right data-label="Line" { (reject.line) }
                            td data-label="Reason" { (sentence(&reject.reason)) }
                            td data-label="The row" { bdi.wrap { (cut(&cells_of(&reject.content).join(" · "), LONGEST_ROW)) } }
                        }
                    }
                }
            }
        }
        @if listed.rejected > listed.rejects.len() as u64 {
            p.muted { "The first " (listed.rejects.len()) " of " (show::grouped(listed.rejected)) "." }
        }
    }
}
