//! The facts of Twilio's published description, and how a request is held against them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Fields;

#[derive(Deserialize)]
#[serde(transparent)]
pub struct Contract {
    operations: BTreeMap<String, Operation>,
}

#[derive(Deserialize)]
pub struct Operation {
    method: String,
    path: String,
    path_parameters: BTreeMap<String, Schema>,
    query: BTreeMap<String, Schema>,
    pub form: Option<BTreeMap<String, Schema>>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    one_of: Vec<Vec<String>>,
    pub success: u16,
    pub answer: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
pub struct Schema {
    #[serde(rename = "type")]
    kind: String,
    format: Option<String>,
    #[serde(rename = "enum")]
    words: Option<Vec<String>>,
    pattern: Option<String>,
    minimum: Option<i64>,
    maximum: Option<i64>,
}

impl Contract {
    pub fn load() -> Self {
        serde_json::from_str(include_str!("../contract.json")).expect("our own file")
    }

    /// The operation at this path, its name, and the parameters in the path.
    pub fn find(&self, method: &str, path: &str) -> Option<(&str, &Operation, Fields)> {
        self.operations
            .iter()
            .filter(|(_, operation)| operation.method == method)
            .find_map(|(name, operation)| Some((name.as_str(), operation, operation.path_values(path)?)))
    }
}

impl Operation {
    /// The parameters in `path`, if it is a path of this operation.
    fn path_values(&self, path: &str) -> Option<Fields> {
        let mut values = Vec::new();
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(values),
                (Some(wanted), Some(given)) if wanted == given => {}
                (Some(wanted), Some(given)) => {
                    let name = wanted.strip_suffix(".json").unwrap_or(wanted);
                    let value = if name == wanted { given } else { given.strip_suffix(".json")? };
                    let name = name.strip_prefix('{')?.strip_suffix('}')?;
                    self.path_parameters[name].check(value).ok()?;
                    values.push((name.to_owned(), value.to_owned()));
                }
                _ => return None,
            }
        }
    }

    pub fn check_query(&self, query: &Fields) -> Result<(), String> {
        check_fields(&self.query, query)
    }

    pub fn check_form(&self, form: &Fields) -> Result<(), String> {
        check_fields(self.form.as_ref().expect("an operation with a form"), form)?;
        let has = |name: &String| form.iter().any(|(found, value)| found == name && !value.is_empty());
        if let Some(missing) = self.required.iter().find(|name| !has(name)) {
            return Err(format!("{missing} is missing"));
        }
        match self.one_of.iter().find(|names| !names.iter().any(has)) {
            Some(names) => Err(format!("one of {} is missing", names.join(", "))),
            None => Ok(()),
        }
    }
}

fn check_fields(known: &BTreeMap<String, Schema>, fields: &Fields) -> Result<(), String> {
    for (name, value) in fields {
        let schema = known.get(name).ok_or_else(|| format!("{name} is not documented"))?;
        schema.check(value).map_err(|why| format!("{name} {why}"))?;
        let times = fields.iter().filter(|(other, _)| other == name).count();
        if times > 1 && schema.kind != "array" {
            return Err(format!("{name} is there {times} times"));
        }
    }
    Ok(())
}

impl Schema {
    fn check(&self, value: &str) -> Result<(), String> {
        let fits = match self.kind.as_str() {
            "integer" => value.parse::<i64>().is_ok_and(|number| {
                self.minimum.is_none_or(|least| number >= least)
                    && self.maximum.is_none_or(|most| number <= most)
            }),
            "boolean" => matches!(value, "true" | "false"),
            "string" | "array" => true,
            other => panic!("contract.json has a parameter of type {other}"),
        };
        let a_word = self.words.as_ref().is_none_or(|words| words.iter().any(|word| word == value));
        // All patterns of the description are those of SIDs.
        let a_sid = self.pattern.as_ref().is_none_or(|pattern| is_sid(&pattern[1..3], value));
        if fits && a_word && a_sid && self.format.as_ref().is_none_or(|format| has_format(format, value)) {
            return Ok(());
        }
        Err(format!("must not be {value:?}"))
    }
}

fn has_format(format: &str, value: &str) -> bool {
    match format {
        "uri" => is_web_address(value),
        "endpoint" | "phone-number" => is_endpoint(value),
        "date-time" => value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'),
        "twiml" => roxmltree::Document::parse(value)
            .is_ok_and(|document| document.root_element().tag_name().name() == "Response"),
        "http-method" | "int64" => true,
        other => panic!("contract.json has a parameter of format {other}"),
    }
}

/// An absolute address whose host name Twilio takes.
pub fn is_web_address(value: &str) -> bool {
    Url::parse(value).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.contains('_'))
    })
}

fn is_endpoint(value: &str) -> bool {
    let is_number = |digits: &str| {
        (2..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    value.strip_prefix('+').is_some_and(is_number)
        || value.starts_with("client:")
        || value.starts_with("sip:")
}

pub fn is_sid(kind: &str, text: &str) -> bool {
    let hex = |hex: &str| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.strip_prefix(kind).is_some_and(hex)
}
