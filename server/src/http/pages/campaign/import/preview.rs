//! The first rows of a file and what would become of them.

use maud::{Markup, html};

use crate::actions::imports::rejects::cells_of;
use crate::actions::imports::{Fate, Judged, PreviewRow};
use crate::actions::prospects::Person;
use crate::actions::users::Role;
use crate::http::pages::import::{cut, sentence};
use crate::http::pages::parts::show;

/// Characters of a cell that are shown.
const LONGEST: usize = 80;
/// Characters of a refused row that are shown.
const LONGEST_ROW: usize = 200;

/// The rows as they would come in.
pub fn preview(judged: &Judged, role: Role) -> Markup {
    html! {
        div.card {
            h2 #preview-title { "What would become of the first " (show::number_of(judged.rows.len() as u64, "row", "rows")) }
            p { (summary(&judged.rows)) }
            div.frame.cards {
                table aria-labelledby="preview-title" {
                    thead { tr { th.right { "Line" } th { "What happens" } th { "Number" } th { "Name" } th { "E-mail" } th { "Company" } th { "Title" } th { "Own fields" } } }
                    tbody { @for row in &judged.rows { (row_of(row, role)) } }
                }
            }
        }
    }
}

fn summary(rows: &[PreviewRow]) -> String {
    let count = |wanted: fn(&Fate) -> bool| rows.iter().filter(|row| wanted(&row.fate)).count() as u64;
    let parts = [
        (count(|fate| matches!(fate, Fate::Added(_))), "new"),
        (count(|fate| matches!(fate, Fate::NeverRung(_))), "new and never rung"),
        (count(|fate| matches!(fate, Fate::Merged(_))), "known already"),
        (count(|fate| matches!(fate, Fate::Rejected(_))), "refused"),
    ];
    let said = parts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said.map(|(count, what)| format!("{} {what}", show::grouped(*count))).collect();
    format!("{}.", said.join(", "))
}

fn row_of(row: &PreviewRow, role: Role) -> Markup {
    html! {
        tr {
            td.right data-label="Line" { (row.line) }
            td data-label="What happens" { div { (badge(&row.fate)) } }
            @match &row.fate {
                Fate::Added(person) | Fate::NeverRung(person) | Fate::Merged(person) => {
                    td data-label="Number" { (show::phone(&person.phone, role)) }
                    td data-label="Name" { (text(&format!("{} {}", person.first_name, person.last_name))) }
                    td data-label="E-mail" { (text(&person.email)) }
                    td data-label="Company" { (text(&person.company)) }
                    td data-label="Title" { (text(&person.title)) }
                    td data-label="Own fields" { (own_fields(person)) }
                }
                Fate::Rejected(reject) => {
                    td colspan="6" data-label="Why" {
                        div {
                            (sentence(&reject.reason))
                            span.sub { bdi { (cut(&cells_of(&reject.content).join(" · "), LONGEST_ROW)) } }
                        }
                    }
                }
            }
        }
    }
}

fn badge(fate: &Fate) -> Markup {
    match fate {
        Fate::Added(_) => html! { span.badge.tone-good { "New" } },
        Fate::NeverRung(_) => html! {
            span.badge.square.tone-danger { "New, never rung" }
            span.sub { "The number is on the do-not-call list." }
        },
        Fate::Merged(_) => html! {
            span.badge.hollow.tone-accent { "Known already" }
            span.sub { "Gaps are filled in, nothing is overwritten." }
        },
        Fate::Rejected(_) => html! { span.badge.square.tone-failed { "Refused" } },
    }
}

fn text(text: &str) -> Markup {
    let text = text.trim();
    html! { @if text.is_empty() { (nothing()) } @else { bdi { (cut(text, LONGEST)) } } }
}

fn own_fields(person: &Person) -> Markup {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&person.metadata).unwrap_or_default();
    html! {
        @if fields.is_empty() { (nothing()) } @else {
            div {
                @for (name, value) in &fields {
                    span.sub { bdi { (cut(name, LONGEST)) } ": " bdi { (cut(value.as_str().unwrap_or_default(), LONGEST)) } }
                }
            }
        }
    }
}

fn nothing() -> Markup {
    html! { span.muted { "–" } }
}
