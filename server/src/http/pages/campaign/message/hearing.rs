//! What a real prospect would hear, spoken by the campaign's voice.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::call_flow::Words;
use domain::ids::{CampaignId, ProspectId, SoundId};
use maud::{Markup, html};

use super::{Asked, script_of};
use crate::actions::users::Role;
use crate::http::api::campaigns::load;
use crate::http::auth::Operator;
use crate::http::hearing::Text;
use crate::http::pages::form::Form;
use crate::http::pages::parts::pager::address;
use crate::http::pages::parts::show;
use crate::http::pages::parts::spoken::player;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::speech::Heard;
use crate::store::campaigns::CampaignRecord;

/// Has it spoken, and leads back to where it is heard.
pub async fn hear(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let script = script_of(&state, &campaign).await?.ok_or_else(|| Problem::not_found("script"))?;
    let gone = || Problem::not_found("prospect");
    let prospect: ProspectId = form.value("prospect").parse().map_err(|_| gone())?;
    let found = state.actions.store.prospect(visitor.actor.workspace, prospect).await?;
    let prospect = found.filter(|found| found.campaign == campaign.id).ok_or_else(gone)?;
    let heard = Heard::of(&script.words, &prospect.spoken_values()).map_err(|error| {
        Problem::unprocessable("script_broken", format!("This cannot be said to them: {error}."))
    })?;
    let voice = campaign.voice.clone().unwrap_or_default();
    let text = if form.value("part") == "voicemail" {
        heard.voicemail.ok_or_else(|| Problem::not_found("voicemail message"))?
    } else {
        said(&heard)
    };
    let text = Text::read(&state, visitor.actor.workspace, &voice, &text)?;
    let sound = text.hear().await?.sound.id.to_string();
    let path = format!("/campaigns/{id}/message");
    let back = address(&path, &[("prospect", &prospect.id.to_string()), ("heard", &sound)]);
    Ok(Redirect::to(&format!("{back}#heard")).into_response())
}

/// The player of what was just spoken, and what it takes to speak it.
pub async fn section(
    state: &HttpState,
    campaign: &CampaignRecord,
    words: Option<&Words>,
    listener: Option<ProspectId>,
    values: &[(String, String)],
    asked: &Asked,
    role: Role,
) -> Result<Markup, Problem> {
    let heard = listener.zip(words).and_then(|(_, words)| Heard::of(words, values).ok());
    let (Some(listener), Some(heard)) = (listener, heard) else { return Ok(html! {}) };
    if !campaign.needs_narration() {
        return Ok(html! {
            @if !campaign.plays_a_sound() {
                p.muted { "Twilio's voices speak only while a call is on: to hear one, ring yourself. Voices of ElevenLabs can be heard here." }
            }
        });
    }
    let voice = campaign.voice.clone().unwrap_or_default();
    let sound = match asked.heard.parse::<SoundId>() {
        Ok(id) => state.actions.store.sound(campaign.workspace, id).await?,
        Err(_) => None,
    };
    let text = Text::read(state, campaign.workspace, &voice, &said(&heard));
    let cost = match &text {
        Ok(text) => Some(text.cost().await?),
        Err(_) => None,
    };
    Ok(html! {
        div.recording #heard {
            @if let Some(sound) = &sound { (player(sound)) }
            @match (&text, cost) {
                (Ok(_), Some(cost)) => {
                    p.muted {
                        @if cost.unspoken == 0 { "All of this was spoken before: hearing it takes nothing from the quota." }
                        @else { "Hearing it takes " (show::number_of(cost.unspoken, "character", "characters")) " of " (show::grouped(cost.characters)) " from the quota; the other sentences were spoken before. Calls say it then without paying again." }
                    }
                    @if role >= Role::Operator {
                        (button(campaign.id, listener, "text", "Hear it"))
                        @if heard.voicemail.is_some() { (button(campaign.id, listener, "voicemail", "Hear the voicemail")) }
                    }
                }
                (Err(problem), _) => div.notice.warn { p { strong { "It cannot be heard. " } (problem.detail()) } },
                _ => {}
            }
        }
    })
}

/// Without the sound files that are played in between.
fn said(heard: &Heard) -> String {
    let is_file = |line: &&str| line.starts_with("[http") && line.ends_with(']');
    heard.text.lines().filter(|line| !is_file(line)).collect::<Vec<_>>().join("\n")
}

fn button(campaign: CampaignId, listener: ProspectId, part: &str, label: &str) -> Markup {
    html! {
        form method="post" action={ "/campaigns/" (campaign) "/message/hear" } {
            input type="hidden" name="prospect" value=(listener);
            input type="hidden" name="part" value=(part);
            button type="submit" { (label) }
        }
    }
}
