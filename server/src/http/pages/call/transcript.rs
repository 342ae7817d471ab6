//! What was said in a call's recordings, on its card.

use domain::sentiment::Tone;
use domain::transcript::{Speaker, TranscriptState};
use maud::{Markup, html};

use crate::http::pages::parts::show;
use crate::store::transcripts::{Piece, TranscriptRecord};

/// Every transcript of the call; nothing where none was asked for.
pub fn transcripts(transcripts: &[(TranscriptRecord, Vec<Piece>)]) -> Markup {
    html! { @for (transcript, pieces) in transcripts { (card(transcript, pieces)) } }
}

fn card(transcript: &TranscriptRecord, pieces: &[Piece]) -> Markup {
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
                        li { (show::duration(piece.start_ms / 1_000)) div { span.muted { (speaker(piece.speaker)) " " } (piece.said) } }
                    }
                }
            }
        }
    }
}

const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Negative => "negative",
        Tone::Neutral => "neutral",
        Tone::Positive => "positive",
    }
}

const fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Person => "They:",
        Speaker::Us => "We:",
        Speaker::Either => "",
    }
}
