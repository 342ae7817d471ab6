//! Twilio's wire format: the forms we send and the JSON we read.

use std::time::Duration;

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use form_urlencoded::Serializer;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use super::callback_urls::{CallbackUrls, Purpose};
use crate::carrier::{
    Account, CallEvent, CallSpeech, CarrierCall, EndAs, MachineDetection, PlaceCall, Recording,
};

/// A call that Twilio would refuse for its form; found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSendable {
    /// Longer documents must be served from our voice address instead.
    #[error(
        "The text of the call is {characters} characters long as TwiML; Twilio takes {MAX_INLINE_TWIML} at most."
    )]
    TwimlTooLong {
        /// Length of the document.
        characters: usize,
    },
    /// Outside of what Twilio takes.
    #[error("The ring timeout is {seconds} s; Twilio takes 1 to {MAX_RING_SECONDS} s.")]
    RingTimeout {
        /// What was asked.
        seconds: u64,
    },
    /// Outside of what Twilio takes.
    #[error("The time limit of the call is {seconds} s; Twilio takes 1 to {MAX_CALL_SECONDS} s.")]
    TimeLimit {
        /// What was asked.
        seconds: u64,
    },
}

/// The longest inline document, in characters.
pub const MAX_INLINE_TWIML: usize = 4_000;
const MAX_RING_SECONDS: u64 = 600;
const MAX_CALL_SECONDS: u64 = 24 * 60 * 60;

/// The form that creates `call`.
pub fn create_form(call: &PlaceCall, urls: &CallbackUrls) -> Result<String, NotSendable> {
    let (ring, limit) = (call.ring_timeout.as_secs(), call.time_limit.as_secs());
    if !(1..=MAX_RING_SECONDS).contains(&ring) {
        return Err(NotSendable::RingTimeout { seconds: ring });
    }
    if !(1..=MAX_CALL_SECONDS).contains(&limit) {
        return Err(NotSendable::TimeLimit { seconds: limit });
    }
    let url = |purpose| urls.url(purpose, call.call_id, call.prospect_id);
    let mut form = Serializer::new(String::new());
    form.append_pair("To", call.to.as_str()).append_pair("From", call.from.as_str());
    add_speech(&mut form, &call.speech, &url(Purpose::Voice))?;
    form.append_pair("StatusCallback", &url(Purpose::Status)).append_pair("StatusCallbackMethod", "POST");
    for event in ["initiated", "ringing", "answered", "completed"] {
        form.append_pair("StatusCallbackEvent", event);
    }
    form.append_pair("Timeout", &ring.to_string()).append_pair("TimeLimit", &limit.to_string());
    add_machine_detection(&mut form, call.machine_detection, &url(Purpose::Amd));
    add_recording(&mut form, call.record, &url(Purpose::Recording));
    Ok(form.finish())
}

fn add_speech(
    form: &mut Serializer<'_, String>,
    speech: &CallSpeech,
    voice_url: &str,
) -> Result<(), NotSendable> {
    match speech {
        CallSpeech::Inline(twiml) => {
            let characters = twiml.chars().count();
            if characters > MAX_INLINE_TWIML {
                return Err(NotSendable::TwimlTooLong { characters });
            }
            form.append_pair("Twiml", twiml);
        }
        CallSpeech::Url => {
            form.append_pair("Url", voice_url).append_pair("Method", "POST");
            // The same address again: a second chance beyond the delivery options, not another document.
            form.append_pair("FallbackUrl", voice_url).append_pair("FallbackMethod", "POST");
        }
    }
    Ok(())
}

fn add_machine_detection(form: &mut Serializer<'_, String>, detection: MachineDetection, amd_url: &str) {
    let (mode, asynchronous) = match detection {
        MachineDetection::Off => return,
        MachineDetection::Enable { asynchronous } => ("Enable", asynchronous),
        MachineDetection::DetectMessageEnd { asynchronous } => ("DetectMessageEnd", asynchronous),
    };
    form.append_pair("MachineDetection", mode);
    if asynchronous {
        form.append_pair("AsyncAmd", "true");
        form.append_pair("AsyncAmdStatusCallback", amd_url)
            .append_pair("AsyncAmdStatusCallbackMethod", "POST");
    }
}

fn add_recording(form: &mut Serializer<'_, String>, recording: Recording, recording_url: &str) {
    let channels = match recording {
        Recording::Off => return,
        Recording::Mono => "mono",
        Recording::Dual => "dual",
    };
    form.append_pair("Record", "true").append_pair("RecordingChannels", channels);
    form.append_pair("RecordingStatusCallback", recording_url);
    form.append_pair("RecordingStatusCallbackMethod", "POST");
    for event in ["in-progress", "completed", "absent"] {
        form.append_pair("RecordingStatusCallbackEvent", event);
    }
}

/// The form that ends a call.
pub fn end_form(end: EndAs) -> String {
    let status = match end {
        EndAs::Canceled => CarrierStatus::Canceled,
        EndAs::Completed => CarrierStatus::Completed,
    };
    Serializer::new(String::new()).append_pair("Status", status.as_str()).finish()
}

/// The form that sends a call to other instructions.
pub fn redirect_form(url: &str) -> String {
    Serializer::new(String::new()).append_pair("Url", url).append_pair("Method", "POST").finish()
}

