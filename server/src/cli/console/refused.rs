//! A problem of the API, told to the person at the terminal.

use std::fmt;

use reqwest::Response;
use serde::Deserialize;

/// What the API answered instead of doing it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cli) struct Refused {
    title: String,
    status: u16,
    detail: String,
    instance: Option<String>,
    errors: Vec<Wrong>,
    blockers: Vec<Wrong>,
    next_possible_at: Option<String>,
    call_id: Option<String>,
    retry_after: Option<u32>,
}

/// One part of the input that cannot be used, or one thing that stands in the way.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wrong {
    pointer: Option<String>,
    parameter: Option<String>,
    detail: String,
}

impl Refused {
    pub(super) async fn read(response: Response) -> Self {
        let status = response.status();
        let read: Option<Self> = response.json().await.ok();
        read.filter(|problem| !problem.title.is_empty()).unwrap_or_else(|| Self {
            title: format!("The server answered {status}"),
            status: status.as_u16(),
            detail: "It did not say why; look at its log.".to_owned(),
            ..Self::default()
        })
    }

    fn hint(&self) -> Option<&'static str> {
        match self.status {
            401 => Some(
                "The server was restarted at this moment, or its server.json was changed. Run the command again.",
            ),
            403 => {
                Some("The console acts as the owner: whoever made this role higher than that must change it.")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = |text: &str| text.trim_end_matches('.').to_owned();
        write!(f, "{}.", sentence(&self.title))?;
        if !self.errors.iter().any(|wrong| wrong.detail == self.detail) {
            write!(f, " {}", self.detail)?;
        }
        for wrong in self.errors.iter().chain(&self.blockers) {
            match wrong.pointer.as_deref().or(wrong.parameter.as_deref()).filter(|place| !place.is_empty()) {
                Some(place) => write!(f, "\n  {place}: {}", wrong.detail)?,
                None => write!(f, "\n  {}", wrong.detail)?,
            }
        }
        if let Some(at) = &self.next_possible_at {
            write!(f, "\nThe next possible time is {at}.")?;
        }
        if let Some(call) = &self.call_id {
            write!(f, "\nThe call that stands in the way is {call}.")?;
        }
        if let Some(seconds) = self.retry_after {
            write!(f, "\nTry again in {seconds} s.")?;
        }
        if let Some(hint) = self.hint() {
            write!(f, "\n{hint}")?;
        }
        match &self.instance {
            Some(request) if self.status >= 500 => {
                write!(f, "\nThe server's log knows this request as {request}.")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problem: &str) -> String {
        serde_json::from_str::<Refused>(problem).expect("a problem").to_string()
    }

    #[test]
    fn every_wrong_field_is_named_with_its_place() {
        let problem = r#"{"title":"Invalid input","status":422,"detail":"See `errors`.","errors":[
            {"pointer":"/name","code":"required","detail":"this field is required"},
            {"pointer":"","code":"wrong_type","detail":"expected an object"},
            {"parameter":"limit","code":"out_of_range","detail":"use 1 to 200"}]}"#;
        let lines = "Invalid input. See `errors`.\n  /name: this field is required\n  expected an object\n  limit: use 1 to 200";
        assert_eq!(told(problem), lines);
    }

    #[test]
    fn a_call_that_may_not_be_made_now_says_when_it_may() {
        let problem = r#"{"title":"Outside calling hours.","status":409,"detail":"The window is closed.",
            "nextPossibleAt":"2026-11-23T14:00:00Z"}"#;
        let lines =
            "Outside calling hours. The window is closed.\nThe next possible time is 2026-11-23T14:00:00Z.";
        assert_eq!(told(problem), lines);
    }

    #[test]
    fn a_failure_of_the_server_can_be_found_in_its_log() {
        let problem =
            r#"{"title":"Unavailable","status":503,"detail":"Try later.","retryAfter":5,"instance":"r-1"}"#;
        let lines = "Unavailable. Try later.\nTry again in 5 s.\nThe server's log knows this request as r-1.";
        assert_eq!(told(problem), lines);
    }
}
