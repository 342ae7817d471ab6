//! Calls in which something was said: the sentences, each with the way to its place in the recording.

use domain::calling_window::CampaignZone;
use domain::ids::RecordingId;
use maud::{Markup, html};

use super::place;
use crate::actions::users::Visitor;
use crate::http::Problem;
use crate::http::api::transcripts::{Found, find};
use crate::http::pages::call::transcript::{place_in_sound, speaker};
use crate::http::pages::page::Page;
use crate::http::pages::parts::head::head;
use crate::http::pages::parts::pager::{address, pager};
use crate::http::pages::parts::{empty, show};
use crate::http::query::Cursor;
use crate::http::state::HttpState;
use crate::store::calls::CallRecord;
use crate::store::transcripts::Piece;

/// Calls of a page.
const ROWS: u64 = 20;

/// The form.
pub(super) fn search(words: &str) -> Markup {
    html! {
        form.filters method="get" action="/calls" role="search" {
            div.field {
                label for="words" { "Words that were said" }
                input #words name="words" type="search" value=(words) maxlength="128";
            }
            button type="submit" { "Search" }
            @if !words.is_empty() { a.button href="/calls" { "Clear" } }
        }
    }
}

/// Shows the calls in which these words were said.
pub(super) async fn found(
    state: &HttpState,
    visitor: &Visitor,
    words: &str,
    cursor: Option<&Cursor>,
) -> Result<Page, Problem> {
    let Found { transcripts, next_cursor } = find(state, visitor, words, cursor, ROWS).await?;
    let store = &state.actions.store;
    let now = state.actions.clock.now();
    let mut cards = Vec::with_capacity(transcripts.len());
    for (transcript, pieces) in &transcripts {
        let Some(call) = store.any_call(transcript.call).await? else { continue };
        let names = store.names_of(std::iter::once(call.prospect)).await?;
        let name = names.into_values().next().unwrap_or_default();
        let campaign = store.campaign(call.workspace, call.campaign).await?;
        let campaign = campaign.map(|campaign| campaign.name).unwrap_or_default();
        cards.push(html! {
            div.card {
                h2 { a href={ "/calls/" (call.id) } { "Call to " (show::name(&name, "")) } }
                p.muted {
                    (show::phone(&call.to, visitor.role)) ", " (campaign) ", "
                    (show::short_time(call.created_at, now, &CampaignZone::utc()))
                }
                ol.timeline { @for piece in pieces { (sentence(&call, transcript.recording, piece, words)) } }
            }
        });
    }
    let next = next_cursor.map(|cursor| address("/calls", &[("words", words), ("cursor", &cursor)]));
    let first = cursor.map(|_| address("/calls", &[("words", words)]));
    let content = html! {
        @if cards.is_empty() {
            (empty("Nothing found", &html! { p { "In no recording that is written down was this said." } }))
        } @else {
            div.stack { @for card in &cards { (card) } }
            @if first.is_some() || next.is_some() {
                (pager(cards.len(), "the calls in which it was said", first.as_deref(), next.as_deref()))
            }
        }
    };
    let lead = html! { "Calls in which “" (words) "” was said, the latest first." };
    Ok(Page::new("Calls", place(visitor.role))
        .with("head", head("Calls", lead, &html! {}))
        .with("search", search(words))
        .with("calls", content))
}

fn sentence(call: &CallRecord, recording: RecordingId, piece: &Piece, words: &str) -> Markup {
    html! {
        li {
            (show::duration(piece.start_ms / 1_000))
            div {
                span.muted { (speaker(piece.speaker)) " " }
                a.said href=(place_in_sound(call.id, recording, piece.start_ms)) {
                    @for (is_wanted, part) in parts(&piece.said, words) {
                        @if is_wanted { mark { (part) } } @else { (part) }
                    }
                }
            }
        }
    }
}

/// A sentence in parts, and which of them are the words; case does not matter.
fn parts<'s>(said: &'s str, words: &str) -> Vec<(bool, &'s str)> {
    let words = words.to_lowercase();
    let (mut parts, mut rest) = (Vec::new(), said);
    while let Some((begin, end)) = first(rest, &words) {
        parts.extend((begin > 0).then(|| (false, &rest[..begin])));
        parts.push((true, &rest[begin..end]));
        rest = &rest[end..];
    }
    parts.extend((!rest.is_empty()).then_some((false, rest)));
    parts
}

/// Where the words, in lower case, stand first. Lower case may be longer than what it is of.
fn first(text: &str, words: &str) -> Option<(usize, usize)> {
    let length_of = |from: usize| {
        let mut folded = String::new();
        for (at, letter) in text[from..].char_indices() {
            folded.extend(letter.to_lowercase());
            if !words.starts_with(&folded) {
                return None;
            }
            if folded.len() == words.len() {
                return Some(at + letter.len_utf8());
            }
        }
        None
    };
    text.char_indices().find_map(|(from, _)| Some((from, from + length_of(from)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_words_is_marked_as_it_was_written() {
        assert_eq!(
            parts("Sure, I am sure.", "SURE"),
            [(true, "Sure"), (false, ", I am "), (true, "sure"), (false, ".")]
        );
        assert_eq!(parts("ÜBER alles", "über"), [(true, "ÜBER"), (false, " alles")]);
        assert_eq!(parts("İstanbul, i̇stanbul", "i̇st").iter().filter(|(wanted, _)| *wanted).count(), 2);
        assert_eq!(parts("Nothing", "else"), [(false, "Nothing")]);
        assert_eq!(parts("", "else"), []);
    }
}
