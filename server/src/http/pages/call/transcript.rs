//! What was said in a call's recordings, on its card: each sentence leads to its place in the sound.

use domain::ids::{CallId, RecordingId};
use domain::recording::RecordingState;
use domain::sentiment::Tone;
use domain::transcript::{Speaker, TranscriptState};
use maud::{Markup, html};
use serde::Deserialize;

use crate::http::pages::parts::show;
use crate::store::recordings::RecordingRecord;
use crate::store::transcripts::{Piece, TranscriptRecord};

/// From where on a recording is heard, as it stands in the address. What cannot be read is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Hearing {
    recording: String,
    #[serde(rename = "startMs")]
    start_ms: String,
}

impl Hearing {
    /// Milliseconds from the begin of this recording, where it is the one that is asked for.
    pub fn start_of(&self, recording: RecordingId) -> Option<u64> {
        let asked = self.recording.parse::<RecordingId>().ok()?;
        self.start_ms.parse().ok().filter(|_| asked == recording)
    }
}

/// The address of a place in a recording, on the card of its call.
pub fn place_in_sound(call: CallId, recording: RecordingId, start_ms: u64) -> String {
    format!("/calls/{call}?recording={recording}&startMs={start_ms}#{recording}")
}

/// Every transcript of the call; nothing where none was asked for.
pub fn transcripts(
    transcripts: &[(TranscriptRecord, Vec<Piece>)],
    recordings: &[RecordingRecord],
    hearing: &Hearing,
) -> Markup {
    let is_heard = |of: RecordingId| {
        recordings.iter().any(|it| it.id == of && it.state == RecordingState::Stored && it.copy.is_some())
    };
    html! {
        @for (transcript, pieces) in transcripts {
            (card(transcript, pieces, is_heard(transcript.recording), hearing))
        }
    }
}

fn card(transcript: &TranscriptRecord, pieces: &[Piece], is_heard: bool, hearing: &Hearing) -> Markup {
    html! {
        div.card {
            h2 { "What was said" }
            @match transcript.state {
                TranscriptState::Wanted => p.muted { "Being written down." },
                TranscriptState::Failed if pieces.is_empty() => p { "It could not be written down." },
                _ if pieces.is_empty() => p.muted { "Nothing was said." },
                _ => {}
            }
            @if let Some(trouble) = &transcript.trouble { p.muted { "The last try was in vain: " (trouble) "." } }
            @if let Some(summary) = &transcript.summary { p { (summary) } }
            @if let Some(judgement) = &transcript.judgement {
                p { "They sounded " strong { (tone(judgement.tone)) } span.muted { ", says " (if judgement.by_model { "the model" } else { "our list of words" }) "." } }
            }
            @if !pieces.is_empty() {
                ol.timeline {
                    @for piece in pieces {
                        @let here = hearing.start_of(transcript.recording) == Some(piece.start_ms);
                        li aria-current=[here.then_some("true")] {
                            (show::duration(piece.start_ms / 1_000))
                            div {
                                span.muted { (speaker(piece.speaker)) " " }
                                @if is_heard { (said(transcript, piece)) } @else { (piece.said) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The sentence, as a link to its place. Without scripts the page comes anew, with a player that begins there.
fn said(transcript: &TranscriptRecord, piece: &Piece) -> Markup {
    let recording = transcript.recording;
    html! {
        a.said href=(place_in_sound(transcript.call, recording, piece.start_ms))
            data-plays={ "player-" (recording) } data-from=(seconds(piece.start_ms)) { (piece.said) }
    }
}

/// Milliseconds as the seconds that players count in.
pub fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Negative => "negative",
        Tone::Neutral => "neutral",
        Tone::Positive => "positive",
    }
}

/// Who said it.
pub const fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Person => "They:",
        Speaker::Us => "We:",
        Speaker::Either => "",
    }
}
