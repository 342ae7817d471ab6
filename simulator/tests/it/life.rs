//! Calls from the queue to their end.

use std::time::Duration;

use serde_json::json;
use simulator::{AnswerModel, Outcome, Status};

use crate::support::*;

#[tokio::test]
async fn a_person_who_answers_is_told_of_in_four_callbacks() {
    let world = World::start(settings()).await;
    let status = world.web.url("/status?call=7");
    let mut fields = ALL_EVENTS.to_vec();
    fields.push(("StatusCallback", &status));
    let call = world.call(&fields).await;
    world.phones.quiet().await;

    let heard = world.web.heard_at("/status");
    assert_eq!(world.web.statuses_at("/status"), ["initiated", "ringing", "in-progress", "completed"]);
    for (number, event) in heard.iter().enumerate() {
        assert_eq!(event.field("SequenceNumber"), number.to_string());
        assert_eq!(event.field("CallSid"), sid(&call));
        assert_eq!(event.field("AccountSid"), ACCOUNT);
        assert_eq!((event.field("From"), event.field("Caller")), (FROM, FROM));
        assert_eq!((event.field("To"), event.field("Called")), (TO, TO));
        assert_eq!(event.field("Direction"), "outbound-api");
        assert_eq!(event.field("ApiVersion"), "2010-04-01");
        assert_eq!(event.field("CallbackSource"), "call-progress-events");
        assert_eq!(event.field("FromCity"), "");
        assert!(event.field("Timestamp").starts_with("Mon, 02 Mar 2026 "), "{}", event.field("Timestamp"));
        assert!(event.signature_holds, "{event:?}");
    }
    assert_eq!(heard[1].field("StirStatus"), "A");
    let last = &heard[3];
    assert_eq!((last.field("CallDuration"), last.field("Duration")), ("4", "1"));
    assert_eq!(last.field("SipResponseCode"), "200");
    assert_eq!(heard[2].field("CallDuration"), "(missing)");

    let ring = world.phones.ledger().remove(0);
    assert_eq!(ring.status, Status::Completed);
    assert_eq!(ring.duration_seconds, 4);
    assert_eq!(ring.tag.as_deref(), Some(status.as_str()));
}

#[tokio::test]
async fn without_a_subscription_only_the_end_is_told() {
    let world = World::start(settings()).await;
    world.call(&[("StatusCallback", &world.web.url("/status"))]).await;
    world.phones.quiet().await;
    assert_eq!(world.web.statuses_at("/status"), ["completed"]);
    assert_eq!(world.web.heard_at("/status")[0].field("SequenceNumber"), "0");
}

#[tokio::test]
async fn calls_nobody_answers_end_each_in_their_way() {
    let cases = [
        (Outcome::Busy, Status::Busy, "486", 3),
        (Outcome::NoAnswer, Status::NoAnswer, "487", 3),
        (Outcome::Failed { sip: 404 }, Status::Failed, "404", 2),
    ];
    for (outcome, ending, sip_code, callbacks) in cases {
        let world =
            World::start(simulator::Settings { answers: AnswerModel::always(outcome), ..settings() }).await;
        let status = world.web.url("/status");
        let mut fields = ALL_EVENTS.to_vec();
        fields.push(("StatusCallback", &status));
        let call = world.call(&fields).await;
        world.phones.quiet().await;

        let heard = world.web.heard_at("/status");
        assert_eq!(heard.len(), callbacks, "{outcome:?}");
        let last = heard.last().unwrap();
        assert_eq!(last.field("CallStatus"), ending.as_str());
        assert_eq!(last.field("SipResponseCode"), sip_code);
        assert_eq!((last.field("CallDuration"), last.field("Duration")), ("0", "0"));
        assert_eq!(world.phones.ledger()[0].status, ending);
        assert_eq!(world.fetch(&call).await["duration"], "0");
    }
}

#[tokio::test]
async fn it_rings_no_longer_than_the_timeout() {
    let mut settings = settings();
    settings.answers.ring_seconds = (20.0, 30.0);
    let world = World::start(settings).await;
    world.call(&[("Timeout", "7")]).await;
    world.phones.quiet().await;
    let ring = world.phones.ledger().remove(0);
    assert_eq!(ring.status, Status::NoAnswer);
    let rang = ring.ended_at.unwrap().duration_since(ring.rang_at.unwrap());
    assert_eq!(rang.as_secs(), 7);
}

#[tokio::test]
async fn a_person_hangs_up_when_the_talk_is_over_and_the_time_limit_cuts_it_short() {
    let world = World::start(settings()).await;
    let long = "<Response><Pause length=\"300\"/></Response>";
    world.call(&[("Twiml", long)]).await;
    world.call(&[("Twiml", long), ("TimeLimit", "12")]).await;
    world.phones.quiet().await;
    let durations: Vec<_> = world.phones.ledger().iter().map(|ring| ring.duration_seconds).collect();
    assert_eq!(durations, [30, 12]);
}

