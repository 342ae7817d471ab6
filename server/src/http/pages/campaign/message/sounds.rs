//! Sounds that people may hear instead of a text: send one, hear it, have the campaign play it.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::{CampaignId, SoundId};
use maud::{Markup, html};

use super::{Asked, filled, page, script_of};
use crate::actions::users::Visitor;
use crate::http::api::campaigns::fields::draft_of;
use crate::http::api::campaigns::load;
use crate::http::api::sounds::upload::{LONGEST, MOST_BYTES, take_in};
use crate::http::api::sounds::{self, LONGEST_NAME};
use crate::http::auth::Operator;
use crate::http::pages::form::Form;
use crate::http::pages::import::sentence;
use crate::http::pages::parts::show;
use crate::http::pages::parts::waveform::waveform;
use crate::http::pages::sent_file::receive;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, text};
use crate::store::campaigns::CampaignRecord;
use crate::store::sounds::{SoundKind, SoundRecord};

/// What a browser offers to choose from.
const ACCEPTED: &str = ".wav,.mp3,.ogg,audio/wav,audio/mpeg,audio/ogg";
/// Sounds that are shown.
const SHOWN: u64 = 20;

/// Takes a sound. One that cannot be played is refused here, with what to do.
pub async fn send(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Request,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let problem = match taken(&state, &visitor, request).await {
        Ok(_) => return Ok(back_to(id, "sent")),
        Err(problem) => problem,
    };
    if !matches!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE) {
        return Err(problem);
    }
    let script = script_of(&state, &campaign).await?;
    let form = filled(&campaign, script.as_ref());
    let asked = Asked { not_taken: Some(sentence(problem.detail())), ..Asked::default() };
    let page = page(&state, &visitor, campaign, &form, &asked, None).await?;
    Ok(page.status(problem.status()).into_response())
}

async fn taken(state: &HttpState, visitor: &Visitor, request: Request) -> Result<SoundRecord, Problem> {
    let (file, name) = receive(request, MOST_BYTES).await?;
    // Without the ending, which says what the file was and not what it is called.
    let name = name.rsplit_once('.').map_or(name.as_str(), |(name, _)| name);
    let name = text::name("/name", name, LONGEST_NAME).unwrap_or_else(|_| "A sound".to_owned());
    take_in(state, visitor.actor.clone(), name, file).await
}

/// Has the campaign play a sound, or say its text again.
pub async fn choose(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let chosen = form.given("sound").map(|sound| sound.parse::<SoundId>());
    let chosen = chosen.transpose().map_err(|_| Problem::not_found("sound"))?;
    let change = move |campaign: &CampaignRecord| {
        let mut draft = draft_of(campaign);
        draft.sound = chosen;
        // One of both is heard; and how long another one was is no matter any more.
        draft.audio_url = None;
        draft.audio_duration = None;
        Ok::<_, Problem>(draft)
    };
    state.actions.change_campaign(visitor.actor, id, change).await?;
    Ok(back_to(id, if chosen.is_some() { "plays" } else { "says" }))
}

/// Deletes a sound that nothing plays.
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<SoundId>,
    form: Form,
) -> Result<Response, Problem> {
    sounds::load(&state, &visitor, id).await?;
    state.actions.delete_sound(visitor.actor, id).await?;
    // Where it was seen; any other text is no campaign's name.
    let campaign = form.value("campaign").parse::<CampaignId>();
    Ok(campaign
        .map_or_else(|_| Redirect::to("/campaigns").into_response(), |campaign| back_to(campaign, "deleted")))
}

fn back_to(campaign: CampaignId, done: &str) -> Response {
    Redirect::to(&format!("/campaigns/{campaign}/message?done={done}")).into_response()
}

/// What was just done, in words.
pub(super) fn done_in_words(done: &str) -> Option<&'static str> {
    match done {
        "saved" => Some("Saved. Calls that begin from now on say it."),
        "sent" => Some("The sound is here. Hear it below, and have this campaign play it."),
        "plays" => Some("Saved. Calls that begin from now on play the sound."),
        "says" => Some("Saved. Calls that begin from now on say the text."),
        "deleted" => Some("The sound was deleted."),
        _ => None,
    }
}

/// The sounds to show: the newest, and the campaign's own in any case.
pub(super) async fn to_show(
    state: &HttpState,
    campaign: &CampaignRecord,
) -> Result<Vec<SoundRecord>, Problem> {
    let store = &state.actions.store;
    let mut shown = store.sounds(campaign.workspace, SoundKind::Uploaded, None, SHOWN).await?;
    if let Some(own) = campaign.sound
        && !shown.iter().any(|sound| sound.id == own)
    {
        shown.splice(..0, store.sound(campaign.workspace, own).await?);
    }
    Ok(shown)
}

/// The card of sounds. `not_taken`: why the one that was just sent is not among them.
pub(super) fn card(
    campaign: &CampaignRecord,
    sounds: &[SoundRecord],
    editable: bool,
    not_taken: Option<&str>,
) -> Markup {
    html! {
        div.card #sounds {
            h2 { "Or a sound" }
            @if let Some(why) = not_taken {
                div.notice.danger role="alert" {
                    p { strong { "The sound was not taken." } }
                    p { (why) }
                }
            }
            @if campaign.sound.is_some() {
                div.notice.good {
                    p { "People hear a sound instead of the text." }
                    @if editable { (choice(campaign.id, "", "Say the text instead", "")) }
                }
            }
            @for sound in sounds { (one(campaign, sound, editable)) }
            @if sounds.is_empty() { p.muted { "No sound was sent yet." } }
            @if editable { (sending(campaign.id)) }
        }
    }
}

fn one(campaign: &CampaignRecord, sound: &SoundRecord, editable: bool) -> Markup {
    let player = format!("player-{}", sound.id);
    let plays = campaign.sound == Some(sound.id);
    html! {
        div.sound id=(sound.id) {
            h3 { (sound.name) @if plays { " " span.badge.tone-good { "Played to people" } } }
            (waveform(&player, sound.duration_ms, &sound.peaks, 1))
            audio id=(player) controls preload="none" aria-label=(sound.name) src={ "/api/sounds/" (sound.id) "/audio" } {}
            div.row {
                span.number { (show::duration(sound.duration_ms.div_ceil(1_000))) }
                @if editable && !plays {
                    (choice(campaign.id, &sound.id.to_string(), "Have people hear this", "small"))
                    form method="post" action={ "/sounds/" (sound.id) "/delete" } {
                        input type="hidden" name="campaign" value=(campaign.id);
                        button.small type="submit" { "Delete" }
                    }
                }
            }
        }
    }
}

fn choice(campaign: CampaignId, sound: &str, label: &str, class: &str) -> Markup {
    html! {
        form method="post" action={ "/campaigns/" (campaign) "/sound" } {
            input type="hidden" name="sound" value=(sound);
            button class=(class) type="submit" { (label) }
        }
    }
}

fn sending(campaign: CampaignId) -> Markup {
    html! {
        form method="post" action={ "/campaigns/" (campaign) "/sounds" } enctype="multipart/form-data" {
            div.field {
                label for="file" { "Send a sound" }
                input #file name="file" type="file" required accept=(ACCEPTED) aria-describedby="file-hint";
                span.hint #file-hint {
                    "WAV, MP3 or Ogg Vorbis, at most " (MOST_BYTES / 1024 / 1024) " MB and " (LONGEST.as_secs() / 60)
                    " minutes. It is made into what telephones carry: one channel, nothing above 4 kHz."
                }
            }
            button type="submit" { "Send" }
        }
    }
}
