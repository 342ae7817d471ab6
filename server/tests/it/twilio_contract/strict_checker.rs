//! A server that takes only what Twilio documents: the operations, names, types and ranges of its published description
//! (`contract.json`), and those that stand in its prose only (`strict_checker/rules.rs`). Twilio itself lets unknown names
//! pass in silence; here they are refused, and every refusal is kept to be asked for.

mod answers;
mod contract;
mod rules;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use answers::Network;
use contract::{Contract, Operation};

/// Names and decoded values in the order in which they were sent.
type Fields = Vec<(String, String)>;

pub struct StrictChecker {
    base_url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    contract: Contract,
    network: Mutex<Network>,
    refusals: Mutex<Vec<String>>,
}

impl StrictChecker {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared {
            contract: Contract::load(),
            network: Mutex::default(),
            refusals: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let task =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("serves until dropped") });
        Self { base_url, shared, task }
    }

    /// Where it listens; the value for `TWILIO_API_BASE`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What was refused so far, and why.
    pub fn refusals(&self) -> Vec<String> {
        self.shared.refusals.lock().expect("no panic meanwhile").clone()
    }

    /// Lets a call come further.
    pub fn set_status(&self, sid: &str, status: &str) {
        self.shared.network.lock().expect("no panic meanwhile").set_status(sid, status);
    }

    /// The forms of the calls created so far.
    pub fn created(&self) -> Vec<Fields> {
        self.shared.network.lock().expect("no panic meanwhile").forms()
    }
}

impl Drop for StrictChecker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let checked = check(&shared.contract, &method, &uri, &headers, &body);
    let (status, json) = match checked {
        Ok(request) => shared.network.lock().expect("no panic meanwhile").answer(&request),
        Err(why) => {
            shared
                .refusals
                .lock()
                .expect("no panic meanwhile")
                .push(format!("{method} {}: {why}", uri.path()));
            (400, error(20001, 400, &why))
        }
    };
    (StatusCode::from_u16(status).expect("a status"), axum::Json(json)).into_response()
}

/// A request that Twilio documents.
struct Checked<'c> {
    name: &'c str,
    operation: &'c Operation,
    path: Fields,
    query: Fields,
    form: Fields,
}

fn check<'c>(
    contract: &'c Contract,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Checked<'c>, String> {
    let (name, operation, path) =
        contract.find(method.as_str(), uri.path()).ok_or("no such operation is documented")?;
    check_sign_in(headers, &path)?;
    let query = decoded(uri.query().unwrap_or_default().as_bytes())?;
    operation.check_query(&query)?;
    let form = match &operation.form {
        None if body.is_empty() => Vec::new(),
        None => return Err("a body where none is documented".to_owned()),
        Some(_) => {
            let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
            if content_type != Some("application/x-www-form-urlencoded") {
                return Err(format!("the content type is {content_type:?}"));
            }
            let form = decoded(body)?;
            operation.check_form(&form)?;
            rules::check_prose(name, &form)?;
            form
        }
    };
    Ok(Checked { name, operation, path, query, form })
}

fn check_sign_in(headers: &HeaderMap, path: &Fields) -> Result<(), String> {
    let wrong = || "no usable HTTP Basic authentication".to_owned();
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    let bytes = STANDARD.decode(header.strip_prefix("Basic ").ok_or_else(wrong)?).map_err(|_| wrong())?;
    let pair = String::from_utf8(bytes).map_err(|_| wrong())?;
    let (user, password) = pair.split_once(':').ok_or_else(wrong)?;
    let account = path.first().map(|(_, sid)| sid.as_str());
    if password.is_empty() || !(Some(user) == account || contract::is_sid("SK", user)) {
        return Err("signed in as neither the account of the path nor an API key".to_owned());
    }
    Ok(())
}

fn decoded(bytes: &[u8]) -> Result<Fields, String> {
    let fields: Fields = form_urlencoded::parse(bytes).into_owned().collect();
    match fields.iter().find(|(_, value)| value.contains('\u{fffd}')) {
        Some((name, _)) => Err(format!("{name} is not UTF-8")),
        None => Ok(fields),
    }
}

fn error(code: u32, status: u16, message: &str) -> Value {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    json!({"code": code, "message": message, "more_info": more_info, "status": status})
}