#[tokio::test]
async fn a_call_cancelled_in_the_queue_is_never_rung_and_never_told_of() {
    let mut settings = settings();
    settings.calls_per_second = 0.0001;
    let world = World::start(settings).await;
    let status = world.web.url("/status");
    world.call(&[]).await;
    let waiting = world.call(&[("StatusCallback", &status), ("StatusCallbackEvent", "initiated")]).await;
    assert_eq!(waiting["status"], "queued");

    let path = format!("Calls/{}.json", sid(&waiting));
    let (code, canceled) = world.post(&path, &[("Status", "canceled")]).await;
    assert_eq!((code, &canceled["status"]), (200, &json!("canceled")));
    world.phones.quiet().await;
    assert_eq!(world.web.heard().len(), 0);

    let rung = world.get_uri("/_ledger").await;
    let all = world.get_uri("/_ledger?all=true").await;
    assert_eq!(rung["rings"].as_array().unwrap().len(), 1);
    assert_eq!(all["rings"].as_array().unwrap().len(), 2);
    assert_eq!(all["rings"][1]["started_at"], json!(null));
}

#[tokio::test]
async fn calls_above_the_pace_wait_their_turn() {
    let mut settings = settings();
    settings.calls_per_second = 0.5;
    let world = World::start(settings).await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let call = world.call(&[]).await;
        waits.push(call["queue_time"].as_str().unwrap().parse::<u64>().unwrap());
    }
    world.phones.quiet().await;
    assert_eq!(waits[0], 0);
    let rings = world.phones.ledger();
    for pair in rings.windows(2) {
        let apart = pair[1].started_at.unwrap().duration_since(pair[0].started_at.unwrap());
        assert!(apart.as_secs() >= 2, "{apart:?}");
    }
}

#[tokio::test]
async fn the_queue_says_how_long_the_wait_will_be() {
    let mut settings = settings();
    settings.timeline = at_speed(1.0);
    settings.calls_per_second = 0.01;
    let world = World::start(settings).await;
    world.call(&[]).await;
    for nth in 1..4_u64 {
        let call = world.call(&[]).await;
        let wait: u64 = call["queue_time"].as_str().unwrap().parse().unwrap();
        assert!(wait <= nth * 100_000 && wait > nth * 100_000 - 60_000, "{wait}");
    }
    world.phones.stop().await;
}

#[tokio::test]
async fn after_a_day_in_the_queue_a_call_is_given_up() {
    let mut settings = settings();
    settings.timeline = at_speed(2_000_000.0);
    settings.calls_per_second = 0.000_001;
    let world = World::start(settings).await;
    world.call(&[]).await;
    world.call(&[("StatusCallback", &world.web.url("/status"))]).await;
    world.phones.quiet().await;
    let ring = world.phones.ledger().remove(1);
    assert_eq!((ring.status, ring.started_at), (Status::Canceled, None));
    assert_eq!(ring.ended_at.unwrap().duration_since(ring.created_at).as_hours(), 24);
    assert_eq!(world.web.heard().len(), 0);
}

#[tokio::test]
async fn a_live_call_can_be_hung_up_once() {
    let mut settings = settings();
    settings.answers = AnswerModel::always(Outcome::Human { talk_seconds: 1_000_000 });
    let world = World::start(settings).await;
    let status = world.web.url("/status");
    let mut fields = ALL_EVENTS.to_vec();
    fields.extend([
        ("StatusCallback", status.as_str()),
        ("Twiml", "<Response><Pause length=\"900000\"/></Response>"),
    ]);
    let call = world.call(&[&fields[..], &[("TimeLimit", "86400")]].concat()).await;
    world.web.until(|heard| heard.field("CallStatus") == "in-progress").await;

    let path = format!("Calls/{}.json", sid(&call));
    let (code, refusal) = world.post(&path, &[("Status", "canceled")]).await;
    assert_eq!((code, &refusal["code"]), (400, &json!(21220)));
    let (code, ended) = world.post(&path, &[("Status", "completed")]).await;
    assert_eq!((code, &ended["status"]), (200, &json!("completed")));
    let (code, refusal) = world.post(&path, &[("Status", "completed")]).await;
    assert_eq!((code, &refusal["code"]), (400, &json!(21220)));
    world.phones.quiet().await;
    assert_eq!(world.web.statuses_at("/status").last().unwrap(), "completed");
}

