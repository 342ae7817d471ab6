//! Bodies that may be sent again: with an `Idempotency-Key` the same request has one effect and one answer.

use std::future::Future;

use axum::extract::{FromRequest, OptionalFromRequestParts, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::actions::idempotency::Claim;
use crate::actions::users::Visitor;
use crate::http::json::{DEFAULT_BODY_LIMIT, from_value};
use crate::http::state::HttpState;
use crate::http::{IdempotencyKey, JsonBody, Problem};

/// Seconds after which to ask again while the first request is being worked on.
const ASK_AGAIN: u32 = 1;

/// A JSON body, and the key under which its request may be repeated, if it has one.
#[derive(Debug)]
pub struct Repeatable<T, const LIMIT: usize = DEFAULT_BODY_LIMIT> {
    body: T,
    key: Option<(IdempotencyKey, [u8; 32])>,
}

impl<S: Send + Sync, T: DeserializeOwned, const LIMIT: usize> FromRequest<S> for Repeatable<T, LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let key =
            <IdempotencyKey as OptionalFromRequestParts<S>>::from_request_parts(&mut parts, state).await?;
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let JsonBody(value) =
            JsonBody::<Value, LIMIT>::from_request(Request::from_parts(parts, body), state).await?;
        let key = key.map(|key| (key, fingerprint(&method, &path, &value)));
        Ok(Self { body: from_value(value)?, key })
    }
}

impl<T, const LIMIT: usize> Repeatable<T, LIMIT> {
    /// Does `work` and answers with its result; or, when it was done under this key before, answers the same again.
    ///
    /// Only effects are kept: a refused request lets its key go and may be corrected.
    pub async fn once<Answer, Work, Working>(
        self,
        state: &HttpState,
        visitor: &Visitor,
        work: Work,
    ) -> Result<Response, Problem>
    where
        Work: FnOnce(T) -> Working,
        Working: Future<Output = Result<(StatusCode, Answer), Problem>> + Send + 'static,
        Answer: Serialize + Send + 'static,
    {
        let working = work(self.body);
        let Some((key, fingerprint)) = self.key else {
            let (status, answer) = working.await?;
            return Ok(reply(status, text_of(&answer)?));
        };
        let workspace = visitor.actor.workspace;
        let key = key.as_str().to_owned();
        match state.actions.claim_key(workspace, key.clone(), fingerprint).await? {
            Claim::Mine => {}
            Claim::Mismatch => return Err(Problem::idempotency_mismatch()),
            Claim::OutcomeUnknown => return Err(Problem::outcome_unknown()),
            Claim::InProgress => return Err(Problem::in_progress(ASK_AGAIN)),
            Claim::Answered { status, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                return Ok(([("idempotent-replayed", "true")], reply(status, body)).into_response());
            }
        }
        // In a task of its own: a client that hangs up must not leave a key that is claimed for ever.
        let actions = state.actions.clone();
        let done = tokio::spawn(async move {
            let answered = match tokio::spawn(working).await {
                Ok(answered) => answered.and_then(|(status, answer)| Ok((status, text_of(&answer)?))),
                Err(_panic) => Err(Problem::internal()),
            };
            let kept = answered.as_ref().ok().map(|(status, body)| (status.as_u16(), body.clone()));
            actions.answer_key(workspace, key, kept).await?;
            answered
        });
        let (status, body) = done.await.map_err(|_| Problem::internal())??;
        Ok(reply(status, body))
    }
}

fn text_of(answer: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(answer).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::internal()
    })
}

fn reply(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// SHA-256 over what makes two requests the same: method, path, and the body without regard to the order of its keys.
fn fingerprint(method: &Method, path: &str, body: &Value) -> [u8; 32] {
    let mut text = format!("{method} {path}\n");
    canonical(body, &mut text);
    Sha256::digest(text.as_bytes()).into()
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in members {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_make_another_request_but_everything_else_does() {
        let of = |path, body: Value| fingerprint(&Method::POST, path, &body);
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(
            of("/a", parsed(r#"{"x":1,"y":[1,{"b":2,"a":1}]}"#)),
            of("/a", parsed(r#"{"y":[1,{"a":1,"b":2}],"x":1}"#))
        );
        assert_ne!(of("/a", json!({"x": 1})), of("/b", json!({"x": 1})));
        assert_ne!(of("/a", json!({"x": 1})), of("/a", json!({"x": "1"})));
        assert_ne!(of("/a", json!([["x"], "y"])), of("/a", json!([["x", "y"]])));
    }
}
