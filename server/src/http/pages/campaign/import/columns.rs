//! What the columns of a file are, and what would become of its first rows. Nothing is imported before somebody says so.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::CampaignId;
use maud::{Markup, html};
use serde::Deserialize;

use super::preview::preview;
use crate::actions::imports::{Field, HeaderRefused, ImportRefused, Look, StagedFile, is_usable};
use crate::actions::users::{Role, Visitor};
use crate::http::api::campaigns::load;
use crate::http::auth::Operator;
use crate::http::pages::campaign::outlook::outlook;
use crate::http::pages::form::Form;
use crate::http::pages::import::{cut, sentence};
use crate::http::pages::page::Page;
use crate::http::pages::parts::field::mistakes;
use crate::http::pages::parts::show;
use crate::http::state::HttpState;
use crate::http::{FieldError, PathId, Problem, Query};
use crate::store::campaigns::CampaignRecord;

/// Example values of a column.
const EXAMPLES: usize = 3;
/// Characters of one that are shown.
const LONGEST_EXAMPLE: usize = 40;
/// A column that becomes a field of its own.
const CUSTOM: &str = "custom";

const CHOICES: [(&str, &str); 8] = [
    ("phone", "Phone number"),
    ("firstName", "First name"),
    ("lastName", "Last name"),
    ("email", "E-mail address"),
    ("company", "Company"),
    ("title", "Title"),
    (CUSTOM, "A field of its own"),
    ("ignore", "Nothing: leave it out"),
];

/// Which file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(default)]
    file: String,
}

/// Shows the columns as they are guessed.
pub async fn show(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let Some(staged) = state.actions.staged_import(&visitor.actor, id, &asked.file) else {
        return gone(&state, campaign, visitor.role).await;
    };
    let form = guessed(&staged);
    page(&state, campaign, &visitor, &asked.file, &staged, form).await
}

