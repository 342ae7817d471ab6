//! Whom a campaign rings, where they stand, and why each of them is not being rung at this instant.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::CampaignId;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::outlook::{Outlook, outlook};
use crate::actions::prospects::Added;
use crate::actions::users::Role;
use crate::http::api::campaigns::load;
use crate::http::api::prospects::fields::{NumberRules, ProspectFields};
use crate::http::api::prospects::view::{Hold, hold_of};
use crate::http::auth::{Analyst, Operator};
use crate::http::pages::campaigns::parts_by_standing;
use crate::http::pages::form::Form;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::chart::progress;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::pager::{address, pager};
use crate::http::pages::parts::{badge, empty, show};
use crate::http::query::{Cursor, ListIdentity, Position, SearchText};
use crate::http::state::HttpState;
use crate::http::why::{NOTHING, Why};
use crate::http::{PathId, Problem, Query, json};
use crate::store::prospects::{ProspectFilter, ProspectRecord};

/// Rows of a page.
const ROWS: u64 = 50;

/// Filters and page as they stand in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    status: String,
    why: String,
    q: Option<SearchText>,
    cursor: Option<Cursor>,
    done: String,
}

impl Asked {
    fn text(&self) -> Option<&str> {
        self.q.as_ref().and_then(SearchText::text)
    }

    fn is_filtered(&self) -> bool {
        !self.status.is_empty() || !self.why.is_empty() || self.text().is_some()
    }

    fn address(&self, base: &str, cursor: &str) -> String {
        let text = self.text().unwrap_or_default();
        address(base, &[("status", &self.status), ("why", &self.why), ("q", text), ("cursor", cursor)])
    }

    fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "added" => Some("Added."),
            "known" => Some("The campaign had this number already. Nothing was changed."),
            "imported" => Some("Imported."),
            "undone" => Some("The import was undone."),
            "requeued" => Some("They are back in line."),
            "removed" => Some("The prospect was taken off the campaign. Their calls stay on record."),
            _ => None,
        }
    }
}

/// Shows the list.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    let why = Why::of(&state.actions, &outlook.campaign).await?;
    let list = List::of(&state, &outlook, &why, &asked).await?;
    let page = super::page(&outlook, visitor.role, "/prospects")
        .with("done", done(asked.done()))
        .with("why", reasons(&outlook, &why, &asked))
        .with("filters", filters(&outlook, &asked, visitor.role))
        .with("prospects", list.markup(&outlook, &asked, visitor.role));
    Ok(page.live(Interest::Campaign(id)))
}

/// What keeps people from being rung, as counts that add up to the list.
fn reasons(outlook: &Outlook, why: &Why<'_>, asked: &Asked) -> Markup {
    let base = format!("/campaigns/{}/prospects", outlook.campaign.id);
    let (zone, now) = (&outlook.campaign.rules.zone, outlook.now());
    html! {
        @if !why.reasons.is_empty() {
            div.card {
                h2 { "Where they stand" }
                (standing(why))
                h2 #why-title { "Why they are not being rung" }
                div.frame.cards {
                    table aria-labelledby="why-title" {
                        thead { tr { th.right { "People" } th { "Reason" } th { "Next possible time" } } }
                        tbody {
                            @for reason in &why.reasons {
                                tr {
                                    td.right data-label="People" { a href=(address(&base, &[("why", reason.code)])) aria-current=[(asked.why == reason.code).then_some("true")] { (show::grouped(reason.people)) } }
                                    td data-label="Reason" { (reason.explanation) }
                                    td data-label="Next" { @if let Some(until) = reason.until { (show::short_time(until, now, zone)) } @else { span.muted { "–" } } }
                                }
                            }
                        }
                        tfoot { tr { td.right data-label="People" { a href=(base) { strong { (show::grouped(why.people())) } } } td data-label="Reason" { "Everybody on the list" } td {} } }
                    }
                }
            }
        }
    }
}

fn standing(why: &Why<'_>) -> Markup {
    let finished: u64 = ProspectStatus::ALL
        .into_iter()
        .filter(|status| status.is_final())
        .map(|status| why.standing(status))
        .sum();
    html! {
        p { (show::grouped(finished)) " of " (show::grouped(why.people())) " have their final answer." }
        p { (progress("Where the people stand", &parts_by_standing(|status| why.standing(status)))) }
    }
}

