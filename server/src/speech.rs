//! What people hear: a script with variables, filled in for one prospect.
//!
//! Scripts are written by users, so they are data: `{{ name }}` and `{{ name | default("…") }}`, no loops, no includes, no
//! access to anything but the prospect's own fields. A value that is missing has an explicit default or is an error:
//! nobody is greeted as "Hello ,".

mod narrator;
pub mod wav;

use domain::call_flow::{self, Played, Then, Waits, Words};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

pub use narrator::{Delivery, Fingerprint, Narrator, OUTPUT_FORMAT, SAMPLE_RATE, Sentence};

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

/// Whether everything that a script says can be said to somebody of whom nothing is known.
pub fn check_for_everybody(words: &Words) -> Result<(), ScriptError> {
    let flow = words.flow().map_err(|error| ScriptError { line: 1, why: error.to_string() })?;
    flow.texts().chain(words.beside_the_flow()).try_for_each(|text| render(text, &[]).map(drop))
}

/// What one prospect would hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Up to the first key, or to the end of the call.
    pub text: String,
    /// On their machine.
    pub voicemail: Option<String>,
    /// What whoever they are put through to hears of them first.
    pub whisper: Option<String>,
}

/// Spoken characters per second: about 170 words of English a minute.
const SPEECH_RATE: u32 = 15;

impl Heard {
    /// What a prospect with these values would hear.
    pub fn of(words: &Words, values: &[(String, String)]) -> Result<Self, ScriptError> {
        let flow = words.flow().map_err(|error| ScriptError { line: 1, why: error.to_string() })?;
        let leg = flow.beginning();
        let mut texts = Vec::new();
        for heard in &leg.heard {
            match heard {
                call_flow::Heard::Text(text) => texts.push(render(text, values)?),
                call_flow::Heard::Sound(Played::File(url)) => texts.push(format!("[{url}]")),
                call_flow::Heard::Sound(Played::Sound(id)) => texts.push(format!("[{id}]")),
            }
        }
        if let Then::Wait { waits: Waits::Key { text, .. }, .. } = leg.then {
            texts.push(render(text, values)?);
        }
        let beside = |text: &Option<String>| text.as_deref().map(|text| render(text, values)).transpose();
        Ok(Self {
            text: texts.join("\n"),
            voicemail: beside(&words.voicemail)?,
            whisper: beside(&words.whisper)?,
        })
    }

    /// About how long the text takes, in seconds.
    pub fn seconds(&self) -> u32 {
        u32::try_from(self.text.chars().count()).unwrap_or(u32::MAX).div_ceil(SPEECH_RATE)
    }
}

fn variables(values: &[(String, String)]) -> Value {
    let present = values.iter().filter(|(_, value)| !value.trim().is_empty());
    Value::from_pairs(present.map(|(name, value)| (name.clone(), Value::from(value.as_str()))))
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
