//! Lists as files: read in stretches and sent as they are read, so that a million rows need no more memory than a thousand.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use super::parts::badge;
use crate::http::csv::push_row;
use crate::http::state::HttpState;
use crate::store::StoreError;
use crate::store::call_list::{Begin, CallFilter, Order};

/// Rows read at once.
const AT_ONCE: u64 = 1_000;

const HEADER: [&str; 17] = [
    "id",
    "madeAt",
    "status",
    "disposition",
    "firstAndLastName",
    "number",
    "from",
    "attempt",
    "answeredBy",
    "durationSeconds",
    "cost",
    "ringingAt",
    "answeredAt",
    "endedAt",
    "errorCode",
    "twilioCallSid",
    "arm",
];

/// The calls that a filter finds, as CSV.
pub fn calls(state: &HttpState, filter: CallFilter, order: Order) -> Body {
    let mut header = String::new();
    push_row(&mut header, HEADER);
    let store = state.actions.store.clone();
    let rows = stream::try_unfold(Some((Begin::Skip(0), header)), move |at| {
        let (store, filter) = (store.clone(), filter.clone());
        async move {
            let Some((begin, mut text)) = at else { return Ok::<_, StoreError>(None) };
            let found = store.calls(&filter, order, begin, AT_ONCE).await?;
            let names = store.names_of(found.iter().map(|call| call.prospect)).await?;
            for call in &found {
                let (facts, status) = (&call.call.facts, call.call.status());
                let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
                let cells = [
                    call.id.to_string(),
                    call.created_at.to_string(),
                    status.as_str().to_owned(),
                    call.call.disposition().map(|it| it.as_str().to_owned()).unwrap_or_default(),
                    names.get(&call.prospect).cloned().unwrap_or_default(),
                    call.to.to_string(),
                    call.from.to_string(),
                    call.attempt.to_string(),
                    facts.answered_by().map(badge::answered_by).unwrap_or_default().to_owned(),
                    facts.duration_seconds.map(|it| it.to_string()).unwrap_or_default(),
                    facts.price.map(|it| it.to_string()).unwrap_or_default(),
                    time(facts.ringing_at),
                    time(facts.answered_at),
                    time(call.call.ended_at()),
                    facts.error_code.map(|it| it.to_string()).unwrap_or_default(),
                    call.carrier_sid.clone().unwrap_or_default(),
                    call.drawn.map(|it| it.arm.to_string()).unwrap_or_default(),
                ];
                push_row(&mut text, cells.iter().map(String::as_str));
            }
            let last = found.last().filter(|_| found.len() as u64 == AT_ONCE);
            let next = last.map(|call| (Begin::Behind(order.spot(call)), String::new()));
            Ok(Some((Bytes::from(text), next)))
        }
    });
    Body::from_stream(rows)
}
