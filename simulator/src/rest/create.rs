//! `POST Calls.json`: every parameter checked the way Twilio does, with its code, before anything is dialled.

use std::ops::RangeInclusive;
use std::time::Duration;

use url::Url;

use super::errors::Refusal;
use super::form::Form;
use super::numbers::{check_from, check_to};
use crate::callbacks::Method;
use crate::network::order::{Detection, Event, Order, RecordingEvent, RecordingOrder, Script, Target};

/// Twilio's ceiling for inline TwiML.
const MOST_TWIML: usize = 4_000;

/// Reads a create request.
///
/// # Errors
/// The first parameter that is missing or wrong, with Twilio's code.
pub(super) fn order(form: Form) -> Result<Order, Refusal> {
    let to = check_to(form.get("To"))?;
    let from = check_from(form.get("From"), &to)?;
    if form.get("IfMachine").is_some_and(|v| !matches!(v, "Continue" | "Hangup")) {
        return Err(Refusal::bad(21207, "IfMachine must be Continue or Hangup"));
    }
    send_digits(&form)?;
    let order = Order {
        to,
        from,
        script: script(&form)?
            .ok_or_else(|| Refusal::bad(21205, "One of Url, Twiml and ApplicationSid is needed"))?,
        fallback: target(&form, "FallbackUrl", "FallbackMethod", 21205)?,
        status_callback: status_callback(&form)?,
        events: events(&form)?,
        timeout: seconds(&form, "Timeout", 1..=600, 60, 21208)?,
        time_limit: seconds(&form, "TimeLimit", 1..=86_400, 14_400, 20001)?,
        recording: recording(&form)?,
        detection: detection(&form)?,
        parameters: Vec::new(),
    };
    Ok(Order { parameters: form.into_pairs(), ..order })
}

/// Where the instructions come from; `Url` wins over `Twiml`. None when neither is given.
pub(super) fn script(form: &Form) -> Result<Option<Script>, Refusal> {
    if let Some(sid) = form.get("ApplicationSid") {
        // Applications live at Twilio; this phone network has none to look up.
        let message = format!("ApplicationSid {sid} is not an application of this account");
        return Err(Refusal::bad(21218, message));
    }
    if let Some(target) = target(form, "Url", "Method", 21205)? {
        return Ok(Some(Script::Fetch(target)));
    }
    match form.get("Twiml") {
        Some(twiml) if twiml.chars().count() > MOST_TWIML => {
            Err(Refusal::bad(21205, format!("Twiml is longer than {MOST_TWIML} characters")))
        }
        twiml => Ok(twiml.map(|twiml| Script::Inline(twiml.to_owned()))),
    }
}

fn status_callback(form: &Form) -> Result<Option<Target>, Refusal> {
    let target = target(form, "StatusCallback", "StatusCallbackMethod", 21609)?;
    if let Some(target) = &target
        && Url::parse(&target.url).is_ok_and(|url| url.host_str().is_some_and(|host| host.contains('_')))
    {
        return Err(Refusal::bad(21609, "The host of StatusCallback must not contain an underscore"));
    }
    Ok(target)
}

fn events(form: &Form) -> Result<Vec<Event>, Refusal> {
    let values = form.all("StatusCallbackEvent");
    let named: Result<Vec<Event>, Refusal> = values
        .iter()
        .map(|value| match *value {
            "initiated" => Ok(Event::Initiated),
            "ringing" => Ok(Event::Ringing),
            "answered" => Ok(Event::Answered),
            "completed" => Ok(Event::Completed),
            other => {
                Err(Refusal::bad(21626, format!("StatusCallbackEvent {other} is none of the four events")))
            }
        })
        .collect();
    Ok(if values.is_empty() { vec![Event::Completed] } else { named? })
}

fn send_digits(form: &Form) -> Result<(), Refusal> {
    let Some(digits) = form.get("SendDigits") else { return Ok(()) };
    let allowed = digits.chars().all(|c| matches!(c, '0'..='9' | 'A'..='D' | '#' | '*' | 'w' | 'W'));
    if allowed && digits.len() <= 32 {
        Ok(())
    } else {
        Err(Refusal::bad(21206, "SendDigits takes up to 32 of 0-9 A-D # * w W"))
    }
}