/// Shows what becomes of the rows with the columns as they were said, or begins to import them.
pub async fn decide(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
    form: Form,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let Some(staged) = state.actions.staged_import(&visitor.actor, id, &asked.file) else {
        return Ok(gone(&state, campaign, visitor.role).await?.into_response());
    };
    let (mapping, wrong) = mapping_of(&form, staged.columns());
    if form.value("do") != "import" || !wrong.is_empty() {
        let page = page(&state, campaign, &visitor, &asked.file, &staged, form).await?;
        return Ok(page.into_response());
    }
    match state.actions.import_staged(visitor.actor.clone(), id, &asked.file, mapping).await {
        Ok(import) => Ok(Redirect::to(&format!("/imports/{}", import.id)).into_response()),
        Err(ImportRefused::NotStaged) => Ok(gone(&state, campaign, visitor.role).await?.into_response()),
        // The page finds the same in the columns, and says it.
        Err(ImportRefused::Header(_)) => {
            Ok(page(&state, campaign, &visitor, &asked.file, &staged, form).await?.into_response())
        }
        Err(refused @ ImportRefused::AlreadyRunning) => {
            let problem = Problem::from(refused);
            let form = form.with_problem(&problem);
            let page = page(&state, campaign, &visitor, &asked.file, &staged, form).await?;
            Ok(page.status(problem.status()).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// What somebody said of the columns by name, and what is wrong with it.
fn mapping_of(form: &Form, columns: &[String]) -> (BTreeMap<String, String>, Vec<FieldError>) {
    let (mut mapping, mut wrong) = (BTreeMap::new(), Vec::new());
    for (index, column) in columns.iter().enumerate() {
        let (choice, name) = (format!("field-{index}"), format!("name-{index}"));
        let field = match form.value(&choice) {
            CUSTOM => {
                let given = form.given(&name).unwrap_or(column);
                if Field::told(given) != Field::Custom(given.to_owned()) {
                    let what = format!(
                        "“{given}” has a place of its own: choose it in the list, or take another name"
                    );
                    wrong.push(FieldError::at(format!("/{name}"), "reserved", what));
                } else if !is_usable(given) {
                    let what = "use at most 64 characters, none of them invisible";
                    wrong.push(FieldError::at(format!("/{name}"), "too_long", what));
                }
                given
            }
            known if CHOICES.iter().any(|(choice, _)| *choice == known) => known,
            _ => {
                wrong.push(FieldError::at(format!("/{choice}"), "unknown_value", "choose one of the list"));
                "ignore"
            }
        };
        mapping.insert(column.clone(), field.to_owned());
    }
    (mapping, wrong)
}

/// The form as the guesses fill it in.
fn guessed(staged: &StagedFile) -> Form {
    let guesses = staged.guesses().into_iter().enumerate();
    Form::filled(guesses.flat_map(|(index, field)| {
        let (choice, name) = match field {
            Field::Phone => ("phone", None),
            Field::FirstName => ("firstName", None),
            Field::LastName => ("lastName", None),
            Field::Email => ("email", None),
            Field::Company => ("company", None),
            Field::Title => ("title", None),
            Field::Custom(name) => (CUSTOM, Some(name)),
            Field::Ignored => ("ignore", None),
        };
        let name = name.unwrap_or_else(|| staged.columns()[index].clone());
        [(format!("field-{index}"), choice.to_owned()), (format!("name-{index}"), name)]
    }))
}

async fn page(
    state: &HttpState,
    campaign: CampaignRecord,
    visitor: &Visitor,
    token: &str,
    staged: &StagedFile,
    form: Form,
) -> Result<Page, Problem> {
    let (mapping, wrong) = mapping_of(&form, staged.columns());
    let look = state.actions.look_at_staged(staged, &campaign, Some(mapping)).await?;
    let form = match &look.judged {
        _ if !wrong.is_empty() => form.with_errors(&wrong),
        Ok(_) => form,
        Err(refused) => form.with_problem(&Problem::unprocessable("csv_header", in_words(refused))),
    };
    let is_wrong = !form.errors().is_empty();
    let outlook = outlook(state, campaign).await?;
    let address = format!("/campaigns/{}/import/columns?file={token}", outlook.campaign.id);
    let content = html! {
        form method="post" action=(address) {
            div.stack {
                (mapping_card(staged, &form, &look))
                @if let (Ok(judged), true) = (&look.judged, wrong.is_empty()) { (preview(judged, visitor.role)) }
                div.actions {
                    button type="submit" name="do" value="look" { "Show the first rows again" }
                    @if !is_wrong {
                        button.primary type="submit" name="do" value="import" { "Import " (show::number_of(staged.rows(), "row", "rows")) }
                    }
                    a.button href={ "/campaigns/" (outlook.campaign.id) "/import" } { "Choose another file" }
                }
            }
        }
    };
    let page =
        crate::http::pages::campaign::page(&outlook, visitor.role, "/prospects").with("columns", content);
    Ok(if is_wrong { page.status(StatusCode::UNPROCESSABLE_ENTITY) } else { page })
}

/// What is wrong with the columns, in the words of this page.
fn in_words(refused: &HeaderRefused) -> String {
    match refused {
        HeaderRefused::NoPhone(_) => {
            "No column is the phone number yet. Choose “Phone number” for the column that has it.".to_owned()
        }
        HeaderRefused::Duplicate(what) => {
            format!("Two columns are {what}. Give one of them another place, or leave it out.")
        }
        other => sentence(&other.to_string()),
    }
}

fn mapping_card(staged: &StagedFile, form: &Form, look: &Look) -> Markup {
    html! {
        div.card {
            h2 { "What are the columns of " bdi { (staged.name()) } "?" }
            (mistakes(form))
            p { (show::number_of(staged.rows(), "row", "rows")) ", " (show::number_of(staged.columns().len() as u64, "column", "columns")) ". Nobody has been added yet." }
            div.frame.cards {
                table.mapping {
                    thead { tr { th { "Column" } th { "For example" } th { "Comes in as" } } }
                    tbody {
                        @for (index, column) in staged.columns().iter().enumerate() {
                            tr {
                                td data-label="Column" { strong { bdi { (column) } } }
                                td data-label="For example" { (examples(look, index)) }
                                td data-label="Comes in as" { (choice(form, index, column)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn examples(look: &Look, column: usize) -> Markup {
    let cells = look.samples.iter().filter_map(|row| row.get(column)).map(|cell| cell.trim());
    let mut examples: Vec<&str> = Vec::new();
    for cell in cells.filter(|cell| !cell.is_empty()) {
        if examples.len() < EXAMPLES && !examples.contains(&cell) {
            examples.push(cell);
        }
    }
    html! {
        @if examples.is_empty() { span.muted { "empty in the first rows" } } @else {
            div { @for example in examples { bdi.example { (cut(example, LONGEST_EXAMPLE)) } " " } }
        }
    }
}

fn choice(form: &Form, index: usize, column: &str) -> Markup {
    let (choice, name) = (format!("field-{index}"), format!("name-{index}"));
    let invalid = |input: &str| form.wrong(input).map(|_| "true");
    let described = |input: &str| form.wrong(input).map(|_| format!("{input}-wrong"));
    html! {
        div.choice {
            select id=(choice) name=(choice) aria-label={ "“" (column) "” comes in as" } aria-invalid=[invalid(&choice)] aria-describedby=[described(&choice)] {
                @for (value, words) in CHOICES {
                    option value=(value) selected[form.value(&choice) == value] { (words) }
                }
            }
            input.own-name id=(name) name=(name) type="text" value=(form.value(&name)) maxlength="64"
                aria-label={ "Name of the field for “" (column) "”" } aria-invalid=[invalid(&name)] aria-describedby=[described(&name)];
            @for input in [&choice, &name] {
                @if let Some(wrong) = form.wrong(input) { span.wrong id={ (input) "-wrong" } { (wrong) } }
            }
        }
    }
}

/// The file is not here any more.
async fn gone(state: &HttpState, campaign: CampaignRecord, role: Role) -> Result<Page, Problem> {
    let outlook = outlook(state, campaign).await?;
    let why = html! {
        p { strong { "Send the file again, please." } }
        p { "A file waits for half an hour on the server that took it, for whoever sent it. This one is not there any more. Nobody was added." }
    };
    Ok(super::asking(state, &outlook, role, Some(why)).await?.status(StatusCode::GONE))
}
