//! What a real prospect would hear.

use domain::call_flow::Words;
use domain::ids::CampaignId;
use maud::{Markup, html};

use crate::http::pages::parts::show;
use crate::speech::{self, Heard};
use crate::store::prospects::ProspectRecord;

/// The preview. `words`: what would be said; nothing when nothing was written yet.
pub fn preview(
    campaign: CampaignId,
    words: Option<&Words>,
    plays_a_file: bool,
    listeners: &[ProspectRecord],
    listener: Option<&ProspectRecord>,
) -> Markup {
    let Some(listener) = listener else {
        return html! { p.muted { "When somebody is on the list, this shows what they would hear." } };
    };
    html! {
        form.filters method="get" action={ "/campaigns/" (campaign) "/message" } data-submit="yes" {
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
        @match words.map(|words| Heard::of(words, &listener.spoken_values())) {
            None => p.muted { "There is no text yet." },
            Some(Ok(heard)) => {
                pre tabindex="0" { (heard.text) }
                p.muted { "About " (show::duration(heard.seconds().into())) ", " (heard.text.chars().count()) " characters." }
                @if let Some(voicemail) = &heard.voicemail {
                    h3 { "Their voicemail" }
                    pre tabindex="0" { (voicemail) }
                }
            }
            Some(Err(error)) => div.notice.warn { p { "This cannot be said to them: " (error) "." } },
        }
        @if plays_a_file { p { "A sound is played instead of this text." } }
    }
}

/// What keeps a campaign with these words from being launched, whoever is on its list.
pub fn not_for_everybody(words: Option<&Words>) -> Markup {
    let error = words.and_then(|words| speech::check_for_everybody(words).err());
    html! {
        @if let Some(error) = error {
            div.notice.warn { p { strong { "Not ready to launch." } " Somebody without these values could not hear it: " (error) "." } }
        }
    }
}
