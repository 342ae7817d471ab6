//! What the callee hears and does.

use axum::http::StatusCode;
use simulator::{AnswerModel, Outcome};

use crate::support::*;

#[tokio::test]
async fn instructions_are_asked_for_signed_when_the_call_connects() {
    let world = World::start(settings()).await;
    world.web.says("/voice", "<Response><Pause length=\"3\"/></Response>");
    world.call(&[("Url", &world.web.url("/voice?attempt=1"))]).await;
    world.phones.quiet().await;
    let asked = world.web.heard_at("/voice");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].field("CallStatus"), "in-progress");
    assert_eq!(asked[0].field("attempt"), "1");
    assert!(asked[0].signature_holds);
    assert_eq!(world.phones.ledger()[0].duration_seconds, 3);
}

#[tokio::test]
async fn with_get_the_fields_travel_in_the_query_and_the_signature_covers_them() {
    let world = World::start(settings()).await;
    world.web.says("/voice", "<Response/>");
    world.call(&[("Url", &world.web.url("/voice")), ("Method", "GET")]).await;
    world.phones.quiet().await;
    let asked = &world.web.heard_at("/voice")[0];
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.field("To"), TO);
    assert!(asked.signature_holds, "{asked:?}");
}

#[tokio::test]
async fn pressed_keys_go_to_the_action_and_its_answer_is_run() {
    let mut settings = settings();
    settings.answers = settings.answers.pressing(TO, "42#7");
    let world = World::start(settings).await;
    world.web.says(
        "/menu/start",
        "<Response><Gather action=\"chosen?menu=1\" finishOnKey=\"#\"><Say>Press</Say></Gather></Response>",
    );
    world.web.says("/menu/chosen", "<Response><Gather action=\"/end\" numDigits=\"1\"/></Response>");
    world.web.says("/end", "<Response><Hangup/></Response>");
    world.call(&[("Url", &world.web.url("/menu/start"))]).await;
    world.phones.quiet().await;
    let chosen = world.web.heard_at("/menu/chosen");
    assert_eq!((chosen[0].field("Digits"), chosen[0].field("menu")), ("42", "1"));
    assert!(chosen[0].signature_holds);
    assert_eq!(world.web.heard_at("/end")[0].field("Digits"), "7");
}

#[tokio::test]
async fn a_silent_person_falls_through_to_the_next_verb() {
    let mut settings = settings();
    settings.answers.key_press = 0.0;
    let world = World::start(settings).await;
    let gone = world.web.url("/gone");
    let twiml = format!(
        "<Response><Gather action=\"{gone}\" timeout=\"4\"/><Redirect>{}</Redirect></Response>",
        world.web.url("/next")
    );
    world.web.says("/next", "<Response/>");
    world.call(&[("Twiml", &twiml)]).await;
    world.phones.quiet().await;
    assert_eq!(world.web.heard_at("/gone").len(), 0);
    assert_eq!(world.web.heard_at("/next").len(), 1);
    assert_eq!(world.phones.ledger()[0].duration_seconds, 4);
}

#[tokio::test]
async fn a_dialled_third_party_is_reported_to_the_action() {
    let mut settings = settings();
    settings.answers = AnswerModel::always(Outcome::Human { talk_seconds: 100 });
    let world = World::start(settings).await;
    world
        .web
        .says("/start", "<Response><Dial action=\"/after\"><Number>+14155550999</Number></Dial></Response>");
    world.web.says("/after", "<Response/>");
    world.call(&[("Url", &world.web.url("/start"))]).await;
    world.phones.quiet().await;
    let after = &world.web.heard_at("/after")[0];
    assert_eq!((after.field("DialCallStatus"), after.field("DialCallDuration")), ("completed", "30"));
}

#[tokio::test]
async fn a_live_call_can_be_sent_elsewhere() {
    let mut settings = settings();
    settings.answers = AnswerModel::always(Outcome::Human { talk_seconds: 1_000_000 });
    let world = World::start(settings).await;
    world.web.says("/hold", "<Response><Pause length=\"80000\"/></Response>");
    world.web.says("/rescue", "<Response><Hangup/></Response>");
    let call = world.call(&[("Url", &world.web.url("/hold")), ("TimeLimit", "86400")]).await;
    world.web.until(|heard| heard.path == "/hold").await;
    let path = format!("Calls/{}.json", sid(&call));
    let (status, body) = world.post(&path, &[("Url", &world.web.url("/rescue"))]).await;
    assert_eq!(status, 200, "{body}");
    world.phones.quiet().await;
    assert_eq!(world.web.heard_at("/rescue").len(), 1);
    let (status, body) = world.post(&path, &[("Twiml", "<Response/>")]).await;
    assert_eq!((status, body["code"].as_u64()), (400, Some(21220)));
}

