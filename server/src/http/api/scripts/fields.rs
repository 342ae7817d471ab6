//! What a script shall be, as it comes in: read whole, or refused with everything that is wrong.

use domain::call_flow::{CallFlow, Does, Played, Words};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::api::words::{given, given_or_null, note};
use crate::http::outside_url::{UrlRules, outside_url};
use crate::http::state::ServerFacts;
use crate::http::{FieldError, Problem, text};
use crate::speech::{self, LONGEST_SCRIPT};
use crate::store::scripts::written::{self, Unreadable, WrittenKey, WrittenStep};

const LONGEST_NAME: usize = 200;
/// Of what offers a key, and of what answers it.
const LONGEST_REMARK: usize = 300;

/// What a script shall be. A new one needs `name`, and `body` or `steps`; when changing, what is left out stays. Steps take
/// the place of a text with its keys, and the other way round.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ScriptFields {
    /// For people, at most 200 characters.
    #[serde(deserialize_with = "given")]
    #[schema(example = "Renewal reminder")]
    name: Option<String>,
    /// At most 3000 characters; `{{firstName | default("there")}}` fills in a field of the prospect.
    #[serde(deserialize_with = "given")]
    #[schema(example = "Hello {{firstName | default(\"there\")}}, your contract ends soon.")]
    body: Option<String>,
    /// Keys that people may press while the text is spoken, each offered behind it.
    #[serde(deserialize_with = "given")]
    menu: Option<Vec<WrittenKey>>,
    /// Steps of its own; the first one is where calls begin.
    #[serde(deserialize_with = "given")]
    steps: Option<Vec<WrittenStep>>,
    /// What a machine hears after its tone, with variables; null for what a person would hear. Needs `machineDetection` of the
    /// campaign to be `detect_message_end`.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>)]
    voicemail: Option<Option<String>>,
}

impl ScriptFields {
    /// Name and words as far as they are given, or everything that is wrong. `current`: what it says now, where it exists.
    ///
    /// # Errors
    /// Every field that cannot be.
    pub fn read(
        self,
        current: Option<&Words>,
        server: &ServerFacts,
    ) -> Result<(Option<String>, Option<Words>), Problem> {
        let mut wrong = Vec::new();
        let missing = |field: &str| FieldError::at(format!("/{field}"), "required", "this field is required");
        if current.is_none() && self.name.is_none() {
            wrong.push(missing("name"));
        }
        if current.is_none() && self.body.is_none() && self.steps.is_none() {
            wrong.push(missing("body"));
        }
        if self.steps.is_some() && (self.body.is_some() || self.menu.is_some()) {
            let either = "give either `steps`, or `body` with `menu`";
            wrong.push(FieldError::at("/steps", "conflict", either));
        }
        let says =
            self.body.is_some() || self.menu.is_some() || self.steps.is_some() || self.voicemail.is_some();
        let name =
            self.name.as_deref().and_then(|name| note(&mut wrong, text::name("/name", name, LONGEST_NAME)));
        let words = says.then(|| self.words(current, server, &mut wrong));
        if wrong.is_empty() { Ok((name, words)) } else { Err(Problem::invalid(wrong)) }
    }

    fn words(self, current: Option<&Words>, server: &ServerFacts, wrong: &mut Vec<FieldError>) -> Words {
        let mut words = current.cloned().unwrap_or_default();
        if self.body.is_some() || self.menu.is_some() {
            words.steps = None;
        }
        if let Some(body) = self.body {
            words.text = note(wrong, spoken("/body", &body)).unwrap_or_default();
        }
        if let Some(keys) = self.menu {
            let checked = keys.iter().enumerate().filter_map(|(nth, key)| remarks_of(nth, key).err());
            wrong.extend(checked);
            words.menu = note(wrong, written::menu(keys).map_err(|error| unreadable("/menu", &error)))
                .unwrap_or_default();
        }
        if let Some(voicemail) = self.voicemail {
            words.voicemail = voicemail.and_then(|text| note(wrong, spoken("/voicemail", &text)));
        }
        if let Some(steps) = self.steps {
            let flow = written::flow(steps).map_err(|error| unreadable("/steps", &error));
            words = Words { steps: note(wrong, flow), voicemail: words.voicemail, ..Words::default() };
            if let Some(flow) = &words.steps {
                wrong.extend(mistakes_of(flow, server));
            }
        } else if wrong.is_empty()
            && let Err(error) = words.flow()
        {
            wrong.push(FieldError::at("/menu", "call_flow", error.to_string()));
        }
        words
    }
}

/// A text that can be said, as far as can be told without a prospect.
fn spoken(pointer: &str, given: &str) -> Result<String, FieldError> {
    let said = text::lines(pointer, given, LONGEST_SCRIPT)?;
    if said.is_empty() {
        return Err(FieldError::at(pointer, "blank", "must not be empty"));
    }
    sayable(pointer, &said)?;
    Ok(said)
}

fn sayable(pointer: &str, said: &str) -> Result<(), FieldError> {
    speech::check(said).map_err(|error| FieldError::at(pointer, "script_broken", error.to_string()))
}

fn remarks_of(nth: usize, key: &WrittenKey) -> Result<(), FieldError> {
    for (field, remark) in [("offer", &key.offer), ("reply", &key.reply)] {
        if let Some(remark) = remark {
            let pointer = format!("/menu/{nth}/{field}");
            text::lines(&pointer, remark, LONGEST_REMARK)?;
            sayable(&pointer, remark)?;
        }
    }
    Ok(())
}

fn unreadable(pointer: &str, error: &Unreadable) -> FieldError {
    FieldError::at(pointer, "call_flow", error.to_string())
}

/// What is wrong in steps that fit together: their texts and their addresses.
fn mistakes_of(flow: &CallFlow, server: &ServerFacts) -> Vec<FieldError> {
    let rules = UrlRules { allow_http: server.allow_http_audio, own_host: server.public_url.host_str() };
    let mut wrong = Vec::new();
    for (nth, step) in flow.steps().iter().enumerate() {
        let checked = match &step.does {
            Does::Say { text: said, .. } | Does::Ask { text: said, .. } => {
                let pointer = format!("/steps/{nth}/text");
                text::lines(&pointer, said, LONGEST_SCRIPT).and_then(|said| sayable(&pointer, &said))
            }
            Does::Play { what: Played::File(url), .. } => {
                outside_url(&format!("/steps/{nth}/url"), url, rules).map(drop)
            }
            _ => Ok(()),
        };
        wrong.extend(checked.err());
    }
    wrong
}