fn recording(form: &Form) -> Result<Option<RecordingOrder>, Refusal> {
    let callback = target(form, "RecordingStatusCallback", "RecordingStatusCallbackMethod", 21205)?;
    let channels = match choice(form, "RecordingChannels", &["mono", "dual"], 20001)? {
        Some("dual") => 2,
        _ => 1,
    };
    let track = choice(form, "RecordingTrack", &["inbound", "outbound", "both"], 20001)?.unwrap_or("both");
    choice(form, "Trim", &["trim-silence", "do-not-trim"], 20001)?;
    let order =
        RecordingOrder { channels, track: track.to_owned(), callback, events: recording_events(form)? };
    Ok(boolean(form, "Record")?.then_some(order))
}

/// Twilio's prose says separated by spaces, its description says a list: both are understood.
fn recording_events(form: &Form) -> Result<Vec<RecordingEvent>, Refusal> {
    let mut events = Vec::new();
    for name in form.all("RecordingStatusCallbackEvent").iter().flat_map(|value| value.split_whitespace()) {
        events.push(match name {
            "in-progress" => RecordingEvent::InProgress,
            "completed" => RecordingEvent::Completed,
            "absent" => RecordingEvent::Absent,
            other => {
                let message = format!("RecordingStatusCallbackEvent {other} is none of the three events");
                return Err(Refusal::bad(20001, message));
            }
        });
    }
    Ok(if events.is_empty() { vec![RecordingEvent::Completed] } else { events })
}

fn detection(form: &Form) -> Result<Option<Detection>, Refusal> {
    let mode = choice(form, "MachineDetection", &["Enable", "DetectMessageEnd"], 21234)?;
    let asynchronous = boolean(form, "AsyncAmd")?;
    let callback = target(form, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", 21205)?;
    let timeout = seconds(form, "MachineDetectionTimeout", 3..=59, 30, 21234)?;
    number(form, "MachineDetectionSpeechThreshold", 1_000..=6_000, 2_400, 21234)?;
    number(form, "MachineDetectionSpeechEndThreshold", 500..=5_000, 1_200, 21234)?;
    number(form, "MachineDetectionSilenceTimeout", 2_000..=10_000, 5_000, 21234)?;
    // SendDigits switches detection off.
    let mode = mode.filter(|_| form.get("SendDigits").is_none());
    Ok(mode.map(|mode| Detection {
        waits_for_message_end: mode == "DetectMessageEnd",
        timeout,
        asynchronous,
        callback,
    }))
}

fn target(form: &Form, url_name: &str, method_name: &str, code: u32) -> Result<Option<Target>, Refusal> {
    let method = match choice(form, method_name, &["GET", "POST"], 21209)? {
        Some("GET") => Method::Get,
        _ => Method::Post,
    };
    let Some(text) = form.get(url_name) else { return Ok(None) };
    let valid = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if valid {
        Ok(Some(Target { url: text.to_owned(), method }))
    } else {
        Err(Refusal::bad(code, format!("{url_name} is not an absolute http or https URL: {text}")))
    }
}

fn choice<'a>(form: &'a Form, name: &str, allowed: &[&str], code: u32) -> Result<Option<&'a str>, Refusal> {
    match form.get(name) {
        Some(value) if !allowed.contains(&value) => {
            Err(Refusal::bad(code, format!("{name} must be one of {}, not {value}", allowed.join(", "))))
        }
        value => Ok(value),
    }
}

fn boolean(form: &Form, name: &str) -> Result<bool, Refusal> {
    match form.get(name) {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some(value) => Err(Refusal::bad(20001, format!("{name} must be true or false, not {value}"))),
    }
}

fn seconds(
    form: &Form,
    name: &str,
    range: RangeInclusive<u64>,
    default: u64,
    code: u32,
) -> Result<Duration, Refusal> {
    number(form, name, range, default, code).map(Duration::from_secs)
}

fn number(
    form: &Form,
    name: &str,
    range: RangeInclusive<u64>,
    default: u64,
    code: u32,
) -> Result<u64, Refusal> {
    let Some(text) = form.get(name) else { return Ok(default) };
    text.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| {
        let (least, most) = range.into_inner();
        Refusal::bad(code, format!("{name} must be a whole number from {least} to {most}, not {text}"))
    })
}
