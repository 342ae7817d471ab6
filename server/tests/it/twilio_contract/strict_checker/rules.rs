//! What Twilio's manual says of the parameters in prose, which its description does not hold.

use super::Fields;
use super::contract::is_web_address;

const WORDS: [(&str, &[&str]); 7] = [
    ("StatusCallbackEvent", &["initiated", "ringing", "answered", "completed"]),
    ("RecordingStatusCallbackEvent", &["in-progress", "completed", "absent"]),
    ("RecordingChannels", &["mono", "dual"]),
    ("RecordingTrack", &["inbound", "outbound", "both"]),
    ("Trim", &["trim-silence", "do-not-trim"]),
    ("MachineDetection", &["Enable", "DetectMessageEnd"]),
    ("AsyncAmd", &["true", "false"]),
];

const RANGES: [(&str, i64, i64); 6] = [
    ("Timeout", 1, 600),
    ("TimeLimit", 1, 86_400),
    ("MachineDetectionTimeout", 3, 59),
    ("MachineDetectionSpeechThreshold", 1_000, 6_000),
    ("MachineDetectionSpeechEndThreshold", 500, 5_000),
    ("MachineDetectionSilenceTimeout", 2_000, 10_000),
];

/// A parameter that has no effect, or another than meant, without a second one.
const NEEDS: [(&str, &str); 8] = [
    ("Method", "Url"),
    ("FallbackUrl", "Url"),
    ("StatusCallbackEvent", "StatusCallback"),
    ("AsyncAmd", "MachineDetection"),
    ("AsyncAmd", "AsyncAmdStatusCallback"),
    ("RecordingChannels", "Record"),
    ("RecordingStatusCallback", "Record"),
    ("RecordingStatusCallbackEvent", "RecordingStatusCallback"),
];

/// The first of two is ignored, or refused, when the second is there.
const CONFLICTS: [(&str, &str); 4] =
    [("Twiml", "Url"), ("Url", "ApplicationSid"), ("MachineDetection", "SendDigits"), ("Status", "Twiml")];

pub fn check_prose(operation: &str, form: &Fields) -> Result<(), String> {
    form.iter().try_for_each(|(name, value)| check_value(name, value))?;
    let has = |name: &str| form.iter().any(|(found, _)| found == name);
    if let Some((name, other)) = NEEDS.iter().find(|(name, other)| has(name) && !has(other)) {
        return Err(format!("{name} without {other}"));
    }
    if let Some((name, other)) = CONFLICTS.iter().find(|(name, other)| has(name) && has(other)) {
        return Err(format!("{name} beside {other}"));
    }
    if form.iter().enumerate().any(|(place, field)| form[..place].contains(field)) {
        return Err("the same value twice".to_owned());
    }
    if operation == "call_update" && form.is_empty() {
        return Err("an update of nothing".to_owned());
    }
    Ok(())
}

fn check_value(name: &str, value: &str) -> Result<(), String> {
    let wrong = || Err(format!("{name} must not be {:?}", value.chars().take(80).collect::<String>()));
    if let Some((_, words)) = WORDS.iter().find(|(of, _)| *of == name)
        && !words.contains(&value)
    {
        return wrong();
    }
    if let Some((_, least, most)) = RANGES.iter().find(|(of, ..)| *of == name)
        && !value.parse().is_ok_and(|number: i64| (*least..=*most).contains(&number))
    {
        return wrong();
    }
    let fits = match name {
        "Twiml" => value.chars().count() <= 4_000,
        "RecordingStatusCallback" => is_web_address(value),
        "SendDigits" => {
            value.len() <= 32 && value.bytes().all(|byte| b"0123456789ABCDabcd#*wW".contains(&byte))
        }
        _ => true,
    };
    if fits { Ok(()) } else { wrong() }
}