/// Reads a Call resource; `None` if it has no valid SID. Any other field may be missing or strange: a call that was placed
/// must not become unknown because its price looks odd.
pub fn read_call(value: &Value) -> Option<CarrierCall> {
    let price_unit = text(value, "price_unit").map(str::to_owned);
    let in_dollars = price_unit.as_deref().is_none_or(|unit| unit.eq_ignore_ascii_case("USD"));
    Some(CarrierCall {
        sid: text(value, "sid")?.parse().ok()?,
        status: text(value, "status").and_then(CarrierStatus::parse),
        to: text(value, "to").and_then(read_phone_number),
        from: text(value, "from").and_then(read_phone_number),
        created_at: text(value, "date_created").and_then(read_time),
        started_at: text(value, "start_time").and_then(read_time),
        ended_at: text(value, "end_time").and_then(read_time),
        duration_seconds: text(value, "duration").and_then(|seconds| seconds.parse().ok()),
        queue_time: text(value, "queue_time")
            .and_then(|milliseconds| milliseconds.parse().ok())
            .map(Duration::from_millis),
        // Twilio writes a charge as a negative number.
        price: text(value, "price").filter(|_| in_dollars).and_then(|p| p.parse().ok()).map(Usd::abs),
        price_unit,
        answered_by: text(value, "answered_by").and_then(AnsweredBy::parse),
    })
}

/// Reads an Account resource, and when the carrier said it.
pub fn read_account(value: &Value, answered_at: Option<Timestamp>) -> Option<Account> {
    Some(Account {
        answered_at,
        friendly_name: text(value, "friendly_name").unwrap_or_default().to_owned(),
        status: text(value, "status")?.to_owned(),
        kind: text(value, "type").unwrap_or_default().to_owned(),
    })
}

/// Whether an entry of a list of numbers is this one.
pub fn is_number(value: &Value, number: &PhoneNumber) -> bool {
    text(value, "phone_number") == Some(number.as_str())
}

/// Whether calls can be made from an entry of the list of bought numbers; what is not said is taken for yes.
pub fn has_voice(value: &Value) -> bool {
    value["capabilities"]["voice"].as_bool().unwrap_or(true)
}

/// Reads one entry of a call's Events. Twilio's description leaves `request` untyped; what is not there is empty.
pub fn read_event(value: &Value) -> CallEvent {
    let request = &value["request"];
    let parameters = request["parameters"].as_object().into_iter().flatten();
    CallEvent {
        method: text(request, "method").unwrap_or_default().to_owned(),
        url: text(request, "url").unwrap_or_default().to_owned(),
        parameters: parameters
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
    }
}

/// Reads an RFC 2822 time such as `Tue, 31 Aug 2010 20:36:28 +0000`.
pub fn read_time(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// Reads a phone number in international form; `None` for SIP addresses, clients and withheld numbers.
pub fn read_phone_number(text: &str) -> Option<PhoneNumber> {
    let digits = text.strip_prefix('+')?;
    let plausible = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plausible.then(|| PhoneNumber::from_e164_unchecked(text.to_owned()))
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_read_with_its_units() {
        let call = read_call(&json!({
            "sid": format!("CA{}", "0".repeat(32)), "status": "completed", "to": "+14155550123", "from": "sip:a@b.example",
            "date_created": "Tue, 31 Aug 2010 20:36:28 +0000", "start_time": null, "end_time": "", "duration": "15",
            "queue_time": "1000", "price": "-0.03000", "price_unit": "USD", "answered_by": "machine_end_beep",
        }))
        .expect("a call");
        assert_eq!(call.status, Some(CarrierStatus::Completed));
        assert_eq!((call.to.map(|to| to.to_string()), call.from), (Some("+14155550123".to_owned()), None));
        assert_eq!(call.created_at.map(|at| at.to_string()), Some("2010-08-31T20:36:28Z".to_owned()));
        assert_eq!((call.started_at, call.ended_at, call.duration_seconds), (None, None, Some(15)));
        assert_eq!(call.queue_time, Some(Duration::from_secs(1)));
        assert_eq!(call.price, Some(Usd::from_micros(30_000)));
        assert_eq!(call.answered_by, Some(AnsweredBy::MachineEndBeep));
    }

    #[test]
    fn odd_fields_do_not_hide_a_call_but_a_missing_sid_does() {
        let sid = format!("CA{}", "0".repeat(32));
        let odd = json!({"sid": sid, "status": "teleported", "price": -0.03, "duration": "x", "to": 5});
        let call = read_call(&odd).expect("a call");
        assert_eq!((call.status, call.price, call.duration_seconds, call.to), (None, None, None, None));
        for without in [json!({}), json!([]), json!("CA"), json!({"sid": null}), json!({"sid": "CA1"})] {
            assert_eq!(read_call(&without), None, "{without}");
        }
    }

    #[test]
    fn a_price_in_another_currency_is_not_taken_for_dollars() {
        let sid = format!("CA{}", "0".repeat(32));
        let call = read_call(&json!({"sid": sid, "price": "-0.03", "price_unit": "EUR"})).expect("a call");
        assert_eq!((call.price, call.price_unit.as_deref()), (None, Some("EUR")));
    }
}
