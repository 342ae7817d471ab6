//! The documents that the carrier gets, as a prospect's call would have them.

use domain::call_flow::{Leg, Turn, Words};
use domain::ids::SoundId;
use domain::phone_number::PhoneNumber;
use domain::sentences;
use maud::{Markup, html};

use crate::carrier::twilio::message::{self, Addresses, Said, Speaker};
use crate::carrier::twilio::twiml::Response;
use crate::speech;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;

/// Stands for the number that a call would come from, where the campaign leaves the choice to the server.
const SOME_NUMBER: &str = "+15005550006";

/// What a campaign's call to `listener` would be made of; nothing where it cannot be said to them.
pub fn documents(
    campaign: &CampaignRecord,
    words: Option<&Words>,
    listener: Option<&ProspectRecord>,
) -> Markup {
    let played = campaign.sound.map(kept).or_else(|| campaign.audio_url.clone());
    let documents = match (played, words, listener) {
        (Some(url), _, _) => vec![("When somebody picks up".to_owned(), message::sound(url))],
        (None, Some(words), Some(listener)) => of_words(campaign, words, listener).unwrap_or_default(),
        _ => Vec::new(),
    };
    html! {
        @if !documents.is_empty() {
            details {
                summary { "The TwiML that is sent" }
                p.hint { "Addresses are shortened; the real ones are sealed for each call." }
                @for (when, document) in &documents {
                    h3 { (when) }
                    pre tabindex="0" { (legible(document)) }
                }
            }
        }
    }
}

fn of_words(
    campaign: &CampaignRecord,
    words: &Words,
    listener: &ProspectRecord,
) -> Option<Vec<(String, Response)>> {
    let flow = words.flow().ok()?;
    let narrated = campaign.needs_narration();
    let said = |text: &str| {
        speech::render(text, &listener.spoken_values()).map(|text| match narrated {
            true => {
                sentences::split(&text).iter().map(|_| Said::Sound("…/media/spoken".to_owned())).collect()
            }
            false => vec![Said::Words(text)],
        })
    };
    let fallback = PhoneNumber::parse(SOME_NUMBER, None).ok()?;
    let voice = campaign.carrier_voice();
    let speaker = Speaker {
        voice,
        caller_id: campaign.caller_id.as_ref().unwrap_or(&fallback),
        transfer_to: campaign.transfer_to.as_ref(),
        time_limit_seconds: campaign.time_limit_seconds.into(),
    };
    let addresses = |step: &str| Addresses {
        turn: format!("…/turn?at={step}"),
        recording: "…/recording".to_owned(),
        whisper: words.whisper.is_some().then(|| "…/whisper".to_owned()),
    };
    let document = |leg: &Leg<'_>| message::leg(leg, speaker, said, kept, addresses).ok();
    let mut documents = vec![("When somebody picks up".to_owned(), document(&flow.beginning())?)];
    for (step, key) in flow.listening() {
        let after = flow.after(step, 1, Turn::Key(key))?;
        documents.push((format!("When they press {key}"), document(&after.leg)?));
    }
    if let Some(voicemail) = &words.voicemail {
        documents.push((
            "When a machine\u{2019}s tone is over".to_owned(),
            message::said(said(voicemail).ok()?, voice),
        ));
    }
    if let Some(whisper) = words.whisper.as_deref().filter(|_| flow.transfers()) {
        documents.push((
            "For whom they are put through to".to_owned(),
            message::whisper(said(whisper).ok()?, voice),
        ));
    }
    Some(documents)
}

/// Where a sound of ours would be fetched.
fn kept(sound: SoundId) -> String {
    format!("…/media/{sound}")
}

/// One element a line. Texts are escaped: what looks like two elements is.
fn legible(document: &Response) -> String {
    document.render().unwrap_or_else(|error| error.to_string()).replace("><", ">\n<")
}
