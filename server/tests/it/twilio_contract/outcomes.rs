//! Every way a create can end, and which of them may be tried again.

use std::time::Duration;

use domain::refusal::RefusalMeaning;
use prospectai::carrier::{CallSpeech, PlaceOutcome};
use prospectai::clock::Uptime;
use serde_json::json;

use super::fake_peer::{FakePeer, Then, http};
use super::{CALL, a_call, client};

fn created() -> String {
    http(201, "", &json!({"sid": CALL, "status": "queued", "queue_time": "0"}).to_string())
}

fn twilio_error(code: u32, status: u16) -> String {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    json!({"code": code, "message": "no", "more_info": more, "status": status}).to_string()
}

async fn place_against(then: Then) -> PlaceOutcome {
    let peer = FakePeer::start(then).await;
    let outcome = client(&peer.base()).place(&a_call(), Uptime::now()).await;
    assert_eq!((peer.requests().len(), peer.connections()), (1, 1), "one request, whatever comes back");
    outcome
}

async fn place_answered(status: u16, headers: &str, body: &str) -> PlaceOutcome {
    place_against(Then::Write(http(status, headers, body))).await
}

#[tokio::test]
async fn an_accepted_call_is_placed_on_a_fresh_connection_each() {
    let peer = FakePeer::start(Then::WriteAndKeep(created())).await;
    let client = client(&peer.base());
    for sent in 1..=2 {
        let outcome = client.place(&a_call(), Uptime::now()).await;
        let PlaceOutcome::Placed(call) = outcome else { panic!("{outcome:?}") };
        assert_eq!(call.sid.as_str(), CALL);
        assert_eq!((peer.requests().len(), peer.connections()), (sent, sent));
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let gone = FakePeer::start(Then::Nothing).await.base();
    let silent = FakePeer::start(Then::Nothing).await;
    let no_tls = FakePeer::answering(400, "", "").await;
    for base in [
        gone,
        "http://nowhere.invalid".to_owned(),
        // The greeting is never answered: a timeout, but one while connecting.
        format!("https://{}", silent.address),
        format!("https://{}", no_tls.address),
    ] {
        let outcome = client(&base).place(&a_call(), Uptime::now()).await;
        assert!(matches!(outcome, PlaceOutcome::NotSent { .. }), "{base}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_attempt_armed_too_long_ago_is_not_sent() {
    let peer = FakePeer::start(Then::Write(created())).await;
    let long_ago = Uptime::now().before(Duration::from_secs(6));
    let outcome = client(&peer.base()).place(&a_call(), long_ago).await;
    assert!(matches!(outcome, PlaceOutcome::NotSent { .. }), "{outcome:?}");
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn a_document_that_is_too_long_is_refused_by_ourselves() {
    let peer = FakePeer::start(Then::Write(created())).await;
    let mut call = a_call();
    call.speech = CallSpeech::Inline("é".repeat(4_001));
    let outcome = client(&peer.base()).place(&call, Uptime::now()).await;
    let PlaceOutcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert_eq!((refusal.meaning, refusal.http_status), (RefusalMeaning::SetUp, None));
    assert!(refusal.explain().contains("4001 characters"), "{}", refusal.explain());
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn a_connection_that_breaks_or_stalls_leaves_the_call_unknown() {
    for (name, then) in [
        ("reset", Then::Reset),
        ("silence", Then::Nothing),
        ("a drip that would outlast any wait for the next byte", Then::Drip),
        ("closed without a word", Then::Write(String::new())),
        ("truncated", Then::Write(created()[..created().len() - 5].to_owned())),
        ("not HTTP", Then::Write("+14155550123\r\n\r\n".to_owned())),
    ] {
        let outcome = place_against(then).await;
        assert!(matches!(outcome, PlaceOutcome::Unknown { .. }), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_answer_that_twilio_would_not_give_leaves_the_call_unknown() {
    let generic_403 = json!({"code": 403, "message": "forbidden", "status": 403}).to_string();
    let huge = json!({"sid": CALL, "padding": "x".repeat(300_000)}).to_string();
    for (status, body) in [
        (201, "{\"sid\": \"CA0123".to_owned()),
        (201, "{}".to_owned()),
        (201, json!({"sid": "CA1"}).to_string()),
        (201, huge),
        (302, String::new()),
        (400, "<html>Bad Request</html>".to_owned()),
        (400, twilio_error(21211, 401)),
        (403, generic_403),
        (407, String::new()),
        (400, twilio_error(20500, 400)),
        (500, twilio_error(20500, 500)),
        (502, "<html>Bad Gateway</html>".to_owned()),
        (503, twilio_error(20503, 503)),
        (500, twilio_error(21211, 500)),
    ] {
        let outcome = place_answered(status, "", &body).await;
        let shown = body.chars().take(80).collect::<String>();
        assert!(matches!(outcome, PlaceOutcome::Unknown { .. }), "{status} {shown}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakePeer::start(Then::Write(created())).await;
    let location = format!("location: {}/\r\n", elsewhere.base());
    for status in [301, 302, 303, 307, 308] {
        let outcome = place_answered(status, &location, "").await;
        assert!(matches!(outcome, PlaceOutcome::Unknown { .. }), "{status}: {outcome:?}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn throttled_says_how_long_to_wait() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (status, headers, body, retry_after) in [
        (429, "retry-after: 7\r\n", twilio_error(20429, 429), seconds(7)),
        (429, "", "too many".to_owned(), None),
        (429, "retry-after: 18446744073709551615\r\n", String::new(), seconds(3_600)),
        (429, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", String::new(), None),
        (400, "", twilio_error(20429, 400), None),
    ] {
        assert_eq!(place_answered(status, headers, &body).await, PlaceOutcome::Throttled { retry_after });
    }
}

#[tokio::test]
async fn a_refusal_says_what_it_means() {
    for (status, code, meaning) in [
        (400, 21211, RefusalMeaning::InvalidNumber),
        (400, 21214, RefusalMeaning::UnreachableNumber),
        (400, 21215, RefusalMeaning::DestinationBlocked),
        (400, 21210, RefusalMeaning::SetUp),
        (401, 20003, RefusalMeaning::Account),
        (403, 20001, RefusalMeaning::Account),
        (404, 20404, RefusalMeaning::Account),
        (400, 10004, RefusalMeaning::Concurrency),
        (400, 29999, RefusalMeaning::Other),
    ] {
        let outcome = place_answered(status, "", &twilio_error(code, status)).await;
        let PlaceOutcome::Refused(refusal) = outcome else { panic!("{code}: {outcome:?}") };
        assert_eq!((refusal.meaning, refusal.code), (meaning, Some(code)));
        assert_eq!(refusal.http_status, Some(status));
    }
}

#[tokio::test]
async fn a_refusal_in_the_newer_form_is_read_too() {
    let body =
        json!({"type": "https://twilio.example/21211", "title": "Invalid To", "status": 400, "code": 21211});
    let outcome = place_answered(400, "", &body.to_string()).await;
    let PlaceOutcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert_eq!((refusal.code, refusal.message.as_str()), (Some(21211), "Invalid To"));
}
