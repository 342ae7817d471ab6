//! Calls and recordings as Twilio's JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::network::Network;
use crate::network::call::Call;
use crate::network::recording::Recording;
use crate::timeline::rfc2822;

/// A call as it was seen at `at`. All values are text or null.
pub(super) fn call(network: &Network, call: &Call, at: Timestamp) -> Value {
    let seen = call.seen_at(at);
    let account = &network.account_sid;
    let uri = format!("/2010-04-01/Accounts/{account}/Calls/{}", call.sid);
    let part = |name: &str| format!("{uri}/{name}.json");
    let price = seen.priced.then(|| price(call.minutes() * network.answers.price_per_minute_micros));
    json!({
        "sid": call.sid,
        "account_sid": account,
        "parent_call_sid": null,
        "to": call.order.to,
        "to_formatted": formatted(&call.order.to),
        "from": call.order.from,
        "from_formatted": formatted(&call.order.from),
        "phone_number_sid": null,
        "status": seen.status.as_str(),
        "direction": "outbound-api",
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(seen.updated_at),
        "start_time": seen.started_at.map(rfc2822),
        "end_time": seen.ended_at.map(rfc2822),
        "duration": seen.ended_at.map(|_| seen.duration.unwrap_or(0).to_string()),
        "price": price,
        "price_unit": "USD",
        "answered_by": seen.answered_by,
        "api_version": "2010-04-01",
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "queue_time": call.queue_time.as_millis().to_string(),
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
        "subresource_uris": {
            "events": part("Events"),
            "notifications": part("Notifications"),
            "payments": part("Payments"),
            "recordings": part("Recordings"),
            "siprec": part("Siprec"),
            "streams": part("Streams"),
            "transcriptions": part("Transcriptions"),
            "user_defined_message_subscriptions": part("UserDefinedMessageSubscriptions"),
            "user_defined_messages": part("UserDefinedMessages"),
        },
    })
}

/// A recording as the account's list shows it, or as its call's list does, which differs in a few types.
pub(super) fn recording(network: &Network, recording: &Recording, within_call: bool) -> Value {
    let account = &network.account_sid;
    let base = format!("/2010-04-01/Accounts/{account}");
    let sid = &recording.sid;
    let within = if within_call { format!("/Calls/{}", recording.call_sid) } else { String::new() };
    let started = rfc2822(recording.started_at);
    let mut view = json!({
        "sid": sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "call_sid": recording.call_sid,
        "conference_sid": null,
        "date_created": started,
        "date_updated": started,
        "start_time": started,
        "duration": recording.seconds().map(|seconds| seconds.to_string()),
        "price": null,
        "price_unit": "USD",
        "status": recording.status(),
        "channels": recording.order.channels,
        "source": recording.source,
        "error_code": (recording.status() == "absent").then_some(0),
        "encryption_details": null,
        "uri": format!("{base}{within}/Recordings/{sid}.json"),
    });
    if within_call {
        view["track"] = recording.order.track.clone().into();
    } else {
        view["media_url"] = format!("{}{base}/Recordings/{sid}", network.base_url).into();
        let part = |name: &str| format!("{base}/Recordings/{sid}/{name}.json");
        view["subresource_uris"] = json!({
            "add_on_results": part("AddOnResults"),
            "transcriptions": part("Transcriptions"),
        });
    }
    view
}

/// What the account pays, a negative decimal with five places.
fn price(micros: u64) -> String {
    let sign = if micros == 0 { "" } else { "-" };
    format!("{sign}{}.{:05}", micros / 1_000_000, micros % 1_000_000 / 10)
}

/// North American numbers get their usual dress, others stay as they are.
fn formatted(number: &str) -> String {
    match number.strip_prefix("+1") {
        Some(ten) if ten.len() == 10 => format!("({}) {}-{}", &ten[..3], &ten[3..6], &ten[6..]),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_negative_decimals() {
        assert_eq!(price(14_000), "-0.01400");
        assert_eq!(price(1_234_560), "-1.23456");
        assert_eq!(price(0), "0.00000");
    }

    #[test]
    fn north_american_numbers_are_dressed() {
        assert_eq!(formatted("+14155550123"), "(415) 555-0123");
        assert_eq!(formatted("+442071838750"), "+442071838750");
    }
}
