//! What a transcription service answers, taken with care: it is a stranger's text.

use serde::Deserialize;

/// More than anybody says in the longest call.
const MOST_SEGMENTS: usize = 20_000;
const MOST_LETTERS: usize = 1_000_000;
/// Times beyond a day are nonsense.
const MOST_SECONDS: f64 = 86_400.0;

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Piece by piece, in order of their begin; pieces without a word are left out.
    pub segments: Vec<Segment>,
    /// How long the audio is, in milliseconds, where the service said so.
    pub duration_ms: Option<u64>,
    /// The language as the service calls it, such as `english`.
    pub language: Option<String>,
}

/// A piece of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Milliseconds from the begin of the audio.
    pub start_ms: u64,
    /// Milliseconds from the begin of the audio, not before its start.
    pub end_ms: u64,
    /// In one line.
    pub text: String,
}

#[derive(Deserialize)]
struct WireTranscript {
    text: String,
    duration: Option<Seconds>,
    language: Option<String>,
    segments: Option<Vec<WireSegment>>,
}

#[derive(Deserialize)]
struct WireSegment {
    start: f64,
    end: f64,
    text: String,
}

/// Some services write the duration as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

/// Reads `verbose_json`, and `json` of services that know no other: all is one piece then.
pub(super) fn read(body: &[u8]) -> Result<Transcript, &'static str> {
    let wire: WireTranscript =
        serde_json::from_slice(body).map_err(|_| "it is not what the service documents")?;
    let duration = wire.duration.and_then(|seconds| match seconds {
        Seconds::Number(seconds) => Some(seconds),
        Seconds::Text(text) => text.parse().ok(),
    });
    let duration_ms = duration.map(milliseconds).transpose()?;
    let pieces = wire.segments.filter(|segments| !segments.is_empty()).unwrap_or_else(|| {
        vec![WireSegment { start: 0.0, end: duration.unwrap_or_default(), text: wire.text }]
    });
    if pieces.len() > MOST_SEGMENTS
        || pieces.iter().map(|piece| piece.text.len()).sum::<usize>() > MOST_LETTERS
    {
        return Err("it is longer than anybody talks");
    }
    let mut segments = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let (start_ms, end_ms) = (milliseconds(piece.start)?, milliseconds(piece.end)?);
        let text = one_line(&piece.text);
        if !text.is_empty() {
            segments.push(Segment { start_ms, end_ms: end_ms.max(start_ms), text });
        }
    }
    segments.sort_by_key(|segment| segment.start_ms);
    let language = wire.language.map(|language| one_line(&language).chars().take(40).collect());
    Ok(Transcript { segments, duration_ms, language })
}

fn milliseconds(seconds: f64) -> Result<u64, &'static str> {
    // Written so that what is no number fails too.
    if (0.0..=MOST_SECONDS).contains(&seconds) {
        Ok((seconds * 1_000.0).round() as u64)
    } else {
        Err("it has times that cannot be")
    }
}

/// Without control characters and what turns the direction of writing; runs of white space become one.
pub(super) fn one_line(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let shown: String = text.chars().map(|c| if hidden(c) { ' ' } else { c }).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Result<Vec<(u64, u64, String)>, &'static str> {
        let segments = read(json.as_bytes())?.segments.into_iter();
        Ok(segments.map(|segment| (segment.start_ms, segment.end_ms, segment.text)).collect())
    }

    #[test]
    fn pieces_are_put_in_order_and_cleaned_and_empty_ones_left_out() {
        let answer = "{\"text\": \"\", \"segments\": [{\"start\": 2.5, \"end\": 2.0, \"text\": \" B\\u0000\\u202e \\n b \"}, \
                      {\"start\": 0, \"end\": 1.2345, \"text\": \"A\"}, {\"start\": 3, \"end\": 4, \"text\": \" \\u200b\"}]}";
        assert_eq!(said(answer), Ok(vec![(0, 1_235, "A".to_owned()), (2_500, 2_500, "B b".to_owned())]));
    }

    #[test]
    fn a_service_without_times_gives_one_piece() {
        assert_eq!(said("{\"text\": \"Hello.\"}"), Ok(vec![(0, 0, "Hello.".to_owned())]));
        let timed = said("{\"text\": \"Hello.\", \"duration\": \"1.5\", \"segments\": []}");
        assert_eq!(timed, Ok(vec![(0, 1_500, "Hello.".to_owned())]));
        assert_eq!(said("{\"text\": \" \"}"), Ok(vec![]));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let long = format!("{{\"text\": \"{}\"}}", "x".repeat(MOST_LETTERS + 1));
        let many = "{\"start\":0,\"end\":0,\"text\":\"x\"},".repeat(MOST_SEGMENTS);
        let many = format!("{{\"text\":\"\",\"segments\":[{many}{{\"start\":0,\"end\":0,\"text\":\"x\"}}]}}");
        for hostile in [
            "",
            "Hello",
            "[]",
            "{}",
            "{\"text\": 7}",
            "{\"text\": \"\", \"segments\": [{\"start\": -1, \"end\": 1, \"text\": \"x\"}]}",
            "{\"text\": \"\", \"segments\": [{\"start\": 0, \"end\": 86401, \"text\": \"x\"}]}",
            "{\"text\": \"\", \"segments\": [{\"start\": 0, \"end\": 1e999, \"text\": \"x\"}]}",
            "{\"text\": \"\", \"segments\": [{\"start\": 0, \"text\": \"x\"}]}",
            "{\"text\": \"x\", \"duration\": \"NaN\"}",
            &long,
            &many,
        ] {
            assert!(read(hostile.as_bytes()).is_err(), "{}", &hostile[..hostile.len().min(80)]);
        }
    }
}
