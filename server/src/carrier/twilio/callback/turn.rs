//! How a person's turn ended, from what Twilio says when it asks for what follows.

use domain::call_flow::{Turn, Waits};

/// Reads the fields of a request that follows a Gather, a Record or a Dial.
pub fn turn_of(waits: &Waits<'_>, fields: &[(String, String)]) -> Turn {
    let field = |name: &str| fields.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    match waits {
        Waits::Key { .. } => {
            let mut digits = field("Digits").unwrap_or_default().chars();
            match (digits.next(), digits.next()) {
                (Some(key), None) => Turn::Key(key),
                _ => Turn::NoKey,
            }
        }
        Waits::Message { .. } => {
            let there = field("RecordingSid").is_some_and(|sid| !sid.is_empty());
            let seconds = field("RecordingDuration").and_then(|seconds| seconds.parse().ok());
            Turn::Message { seconds: seconds.filter(|_| there).unwrap_or(0) }
        }
        Waits::Person { .. } => {
            // `completed` is also the end of a call that nobody was put through on.
            let bridged = field("DialBridged").is_none_or(|word| word == "true");
            match field("DialCallStatus") {
                Some("completed" | "answered") if bridged => Turn::PutThrough,
                _ => Turn::NobodyThere,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(waits: &Waits<'_>, fields: &[(&str, &str)]) -> Turn {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        turn_of(waits, &fields)
    }

    #[test]
    fn one_key_is_a_key_and_anything_else_is_none() {
        let waits = Waits::Key { text: "Press.", wait_seconds: 5 };
        for (digits, turn) in
            [("9", Turn::Key('9')), ("#", Turn::Key('#')), ("", Turn::NoKey), ("99", Turn::NoKey)]
        {
            assert_eq!(read(&waits, &[("Digits", digits)]), turn, "{digits}");
        }
        assert_eq!(read(&waits, &[]), Turn::NoKey);
    }

    #[test]
    fn a_message_is_as_long_as_its_recording() {
        let waits = Waits::Message { longest_seconds: 60 };
        let sid = ("RecordingSid", "RE0123456789abcdef0123456789abcdef");
        assert_eq!(read(&waits, &[sid, ("RecordingDuration", "7")]), Turn::Message { seconds: 7 });
        for fields in [&[("RecordingDuration", "7")][..], &[sid], &[sid, ("RecordingDuration", "-1")], &[]] {
            assert_eq!(read(&waits, fields), Turn::Message { seconds: 0 }, "{fields:?}");
        }
    }

    #[test]
    fn only_whoever_was_bridged_was_put_through() {
        let waits = Waits::Person { ring_seconds: 20 };
        let bridged = [("DialCallStatus", "completed"), ("DialBridged", "true")];
        assert_eq!(read(&waits, &bridged), Turn::PutThrough);
        for fields in [
            &[("DialCallStatus", "completed"), ("DialBridged", "false")][..],
            &[("DialCallStatus", "no-answer")],
            &[("DialCallStatus", "busy")],
            &[],
        ] {
            assert_eq!(read(&waits, fields), Turn::NobodyThere, "{fields:?}");
        }
    }
}
