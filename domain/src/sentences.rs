//! Where a text that is spoken may be parted, so that each sentence is spoken, and paid for, once.
//!
//! A sentence that everybody hears is the same for everybody, whatever the one beside it says to one of them.

/// The longest piece, in characters: longer sentences are parted between words.
pub const LONGEST_PIECE: usize = 1_000;

const ENDS: &[char] = &['.', '!', '?', '…'];
/// These end a sentence without a space behind them.
const WIDE_ENDS: &[char] = &['。', '！', '？'];
const CLOSING: &[char] = &['"', '\'', ')', ']', '”', '’', '»', '」', '』'];
/// Words in front of a dot that seldom end a sentence, in small letters.
const SHORT_FORMS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "rev", "hon", "gen", "col", "capt", "lt", "sgt", "no",
    "nr", "inc", "ltd", "co", "corp", "vs", "etc", "e.g", "i.e", "z.b", "u.s", "p.o", "ave", "blvd", "rd",
    "apt", "ext", "dept", "approx", "fr", "hr", "sra", "mme", "mlle",
];

/// The sentences of a text, in order, without the spaces around them; nothing but spaces has none.
///
/// Parted is behind `.`, `!`, `?` and `…` when a space follows and the next word does not begin small, behind their wide
/// forms, and at the end of a line. A dot behind a single letter or a known short form parts nothing. Nothing but spaces is
/// left out, so the pieces said one after the other are the text.
pub fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for line in text.lines() {
        let mut begin = 0;
        while let Some(end) = end_of_sentence(line, begin) {
            add(&mut pieces, &line[begin..end]);
            begin = end;
        }
        add(&mut pieces, &line[begin..]);
    }
    pieces
}

fn add<'t>(pieces: &mut Vec<&'t str>, sentence: &'t str) {
    let mut rest = sentence.trim();
    while let Some((limit, _)) = rest.char_indices().nth(LONGEST_PIECE) {
        let cut = rest[..limit].rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(limit);
        pieces.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
}

/// Where the sentence that goes on at `from` ends, if the line goes on behind it.
fn end_of_sentence(line: &str, from: usize) -> Option<usize> {
    for (at, mark) in line[from..].char_indices() {
        let (at, behind) = (from + at, from + at + mark.len_utf8());
        if WIDE_ENDS.contains(&mark) {
            return Some(past(line, behind, |next| CLOSING.contains(&next) || WIDE_ENDS.contains(&next)));
        }
        if !ENDS.contains(&mark) {
            continue;
        }
        let end = past(line, behind, |next| CLOSING.contains(&next) || ENDS.contains(&next));
        let rest = &line[end..];
        let next_word = rest.trim_start();
        let parts = rest.starts_with(char::is_whitespace)
            && next_word.chars().find(|next| next.is_alphanumeric()).is_some_and(|next| !next.is_lowercase());
        let ends_only_a_word = mark == '.' && end == behind && is_short_form(&line[from..at]);
        if parts && !ends_only_a_word {
            return Some(end);
        }
    }
    None
}

fn past(line: &str, from: usize, skipped: impl Fn(char) -> bool) -> usize {
    line[from..].find(|next| !skipped(next)).map_or(line.len(), |at| from + at)
}

fn is_short_form(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let single_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    // "I" ends sentences, initials do not.
    (single_letter && word != "I") || SHORT_FORMS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_parted_between_its_sentences() {
        for (text, pieces) in [
            (
                "Hello Ada. This is Acme! Shall we talk? Good…",
                &["Hello Ada.", "This is Acme!", "Shall we talk?", "Good…"][..],
            ),
            ("  One line\n\nanother  \r\n", &["One line", "another"]),
            ("He said \"Stop.\" Then he left.", &["He said \"Stop.\"", "Then he left."]),
            ("Really?! Yes.", &["Really?!", "Yes."]),
            ("Press 1. Press 2.", &["Press 1.", "Press 2."]),
            ("お元気ですか。はい。", &["お元気ですか。", "はい。"]),
            ("", &[]),
            (" \n ", &[]),
        ] {
            assert_eq!(split(text), pieces, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_an_end_and_is_none_parts_nothing() {
        for whole in [
            "Dr. Ada Lovelace calls.",
            "I am J. Smith of Acme Inc. in Boston.",
            "It costs 3.50 dollars at example.com today.",
            "Wait… please.",
            "Mr. and Mrs. Doe",
            "The U.S. Army",
        ] {
            assert_eq!(split(whole), [whole]);
        }
        assert_eq!(split("So do I. Do you?"), ["So do I.", "Do you?"]);
    }

    #[test]
    fn only_the_sentence_with_the_name_differs_from_person_to_person() {
        let said = |name: &str| format!("Hello {name}. This is a call from Acme. Press 1 to confirm.");
        let (ada, bob) = (said("Ada"), said("Bob"));
        let differ = split(&ada).iter().zip(split(&bob)).filter(|(one, other)| *one != other).count();
        assert_eq!(differ, 1);
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_too_long() {
        let long = format!("{} end. {}", "word ".repeat(500), "x".repeat(2_500));
        let pieces = split(&long);
        assert!(pieces.iter().all(|piece| (1..=LONGEST_PIECE).contains(&piece.chars().count())));
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(bare(&pieces.concat()), bare(&long));
    }
}
