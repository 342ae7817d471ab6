//! Calls of the same account that the server did not make.

use prospectai::actions::Actor;
use prospectai::store::incidents::IncidentRecord;
use reqwest::Method;
use serde_json::Value;

use crate::support::test_app::TestApp;
use crate::support::world::{ACCOUNT, CALLER_ID, TOKEN};

/// A number that is in no campaign.
pub const SOMEBODY: &str = "+16175550199";

/// Asks the phone network for something, as the owner of its account.
pub async fn ask(app: &TestApp, method: Method, path: &str, form: &[(&str, &str)]) -> Value {
    let base = app.phones.base_url();
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}{path}", base.trim_end_matches('/'));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.request(method, url).basic_auth(ACCOUNT, Some(TOKEN));
    let request = if form.is_empty() { request } else { request.form(form) };
    let answer = request.send().await.expect("the phone network answers");
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.unwrap_or(Value::Null)
}

/// Somebody else who has the token rings somebody from our number; the carrier's name of the call.
pub async fn rings_somebody(app: &TestApp) -> String {
    let twiml = "<Response><Say>Nobody asked for this.</Say><Pause length=\"14000\"/></Response>";
    let form = [("To", SOMEBODY), ("From", CALLER_ID), ("Twiml", twiml)];
    let call = ask(app, Method::POST, "/Calls.json", &form).await;
    call["sid"].as_str().expect("a sid").to_owned()
}

/// Ends such a call.
pub async fn hangs_up(app: &TestApp, sid: &str) {
    ask(app, Method::POST, &format!("/Calls/{sid}.json"), &[("Status", "completed")]).await;
}

/// Incidents of the workspace, latest first.
pub async fn incidents(app: &TestApp) -> Vec<IncidentRecord> {
    let Actor { workspace, .. } = app.actor;
    app.actions.store.incidents(workspace, None, 100).await.expect("read")
}
