//! What people hear: a script with variables, filled in for one prospect.
//!
//! Scripts are written by users, so they are data: `{{ name }}` and `{{ name | default("…") }}`, no loops, no includes, no
//! access to anything but the prospect's own fields. A value that is missing has an explicit default or is an error:
//! nobody is greeted as "Hello ,".

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

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

/// Fills a script in with the values that one prospect has. Blank values are missing.
pub fn render(script: &str, values: &[(String, String)]) -> Result<String, ScriptError> {
    refuse_statements(script)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // What is said is text; the builder of the phone's document escapes it.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.render_str(script, variables(values)).map_err(|error| ScriptError {
        line: error.line().unwrap_or(1),
        why: match error.kind() {
            minijinja::ErrorKind::UndefinedError => {
                "a variable has no value for everybody; write {{ name | default(\"…\") }}".to_owned()
            }
            kind => kind.to_string(),
        },
    })
}

fn variables(values: &[(String, String)]) -> Value {
    let present = values.iter().filter(|(_, value)| !value.trim().is_empty());
    present.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Vec<(String, String)> {
        [("firstName", "Ada"), ("company", " ")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    #[test]
    fn a_script_is_filled_in_with_the_values_of_the_prospect() {
        assert_eq!(render("Hello {{firstName}}!", &ada()), Ok("Hello Ada!".to_owned()));
    }

    #[test]
    fn a_missing_value_needs_an_explicit_default() {
        assert!(render("You work at {{company}}.", &ada()).is_err());
        let said = render("You work at {{ company | default(\"your company\") }}.", &ada());
        assert_eq!(said, Ok("You work at your company.".to_owned()));
    }

    #[test]
    fn nothing_but_variables_runs() {
        for hostile in [
            "{% for i in range(999999999) %}x{% endfor %}",
            "{% include \"/etc/passwd\" %}",
            "{{ range(100000000) | list }}",
            "{{ firstName",
            "line one\n{{ nobody }}",
        ] {
            assert!(render(hostile, &ada()).is_err(), "{hostile}");
        }
        assert_eq!(render("one\n{{ nobody }}", &ada()).map_err(|error| error.line), Err(2));
    }

    #[test]
    fn values_are_text_and_never_run() {
        let values = [("firstName".to_owned(), "{{company}} <Dial>".to_owned())];
        assert_eq!(render("{{firstName}}", &values), Ok("{{company}} <Dial>".to_owned()));
    }
}