#[tokio::test]
async fn a_ringing_call_can_be_cancelled_and_that_is_told() {
    let mut settings = settings();
    settings.answers.ring_seconds = (500.0, 500.0);
    settings.timeline = at_speed(50.0);
    let world = World::start(settings).await;
    let status = world.web.url("/status");
    let mut fields = ALL_EVENTS.to_vec();
    fields.extend([("StatusCallback", status.as_str()), ("Timeout", "600")]);
    let call = world.call(&fields).await;
    world.web.until(|heard| heard.field("CallStatus") == "ringing").await;
    world.post(&format!("Calls/{}.json", sid(&call)), &[("Status", "completed")]).await;
    world.phones.quiet().await;
    assert_eq!(world.web.statuses_at("/status"), ["initiated", "ringing", "canceled"]);
}

#[tokio::test]
async fn whoever_hangs_up_and_whenever_the_end_is_told_once() {
    let world = World::start(settings()).await;
    let status = world.web.url("/status");
    let mut fields = ALL_EVENTS.to_vec();
    fields.push(("StatusCallback", &status));
    let mut calls = Vec::new();
    for _ in 0..30 {
        calls.push(world.call(&fields).await);
        let earlier = &calls[calls.len() / 2];
        world.post(&format!("Calls/{}.json", sid(earlier)), &[("Status", "completed")]).await;
    }
    world.phones.quiet().await;
    for call in &calls {
        let of_call = world.web.heard().into_iter().filter(|heard| heard.field("CallSid") == sid(call));
        let ends = of_call
            .filter(|heard| matches!(heard.field("CallStatus"), "completed" | "canceled" | "no-answer"));
        assert_eq!(ends.count(), 1, "{}", sid(call));
    }
}

#[tokio::test]
async fn the_price_becomes_known_some_time_after_the_end() {
    let world = World::start(settings()).await;
    let call = world.call(&[("Twiml", "<Response><Pause length=\"25\"/></Response>")]).await;
    world.phones.quiet().await;
    let timeline = at_speed(600.0);
    timeline.sleep(Duration::from_secs(120)).await;
    let rated = world.fetch(&call).await;
    assert_eq!((&rated["price"], &rated["price_unit"]), (&json!("-0.01400"), &json!("USD")));
    assert_eq!(rated["duration"], "25");
}

#[tokio::test]
async fn the_same_seed_writes_the_same_ledger() {
    let mut ledgers = Vec::new();
    for _ in 0..2 {
        let mut settings = settings();
        settings.answers = AnswerModel::default();
        settings.seed = 42;
        settings.timeline = at_speed(300.0);
        let world = World::start(settings).await;
        for n in 0..40 {
            let to = format!("+1415555{n:04}");
            world.call(&[("To", &to), ("MachineDetection", "Enable")]).await;
        }
        world.phones.quiet().await;
        let rings = world.phones.ledger().into_iter();
        let told = rings.map(|r| {
            let since = |at: Option<jiff::Timestamp>| at.map(|at| at.duration_since(r.started_at.unwrap()));
            let instants = [since(r.rang_at), since(r.answered_at), since(r.ended_at)];
            (r.call_sid, r.to, r.status, r.answered_by, r.duration_seconds, instants)
        });
        ledgers.push(told.collect::<Vec<_>>());
    }
    assert_eq!(ledgers[0], ledgers[1]);
    let completed = ledgers[0].iter().filter(|ring| ring.2 == Status::Completed).count();
    assert!((10..40).contains(&completed), "{completed}");
}

#[tokio::test]
async fn a_full_account_refuses_more_calls() {
    let mut settings = settings();
    settings.concurrency_limit = Some(1);
    settings.timeline = at_speed(1.0);
    let world = World::start(settings).await;
    world.call(&[]).await;
    let (status, refusal) =
        world.post("Calls.json", &[("To", TO), ("From", FROM), ("Twiml", "<Response/>")]).await;
    assert_eq!((status, &refusal["code"]), (400, &json!(10004)));
    world.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_live_side_by_side() {
    let mut settings = settings();
    settings.calls_per_second = 1_000_000.0;
    settings.timeline = at_speed(20.0);
    settings.answers.talk_seconds = (30.0, 30.0);
    let world = World::start(settings).await;
    let status = world.web.url("/status");
    let mut fields = ALL_EVENTS.to_vec();
    fields.push(("StatusCallback", &status));
    for n in 0..1_000 {
        let to = format!("+1415{n:07}");
        world.call(&[&fields[..], &[("To", to.as_str())]].concat()).await;
    }
    world.phones.quiet().await;
    assert_eq!(world.web.heard_at("/status").len(), 4_000);
    assert!(world.phones.ledger().iter().all(|ring| ring.status == Status::Completed));
}
