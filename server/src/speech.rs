//! What people hear: a script with variables, filled in for one prospect.
//!
//! Scripts are written by users, so they are data: `{{ name }}` and `{{ name | default("…") }}`, no loops, no includes, no
//! access to anything but the prospect's own fields. A value that is missing has an explicit default or is an error:
//! nobody is greeted as "Hello ,".

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::store::prospects::ProspectRecord;

/// The longest script, in characters.
pub const LONGEST_SCRIPT: usize = 3_000;
/// How much work a script may be: a script that is only text and variables needs a few steps each.
const FUEL: u64 = 10_000;

/// Why a script cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct ScriptError {
    /// The line of the script, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub why: String,
}

/// Whether a script can be read at all, whoever hears it. Whether every variable has a value only a prospect shows.
pub fn check(script: &str) -> Result<(), ScriptError> {
    refuse_statements(script)?;
    let parsed = Environment::new().template_from_str(script).map(|_| ());
    parsed.map_err(|error| ScriptError { line: error.line().unwrap_or(1), why: error.kind().to_string() })
}

fn refuse_statements(script: &str) -> Result<(), ScriptError> {
    let Some(tag) = script.find("{%") else { return Ok(()) };
    let line = script[..tag].lines().count().max(1);
    Err(ScriptError { line, why: "only {{variables}} are allowed, no {% … %}".to_owned() })
}

/// Fills a script in for one prospect.
pub fn render(script: &str, prospect: &ProspectRecord) -> Result<String, ScriptError> {
    refuse_statements(script)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // What is said is text; the builder of the phone's document escapes it.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.render_str(script, variables(prospect)).map_err(|error| ScriptError {
        line: error.line().unwrap_or(1),
        why: match error.kind() {
            minijinja::ErrorKind::UndefinedError => {
                "a variable has no value for everybody; write {{ name | default(\"…\") }}".to_owned()
            }
            kind => kind.to_string(),
        },
    })
}

/// A prospect's fields by the names of the API, and their custom fields. Empty ones are missing.
fn variables(prospect: &ProspectRecord) -> Value {
    let own = [
        ("firstName", &prospect.first_name),
        ("lastName", &prospect.last_name),
        ("email", &prospect.email),
        ("company", &prospect.company),
        ("title", &prospect.title),
    ];
    let custom: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&prospect.metadata).unwrap_or_default();
    let custom = custom.into_iter().filter_map(|(name, value)| match value {
        serde_json::Value::String(text) if !text.trim().is_empty() => Some((name, Value::from(text))),
        serde_json::Value::Number(number) => Some((name, Value::from(number.to_string()))),
        _ => None,
    });
    let own = own.into_iter().filter(|(_, value)| !value.trim().is_empty());
    Value::from_pairs(custom.chain(own.map(|(name, value)| (name.to_owned(), Value::from(value.as_str())))))
}
