//! Reads and updates: what each answer means, and that credentials stay with the host they belong to.

use std::time::Duration;

use jiff::Timestamp;
use prospectai::carrier::{CallSid, EndAs, EndOutcome, NumberStanding, RequestError};
use serde_json::json;

use super::fake_peer::{FakePeer, Then};
use super::{CALL, a_call, client};

fn sid() -> CallSid {
    CALL.parse().expect("a SID")
}

fn twilio_error(code: u32, status: u16) -> String {
    json!({"code": code, "message": "no", "status": status}).to_string()
}

#[tokio::test]
async fn a_read_tells_missing_throttled_refused_and_failed_apart() {
    for (status, body, expected) in [
        (404, twilio_error(20404, 404), "Missing"),
        (404, "<html>".to_owned(), "Failed"),
        (429, String::new(), "Throttled"),
        (401, twilio_error(20003, 401), "Refused"),
        (500, twilio_error(20500, 500), "Failed"),
        (200, "{}".to_owned(), "Failed"),
        (200, "[".to_owned(), "Failed"),
        (307, String::new(), "Failed"),
    ] {
        let peer = FakePeer::answering(status, "retry-after: 2\r\n", &body).await;
        let error = client(&peer.base()).fetch(&sid()).await.expect_err(expected);
        assert!(format!("{error:?}").starts_with(expected), "{status} {body}: {error:?}");
        if let RequestError::Throttled { retry_after } = error {
            assert_eq!(retry_after, Some(Duration::from_secs(2)));
        }
    }
}

#[tokio::test]
async fn ending_a_call_that_is_over_is_as_good_as_ending_it() {
    let peer = FakePeer::answering(400, "", &twilio_error(21220, 400)).await;
    assert_eq!(client(&peer.base()).end(&sid(), EndAs::Completed).await, Ok(EndOutcome::AlreadyOver));
    assert!(peer.requests()[0].ends_with("Status=completed"));
    let peer = FakePeer::start(Then::Reset).await;
    let lost = client(&peer.base()).end(&sid(), EndAs::Canceled).await;
    assert!(matches!(lost, Err(RequestError::Failed { .. })), "{lost:?}");
}

#[tokio::test]
async fn the_account_comes_with_the_carriers_time() {
    let account =
        json!({"sid": super::ACCOUNT, "friendly_name": "Ours", "status": "suspended", "type": "Trial"});
    let date = "date: Fri, 15 Jan 2027 08:00:01 GMT\r\n";
    let peer = FakePeer::answering(200, date, &account.to_string()).await;
    let account = client(&peer.base()).fetch_account().await.expect("an account");
    assert_eq!((account.status.as_str(), account.kind.as_str()), ("suspended", "Trial"));
    assert_eq!(account.answered_at.map(|at| at.to_string()), Some("2027-01-15T08:00:01Z".to_owned()));
    let silent = FakePeer::answering(200, "", &json!({"status": "active"}).to_string()).await;
    assert_eq!(client(&silent.base()).fetch_account().await.expect("an account").answered_at, None);
}

#[tokio::test]
async fn a_number_is_owned_without_voice_verified_or_foreign() {
    let ours = &a_call().from;
    let entry = |number: &str, voice: bool| json!({"phone_number": number, "capabilities": {"voice": voice}});
    let more_digits = format!("{ours}0");
    for (bought, verified, expected) in [
        (vec![entry(&more_digits, true), entry(ours.as_str(), true)], vec![], NumberStanding::Owned),
        (vec![entry(ours.as_str(), false)], vec![], NumberStanding::WithoutVoice),
        (
            vec![entry(&more_digits, true)],
            vec![json!({"phone_number": ours.as_str()})],
            NumberStanding::Verified,
        ),
        (vec![entry(&more_digits, true)], vec![], NumberStanding::Foreign),
    ] {
        let both = json!({"incoming_phone_numbers": bought, "outgoing_caller_ids": verified});
        let peer = FakePeer::answering(200, "", &both.to_string()).await;
        assert_eq!(client(&peer.base()).standing_of(ours).await, Ok(expected));
        assert!(peer.requests()[0].contains("PhoneNumber=%2B14155550199"), "{:?}", peer.requests());
    }
}

#[tokio::test]
async fn the_list_ends_where_calls_are_older_than_asked_for() {
    let call =
        |last: char, created: &str| json!({"sid": format!("{}{last}", &CALL[..33]), "date_created": created});
    let page = json!({
        "calls": [
            json!({"sid": CALL, "date_created": null}),
            call('2', "Fri, 15 Jan 2027 08:00:01 +0000"),
            call('1', "Fri, 15 Jan 2027 08:00:00 +0000"),
            call('0', "Fri, 15 Jan 2027 07:59:59 +0000"),
        ],
        "next_page_uri": "/2010-04-01/must-not-be-asked",
    });
    let peer = FakePeer::answering(200, "", &page.to_string()).await;
    let since: Timestamp = "2027-01-15T08:00:00Z".parse().expect("a time");
    let list = client(&peer.base()).list(&a_call().to, &a_call().from, since).await.expect("a list");
    assert_eq!((list.calls.len(), list.complete), (3, true));
    assert_eq!(peer.requests().len(), 1);
    let asked = &peer.requests()[0];
    assert!(asked.contains("To=%2B14155550123&From=%2B14155550199"), "{asked}");
    assert!(!asked.contains("StartTime"), "a queued call has no start time");
}

#[tokio::test]
async fn a_list_without_end_is_not_called_complete() {
    let path = format!("/2010-04-01/Accounts/{}/Calls.json", super::ACCOUNT);
    let page = json!({"calls": [], "next_page_uri": format!("{path}?Page=1&PageToken=PACA1")});
    let peer = FakePeer::answering(200, "", &page.to_string()).await;
    let list = client(&peer.base()).list(&a_call().to, &a_call().from, Timestamp::UNIX_EPOCH).await;
    assert!(!list.expect("a list").complete);
}

#[tokio::test]
async fn the_next_page_of_a_list_is_never_asked_of_another_host() {
    let elsewhere = FakePeer::answering(200, "", "{}").await;
    let path = format!("/2010-04-01/Accounts/{}/Calls.json", super::ACCOUNT);
    for next in [
        format!("{}{path}?Page=1", elsewhere.base()),
        format!("//{}{path}?Page=1", elsewhere.address),
        "/2010-04-01/Accounts.json".to_owned(),
    ] {
        let page = json!({"calls": [], "next_page_uri": next});
        let peer = FakePeer::answering(200, "", &page.to_string()).await;
        let list = client(&peer.base()).list(&a_call().to, &a_call().from, Timestamp::UNIX_EPOCH).await;
        assert!(matches!(list, Err(RequestError::Failed { .. })), "{next}: {list:?}");
        assert_eq!(peer.requests().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}
