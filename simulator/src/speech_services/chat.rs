//! A language model that understands nothing: it fills in the JSON schema it is given, from the words of the last message.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::desk::{Desk, mark};
use super::openai::Refusal;
use crate::dice::Dice;

/// Words of the last message that are repeated where a text is wanted.
const REPEATED_WORDS: usize = 15;

/// `POST /v1/chat/completions`
pub(super) async fn complete(State(desk): State<Arc<Desk>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let body: Value = serde_json::from_slice(&body)
        .map_err(|_| Refusal::bad("messages", "We could not parse the JSON body of your request."))?;
    let Some(model) = body["model"].as_str() else {
        return Err(Refusal::bad("model", "you must provide a model parameter"));
    };
    let Some(last) = body["messages"].as_array().and_then(|messages| messages.last()) else {
        return Err(Refusal::bad("messages", "Missing required parameter: 'messages'."));
    };
    let asked = last["content"].as_str().unwrap_or_default();
    let planned = desk.state().answers.pop_front();
    let answer = match planned {
        Some(planned) => planned,
        None => answer(&body["response_format"], asked)?,
    };
    let tokens = |text: &str| text.len().div_ceil(4);
    let (prompt, completion) = (tokens(&body["messages"].to_string()), tokens(&answer));
    Ok(Json(json!({
        "id": format!("chatcmpl-{}", &mark(asked.as_bytes())[..24]),
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": answer, "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        },
    })))
}

fn answer(format: &Value, asked: &str) -> Result<String, Refusal> {
    let mut dice = Dice::new(0, &["answer", &mark(asked.as_bytes())]);
    match format["type"].as_str() {
        None | Some("text") => Ok(repeated(asked)),
        Some("json_object") => Ok(json!({ "answer": repeated(asked) }).to_string()),
        Some("json_schema") => {
            let schema = &format["json_schema"]["schema"];
            if format["json_schema"]["name"].as_str().is_none() || schema["type"] != "object" {
                return Err(Refusal::bad(
                    "response_format",
                    "Missing required parameter: 'response_format.json_schema'.",
                ));
            }
            Ok(filled(schema, asked, &mut dice).to_string())
        }
        Some(_) => Err(Refusal::bad("response_format", "Invalid value for response_format.type")),
    }
}

/// Something that fits the schema.
fn filled(schema: &Value, asked: &str, dice: &mut Dice) -> Value {
    if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.is_empty()) {
        return choices[(dice.bits() % choices.len() as u64) as usize].clone();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let filled: Map<String, Value> =
                properties.map(|(name, inner)| (name.clone(), filled(inner, asked, dice))).collect();
            Value::Object(filled)
        }
        "array" => json!([filled(&schema["items"], asked, dice)]),
        "string" => json!(repeated(asked)),
        "boolean" => json!(dice.hit(0.5)),
        "integer" => json!(between(schema, dice).round() as i64),
        "number" => json!((between(schema, dice) * 100.0).round() / 100.0),
        _ => Value::Null,
    }
}

fn between(schema: &Value, dice: &mut Dice) -> f64 {
    let low = schema["minimum"].as_f64().unwrap_or(0.0);
    dice.between((low, schema["maximum"].as_f64().unwrap_or(low + 1.0)))
}

fn repeated(asked: &str) -> String {
    let words: Vec<&str> = asked.split_whitespace().take(REPEATED_WORDS).collect();
    words.join(" ")
}
