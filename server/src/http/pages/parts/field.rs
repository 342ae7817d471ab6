//! Labelled inputs with their hints and mistakes: what was typed stays, and each mistake stands below its input.

use maud::{Markup, html};

use crate::http::pages::form::Form;

/// One input of a form.
pub struct Field<'a> {
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    required: bool,
    kind: &'a str,
    extra: &'a [(&'a str, &'a str)],
}

impl<'a> Field<'a> {
    /// A line of text called `name` in the form.
    pub fn text(form: &'a Form, name: &'a str, label: &'a str) -> Self {
        Self { form, name, label, hint: None, required: false, kind: "text", extra: &[] }
    }

    /// Another type of input.
    pub const fn kind(mut self, kind: &'a str) -> Self {
        self.kind = kind;
        self
    }

    /// What to write, in a few words.
    pub const fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// It cannot be left out.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// More attributes that come with a value: `autocomplete`, `min`, `list`.
    pub const fn with(mut self, extra: &'a [(&'a str, &'a str)]) -> Self {
        self.extra = extra;
        self
    }

    /// As a line.
    pub fn line(&self) -> Markup {
        let value = if self.kind == "password" { "" } else { self.form.value(self.name) };
        let extra =
            |name: &str| self.extra.iter().find_map(|(known, value)| (*known == name).then_some(*value));
        self.around(html! {
            input id=(self.name) name=(self.name) type=(self.kind) value=(value) required[self.required]
                aria-invalid=[self.invalid()] aria-describedby=[self.described()]
                autocomplete=[extra("autocomplete")] min=[extra("min")] max=[extra("max")] step=[extra("step")]
                list=[extra("list")] placeholder=[extra("placeholder")] inputmode=[extra("inputmode")];
        })
    }

    /// As a larger box.
    pub fn area(&self) -> Markup {
        self.around(html! {
            textarea id=(self.name) name=(self.name) required[self.required] aria-invalid=[self.invalid()]
                aria-describedby=[self.described()] { (self.form.value(self.name)) }
        })
    }

    /// As a choice of values, each with its words.
    pub fn choice<V: AsRef<str>, W: AsRef<str>>(&self, choices: &[(V, W)]) -> Markup {
        let chosen = self.form.value(self.name);
        self.around(html! {
            select id=(self.name) name=(self.name) aria-invalid=[self.invalid()] aria-describedby=[self.described()] {
                @for (value, words) in choices {
                    option value=(value.as_ref()) selected[value.as_ref() == chosen] { (words.as_ref()) }
                }
            }
        })
    }

    fn around(&self, input: Markup) -> Markup {
        html! {
            div.field {
                label for=(self.name) { (self.label) @if self.required { span.muted { " (required)" } } }
                (input)
                @if let Some(hint) = self.hint { span.hint id={ (self.name) "-hint" } { (hint) } }
                @if let Some(wrong) = self.form.wrong(self.name) {
                    span.wrong id={ (self.name) "-wrong" } { (wrong) }
                }
            }
        }
    }

    fn invalid(&self) -> Option<&'static str> {
        self.form.wrong(self.name).map(|_| "true")
    }

    fn described(&self) -> Option<String> {
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        let wrong = self.form.wrong(self.name).map(|_| format!("{}-wrong", self.name));
        let both: Vec<String> = hint.into_iter().chain(wrong).collect();
        (!both.is_empty()).then(|| both.join(" "))
    }
}

/// Everything that is wrong with a form, at its top, each mistake a link to its input.
pub fn mistakes(form: &Form) -> Markup {
    html! {
        @if !form.errors().is_empty() {
            div.notice.danger role="alert" {
                p { strong { "This was not saved." } " What you typed is still here." }
                ul {
                    @for (name, detail) in form.errors() {
                        li { @if name.is_empty() { (detail) } @else { a href={ "#" (name) } { (detail) } } }
                    }
                }
            }
        }
    }
}
