//! The account itself and its numbers: what a connection test and a sender list ask for.

use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::Desk;
use super::errors::Refusal;
use super::form::Form;
use super::paging::Page;
use crate::dice::sid;

/// `GET Accounts/{sid}.json`; closed to standard API keys, as at Twilio.
pub(super) async fn fetch(
    State(desk): State<Desk>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let account = &desk.doors.account_sid;
    if !desk.doors.opens(&headers, false) {
        return Err(Refusal::unauthenticated());
    }
    if file.strip_suffix(".json") != Some(account) {
        return Err(Refusal::not_found(&format!("/Accounts/{file}")));
    }
    let base = format!("/2010-04-01/Accounts/{account}");
    Ok(Json(json!({
        "sid": account,
        "owner_account_sid": account,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "auth_token": null,
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "uri": format!("{base}.json"),
        "subresource_uris": {
            "calls": format!("{base}/Calls.json"),
            "incoming_phone_numbers": format!("{base}/IncomingPhoneNumbers.json"),
            "outgoing_caller_ids": format!("{base}/OutgoingCallerIds.json"),
            "recordings": format!("{base}/Recordings.json"),
        },
    })))
}

/// `GET IncomingPhoneNumbers.json`: the magic number that works, and those of the settings.
pub(super) async fn numbers(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Value>, Refusal> {
    let query = Form::of_query(uri.query());
    let page = Page::of(&query)?;
    let all: Vec<&str> =
        desk.doors.numbers.iter().map(String::as_str).rev().chain(["+15005550006"]).collect();
    let wanted = |position: &usize| query.get("PhoneNumber").is_none_or(|part| all[*position].contains(part));
    let (positions, more) = page.take((0..all.len()).rev().filter(wanted));
    let shown = positions.iter().map(|position| number(&desk, *position, all[*position])).collect();
    let next = positions.last().copied().filter(|_| more);
    Ok(Json(page.envelope("incoming_phone_numbers", uri.path(), &query, shown, next)))
}

/// `GET OutgoingCallerIds.json`: numbers of others that may be shown; `PhoneNumber` asks for the whole one.
pub(super) async fn caller_ids(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Value>, Refusal> {
    let query = Form::of_query(uri.query());
    let page = Page::of(&query)?;
    let all = &desk.doors.verified_numbers;
    let wanted = |position: &usize| query.get("PhoneNumber").is_none_or(|whole| all[*position] == whole);
    let (positions, more) = page.take((0..all.len()).rev().filter(wanted));
    let shown = positions.iter().map(|position| caller_id(&desk, *position, &all[*position])).collect();
    let next = positions.last().copied().filter(|_| more);
    Ok(Json(page.envelope("outgoing_caller_ids", uri.path(), &query, shown, next)))
}

fn caller_id(desk: &Desk, position: usize, number: &str) -> Value {
    let account = &desk.doors.account_sid;
    let sid = sid("PN", desk.network.seed.wrapping_add(1), position as u64);
    json!({
        "sid": sid,
        "account_sid": account,
        "phone_number": number,
        "friendly_name": number,
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "uri": format!("/2010-04-01/Accounts/{account}/OutgoingCallerIds/{sid}.json"),
    })
}

fn number(desk: &Desk, position: usize, number: &str) -> Value {
    let account = &desk.doors.account_sid;
    let sid = sid("PN", desk.network.seed, position as u64);
    json!({
        "sid": sid,
        "account_sid": account,
        "phone_number": number,
        "friendly_name": number,
        "api_version": "2010-04-01",
        "beta": false,
        "capabilities": {"voice": true, "sms": true, "mms": false, "fax": false},
        "address_requirements": "none",
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "origin": "twilio",
        "status": "in-use",
        "voice_url": "",
        "voice_method": "POST",
        "uri": format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{sid}.json"),
    })
}
