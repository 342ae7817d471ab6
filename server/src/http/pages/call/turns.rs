//! The turns of a person on a call, in words, from what the carrier said when it asked what follows.

use jiff::Timestamp;

use crate::store::carrier_events::CarrierEventRecord;

/// What the person did, and when we were told.
pub fn turns(events: &[CarrierEventRecord]) -> Vec<(Timestamp, String)> {
    let turns = events.iter().filter(|event| event.kind == "turn");
    turns.map(|event| (event.received_at, words_of(&event.payload))).collect()
}

fn words_of(form: &str) -> String {
    let fields: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
    let field = |name: &str| fields.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_ref());
    match (field("DialCallStatus"), field("RecordingDuration"), field("Digits")) {
        (Some("completed" | "answered"), ..) => "Talked to the person they asked for".to_owned(),
        (Some(_), ..) => "Asked for a person, and nobody picked up there".to_owned(),
        (None, Some(seconds), _) => format!("Left a message of {seconds} s"),
        (None, None, Some(key)) if !key.is_empty() => format!("Pressed {key}"),
        _ => "Pressed no key".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_turn_has_its_words() {
        for (form, words) in [
            ("Digits=9&CallStatus=in-progress", "Pressed 9"),
            ("Digits=%23", "Pressed #"),
            ("Digits=", "Pressed no key"),
            ("RecordingDuration=7&Digits=hangup", "Left a message of 7 s"),
            ("DialCallStatus=completed", "Talked to the person they asked for"),
            ("DialCallStatus=no-answer", "Asked for a person, and nobody picked up there"),
        ] {
            assert_eq!(words_of(form), words, "{form}");
        }
    }
}