#[tokio::test]
async fn when_instructions_fail_the_fallback_is_told_why() {
    let world = World::start(settings()).await;
    world.web.answers("/broken", StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "oops");
    world.web.says("/fallback", "<Response/>");
    let (broken, fallback) = (world.web.url("/broken"), world.web.url("/fallback"));
    world.call(&[("Url", &broken), ("FallbackUrl", &fallback)]).await;
    world.phones.quiet().await;
    let asked = &world.web.heard_at("/fallback")[0];
    assert_eq!((asked.field("ErrorCode"), asked.field("ErrorUrl")), ("11200", broken.as_str()));
    assert_eq!(world.alert_codes().await, ["11200"]);
}

#[tokio::test]
async fn documents_that_cannot_be_run_raise_alerts_and_end_the_call() {
    let cases = [
        ("text/xml", "<Response><Say>", "12100"),
        ("text/xml", "<Antwort/>", "12200"),
        ("text/plain", "<Response/>", "12300"),
        ("text/xml", "<Response><Redirect/></Response>", "11215"),
    ];
    for (kind, body, code) in cases {
        let world = World::start(settings()).await;
        world.web.answers("/voice", StatusCode::OK, kind, body);
        world.call(&[("Url", &world.web.url("/voice"))]).await;
        world.phones.quiet().await;
        assert_eq!(world.alert_codes().await, [code], "{body}");
        assert_eq!(world.phones.ledger()[0].status, simulator::Status::Completed);
    }
}

#[tokio::test]
async fn redirects_are_followed_and_lose_the_fields() {
    let world = World::start(settings()).await;
    world.web.answers("/old", StatusCode::FOUND, "", "/new");
    world.web.says("/new", "<Response/>");
    world.call(&[("Url", &world.web.url("/old"))]).await;
    world.phones.quiet().await;
    let asked = &world.web.heard_at("/new")[0];
    assert_eq!((asked.method.as_str(), asked.field("CallSid")), ("GET", "(missing)"));
    assert!(asked.signature_holds);
}

#[tokio::test]
async fn other_hosts_are_out_of_reach() {
    let world = World::start(settings()).await;
    world.call(&[("Url", "http://10.1.2.3/voice"), ("StatusCallback", "http://example.com/status")]).await;
    world.phones.quiet().await;
    assert_eq!(world.alert_codes().await, ["11210", "11210"]);
}

#[tokio::test]
async fn a_blocking_verdict_comes_before_the_instructions() {
    let mut settings = settings();
    settings.answers = AnswerModel::always(Outcome::Voicemail);
    settings.answers.greeting_seconds = (10.0, 10.0);
    let world = World::start(settings).await;
    world.web.says("/voice", "<Response/>");
    let (voice, status) = (world.web.url("/voice"), world.web.url("/status"));
    let call = world
        .call(&[("Url", &voice), ("StatusCallback", &status), ("MachineDetection", "DetectMessageEnd")])
        .await;
    world.phones.quiet().await;
    let asked = &world.web.heard_at("/voice")[0];
    assert_eq!(asked.field("AnsweredBy"), "machine_end_beep");
    assert_eq!(asked.field("MachineDetectionDuration"), "10000");
    assert_eq!(world.web.heard_at("/status")[0].field("AnsweredBy"), "machine_end_beep");
    assert_eq!(world.fetch(&call).await["answered_by"], "machine_end_beep");
}

#[tokio::test]
async fn an_asynchronous_verdict_comes_on_its_own() {
    let world = World::start(settings()).await;
    world.web.says("/voice", "<Response><Pause length=\"20\"/></Response>");
    let (voice, amd) = (world.web.url("/voice"), world.web.url("/amd"));
    let fields = [
        ("Url", voice.as_str()),
        ("MachineDetection", "Enable"),
        ("AsyncAmd", "true"),
        ("AsyncAmdStatusCallback", amd.as_str()),
    ];
    world.call(&fields).await;
    world.phones.quiet().await;
    assert_eq!(world.web.heard_at("/voice")[0].field("AnsweredBy"), "(missing)");
    let verdict = &world.web.heard_at("/amd")[0];
    assert_eq!(verdict.field("AnsweredBy"), "human");
    assert_eq!(verdict.fields.len(), 4);
    assert!(verdict.signature_holds);
}

#[tokio::test]
async fn an_asynchronous_verdict_nobody_is_told_raises_an_alert() {
    let world = World::start(settings()).await;
    let twiml = "<Response><Pause length=\"20\"/></Response>";
    let call = world.call(&[("Twiml", twiml), ("MachineDetection", "Enable"), ("AsyncAmd", "true")]).await;
    world.phones.quiet().await;
    assert_eq!(world.alert_codes().await, ["21262"]);
    assert_eq!(world.fetch(&call).await["answered_by"], "human");
}

#[tokio::test]
async fn sent_digits_switch_detection_off() {
    let world = World::start(settings()).await;
    let call = world.call(&[("MachineDetection", "Enable"), ("SendDigits", "ww12#")]).await;
    world.phones.quiet().await;
    assert_eq!(world.fetch(&call).await["answered_by"], serde_json::json!(null));
}
