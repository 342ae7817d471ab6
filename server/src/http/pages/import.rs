//! One file of people: how far it is, what became of its rows, and undoing it.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::ImportId;
use maud::{Markup, html};

use super::campaign;
use super::campaign::outlook::{Outlook, outlook};
use super::page::{Interest, Page};
use super::parts::{act, show, tiles};
use crate::actions::imports::rejects::cells_of;
use crate::actions::users::{Role, Visitor};
use crate::http::api::campaigns::load;
use crate::http::auth::{Analyst, Operator};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::store::imports::{ImportRecord, ImportStatus, RejectRecord, UndoOutlook};

/// Refused rows that are shown; the file has all of them.
const REJECTS_SHOWN: u64 = 50;
/// Characters of a refused row that are shown.
const LONGEST_ROW: usize = 160;

/// Shows how far it is and what became of its rows.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ImportId>,
) -> Result<Page, Problem> {
    let (import, outlook) = found(&state, &visitor, id).await?;
    let store = &state.actions.store;
    let (codes, rejects, undone) = match import.status {
        // The lists grow with every row; they are worth reading when the file is.
        ImportStatus::Running => (Vec::new(), Vec::new(), UndoOutlook::default()),
        _ => (
            store.reject_codes(id).await?,
            store.rejects(id, 0, REJECTS_SHOWN).await?,
            match import.undone_at {
                Some(_) => store.undo_outlook(id).await?,
                None => UndoOutlook::default(),
            },
        ),
    };
    Ok(campaign::page(&outlook, visitor.role, "/prospects")
        .with("import", head(&import, &outlook, visitor.role))
        .with("undone", report(&import, &undone))
        .with("reasons", reasons(&import, &codes))
        .with("rejects", list(&import, &rejects))
        .live(Interest::Campaign(import.campaign)))
}

/// Shows what undoing it would do, in numbers.
pub async fn before_undo(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ImportId>,
) -> Result<Response, Problem> {
    let (import, outlook) = found(&state, &visitor, id).await?;
    if import.undone_at.is_some() || import.status == ImportStatus::Running {
        return Ok(Redirect::to(&format!("/imports/{id}")).into_response());
    }
    let would = state.actions.store.undo_outlook(id).await?;
    let content = html! {
        div.card {
            h2 { "Undo this import?" }
            p { strong { (show::number_of(would.untouched, "person is", "people are")) " taken off the campaign again." } " Nobody rang them and nobody changed them since they came. The same file, or a corrected one, can be imported afterwards." }
            @let stay = import.kept().saturating_sub(would.untouched);
            @if stay > 0 { p { (show::number_of(stay, "person stays", "people stay")) ": " (why_kept(stay, &would)) "." } }
            div.actions {
                (act(&format!("/imports/{id}/undo"), "Undo the import", "grave"))
                a.button href={ "/imports/" (id) } { "Keep everybody" }
            }
        }
    };
    Ok(campaign::page(&outlook, visitor.role, "/prospects").with("undo", content).into_response())
}

