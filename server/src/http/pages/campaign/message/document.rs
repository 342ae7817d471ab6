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

/// When the carrier asks for a document.
#[derive(Clone, Copy)]
enum When {
    PickedUp,
    Pressed(char),
    ToneOver,
    PutThrough,
}

impl When {
    fn words(self) -> String {
        match self {
            Self::PickedUp => "When somebody picks up".to_owned(),
            Self::Pressed(key) => format!("When they press {key}"),
            Self::ToneOver => "When a machine’s tone is over".to_owned(),
            Self::PutThrough => "For whom they are put through to".to_owned(),
        }
    }

    /// What begins a call begins with the notice that it is recorded.
    fn begun(self, document: Response, notice: Option<&str>, voice: Option<&str>) -> Response {
        match self {
            Self::PickedUp | Self::ToneOver => message::begun_with(document, notice, voice),
            Self::Pressed(_) | Self::PutThrough => document,
        }
    }
}

/// What a campaign's call to `listener` would be made of; nothing where it cannot be said to them.
pub fn documents(
    campaign: &CampaignRecord,
    words: Option<&Words>,
    listener: Option<&ProspectRecord>,
) -> Markup {
    let played = campaign.sound.map(kept).or_else(|| campaign.audio_url.clone());
    let documents = match (played, words, listener) {
        (Some(url), _, _) => vec![(When::PickedUp, message::sound(url))],
        (None, Some(words), Some(listener)) => of_words(campaign, words, listener).unwrap_or_default(),
        _ => Vec::new(),
    };
    let notice = listener.and_then(|listener| notice(campaign, &listener.phone));
    html! {
        @if !documents.is_empty() {
            details {
                summary { "The TwiML that is sent" }
                p.hint { "Addresses are shortened; the real ones are sealed for each call." }
                @for (when, document) in documents {
                    h3 { (when.words()) }
                    pre tabindex="0" { (legible(&when.begun(document, notice, campaign.carrier_voice()))) }
                }
            }
        }
    }
}

fn of_words(
    campaign: &CampaignRecord,
    words: &Words,
    listener: &ProspectRecord,
) -> Option<Vec<(When, Response)>> {
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
    let mut documents = vec![(When::PickedUp, document(&flow.beginning())?)];
    for (step, key) in flow.listening() {
        let after = flow.after(step, 1, Turn::Key(key))?;
        documents.push((When::Pressed(key), document(&after.leg)?));
    }
    if let Some(voicemail) = &words.voicemail {
        documents.push((When::ToneOver, message::said(said(voicemail).ok()?, voice)));
    }
    if let Some(whisper) = words.whisper.as_deref().filter(|_| flow.transfers()) {
        documents.push((When::PutThrough, message::whisper(said(whisper).ok()?, voice)));
    }
    Some(documents)
}

/// What somebody with this number is told first, where they are told that they are recorded.
fn notice<'c>(campaign: &'c CampaignRecord, number: &PhoneNumber) -> Option<&'c str> {
    let consent = &campaign.recording_consent;
    if campaign.recording == "off" { None } else { consent.ruling(number).notice(consent) }
}

/// Where a sound of ours would be fetched.
fn kept(sound: SoundId) -> String {
    format!("…/media/{sound}")
}

/// One element a line. Texts are escaped: what looks like two elements is.
fn legible(document: &Response) -> String {
    document.render().unwrap_or_else(|error| error.to_string()).replace("><", ">\n<")
}
