//! Which part of a file a request wants (RFC 9110, section 14), one part at a time.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it. Also for what cannot be read and for several parts at once: then the header counts as absent.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Nothing there: 416.
    Nowhere,
}

/// What of a file of `size` bytes is wanted, which is known by this entity tag.
pub fn wanted(headers: &HeaderMap, size: u64, tag: &str) -> Wanted {
    let of_another = headers.get(header::IF_RANGE).is_some_and(|known| known.as_bytes() != tag.as_bytes());
    let mut asked = headers.get_all(header::RANGE).iter();
    match (asked.next().and_then(|range| range.to_str().ok()), asked.next()) {
        (Some(range), None) if !of_another => read(range, size),
        _ => Wanted::Whole,
    }
}

fn read(range: &str, size: u64) -> Wanted {
    let Some((unit, part)) = range.split_once('=') else { return Wanted::Whole };
    let Some((first, last)) = part.trim().split_once('-') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    match (number(first), number(last)) {
        (Number::Is(first), Number::Is(last)) if first > last => Wanted::Whole,
        (Number::Is(first), Number::Is(_) | Number::Empty) if first >= size => Wanted::Nowhere,
        (Number::Is(first), Number::Is(last)) => Wanted::Part(first..last.saturating_add(1).min(size)),
        (Number::Is(first), Number::Empty) => Wanted::Part(first..size),
        (Number::Empty, Number::Is(0)) => Wanted::Nowhere,
        (Number::Empty, Number::Is(_)) if size == 0 => Wanted::Nowhere,
        (Number::Empty, Number::Is(last)) => Wanted::Part(size.saturating_sub(last)..size),
        _ => Wanted::Whole,
    }
}

enum Number {
    Empty,
    Is(u64),
    Not,
}

fn number(text: &str) -> Number {
    match text {
        "" => Number::Empty,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // Beyond every file, however many digits it has.
            Number::Is(digits.parse().unwrap_or(u64::MAX))
        }
        _ => Number::Not,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().expect("a header"));
        wanted(&headers, 100, "\"tag\"")
    }

    #[test]
    fn one_part_is_cut_out_and_never_reaches_beyond_the_end() {
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-", 0..100),
            ("bytes=10-19", 10..20),
            ("bytes=90-500", 90..100),
            ("bytes=90-99999999999999999999999", 90..100),
            ("bytes=-10", 90..100),
            ("bytes=-500", 0..100),
            ("Bytes=99-", 99..100),
        ] {
            assert_eq!(of(range), Wanted::Part(part), "{range}");
        }
    }

    #[test]
    fn a_part_behind_the_end_is_nowhere() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(of(range), Wanted::Nowhere, "{range}");
        }
    }

    #[test]
    fn what_cannot_be_read_and_several_parts_are_answered_with_the_whole() {
        for range in [
            "bytes=0-1,5-6",
            "bytes=-",
            "bytes=5-1",
            "bytes=a-b",
            "bytes= 1 - 2",
            "bytes=--1",
            "bytes=+1-2",
            "lines=1-2",
            "bytes",
            "",
        ] {
            assert_eq!(of(range), Wanted::Whole, "{range}");
        }
        let mut twice = HeaderMap::new();
        twice.append(header::RANGE, "bytes=0-1".parse().expect("a header"));
        twice.append(header::RANGE, "bytes=5-6".parse().expect("a header"));
        assert_eq!(wanted(&twice, 100, "\"tag\""), Wanted::Whole);
    }

    #[test]
    fn part_of_another_file_is_not_added_to_this_one() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=5-6".parse().expect("a header"));
        headers.insert(header::IF_RANGE, "\"tag\"".parse().expect("a header"));
        assert_eq!(wanted(&headers, 100, "\"tag\""), Wanted::Part(5..7));
        assert_eq!(wanted(&headers, 100, "\"other\""), Wanted::Whole);
    }
}