/// Undoes it.
pub async fn undo(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ImportId>,
) -> Result<Redirect, Problem> {
    state.actions.undo_import(visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/imports/{id}")))
}

async fn found(
    state: &HttpState,
    visitor: &Visitor,
    id: ImportId,
) -> Result<(ImportRecord, Outlook), Problem> {
    let import = state.actions.store.import(visitor.actor.workspace, id).await?;
    let import = import.ok_or_else(|| Problem::not_found("import"))?;
    let campaign = load(state, visitor, import.campaign).await?;
    Ok((import, outlook(state, campaign).await?))
}

fn head(import: &ImportRecord, outlook: &Outlook, role: Role) -> Markup {
    let zone = &outlook.campaign.rules.zone;
    let people = format!("/campaigns/{}/prospects", import.campaign);
    let may_undo = import.status != ImportStatus::Running && import.undone_at.is_none() && import.added > 0;
    html! {
        div.card {
            div.head {
                div {
                    h2 { "Import of " (show::short_time(import.created_at, outlook.now(), zone)) }
                    p { (progress_of(import)) }
                }
                div.actions {
                    a.button href=(people) { "See the prospects" }
                    @if role >= Role::Operator {
                        @if may_undo { a.button href={ "/imports/" (import.id) "/undo" } { "Undo…" } }
                        a.button href={ "/campaigns/" (import.campaign) "/import" } { "Import another file" }
                    }
                }
            }
            progress max=(import.bytes.max(1)) value=(import.bytes_read) aria-label="How much of the file is read" {}
            (tiles(&[
                ("Rows", html! { (show::grouped(import.rows)) }),
                ("Added", html! { a href=(people) { (show::grouped(import.added)) } }),
                ("Merged", html! { (show::grouped(import.merged)) }),
                ("Refused", html! { @if import.rejected > 0 && import.status != ImportStatus::Running { a href="#reasons" { (show::grouped(import.rejected)) } } @else { (show::grouped(import.rejected)) } }),
            ]))
            p.muted { "Every row is in one of the three: added, merged with somebody the campaign has already (gaps are filled in, nothing is overwritten), or refused." }
            @if let Some(problem) = &import.problem { div.notice.danger role="alert" { p { (problem) } } }
        }
    }
}

/// Where an import stands, in a few words.
pub fn progress_of(import: &ImportRecord) -> Markup {
    let share = import.bytes_read as f64 / import.bytes.max(1) as f64;
    html! {
        @match (import.status, import.undone_at) {
            (_, Some(_)) => span.badge.square.tone-muted { "Undone" },
            (ImportStatus::Running, None) => span.badge.live-dot.tone-accent { "Running, " (show::percent(Some(share))) },
            (ImportStatus::Completed, None) => span.badge.tone-good { "Done" },
            (ImportStatus::Failed, None) => span.badge.square.tone-failed { "Stopped" },
        }
    }
}

/// What undoing it did.
fn report(import: &ImportRecord, left: &UndoOutlook) -> Markup {
    html! {
        @if import.undone_at.is_some() {
            div.notice.good role="status" {
                p { strong { "The import was undone: " (show::number_of(import.taken_out, "person was", "people were")) " taken out." } }
                @if import.kept() > 0 {
                    p { (show::number_of(import.kept(), "person was", "people were")) " kept: " (why_kept(import.kept(), left)) "." }
                }
            }
        } @else if import.taken_out > 0 {
            div.notice.warn role="status" {
                p { "The import is being undone: " (show::number_of(import.taken_out, "person is", "people are")) " taken out so far. Should it have been broken off, undo it again." }
            }
        }
    }
}

/// Why people stay; the parts add up to `all`.
fn why_kept(all: u64, outlook: &UndoOutlook) -> String {
    let elsewhere = all.saturating_sub(outlook.rung + outlook.changed);
    let parts = [
        (outlook.rung, "with calls"),
        (outlook.changed, "changed since"),
        (elsewhere, "in another file too"),
    ];
    let said = parts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said.map(|(count, why)| format!("{} {why}", show::grouped(*count))).collect();
    said.join(", ")
}

fn reasons(import: &ImportRecord, codes: &[(String, u64)]) -> Markup {
    html! {
        @if !codes.is_empty() {
            div.card {
                h2 #why-title { "Why rows were refused" }
                div.frame.cards {
                    table aria-labelledby="why-title" {
                        thead { tr { th.right { "Rows" } th { "Reason" } } }
                        tbody { @for (code, count) in codes { tr { td.right data-label="Rows" { (show::grouped(*count)) } td data-label="Reason" { (words_of(code)) } } } }
                        tfoot { tr { td.right data-label="Rows" { strong { (show::grouped(import.rejected)) } } td data-label="Reason" { "All refused rows" } } }
                    }
                }
            }
        }
    }
}

/// A reason in general; a row's own says more. One that this version does not know keeps its name.
fn words_of(code: &str) -> &str {
    match code {
        "invalid_number" => "Not a phone number that can be rung",
        "looks_like_spreadsheet_number" => "The spreadsheet has spoilt the number",
        "destination_forbidden" => "A kind of number that is never rung",
        "destination_not_enabled" => "A country that is not rung from here",
        "invalid_email" => "Not an e-mail address",
        "too_long" | "cell_too_long" => "A text is too long",
        "row_too_long" => "The row is too long",
        "forbidden_character" | "nul_character" => "A character that cannot be used in text",
        "wrong_cell_count" => "More or fewer cells than there are columns",
        "broken_quotes" => "A quotation mark is not closed",
        "encoding" => "Not text in UTF-8",
        other => other,
    }
}

fn list(import: &ImportRecord, rejects: &[RejectRecord]) -> Markup {
    html! {
        @if !rejects.is_empty() {
            div.card {
                div.head {
                    h2 #rejects-title { "Refused rows" }
                    div.actions { a.button href={ "/api/imports/" (import.id) "/rejects" } { "Download all as CSV" } }
                }
                p { "Correct them in the file and import it again: nobody comes in twice." }
                div.frame.cards {
                    table aria-labelledby="rejects-title" {
                        thead { tr { th.right { "Line" } th { "Reason" } th { "The row" } } }
                        tbody {
                            @for reject in rejects {
                                tr {
                                    td.right data-label="Line" { (reject.line) }
                                    td data-label="Reason" { (sentence(&reject.reason)) }
                                    td data-label="The row" { bdi.wrap { (cut(&cells_of(&reject.content).join(" · "), LONGEST_ROW)) } }
                                }
                            }
                        }
                    }
                }
                @if import.rejected > rejects.len() as u64 { p.muted { "The first " (rejects.len()) " of " (show::grouped(import.rejected)) "." } }
            }
        }
    }
}

/// Text that fits into a cell of a page.
pub fn cut(text: &str, most: usize) -> String {
    let kept: String = text.chars().take(most).collect();
    if kept.len() < text.len() { format!("{kept}…") } else { kept }
}

/// What the rules of imports say, as a sentence of a page.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    first.chain(letters).chain(end.chars()).collect()
}
