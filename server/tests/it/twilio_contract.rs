//! What Twilio documents, held against what we send, read and verify.

mod fake_peer;
mod outcomes;
mod reads;
mod recordings;
mod requests;
mod signatures;
mod spoken;
pub mod strict_checker;
mod twiml;
mod whole_server;

use std::time::Duration;

use domain::ids::{CallId, ProspectId, time_ordered_uuid};
use domain::phone_number::PhoneNumber;
use prospectai::carrier::twilio::{CallbackUrls, ClientSettings, Credentials, TwilioClient};
use prospectai::carrier::{CallSpeech, MachineDetection, PlaceCall, Recording};
use secrecy::SecretBox;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const CALL: &str = "CA0123456789abcdef0123456789abcdef";

fn callback_urls() -> CallbackUrls {
    CallbackUrls::new("https://calls.example.com", SecretBox::new(Box::new([7; 32]))).expect("a public URL")
}

/// A client for `api_base` with timeouts short enough to wait for.
fn client(api_base: &str) -> TwilioClient {
    let settings = ClientSettings {
        connect_timeout: Duration::from_millis(500),
        place_timeout: Duration::from_millis(1_000),
        read_timeout: Duration::from_millis(1_000),
        ..ClientSettings::new(api_base.parse().expect("a URL"))
    };
    let credentials = Credentials::new(ACCOUNT.to_owned(), "secret token".into(), None).expect("credentials");
    TwilioClient::new(&settings, credentials, callback_urls()).expect("a client")
}

fn a_call() -> PlaceCall {
    PlaceCall {
        call_id: CallId::from_uuid(time_ordered_uuid(1_800_000_000_000, [1; 10])),
        prospect_id: ProspectId::from_uuid(time_ordered_uuid(1_800_000_000_000, [2; 10])),
        to: number("+14155550123"),
        from: number("+14155550199"),
        speech: CallSpeech::Inline("<Response><Hangup/></Response>".to_owned()),
        ring_timeout: Duration::from_secs(25),
        time_limit: Duration::from_secs(600),
        machine_detection: MachineDetection::Off,
        record: Recording::Off,
    }
}

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::from_e164_unchecked(e164.to_owned())
}
