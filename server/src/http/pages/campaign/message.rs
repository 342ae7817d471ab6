//! What people hear: the script with its variables and keys, who reads it, and what a real prospect would hear.

mod document;
/// What would be heard, spoken.
pub mod hearing;
mod keys;
mod preview;
/// Sounds instead of a text.
pub mod sounds;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::call_flow::{CallFlow, Words};
use domain::ids::{CampaignId, ProspectId, ScriptId};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::experiment;
use super::outlook::{Outlook, outlook};
use crate::actions::campaigns::CampaignRefused;
use crate::actions::users::{Role, Visitor};
use crate::http::api::campaigns::fields::{CampaignFields, draft_of};
use crate::http::api::campaigns::load;
use crate::http::api::scripts::ScriptFields;
use crate::http::api::voices;
use crate::http::auth::{Analyst, Operator};
use crate::http::pages::form::Form;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, json};
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
    heard: String,
    /// Why a sound that was just sent is not here.
    #[serde(skip)]
    not_taken: Option<String>,
}

impl Asked {
    fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "test" => Some("The test has begun. Calls that begin from now on are part of it."),
            "ended" => Some("The test has ended."),
            other => sounds::done_in_words(other),
        }
    }
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
    page(&state, &visitor, campaign, &form, &asked, None).await
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
        // While a test runs there is no form that what was typed could stay in.
        Err(problem) if problem.status().is_server_error() || campaign.experiment.is_some() => Err(problem),
        Err(problem) => {
            let form = form.with_problem(&problem);
            let page = page(&state, &visitor, campaign, &form, &Asked::default(), None).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// The page with a test that somebody was about to start.
pub(super) async fn page_with_test(
    state: &HttpState,
    visitor: &Visitor,
    campaign: CampaignRecord,
    test: &Form,
) -> Result<Page, Problem> {
    let script = script_of(state, &campaign).await?;
    let form = filled(&campaign, script.as_ref());
    page(state, visitor, campaign, &form, &Asked::default(), Some(test)).await
}

async fn saved(
    state: &HttpState,
    visitor: &Visitor,
    campaign: &CampaignRecord,
    form: &Form,
) -> Result<(), Problem> {
    if campaign.experiment.is_some() {
        return Err(CampaignRefused::Compared.into());
    }
    let chosen = form.value("scriptId").to_owned();
    let current = campaign.script.map(|id| id.to_string()).unwrap_or_default();
    // Another script was chosen: it is taken as it is. Else the text is that of this campaign's script, old or new.
    let script = if !chosen.is_empty() && chosen != current {
        Some(chosen.parse::<ScriptId>().map_err(|_| Problem::not_found("script"))?)
    } else if form.given("body").is_some() {
        let own = script_of(state, campaign).await?.filter(|_| !chosen.is_empty());
        let mut written = form.texts(&["body", "voicemail", "whisper"], &["voicemail", "whisper"]);
        written.insert("menu".to_owned(), keys::chosen(form, own.as_ref().map(|script| &script.words.menu)));
        if own.is_none() {
            written.insert("name".to_owned(), campaign.name.clone().into());
        }
        let fields: ScriptFields = json::from_value(written.into())?;
        let (name, words) = fields.read(own.as_ref().map(|script| &script.words), &state.server)?;
        let script = match own {
            Some(script) => {
                state.actions.change_script(visitor.actor.clone(), script.id, None, words).await?
            }
            None => {
                let (name, words) = (name.unwrap_or_default(), words.unwrap_or_default());
                state.actions.create_script(visitor.actor.clone(), name, words).await?
            }
        };
        Some(script.id)
    } else {
        None
    };
    let of_the_campaign = ["voiceId", "audioUrl", "transferTo"];
    let mut object = form.texts(&of_the_campaign, &of_the_campaign);
    if form.given("audioUrl").is_some() {
        // One of both is heard.
        object.insert("audioId".to_owned(), Value::Null);
    }
    object.insert("scriptId".to_owned(), script.map(|id| id.to_string()).into());
    let fields: CampaignFields = json::from_value(object.into())?;
    voices::prepare_check(&state.server, fields.voice(), state.actions.clock.now()).await;
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
    let words = script.map(|script| &script.words);
    let mut values = vec![
        ("scriptId".to_owned(), script.map(|script| script.id.to_string()).unwrap_or_default()),
        ("body".to_owned(), words.map(|words| words.text.clone()).unwrap_or_default()),
        ("voicemail".to_owned(), words.and_then(|words| words.voicemail.clone()).unwrap_or_default()),
        ("whisper".to_owned(), words.and_then(|words| words.whisper.clone()).unwrap_or_default()),
        ("voiceId".to_owned(), campaign.voice.clone().unwrap_or_default()),
        ("audioUrl".to_owned(), campaign.audio_url.clone().unwrap_or_default()),
        ("transferTo".to_owned(), campaign.transfer_to.as_ref().map(ToString::to_string).unwrap_or_default()),
    ];
    values.extend(words.map(|words| keys::filled(&words.menu)).unwrap_or_default());
    Form::filled(values)
}

async fn page(
    state: &HttpState,
    visitor: &Visitor,
    campaign: CampaignRecord,
    form: &Form,
    asked: &Asked,
    test: Option<&Form>,
) -> Result<Page, Problem> {
    let store = &state.actions.store;
    let scripts = store.scripts(visitor.actor.workspace, None, MOST_SCRIPTS).await?;
    let listeners = store.prospects(campaign.id, &ProspectFilter::default(), None, 0, 20).await?;
    let chosen: Option<ProspectId> = asked.prospect.parse().ok();
    let listener = listeners.iter().find(|it| Some(it.id) == chosen).or(listeners.first());
    let script = script_of(state, &campaign).await?;
    let words = script.as_ref().map(|script| &script.words);
    let voices = voices::choices(state, form.value("voiceId")).await;
    let tests = experiment::sections(state, visitor, &campaign, &scripts, &voices, test).await?;
    let values = listener.map(ProspectRecord::spoken_values).unwrap_or_default();
    let sound =
        hearing::section(state, &campaign, words, listener.map(|it| it.id), &values, asked, visitor.role)
            .await?;
    let outlook = outlook(state, campaign).await?;
    let is_tested = outlook.campaign.experiment.is_some();
    let editable = visitor.role >= Role::Operator && !is_tested;
    let played = sounds::to_show(state, &outlook.campaign).await?;
    let plays_a_sound = form.given("audioUrl").is_some() || outlook.campaign.sound.is_some();
    let content = html! {
        (done(asked.done()))
        div.columns {
            div {
            div.card { h2 { "What people hear" } @if is_tested { p { "An A/B test runs. This is what people heard before, and can be changed again when it has ended." } } @if editable { (edit(&outlook, form, &scripts, words, &voices)) } @else { (read(form)) } }
            (sounds::card(&outlook.campaign, &played, editable, asked.not_taken.as_deref()))
            }
            div.card {
                h2 { "Preview" }
                (preview::preview(&outlook.campaign, &state.actions.installation.rates, words, plays_a_sound, &listeners, listener))
                (sound)
                (preview::not_for_everybody(words))
                (document::documents(&outlook.campaign, words, listener))
            }
        }
    };
    let page = super::page(&outlook, visitor.role, "/message")
        .with("message", content)
        .with("test", tests.results)
        .with("test-moves", tests.moves);
    // While it runs there is nothing on the page that somebody could be typing.
    Ok(if is_tested { page.live(Interest::Campaign(outlook.campaign.id)) } else { page })
}

fn edit(
    outlook: &Outlook,
    form: &Form,
    scripts: &[ScriptRecord],
    words: Option<&Words>,
    voices: &[(String, String)],
) -> Markup {
    let has_inputs = words.is_none_or(|words| words.steps.is_none() && keys::can_show(&words.menu));
    let own = outlook.campaign.script.map(|id| id.to_string());
    let mut choices = vec![(String::new(), "A new script, with the text below".to_owned())];
    choices.extend(scripts.iter().map(|script| {
        let id = script.id.to_string();
        let this = if Some(&id) == own.as_ref() { " (this one, with the text below)" } else { "" };
        (id, format!("{}{this}", script.name))
    }));
    html! {
        (mistakes(form))
        form method="post" action={ "/campaigns/" (outlook.campaign.id) "/message" } {
            (Field::text(form, "scriptId", "Script").choice(&choices))
            @if !has_inputs {
                p { "This script has steps of its own. They are read and changed through the API, at " code { "/api/scripts" } "." }
                @if words.and_then(|words| words.steps.as_ref()).is_some_and(CallFlow::transfers) { (keys::person(form)) }
            } @else {
            (Field::text(form, "body", "Text").hint("{{firstName}}, {{lastName}}, {{company}}, {{title}}, {{email}} and your own fields. Say what is spoken where one is missing: {{ firstName | default(\"there\") }}.").area())
            (keys::inputs(form))
            (Field::text(form, "voicemail", "On voicemail").hint("Said after the tone, instead of the text. Needs answering machine detection that waits for the tone, or goes on during the call; see Settings. Empty: machines hear the text.").area())
            }
            (Field::text(form, "voiceId", "Voice").hint("Settings, Voices lets you hear those of ElevenLabs.").choice(voices))
            (Field::text(form, "audioUrl", "Or an audio file elsewhere").kind("url").hint("A public https address. It is played instead of the text.").line())
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
