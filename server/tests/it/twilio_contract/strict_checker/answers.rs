//! Answers in the documented form: calls that were created can be listed, read and ended; what else happens to them
//! a test says.

use serde_json::{Map, Value, json};

use super::{Checked, Fields, error};

/// The calls of this network, oldest first.
#[derive(Default)]
pub struct Network {
    calls: Vec<(Value, Fields)>,
}

impl Network {
    pub fn forms(&self) -> Vec<Fields> {
        self.calls.iter().map(|(_, form)| form.clone()).collect()
    }

    pub fn set_status(&mut self, sid: &str, status: &str) {
        let call = self.calls.iter_mut().map(|(call, _)| call).find(|call| call["sid"] == sid);
        call.expect("a call that was created")["status"] = json!(status);
    }

    /// Status and body.
    pub fn answer(&mut self, request: &Checked<'_>) -> (u16, Value) {
        let json = match request.name {
            "account_fetch" => account(request),
            "call_create" => self.create(request),
            "call_list" => self.list(request),
            "call_events" => self.events(request),
            "recording_list" => no_recordings(request),
            _ => match self.find(request) {
                Some(call) => {
                    if let Some(status) = value_of(&request.form, "Status") {
                        call["status"] = json!(status);
                    }
                    call.clone()
                }
                None => return (404, error(20404, 404, "not found")),
            },
        };
        (request.operation.success, json)
    }

    fn create(&mut self, request: &Checked<'_>) -> Value {
        let sid = format!("CA{:032x}", self.calls.len() + 1);
        let mut call = nothing_but_names(request);
        call.insert("sid".into(), json!(sid));
        call.insert("status".into(), json!("queued"));
        call.insert("to".into(), json!(value_of(&request.form, "To")));
        call.insert("from".into(), json!(value_of(&request.form, "From")));
        call.insert("date_created".into(), json!("Fri, 15 Jan 2027 08:00:00 +0000"));
        call.insert("direction".into(), json!("outbound-api"));
        call.insert("queue_time".into(), json!("0"));
        call.insert("account_sid".into(), json!(value_of(&request.path, "AccountSid")));
        let call = Value::Object(call);
        self.calls.push((call.clone(), request.form.clone()));
        call
    }

    fn list(&self, request: &Checked<'_>) -> Value {
        let wanted = |field: &str, name: &str, call: &Value| {
            value_of(&request.query, name).is_none_or(|value| call[field] == value)
        };
        let found: Vec<&Value> = self
            .calls
            .iter()
            .rev()
            .map(|(call, _)| call)
            .filter(|call| wanted("to", "To", call) && wanted("from", "From", call))
            .collect();
        let number =
            |name, usual| value_of(&request.query, name).map_or(usual, |n| n.parse().expect("checked"));
        let (size, page): (usize, usize) = (number("PageSize", 50), number("Page", 0));
        let (start, end) = ((page * size).min(found.len()), ((page + 1) * size).min(found.len()));
        let mut json = nothing_but_names(request);
        json.insert("calls".into(), json!(found[start..end]));
        if end < found.len() {
            json.insert("next_page_uri".into(), json!(next_page(request, page + 1)));
        }
        Value::Object(json)
    }

    fn events(&self, request: &Checked<'_>) -> Value {
        let sid = value_of(&request.path, "CallSid").unwrap_or_default();
        let created = self.calls.iter().find(|(call, _)| call["sid"] == sid).map(|(_, form)| {
            let parameters: Map<_, _> =
                form.iter().map(|(name, value)| (snake(name), json!(value))).collect();
            json!({"request": {"method": "POST", "parameters": parameters}, "response": {"response_code": 201}})
        });
        let mut json = nothing_but_names(request);
        json.insert("events".into(), json!(Vec::from_iter(created)));
        Value::Object(json)
    }

    fn find(&mut self, request: &Checked<'_>) -> Option<&mut Value> {
        let sid = value_of(&request.path, "Sid")?;
        self.calls.iter_mut().map(|(call, _)| call).find(|call| call["sid"] == sid)
    }
}

fn account(request: &Checked<'_>) -> Value {
    let mut json = nothing_but_names(request);
    json.insert("friendly_name".into(), json!("Contract"));
    json.insert("status".into(), json!("active"));
    json.insert("type".into(), json!("Full"));
    Value::Object(json)
}

/// Nothing is recorded here.
fn no_recordings(request: &Checked<'_>) -> Value {
    let mut json = nothing_but_names(request);
    json.insert("recordings".into(), json!([]));
    Value::Object(json)
}

/// Every documented field, and nothing in it: whoever reads the answer must do with that.
fn nothing_but_names(request: &Checked<'_>) -> Map<String, Value> {
    request.operation.answer.keys().map(|name| (name.clone(), Value::Null)).collect()
}

fn next_page(request: &Checked<'_>, page: usize) -> String {
    let account = value_of(&request.path, "AccountSid").unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(
        request.query.iter().filter(|(name, _)| !name.starts_with("Page") || name == "PageSize"),
    );
    query.append_pair("Page", &page.to_string()).append_pair("PageToken", "PACA1");
    format!("/2010-04-01/Accounts/{account}/Calls.json?{}", query.finish())
}

fn value_of<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