fn filters(outlook: &Outlook, asked: &Asked, role: Role) -> Markup {
    let base = format!("/campaigns/{}/prospects", outlook.campaign.id);
    html! {
        h2 #list-title { "Prospects" }
        div.head {
            form.filters method="get" action=(base) data-submit="yes" role="search" {
                div.field {
                    label for="q" { "Search" }
                    input #q name="q" type="search" value=[asked.text()] placeholder="Name, company, number" maxlength="128";
                }
                div.field {
                    label for="status" { "Where they stand" }
                    select #status name="status" {
                        option value="" { "Anywhere" }
                        @for status in ProspectStatus::ALL {
                            option value=(status.as_str()) selected[asked.status == status.as_str()] { (badge::prospect_word(status)) }
                        }
                    }
                }
                button type="submit" { "Filter" }
                @if asked.is_filtered() { a.button href=(base) { "Clear" } }
            }
            @if role >= Role::Operator {
                div.actions {
                    a.button.primary href={ "/campaigns/" (outlook.campaign.id) "/import" } { "Import…" }
                    a.button href={ (base) "/new" } { "Add one…" }
                }
            }
        }
    }
}

struct List {
    prospects: Vec<(ProspectRecord, Option<Hold>)>,
    total: String,
    next: Option<String>,
}

impl List {
    async fn of(state: &HttpState, outlook: &Outlook, why: &Why<'_>, asked: &Asked) -> Result<Self, Problem> {
        let campaign = &outlook.campaign;
        let store = &state.actions.store;
        let filter = ProspectFilter {
            statuses: ProspectStatus::parse(&asked.status).into_iter().collect(),
            text: asked.text().map(str::to_owned),
        };
        let list = ListIdentity {
            endpoint: "prospects page",
            workspace: &campaign.workspace.to_string(),
            filters: &format!("{} {filter:?} {}", campaign.id, asked.why),
        };
        let key = &state.server.cursor_key;
        let after = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
            Position::After(id) => Some(id.parse().map_err(|_| Problem::invalid_cursor())?),
            Position::Skip(_) => None,
        };
        let (mut found, total) = if asked.why.is_empty() {
            let found = store.prospects(campaign.id, &filter, after, 0, ROWS + 1).await?;
            let total = match asked.is_filtered() {
                true => store.count_prospects(campaign.id, &filter).await?,
                false => why.people(),
            };
            (found, total)
        } else {
            (why.people_of(store, &asked.why, after, ROWS + 1).await?, why.count_of(&asked.why))
        };
        let more = found.len() as u64 > ROWS;
        found.truncate(ROWS as usize);
        let last = found.last().filter(|_| more).map(|last| last.id.to_string());
        let next = last.map(|id| key.seal(&list, &id)).transpose()?;
        let installation = &state.actions.installation;
        let facts = store.hold_facts(campaign, &found, installation.means(), outlook.now()).await?;
        let held = |prospect: ProspectRecord| {
            let hold = hold_of(&prospect, campaign, &facts, &installation.rates);
            (prospect, hold)
        };
        Ok(Self { prospects: found.into_iter().map(held).collect(), total: show::grouped(total), next })
    }

    fn markup(&self, outlook: &Outlook, asked: &Asked, role: Role) -> Markup {
        let base = format!("/campaigns/{}/prospects", outlook.campaign.id);
        if self.prospects.is_empty() {
            return nothing(outlook, asked, role);
        }
        let next = self.next.as_deref().map(|cursor| asked.address(&base, cursor));
        let first = asked.cursor.is_some().then(|| asked.address(&base, ""));
        html! {
            div.frame.cards {
                table aria-labelledby="list-title" {
                    thead {
                        tr {
                            th { "Who" } th { "Number" } th { "Stands" } th.right { "Calls" } th { "Next" } th { "Why not now" }
                        }
                    }
                    tbody { @for (prospect, hold) in &self.prospects { (row(outlook, prospect, hold.as_ref(), role)) } }
                }
            }
            (pager(self.prospects.len(), &self.total, first.as_deref(), next.as_deref()))
        }
    }
}

