//! What people hear: the script with its variables, who reads it, and what a real prospect would hear.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::{CampaignId, ProspectId, ScriptId};
use maud::{Markup, html};
use serde::Deserialize;

use super::outlook::{Outlook, outlook};
use crate::actions::users::{Role, Visitor};
use crate::http::api::campaigns::fields::{CampaignFields, draft_of};
use crate::http::api::campaigns::load;
use crate::http::api::scripts::ScriptFields;
use crate::http::api::voices;
use crate::http::auth::{Analyst, Operator};
use crate::http::pages::form::Form;
use crate::http::pages::page::Page;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::show;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, json};
use crate::speech;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::{ProspectFilter, ProspectRecord};
use crate::store::scripts::ScriptRecord;

/// Scripts to choose from.
const MOST_SCRIPTS: u64 = 100;

/// For whom the preview is, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    prospect: String,
    done: String,
}

/// Shows what people hear.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let script = script_of(&state, &campaign).await?;
    let form = filled(&campaign, script.as_ref());
    let page = page(&state, &visitor, campaign, &form, &asked).await?;
    Ok(page)
}

/// Keeps what people shall hear from the next call on.
pub async fn save(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    match saved(&state, &visitor, &campaign, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/campaigns/{id}/message?done=saved")).into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let form = form.with_problem(&problem);
            let page = page(&state, &visitor, campaign, &form, &Asked::default()).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

async fn saved(
    state: &HttpState,
    visitor: &Visitor,
    campaign: &CampaignRecord,
    form: &Form,
) -> Result<(), Problem> {
    let chosen = form.value("scriptId").to_owned();
    let current = campaign.script.map(|id| id.to_string()).unwrap_or_default();
    // Another script was chosen: it is taken as it is. Else the text is that of this campaign's script, old or new.
    let script = if !chosen.is_empty() && chosen != current {
        Some(chosen.parse::<ScriptId>().map_err(|_| Problem::not_found("script"))?)
    } else if form.given("body").is_some() {
        let fields: ScriptFields = json::from_value(form.texts(&["body"], &[]).into())?;
        let (_, body) = fields.read(false)?;
        match campaign.script.filter(|_| !chosen.is_empty()) {
            Some(id) => {
                let changed = state.actions.change_script(visitor.actor.clone(), id, None, body).await?;
                Some(changed.ok_or_else(|| Problem::not_found("script"))?.id)
            }
            None => {
                let name = campaign.name.clone();
                Some(
                    state
                        .actions
                        .create_script(visitor.actor.clone(), name, body.unwrap_or_default())
                        .await?
                        .id,
                )
            }
        }
    } else {
        None
    };
    let mut object = form.texts(&["voiceId", "audioUrl"], &["voiceId", "audioUrl"]);
    object.insert("scriptId".to_owned(), script.map(|id| id.to_string()).into());
    let fields: CampaignFields = json::from_value(object.into())?;
    let server = state.server.clone();
    let change = move |campaign: &CampaignRecord| {
        fields.changed(draft_of(campaign), &server).map_err(Problem::invalid)
    };
    state.actions.change_campaign(visitor.actor.clone(), campaign.id, change).await?;
    Ok(())
}

async fn script_of(state: &HttpState, campaign: &CampaignRecord) -> Result<Option<ScriptRecord>, Problem> {
    match campaign.script {
        Some(id) => Ok(state.actions.store.script(campaign.workspace, id).await?),
        None => Ok(None),
    }
}

fn filled(campaign: &CampaignRecord, script: Option<&ScriptRecord>) -> Form {
    Form::filled([
        ("scriptId", script.map(|script| script.id.to_string()).unwrap_or_default()),
        ("body", script.map(|script| script.body.clone()).unwrap_or_default()),
        ("voiceId", campaign.voice.clone().unwrap_or_default()),
        ("audioUrl", campaign.audio_url.clone().unwrap_or_default()),
    ])
}

async fn page(
    state: &HttpState,
    visitor: &Visitor,
    campaign: CampaignRecord,
    form: &Form,
    asked: &Asked,
) -> Result<Page, Problem> {
    let store = &state.actions.store;
    let scripts = store.scripts(visitor.actor.workspace, None, MOST_SCRIPTS).await?;
    let listeners = store.prospects(campaign.id, &ProspectFilter::default(), None, 0, 20).await?;
    let chosen: Option<ProspectId> = asked.prospect.parse().ok();
    let listener = listeners.iter().find(|it| Some(it.id) == chosen).or(listeners.first());
    let outlook = outlook(state, campaign).await?;
    let editable = visitor.role >= Role::Operator;
    let saved = (asked.done == "saved").then_some("Saved. Calls that begin from now on say it.");
    let content = html! {
        (done(saved))
        div.columns {
            div.card { h2 { "What people hear" } @if editable { (edit(&outlook, form, &scripts)) } @else { (read(form)) } }
            div.card { h2 { "Preview" } (preview(&outlook, form, &listeners, listener)) (not_for_everybody(form)) }
        }
    };
    Ok(super::page(&outlook, visitor.role, "/message").with("message", content))
}

fn edit(outlook: &Outlook, form: &Form, scripts: &[ScriptRecord]) -> Markup {
    let own = outlook.campaign.script.map(|id| id.to_string());
    let mut choices = vec![(String::new(), "A new script, with the text below".to_owned())];
    choices.extend(scripts.iter().map(|script| {
        let id = script.id.to_string();
        let this = if Some(&id) == own.as_ref() { " (this one, with the text below)" } else { "" };
        (id, format!("{}{this}", script.name))
    }));
    let voices = voices::choices();
    html! {
        (mistakes(form))
        form method="post" action={ "/campaigns/" (outlook.campaign.id) "/message" } {
            (Field::text(form, "scriptId", "Script").choice(&choices))
            (Field::text(form, "body", "Text").hint("{{firstName}}, {{lastName}}, {{company}}, {{title}}, {{email}} and your own fields. Say what is spoken where one is missing: {{ firstName | default(\"there\") }}.").area())
            (Field::text(form, "voiceId", "Voice").choice(&voices))
            (Field::text(form, "audioUrl", "Or an audio file").kind("url").hint("A public https address. It is played instead of the text.").line())
            button.primary type="submit" { "Save" }
        }
    }
}

fn read(form: &Form) -> Markup {
    html! {
        @if form.value("body").is_empty() { p.muted { "Nothing yet." } } @else { pre tabindex="0" { (form.value("body")) } }
        @if let Some(audio) = form.given("audioUrl") { p { "Played instead: " code { (audio) } } }
    }
}

fn preview(
    outlook: &Outlook,
    form: &Form,
    listeners: &[ProspectRecord],
    listener: Option<&ProspectRecord>,
) -> Markup {
    let Some(listener) = listener else {
        return html! { p.muted { "When somebody is on the list, this shows what they would hear." } };
    };
    let said = form.given("body").map(|body| speech::render(body, &listener.spoken_values()));
    html! {
        form.filters method="get" action={ "/campaigns/" (outlook.campaign.id) "/message" } data-submit="yes" {
            div.field {
                label for="prospect" { "As heard by" }
                select #prospect name="prospect" {
                    @for person in listeners {
                        option value=(person.id) selected[person.id == listener.id] { (show::name(&person.first_name, &person.last_name)) }
                    }
                }
            }
            button.small type="submit" { "Show" }
        }
        @match said {
            None => p.muted { "There is no text yet." },
            Some(Ok(text)) => pre tabindex="0" { (text) },
            Some(Err(error)) => div.notice.warn { p { "This cannot be said to them: " (error) "." } },
        }
        @if form.given("audioUrl").is_some() { p { "The audio file is played instead of this text." } }
    }
}

/// What keeps a campaign with this text from being launched, whoever is on its list.
fn not_for_everybody(form: &Form) -> Markup {
    let error = form.given("body").and_then(|body| speech::render(body, &[]).err());
    html! {
        @if let Some(error) = error {
            div.notice.warn { p { strong { "Not ready to launch." } " Somebody without these values could not hear it: " (error) "." } }
        }
    }
}
