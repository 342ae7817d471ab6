//! Calls: create, list, fetch, update, delete, and what was asked of them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, OriginalUri, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Desk;
use super::create;
use super::errors::Refusal;
use super::form::Form;
use super::paging::Page;
use super::time_filter::TimeFilter;
use super::view;
use super::wire::Line;
use crate::faults::CreateFault;
use crate::network::call::{Call, Update};
use crate::network::{Network, State as Facts};
use crate::timeline::rfc2822;

/// `POST Calls.json`
pub(super) async fn create(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    body: Bytes,
) -> Response {
    let network = &desk.network;
    let fault = network.faults().for_create(network.seed, network.count_create_request());
    match fault {
        Some(CreateFault::TooManyRequests) => return Refusal::too_many_requests().into_response(),
        Some(CreateFault::ErrorBeforeEffect) => return Refusal::internal().into_response(),
        Some(CreateFault::Unavailable) => return Refusal::unavailable().into_response(),
        Some(CreateFault::LostBeforeEffect) => return lost(&line),
        _ => {}
    }
    let created = match place(network, Form::of(&body)) {
        Ok(created) => created,
        Err(refusal) => return refusal.into_response(),
    };
    match fault {
        Some(CreateFault::ErrorAfterEffect) => return Refusal::internal().into_response(),
        Some(CreateFault::LostAfterEffect) => return lost(&line),
        Some(CreateFault::Truncated) => line.cut_after(150 + created.len() as u64 / 2),
        Some(CreateFault::Slow(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], created).into_response()
}

fn place(network: &Arc<Network>, form: Form) -> Result<String, Refusal> {
    let order = create::order(form)?;
    let refused = |_| Refusal::bad(10004, "Call concurrency limit exceeded");
    let index = network.create(order).map_err(refused)?;
    let state = network.state();
    let call = &state.calls[index];
    Ok(view::call(network, call, call.created_at).to_string())
}

fn lost(line: &Line) -> Response {
    line.cut_after(0);
    StatusCode::NO_CONTENT.into_response()
}

/// `GET Calls.json`
pub(super) async fn list(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Value>, Refusal> {
    let network = &desk.network;
    let query = Form::of_query(uri.query());
    let (page, filter) = (Page::of(&query)?, Filter::of(&query)?);
    let staleness = network.faults().list_staleness();
    let now = network.timeline.now();
    let seen_at =
        if staleness.is_zero() { Timestamp::MAX } else { now.checked_sub(staleness).unwrap_or(now) };

    let state = network.state();
    let matches = |position: &usize| filter.matches(&state.calls[*position], seen_at);
    let (positions, more) = match &filter.to {
        // Looking a number up before it is dialled again is what dialling clients do all day.
        Some(to) => page.take(state.by_number.get(to).into_iter().flatten().rev().copied().filter(matches)),
        None => page.take((0..state.calls.len()).rev().filter(matches)),
    };
    let shown_at = seen_at.min(now);
    let calls =
        positions.iter().map(|position| view::call(network, &state.calls[*position], shown_at)).collect();
    let next = positions.last().copied().filter(|_| more);
    Ok(Json(page.envelope("calls", uri.path(), &query, calls, next)))
}

/// `GET Calls/{sid}.json`
pub(super) async fn fetch(
    State(desk): State<Desk>,
    path: Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let state = desk.network.state();
    let index = found(&state, &path.1)?;
    Ok(Json(view::call(&desk.network, &state.calls[index], desk.network.timeline.now())))
}

/// `POST Calls/{sid}.json`
pub(super) async fn update(
    State(desk): State<Desk>,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let network = &desk.network;
    let form = Form::of(&body);
    let index = found(&network.state(), &path.1)?;
    let now = network.timeline.now();
    match form.get("Status") {
        Some(status @ ("canceled" | "completed")) => {
            if !network.hang_up(index, status == "canceled", now) {
                return Err(not_in_progress());
            }
        }
        Some(other) => {
            return Err(Refusal::bad(20001, format!("Status must be canceled or completed, not {other}")));
        }
        None => {
            if form.get("Url").is_some() && form.get("Twiml").is_some() {
                return Err(Refusal::bad(20001, "Url and Twiml exclude each other"));
            }
            if let Some(script) = create::script(&form)?
                && !network.redirect(index, script)
            {
                return Err(not_in_progress());
            }
        }
    }
    let mut state = network.state();
    state.calls[index].updates.push(Update { at: now, parameters: form.into_pairs() });
    Ok(Json(view::call(network, &state.calls[index], network.timeline.now())))
}

fn not_in_progress() -> Refusal {
    Refusal::bad(21220, "Call is not in-progress. Cannot redirect.")
}

/// `DELETE Calls/{sid}.json`
pub(super) async fn delete(
    State(desk): State<Desk>,
    path: Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let mut state = desk.network.state();
    let index = found(&state, &path.1)?;
    let call = &mut state.calls[index];
    if !call.status().is_final() {
        return Err(Refusal::bad(20009, "A call can be deleted only when it is over"));
    }
    call.deleted = true;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET Calls/{sid}/Events.json`: the requests that made and changed the call.
pub(super) async fn events(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
    path: Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let network = &desk.network;
    let query = Form::of_query(uri.query());
    let page = Page::of(&query)?;
    let state = network.state();
    let index = found(&state, &format!("{}.json", path.1))?;
    let call = &state.calls[index];
    let account = network.account_url();
    let created = event(call, &format!("{account}/Calls.json"), &call.order.parameters, 201, call.created_at);
    let url = format!("{account}/Calls/{}.json", call.sid);
    let updated = call.updates.iter().map(|update| event(call, &url, &update.parameters, 200, update.at));
    let all: Vec<Value> = std::iter::once(created).chain(updated).collect();
    let (positions, more) = page.take((0..all.len()).rev());
    let events = positions.iter().map(|position| all[*position].clone()).collect();
    let next = positions.last().copied().filter(|_| more);
    Ok(Json(page.envelope("events", uri.path(), &query, events, next)))
}

fn event(call: &Call, url: &str, parameters: &[(String, String)], status: u16, at: Timestamp) -> Value {
    json!({
        "request": {"method": "POST", "url": url, "parameters": snake_case(parameters)},
        "response": {
            "response_code": status,
            "request_duration": 20,
            "content_type": "application/json",
            "response_body": json!({"sid": call.sid}).to_string(),
            "date_created": rfc2822(at),
        },
    })
}

/// Twilio shows parameters by their JSON names; a repeated one becomes a list.
fn snake_case(parameters: &[(String, String)]) -> Map<String, Value> {
    let mut shown: Map<String, Value> = Map::new();
    for (name, value) in parameters {
        let mut key = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !key.is_empty() {
                key.push('_');
            }
            key.push(letter.to_ascii_lowercase());
        }
        match shown.get_mut(&key) {
            None => {
                shown.insert(key, value.clone().into());
            }
            Some(Value::Array(values)) => values.push(value.clone().into()),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    shown
}

/// The position of a call, from the last part of its path.
pub(super) fn found(state: &Facts, file: &str) -> Result<usize, Refusal> {
    let known = file.strip_suffix(".json").and_then(|sid| state.by_sid.get(sid)).copied();
    let visible = known.filter(|index| !state.calls[*index].deleted);
    visible.ok_or_else(|| Refusal::not_found(&format!("/Calls/{file}")))
}

/// The filters of a list of calls.
struct Filter {
    to: Option<String>,
    from: Option<String>,
    has_parent: bool,
    status: Option<String>,
    started: Vec<TimeFilter>,
    ended: Vec<TimeFilter>,
}

impl Filter {
    fn of(query: &Form) -> Result<Self, Refusal> {
        let status = query.get("Status");
        const STATUSES: [&str; 8] =
            ["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"];
        if let Some(status) = status.filter(|status| !STATUSES.contains(status)) {
            return Err(Refusal::bad(
                20001,
                format!("Status {status} is none of the eight states of a call"),
            ));
        }
        let text = |name: &str| query.get(name).map(str::to_owned);
        Ok(Self {
            to: text("To"),
            from: text("From"),
            has_parent: query.get("ParentCallSid").is_some(),
            status: status.map(str::to_owned),
            started: TimeFilter::all(query, "StartTime")?,
            ended: TimeFilter::all(query, "EndTime")?,
        })
    }

    fn matches(&self, call: &Call, seen_at: Timestamp) -> bool {
        if call.deleted || call.created_at > seen_at || self.has_parent {
            return false;
        }
        let seen = call.seen_at(seen_at);
        let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        same(&self.to, &call.order.to)
            && same(&self.from, &call.order.from)
            && same(&self.status, seen.status.as_str())
            && self.started.iter().all(|filter| filter.matches(seen.started_at))
            && self.ended.iter().all(|filter| filter.matches(seen.ended_at))
    }
}
