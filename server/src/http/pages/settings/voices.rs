//! Voices: which there are and how they sound, what is left of the quota, and how to turn more of them on.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::SoundId;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::tab;
use crate::actions::spoken_texts::month_of;
use crate::actions::users::{Role, Visitor};
use crate::http::api::voices;
use crate::http::auth::{Analyst, Operator};
use crate::http::hearing::Text;
use crate::http::pages::form::Form;
use crate::http::pages::page::Page;
use crate::http::pages::parts::field::Field;
use crate::http::pages::parts::pager::address;
use crate::http::pages::parts::spoken::player;
use crate::http::pages::parts::{empty, facts, show};
use crate::http::state::HttpState;
use crate::http::voice_shelf::Known;
use crate::http::{Problem, Query};
use crate::speech_services::elevenlabs::{Quota, Voice};
use crate::store::narration::{ServiceTrouble, SpokenMonth};
use crate::store::sounds::SoundRecord;

/// What every voice can be heard with.
const SAMPLE: &str = "Hello. This is how I sound on the telephone.";
/// The most letters of a search.
const LONGEST_SEARCH: usize = 128;

/// What is looked for, and what was just spoken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    heard: String,
    voice: String,
}

impl Asked {
    fn search(&self) -> Option<String> {
        let text: String = self.q.trim().chars().take(LONGEST_SEARCH).collect();
        (!text.is_empty()).then(|| text.to_lowercase())
    }
}

/// Everything that the page shows.
struct Shown {
    voices: Option<Known<Vec<Voice>>>,
    quota: Option<Known<Quota>>,
    month: SpokenMonth,
    trouble: Option<ServiceTrouble>,
    heard: Option<SoundRecord>,
    now: Timestamp,
}

/// Shows the voices.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    page(&state, &visitor, &asked, &fresh(&asked)).await
}

