//! Forms as browsers send them, and what they become: the same fields the API takes, read by the same rules.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde_json::{Map, Value};

use crate::http::json::read_body;
use crate::http::{FieldError, Problem};

/// The largest form: a long script fits in.
const LARGEST: usize = 256 * 1024;
/// Inputs of a form, at most: two for each column of a file.
const MOST_INPUTS: usize = 210;

/// What somebody typed, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Form {
    values: Vec<(String, String)>,
    errors: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            return Err(Problem::unsupported_media_type("a form is expected here"));
        }
        let body = read_body(request, LARGEST).await?;
        let values: Vec<_> = form_urlencoded::parse(&body).into_owned().take(MOST_INPUTS + 1).collect();
        if values.len() > MOST_INPUTS {
            return Err(Problem::unprocessable(
                "too_many_inputs",
                "The form has more inputs than any of ours.",
            ));
        }
        Ok(Self { values, errors: Vec::new() })
    }
}

impl Form {
    /// A form that is already filled in.
    pub fn filled<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { values: values.collect(), errors: Vec::new() }
    }

    /// What was typed; nothing when there is no such input. Line ends are those of the web's forms no more.
    pub fn value(&self, name: &str) -> &str {
        self.values.iter().find_map(|(known, value)| (known == name).then_some(value.as_str())).unwrap_or("")
    }

    /// What was typed without space around it; nothing where that is nothing.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.value(name).trim()).filter(|value| !value.is_empty())
    }

    /// Whether there is such an input at all: boxes that are not ticked are not sent.
    pub fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(known, _)| known == name)
    }

    /// Every value of an input that may be there several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What is wrong with an input.
    pub fn wrong(&self, name: &str) -> Option<&str> {
        self.errors.iter().find_map(|(known, detail)| (known == name).then_some(detail.as_str()))
    }

    /// Everything that is wrong: the input's name, empty for the form as a whole, and what it is.
    pub fn errors(&self) -> &[(String, String)] {
        &self.errors
    }

    /// The form with what a problem says about it.
    #[must_use]
    pub fn with_problem(mut self, problem: &Problem) -> Self {
        if problem.errors().is_empty() && problem.blockers().is_empty() {
            self.errors.push((String::new(), problem.detail().to_owned()));
        }
        self.with_errors(problem.errors())
    }

    /// The input that a pointer means: the innermost of its steps that is one, else its first step.
    fn input_at(&self, pointer: &str) -> String {
        let steps: Vec<&str> = pointer.split('/').filter(|step| !step.is_empty()).collect();
        let inputs = steps.iter().rev().flat_map(|step| [(*step).to_owned(), format!("delay.{step}")]);
        inputs
            .into_iter()
            .find(|name| self.has(name))
            .unwrap_or_else(|| steps.first().copied().unwrap_or("").to_owned())
    }

    /// The form with its mistakes, each at its input.
    #[must_use]
    pub fn with_errors(mut self, errors: &[FieldError]) -> Self {
        for error in errors {
            let name = self.input_at(error.pointer.as_deref().unwrap_or_default());
            self.errors.push((name, error.detail.clone()));
        }
        self
    }

    /// The form with these mistakes: the input of each, empty for the form as a whole, and what it is.
    #[must_use]
    pub fn with_mistakes(mut self, mistakes: Vec<(String, String)>) -> Self {
        self.errors.extend(mistakes);
        self
    }

    /// Lines of text as a JSON object's texts: what a browser's form can say of the API's fields. Inputs that are left
    /// empty are null where they are named in `nullable`, and left out where not.
    pub fn texts(&self, names: &[&str], nullable: &[&str]) -> Map<String, Value> {
        let mut object = Map::new();
        for name in names.iter().filter(|name| self.has(name)) {
            let value = match self.given(name) {
                Some(text) => Value::String(text.replace("\r\n", "\n")),
                None if nullable.contains(name) => Value::Null,
                None => Value::String(String::new()),
            };
            object.insert((*name).to_owned(), value);
        }
        object
    }

    /// Adds an input that takes a number to a JSON object, where there is such an input.
    pub fn add_number(&self, object: &mut Map<String, Value>, name: &str) {
        if self.has(name) {
            object.insert(name.to_owned(), as_number(self.value(name).trim()));
        }
    }
}

/// A number as JSON; anything else as the text that it is, for the API's rules to refuse.
pub fn as_number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_) => {
            text.parse::<f64>().ok().filter(|it| it.is_finite()).map_or_else(|| text.into(), Value::from)
        }
    }
}
