//! The keys that people may press while a text is spoken: one line for each thing that a key can mean.

use domain::call_flow::{Means, Menu};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::http::pages::form::Form;
use crate::http::pages::parts::field::Field;

const KEYS: [&str; 13] = ["", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#"];

fn label(means: Means) -> &'static str {
    match means {
        Means::Confirm => "Say yes",
        Means::HearAgain => "Hear it again",
        Means::Transfer => "Talk to a person",
        Means::LeaveMessage => "Leave a message",
        Means::OptOut => "Get no more calls",
    }
}

fn key_input(means: Means) -> String {
    format!("key_{}", means.as_str())
}

fn reply_input(means: Means) -> String {
    format!("reply_{}", means.as_str())
}

/// Whether the inputs can show a menu: the API can give one meaning to several keys.
pub fn can_show(menu: &Menu) -> bool {
    Means::ALL.into_iter().all(|means| menu.keys.iter().filter(|key| key.means == means).count() <= 1)
}

/// The inputs as a menu fills them in.
pub fn filled(menu: &Menu) -> Vec<(String, String)> {
    let of = |key: &domain::call_flow::MenuKey| {
        let reply = key.reply.clone().unwrap_or_default();
        [(key_input(key.means), key.key.to_string()), (reply_input(key.means), reply)]
    };
    menu.keys.iter().flat_map(of).collect()
}

/// The menu that was chosen, in the words of the API. What offers a key stays as it is.
pub fn chosen(form: &Form, current: Option<&Menu>) -> Value {
    let mut keys = Vec::new();
    for means in Means::ALL {
        let Some(key) = form.given(&key_input(means)) else { continue };
        let mut object = Map::new();
        object.insert("key".to_owned(), json!(key));
        object.insert("means".to_owned(), json!(means.as_str()));
        if let Some(reply) = form.given(&reply_input(means)) {
            object.insert("reply".to_owned(), json!(reply));
        }
        let before = current.and_then(|menu| menu.keys.iter().find(|it| it.means == means));
        if let Some(offer) = before.and_then(|key| key.offer.as_deref()) {
            object.insert("offer".to_owned(), json!(offer));
        }
        keys.push(Value::Object(object));
    }
    Value::Array(keys)
}

/// The inputs.
pub fn inputs(form: &Form) -> Markup {
    let choices = KEYS.map(|key| (key, if key.is_empty() { "No key" } else { key }));
    html! {
        fieldset {
            legend { "Keys people may press meanwhile" }
            p.hint { "Each is offered behind the text. Recorded sales calls in the United States must offer a key that stops them (47 CFR 64.1200(b)(3))." }
            @for means in Means::ALL {
                div.row.key {
                    (Field::text(form, &key_input(means), label(means)).choice(&choices))
                    @if let Some(usual) = means.reply() {
                        (Field::text(form, &reply_input(means), "Then said").with(&[("placeholder", usual)]).line())
                    }
                }
            }
        }
        (person(form))
        (Field::text(form, "whisper", "Whispered to them first").with(&[("placeholder", "{{ firstName | default(\"Somebody\") }} of {{ company | default(\"a company\") }} is on the line.")])
            .hint("Only they hear it, before the two are connected. Empty: they are connected at once.").area())
    }
}

/// Whom people are put through to.
pub fn person(form: &Form) -> Markup {
    Field::text(form, "transferTo", "Number of the person to talk to")
        .kind("tel")
        .hint("Rung when somebody asks for a person. Its calls count against the budget.")
        .line()
}