/// Has a text spoken, and leads back to where it is heard.
pub async fn hear(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    form: Form,
) -> Result<Response, Problem> {
    let (voice, q) = (form.value("voiceId").to_owned(), form.value("q").to_owned());
    let wanted = form.given("text").unwrap_or(SAMPLE);
    let heard = match Text::read(&state, visitor.actor.workspace, &voice, wanted) {
        Ok(text) => text.hear().await,
        Err(problem) => Err(problem),
    };
    match heard {
        Ok(heard) => {
            let heard = heard.sound.id.to_string();
            let back = address("/settings/voices", &[("q", &q), ("voice", &voice), ("heard", &heard)]);
            Ok(Redirect::to(&format!("{back}#heard")).into_response())
        }
        Err(problem) => {
            let form = Form::filled([("voiceId", voice.as_str()), ("text", wanted)]).with_problem(&problem);
            let asked = Asked { q, voice: voice.clone(), ..Asked::default() };
            let status = if problem.status().is_server_error() {
                problem.status()
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            let page = page(&state, &visitor, &asked, &form).await?;
            Ok(page.status(status).into_response())
        }
    }
}

/// Has the service asked again, because what was wrong is put right.
pub async fn ask_again(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
) -> Result<Redirect, Problem> {
    state.actions.ask_service_again(visitor.actor).await?;
    Ok(Redirect::to("/settings/voices"))
}

fn fresh(asked: &Asked) -> Form {
    Form::filled([("voiceId", asked.voice.as_str()), ("text", SAMPLE)])
}

async fn page(state: &HttpState, visitor: &Visitor, asked: &Asked, form: &Form) -> Result<Page, Problem> {
    let (store, now) = (&state.actions.store, state.actions.clock.now());
    let workspace = visitor.actor.workspace;
    let heard = match asked.heard.parse::<SoundId>() {
        Ok(id) => store.sound(workspace, id).await?,
        Err(_) => None,
    };
    let shown = Shown {
        voices: state.server.voices.voices(now).await,
        quota: state.server.voices.quota(now).await,
        month: store.spoken_in(workspace, &month_of(now)).await?,
        trouble: store.service_trouble().await?,
        heard,
        now,
    };
    let role = visitor.role;
    Ok(tab(role, "/settings/voices")
        .with("service", service(&shown, role))
        .with(
            "try",
            html! { @if shown.voices.is_some() && role >= Role::Operator { (trial(&shown, asked, form)) } },
        )
        .with("search", html! { @if shown.voices.is_some() { (search(asked)) } })
        .with("voices", html! { @if let Some(known) = &shown.voices { (table(known, asked, role)) } })
        .with("carrier", carriers(state, asked)))
}

fn service(shown: &Shown, role: Role) -> Markup {
    if shown.voices.is_none() {
        return off();
    }
    let resting = shown.trouble.as_ref();
    html! {
        @if let Some(trouble) = resting { (in_trouble(trouble, shown.now, role)) }
        div.card {
            h2 { "ElevenLabs" }
            p { "Its voices speak everything that somebody may hear before their phone rings. Each sentence is spoken, and paid for, once; only those with a name or another variable are spoken for each person." }
            @match shown.quota.as_ref().map(|known| (&known.answer, &known.trouble)) {
                Some((Some((quota, _)), _)) => (left(quota, shown.now)),
                Some((None, Some(trouble))) => p.muted { "What is left of the quota is not known: " (trouble) "." },
                _ => {}
            }
            (facts(&[
                ("Spoken this month", html! { (show::number_of(shown.month.texts, "sentence", "sentences")) ", " (characters(shown.month.characters)) }),
                ("Perhaps on the bill", html! {
                    @if shown.month.doubtful == 0 { span.muted { "nothing more" } }
                    @else { (characters(shown.month.doubtful)) " of requests without a usable answer" }
                }),
            ]))
        }
    }
}

fn off() -> Markup {
    empty(
        "Voices of ElevenLabs are off",
        &html! {
            p { "Twilio's voices below need nothing more. To use natural voices of ElevenLabs, make an API key in your account there, set " code { "ELEVENLABS_API_KEY" } " for this server (its environment, or " code { "api_key" } " under " code { "[elevenlabs]" } " in its configuration file), and start it again." }
            p.muted { "The key needs to read voices and the user, and to speak. Every spoken character is paid for there." }
        },
    )
}

fn in_trouble(trouble: &ServiceTrouble, now: Timestamp, role: Role) -> Markup {
    let utc = domain::calling_window::CampaignZone::utc();
    html! {
        div.notice.warn role="status" {
            p {
                strong { "The service does not speak. " }
                (trouble.why) "."
            }
            p {
                "Calls whose words are not there wait; nobody is rung without words. Since " (show::short_time(trouble.since, now, &utc))
                ", asked again "
                @if trouble.rests_until > now { "at " (show::short_time(trouble.rests_until, now, &utc)) } @else { "as soon as a text is wanted" }
                "."
            }
            @if role >= Role::Operator {
                form method="post" action="/settings/voices/ask-again" { button.small type="submit" { "Ask again now" } }
            }
        }
    }
}

fn left(quota: &Quota, now: Timestamp) -> Markup {
    let renews = quota.renews_at.and_then(|at| Timestamp::from_second(at).ok());
    let utc = domain::calling_window::CampaignZone::utc();
    html! {
        p {
            (show::grouped(quota.used)) " of " (show::grouped(quota.limit)) " characters of the account are used"
            @if let Some(at) = renews { "; the next period begins " (show::short_time(at, now, &utc)) }
            "."
        }
        progress value=(quota.used.min(quota.limit)) max=(quota.limit.max(1)) aria-label="Used part of the quota" {}
        @if quota.used >= quota.limit { p.problem { "The quota is used up. What was spoken already is still played." } }
    }
}

fn trial(shown: &Shown, asked: &Asked, form: &Form) -> Markup {
    let voices = shown.voices.as_ref().and_then(|known| known.answer.as_ref());
    let choices: Vec<(String, &str)> = voices
        .map(|(voices, _)| voices.iter().map(|voice| (voice.id.to_string(), voice.name.as_str())).collect())
        .unwrap_or_default();
    html! {
        div.card.recording #heard {
            h2 { "Hear a voice" }
            @if !form.errors().is_empty() {
                div.notice.danger role="alert" {
                    p { strong { "It cannot be heard. " } @for (_, detail) in form.errors() { (detail) " " } }
                }
            }
            @if let Some(sound) = &shown.heard {
                p { strong { (choices.iter().find(|(id, _)| *id == asked.voice).map_or("The voice", |(_, name)| *name)) } ":" }
                (player(sound))
            }
            form method="post" action="/settings/voices/hear" {
                input type="hidden" name="q" value=(asked.q);
                (Field::text(form, "voiceId", "Voice").choice(&choices))
                (Field::text(form, "text", "Text").hint("Up to 5000 characters. Each one is taken from the quota, unless the sentence was spoken in this voice before.").area())
                button.primary type="submit" { "Speak it" }
            }
        }
    }
}

