//! What the account's debugger would show: documents that could not be had, callbacks that did not arrive.

use std::fmt::Display;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use crate::callbacks::Trouble;
use crate::timeline::rfc2822;

/// One entry of the debugger, without the call it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub code: u32,
    pub message: String,
    pub url: String,
}

/// An alert with when and on which call it was raised.
#[derive(Clone, Debug)]
pub(crate) struct RaisedAlert {
    pub at: Timestamp,
    pub call_sid: String,
    pub alert: Alert,
}

impl Alert {
    pub(crate) fn new(code: u32, message: &str, url: impl Display) -> Self {
        Self { code, message: message.to_owned(), url: url.to_string() }
    }

    pub(crate) fn unreachable(error: &reqwest::Error, url: &Url) -> Self {
        let (code, what) =
            if error.is_connect() { (11205, "no connection") } else { (11206, "the answer broke off") };
        Self::new(code, what, url)
    }

    pub(crate) fn undelivered(trouble: Trouble, url: &Url) -> Self {
        let (code, message) = match trouble {
            Trouble::Connecting => (11205, "callback given up: no connection".to_owned()),
            Trouble::Reading => (11200, "callback given up: no answer in time".to_owned()),
            Trouble::ClientError(status) | Trouble::ServerError(status) => {
                (11200, format!("callback given up: answered {status}"))
            }
        };
        Self { code, message, url: url.to_string() }
    }
}

impl RaisedAlert {
    pub(crate) fn json(&self) -> Value {
        json!({
            "at": self.at.to_string(),
            "date_created": rfc2822(self.at),
            "call_sid": self.call_sid,
            "error_code": self.alert.code.to_string(),
            "alert_text": self.alert.message,
            "request_url": self.alert.url,
        })
    }
}