fn row(outlook: &Outlook, prospect: &ProspectRecord, hold: Option<&Hold>, role: Role) -> Markup {
    let zone = &outlook.campaign.rules.zone;
    let until: Option<Timestamp> = hold.and_then(|hold| hold.until());
    html! {
        tr id=(prospect.id) {
            td data-label="Who" {
                div {
                    a href={ "/prospects/" (prospect.id) } { (show::name(&prospect.first_name, &prospect.last_name)) }
                    @if !prospect.company.is_empty() { span.sub { (prospect.company) } }
                }
            }
            td data-label="Number" { (show::phone(&prospect.phone, role)) }
            td data-label="Stands" {
                div {
                    (badge::prospect(prospect.status))
                    @if let Some(disposition) = prospect.disposition { span.sub { (badge::disposition(disposition)) } }
                }
            }
            td.right data-label="Calls" {
                @if let Some(call) = prospect.last_call { a href={ "/calls/" (call) } { (prospect.attempts) } } @else { (prospect.attempts) }
            }
            td data-label="Next" {
                @if prospect.status.is_final() { span.muted { "–" } }
                @else if let Some(until) = until { (show::short_time(until, outlook.now(), zone)) }
                @else if hold.is_none() { "now" } @else { span.muted { "–" } }
            }
            td data-label="Why not now" { @match hold { Some(hold) => (hold.explanation()), None => "Nothing is in the way." } }
        }
    }
}

fn nothing(outlook: &Outlook, asked: &Asked, role: Role) -> Markup {
    let base = format!("/campaigns/{}", outlook.campaign.id);
    if asked.is_filtered() || asked.cursor.is_some() {
        let what =
            if asked.why == NOTHING { "Nobody can be rung at this instant" } else { "Nobody is like that" };
        return empty(what, &html! { p { a href={ (base) "/prospects" } { "Show everybody" } } });
    }
    empty(
        "Nobody on the list yet",
        &html! {
            p { "People come as a CSV or Excel file, one by one, or through the API." }
            @if role >= Role::Operator {
                p { a.button.primary href={ (base) "/import" } { "Import a file" } " " a.button href={ (base) "/prospects/new" } { "Add one" } }
            }
        },
    )
}

/// Asks for one more person.
pub async fn ask(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    Ok(form_page(&outlook, visitor.role, &Form::default()))
}

/// Adds one person.
pub async fn add(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let person = json::from_value::<ProspectFields>(fields_of(&form)).and_then(|fields| {
        let rules = NumberRules::of(&campaign, &state.actions.installation);
        fields.person("", &rules).map_err(Problem::invalid)
    });
    match person {
        Ok(person) => {
            let added = state.actions.add_prospects(visitor.actor, id, vec![person]).await?;
            let done = if matches!(added.as_slice(), [Added::New(_)]) { "added" } else { "known" };
            Ok(Redirect::to(&format!("/campaigns/{id}/prospects?done={done}")).into_response())
        }
        Err(problem) => {
            let outlook = outlook(&state, campaign).await?;
            let form = form.with_problem(&problem);
            Ok(form_page(&outlook, visitor.role, &form)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
    }
}

const FIELDS: [&str; 6] = ["firstName", "lastName", "phone", "email", "company", "title"];

/// What a browser's form says of a person, in the words of the API.
pub fn fields_of(form: &Form) -> serde_json::Value {
    let mut object = form.texts(&FIELDS, &[]);
    if let Some(priority) = form.given("priority") {
        object.insert("priority".to_owned(), priority.into());
    }
    object.into()
}

/// The inputs that describe a person.
pub fn inputs(form: &Form) -> Markup {
    let priorities =
        [("normal", "Normal"), ("next", "Before everybody else"), ("high", "High"), ("low", "Low")];
    html! {
        (mistakes(form))
        div.row {
            (Field::text(form, "firstName", "First name").line())
            (Field::text(form, "lastName", "Last name").line())
        }
        (Field::text(form, "phone", "Phone number").kind("tel").required()
            .hint("International, or as people in the campaign's region write it.").line())
        (Field::text(form, "email", "E-mail address").kind("email").line())
        div.row {
            (Field::text(form, "company", "Company").line())
            (Field::text(form, "title", "Title").line())
        }
        (Field::text(form, "priority", "Priority").choice(&priorities))
    }
}

fn form_page(outlook: &Outlook, role: Role, form: &Form) -> Page {
    let base = format!("/campaigns/{}/prospects", outlook.campaign.id);
    let content = html! {
        div.card {
            h2 { "Add one person" }
            form method="post" action={ (base) "/new" } {
                (inputs(form))
                div.actions {
                    button.primary type="submit" { "Add" }
                    a.button href=(base) { "Cancel" }
                }
            }
        }
    };
    super::page(outlook, role, "/prospects").with("new", content)
}