fn search(asked: &Asked) -> Markup {
    html! {
        form.filters method="get" action="/settings/voices" role="search" {
            div.field {
                label for="q" { "Search" }
                input #q name="q" type="search" value=[Some(&asked.q).filter(|q| !q.is_empty())] placeholder="A name, an accent, an age" maxlength="128";
            }
            button type="submit" { "Search" }
        }
    }
}

fn table(known: &Known<Vec<Voice>>, asked: &Asked, role: Role) -> Markup {
    let wanted = asked.search();
    let all = known.answer.as_ref().map_or(&[][..], |(voices, _)| voices.as_slice());
    let found: Vec<&Voice> =
        all.iter().filter(|voice| wanted.as_ref().is_none_or(|text| has(voice, text))).collect();
    html! {
        @if let Some(trouble) = &known.trouble {
            div.notice.warn role="status" {
                p { strong { "The list may not be whole. " } (trouble) "." @if !all.is_empty() { " What was read last is shown." } }
            }
        }
        @if found.is_empty() {
            @if all.is_empty() {
                (empty("No voice could be listed", &html! { p { "The account has none, or the service is away." } }))
            } @else {
                (empty("No voice is like that", &html! { p { "Search for something else, or " a href="/settings/voices" { "show all" } "." } }))
            }
        } @else {
            div.frame.cards {
                table {
                    thead { tr { th { "Voice" } th { "What the service says of it" } th { "voiceId" } th { span.unseen { "Hear it" } } } }
                    tbody { @for voice in found { (row(voice, asked, role)) } }
                }
            }
        }
    }
}

fn row(voice: &Voice, asked: &Asked, role: Role) -> Markup {
    html! {
        tr {
            td data-label="Voice" { strong { (voice.name) } }
            td data-label="Labels" {
                @if voice.labels.is_empty() { span.muted { "–" } }
                @else { (voice.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")) }
            }
            td data-label="voiceId" { code { (voice.id) } }
            td data-label="" {
                @if role >= Role::Operator {
                    form method="post" action="/settings/voices/hear" {
                        input type="hidden" name="q" value=(asked.q);
                        input type="hidden" name="voiceId" value=(voice.id);
                        button.small type="submit" { "Hear" span.unseen { " " (voice.name) } }
                    }
                }
            }
        }
    }
}

fn has(voice: &Voice, text: &str) -> bool {
    let labels = voice.labels.iter().map(|(_, value)| value);
    std::iter::once(&voice.name).chain(labels).any(|known| known.to_lowercase().contains(text))
}

fn carriers(state: &HttpState, asked: &Asked) -> Markup {
    let wanted = asked.search();
    let all = voices::of_carrier()
        .filter(|words| wanted.as_ref().is_none_or(|text| words.to_lowercase().contains(text)));
    let all: Vec<String> = all.collect();
    html! {
        div.card {
            h2 { "Twilio's voices" }
            p.muted {
                "They speak while the call is on and need no key, and can only be heard on a call"
                @if state.server.simulation { "; the phone network in the box has no sound" }
                ". More of Twilio's Polly and Google voices may be named through the API."
            }
            @if all.is_empty() { p { "None is like that." } }
            @else { ul { @for words in all { li { (words) } } } }
        }
    }
}

fn characters(count: u64) -> String {
    show::number_of(count, "character", "characters")
}
