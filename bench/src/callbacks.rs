//! Status callbacks as Twilio sends them: four for each call, signed over our address.

use std::net::SocketAddr;

use domain::ids::ProspectId;
use prospectai::carrier::twilio::{CallbackUrls, Purpose, signature};
use secrecy::{SecretBox, SecretString};

use crate::connection::request;
use crate::fake_carrier::{ACCOUNT_SID, AUTH_TOKEN};
use crate::fill::{live_call_number, live_call_sid};
use crate::installation::{CALLER_ID, Installation};

/// How many callbacks each call has.
pub const PER_CALL: usize = 4;

const STAGES: [&str; PER_CALL] = ["initiated", "ringing", "in-progress", "completed"];

/// The callbacks of the live calls from `first` on, for a server at `address`: first what begins all of them, then what
/// comes next, as on a busy line.
///
/// # Errors
/// Never for an address of this machine.
pub fn requests(
    installation: &Installation,
    address: SocketAddr,
    first: u64,
    calls: usize,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let base = format!("http://{address}");
    let urls = CallbackUrls::new(&base, SecretBox::new(Box::new(installation.callback_key)))?;
    let token = SecretString::from(AUTH_TOKEN);
    let mut requests = Vec::with_capacity(calls * PER_CALL);
    for (stage, status) in STAGES.into_iter().enumerate() {
        for number in first..first + calls as u64 {
            let call = installation.owner.live_call(number);
            let url = urls.url(Purpose::Status, call, ProspectId::from_uuid(call.uuid()));
            // Twilio reads the fragment itself and never sends it.
            let url = url.split('#').next().unwrap_or_default();
            let fields = fields(number, stage, status);
            let sealed = signature::sign(&token, url, &fields);
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            let headers = [
                ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("X-Twilio-Signature", &sealed),
                ("User-Agent", "TwilioProxy/1.1"),
            ];
            requests.push(request("POST", address, &url[base.len()..], &headers, body.as_bytes()));
        }
    }
    Ok(requests)
}

fn fields(number: u64, stage: usize, status: &str) -> Vec<(String, String)> {
    let (sid, to) = (live_call_sid(number), live_call_number(number));
    let (sequence, second) = (stage.to_string(), format!("Mon, 05 Jan 2026 15:00:{:02} +0000", stage * 5));
    let mut fields = vec![
        ("AccountSid", ACCOUNT_SID),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", &sid),
        ("CallStatus", status),
        ("Called", &to),
        ("CalledCity", "NEW YORK"),
        ("CalledCountry", "US"),
        ("CalledState", "NY"),
        ("Caller", CALLER_ID),
        ("CallbackSource", "call-progress-events"),
        ("Direction", "outbound-api"),
        ("From", CALLER_ID),
        ("FromCity", "BOSTON"),
        ("FromCountry", "US"),
        ("FromState", "MA"),
        ("SequenceNumber", &sequence),
        ("Timestamp", &second),
        ("To", &to),
        ("ToCity", "NEW YORK"),
        ("ToCountry", "US"),
        ("ToState", "NY"),
    ];
    if status == "completed" {
        fields.extend([("CallDuration", "5"), ("Duration", "1"), ("SipResponseCode", "200")]);
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
