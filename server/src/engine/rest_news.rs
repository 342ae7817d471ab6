//! An answer of the carrier's REST interface as news for the fold.

use domain::facts::{Evidence, Source};
use domain::ids::CallId;

use crate::actions::carrier_events::News;
use crate::carrier::CarrierCall;

/// What the carrier's record of a call says.
pub(super) fn of_call(id: CallId, call: &CarrierCall) -> News {
    let is_final = call.status.is_some_and(|status| status.is_final());
    let evidence = Evidence {
        status: call.status,
        // The record tells when a call ended, not when its present status began.
        at: call.ended_at.filter(|_| is_final),
        duration_seconds: call.duration_seconds.filter(|_| is_final),
        price: call.price,
        answered_by: call.answered_by,
        ..Evidence::from(Source::Rest)
    };
    let fields: Vec<(String, String)> = [
        ("sid", Some(call.sid.to_string())),
        ("status", call.status.map(|status| status.as_str().to_owned())),
        ("ended_at", call.ended_at.map(|at| at.to_string())),
        ("duration", call.duration_seconds.map(|seconds| seconds.to_string())),
        ("price", call.price.map(|price| price.to_string())),
        ("answered_by", call.answered_by.map(|by| by.as_str().to_owned())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect();
    News {
        call: Some(id),
        carrier_sid: Some(call.sid.to_string()),
        to: call.to.clone(),
        kind: "rest",
        evidence: Some(evidence),
        recording: None,
        content_key: News::content_key("rest", Some(id), &fields),
        payload: serde_json::Value::Object(
            fields.into_iter().map(|(name, value)| (name, value.into())).collect(),
        )
        .to_string(),
    }
}

/// What we conclude of a call that the carrier does not know any more.
pub(super) fn of_lost_call(id: CallId, sid: &str, evidence: Evidence) -> News {
    let fields = vec![("sid".to_owned(), sid.to_owned()), ("lost".to_owned(), "true".to_owned())];
    News {
        call: Some(id),
        carrier_sid: Some(sid.to_owned()),
        to: None,
        kind: "inferred",
        evidence: Some(evidence),
        recording: None,
        content_key: News::content_key("inferred", Some(id), &fields),
        payload: "{}".to_owned(),
    }
}
