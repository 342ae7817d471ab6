//! The form of a campaign: filled in from what is, and read into the words of the API.

use domain::recording_consent::RecordingConsent;
use serde_json::{Map, Value, json};

use super::{DAYS, RETRIED};
use crate::http::pages::form::{Form, as_number};
use crate::store::campaigns::CampaignRecord;

/// The form of a campaign as it is.
pub(super) fn filled(campaign: &CampaignRecord) -> Form {
    let rules = &campaign.rules;
    let mut values: Vec<(String, String)> = vec![
        ("name".into(), campaign.name.clone()),
        ("timezone".into(), rules.zone.name().into()),
        ("defaultRegion".into(), campaign.default_region.clone()),
        ("callerId".into(), campaign.caller_id.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("purpose".into(), campaign.disclosure.purpose.map(|it| it.as_str().to_owned()).unwrap_or_default()),
        ("callerName".into(), campaign.disclosure.caller_name.clone().unwrap_or_default()),
        ("dailyCallLimit".into(), rules.daily_limit.calls().to_string()),
        (
            "callsPerSecond".into(),
            rules.pacing.map(|it| it.calls_per_second().to_string()).unwrap_or_default(),
        ),
        ("maxLiveCalls".into(), rules.pacing.map(|it| it.max_live().to_string()).unwrap_or_default()),
        ("budget".into(), rules.budgets.total.map(|it| it.to_string()).unwrap_or_default()),
        ("dailyBudget".into(), rules.budgets.per_day.map(|it| it.to_string()).unwrap_or_default()),
        ("maxAttempts".into(), rules.retry.max_attempts().to_string()),
        ("lostCalls".into(), rules.lost_calls.as_str().into()),
        ("dialOrder".into(), campaign.dial_order.as_str().into()),
        ("ringTimeoutSeconds".into(), campaign.ring_timeout_seconds.to_string()),
        ("timeLimitSeconds".into(), campaign.time_limit_seconds.to_string()),
        ("machineDetection".into(), campaign.machine_detection.clone()),
        ("recording".into(), campaign.recording.clone()),
        ("recordingConsent".into(), campaign.recording_consent.as_str().into()),
        ("recordingNotice".into(), own_notice(&campaign.recording_consent)),
    ];
    let week = crate::http::api::campaigns::hours::Week::of(&rules.windows);
    for (name, _, windows) in week.days() {
        let windows: Vec<String> =
            windows.iter().map(|window| format!("{}-{}", window.start, window.end)).collect();
        values.push((name.to_owned(), windows.join(", ")));
    }
    for disposition in RETRIED {
        let (word, rule) = (disposition.as_str(), rules.retry.rule(disposition));
        let delay = rule.map(|rule| rule.delay_minutes().to_string());
        values.push((format!("delay.{word}"), delay.unwrap_or_default()));
        // What only the API can say stays as it is.
        values.push((format!("growth.{word}"), rule.map_or(100, |rule| rule.growth_percent()).to_string()));
        values.push((format!("other.{word}"), rule.is_some_and(|rule| rule.other_half_of_day()).to_string()));
    }
    Form::filled(values)
}

fn own_notice(consent: &RecordingConsent) -> String {
    match consent {
        RecordingConsent::Announce { words } => words.clone().unwrap_or_default(),
        RecordingConsent::OnlyWhereOnePartySuffices => String::new(),
    }
}

/// What the form says, in the words of the API.
pub(super) fn object_of(form: &Form) -> Map<String, Value> {
    let nullable = ["purpose", "callerName", "callerId", "budget", "dailyBudget", "recordingNotice"];
    let names = [
        "name",
        "timezone",
        "defaultRegion",
        "purpose",
        "callerName",
        "callerId",
        "budget",
        "dailyBudget",
        "lostCalls",
        "dialOrder",
        "machineDetection",
        "recording",
        "recordingConsent",
        "recordingNotice",
    ];
    let mut object = form.texts(&names, &nullable);
    for name in ["dailyCallLimit", "ringTimeoutSeconds", "timeLimitSeconds"] {
        form.add_number(&mut object, name);
    }
    let week: Map<String, Value> =
        DAYS.iter().map(|(day, _)| ((*day).to_owned(), windows_of(form.value(day)))).collect();
    object.insert("callingWindows".to_owned(), week.into());
    object.insert("pacing".to_owned(), pacing_of(form));
    object.insert("retryPolicy".to_owned(), retries_of(form));
    object
}

/// `09:00-12:00, 13:00-17:00` as the API writes windows; what cannot be read goes to the API's rules as it is.
fn windows_of(text: &str) -> Value {
    let windows = text.split([',', ';']).map(str::trim).filter(|window| !window.is_empty());
    let window = |text: &str| {
        let (start, end) = text.split_once(['-', '–']).unwrap_or((text, ""));
        json!({ "start": start.trim(), "end": end.trim() })
    };
    windows.map(window).collect()
}

fn pacing_of(form: &Form) -> Value {
    if form.given("callsPerSecond").is_none() && form.given("maxLiveCalls").is_none() {
        return Value::Null;
    }
    let mut pacing = Map::new();
    form.add_number(&mut pacing, "callsPerSecond");
    form.add_number(&mut pacing, "maxLiveCalls");
    pacing.into()
}

fn retries_of(form: &Form) -> Value {
    let mut rules = Map::new();
    for disposition in RETRIED {
        let word = disposition.as_str();
        if let Some(minutes) = form.given(&format!("delay.{word}")) {
            let growth = form.given(&format!("growth.{word}")).unwrap_or("100");
            let rule = json!({
                "delayMinutes": as_number(minutes),
                "growthPercent": as_number(growth),
                "otherHalfOfDay": form.value(&format!("other.{word}")) == "true",
            });
            rules.insert(word.to_owned(), rule);
        }
    }
    json!({ "maxAttempts": as_number(form.value("maxAttempts").trim()), "rules": rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_people_write_them() {
        assert_eq!(
            windows_of(" 09:00-12:00,13:00 – 17:00 "),
            json!([{ "start": "09:00", "end": "12:00" }, { "start": "13:00", "end": "17:00" }])
        );
        assert_eq!(windows_of(""), json!([]));
        assert_eq!(windows_of("nine"), json!([{ "start": "nine", "end": "" }]));
    }
}
