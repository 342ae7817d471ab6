//! Accidents, and that they repeat.

use serde_json::json;
use simulator::{CallbackFaults, CreateFaults, Faults};

use crate::support::*;

const ORDER: [(&str, &str); 3] = [("To", TO), ("From", FROM), ("Twiml", "<Response/>")];

async fn with(faults: Faults) -> World {
    let mut settings = settings();
    settings.faults = faults;
    World::start(settings).await
}

fn create(create: CreateFaults) -> Faults {
    Faults { create, ..Faults::none() }
}

fn callbacks(callbacks: CallbackFaults) -> Faults {
    Faults { callbacks, ..Faults::none() }
}

/// What a client sees of a create: the status, or that there was no whole answer.
async fn outcome(world: &World) -> Option<u16> {
    let request = world.http.post(world.url("Calls.json")).basic_auth(ACCOUNT, Some(TOKEN)).form(&ORDER);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    answer.bytes().await.ok()?;
    Some(status)
}

#[tokio::test]
async fn each_accident_of_a_create_looks_as_it_does_and_has_the_effect_it_has() {
    let one = |set: fn(&mut CreateFaults)| {
        let mut faults = CreateFaults::default();
        set(&mut faults);
        create(faults)
    };
    let cases = [
        (one(|f| f.too_many_requests = 1.0), Some(429), 0),
        (one(|f| f.error_before_effect = 1.0), Some(500), 0),
        (one(|f| f.error_after_effect = 1.0), Some(500), 1),
        (one(|f| f.unavailable = 1.0), Some(503), 0),
        (one(|f| f.lost_before_effect = 1.0), None, 0),
        (one(|f| f.lost_after_effect = 1.0), None, 1),
        (one(|f| f.truncated = 1.0), None, 1),
        (one(|f| f.slow = 1.0), Some(201), 1),
    ];
    for (faults, seen, calls) in cases {
        let world = with(faults.clone()).await;
        assert_eq!(outcome(&world).await, seen, "{faults:?}");
        assert_eq!(world.phones.ledger().len(), calls, "{faults:?}");
    }
}

#[tokio::test]
async fn a_429_says_when_to_come_back() {
    let world = with(create(CreateFaults { too_many_requests: 1.0, ..CreateFaults::default() })).await;
    let request = world.http.post(world.url("Calls.json")).basic_auth(ACCOUNT, Some(TOKEN)).form(&ORDER);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["code"], 20429);
}

#[tokio::test]
async fn the_same_seed_meets_the_same_accidents() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let world = with(create(CreateFaults {
            too_many_requests: 0.2,
            lost_after_effect: 0.2,
            truncated: 0.2,
            ..CreateFaults::default()
        }))
        .await;
        let mut outcomes = Vec::new();
        for _ in 0..30 {
            outcomes.push(outcome(&world).await);
        }
        seen.push(outcomes);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].contains(&None) && seen[0].contains(&Some(201)) && seen[0].contains(&Some(429)));
}

#[tokio::test]
async fn callbacks_get_lost_doubled_and_badly_signed() {
    let cases = [
        (CallbackFaults { lost: 1.0, ..CallbackFaults::default() }, 0, true),
        (CallbackFaults { doubled: 1.0, ..CallbackFaults::default() }, 2, true),
        (CallbackFaults { bad_signature: 1.0, ..CallbackFaults::default() }, 1, false),
        (CallbackFaults { late: 1.0, late_seconds: 100.0, ..CallbackFaults::default() }, 1, true),
    ];
    for (faults, times, signed) in cases {
        let world = with(callbacks(faults.clone())).await;
        world.call(&[("StatusCallback", &world.web.url("/status"))]).await;
        world.phones.quiet().await;
        let heard = world.web.heard();
        assert_eq!(heard.len(), times, "{faults:?}");
        assert!(heard.iter().all(|heard| heard.signature_holds == signed), "{faults:?}");
    }
}

#[tokio::test]
async fn reordered_callbacks_overtake_each_other_and_none_is_missing() {
    let reordered = CallbackFaults { reordered: 0.7, reordered_seconds: 300.0, ..CallbackFaults::default() };
    let world = with(callbacks(reordered)).await;
    let status = world.web.url("/status");
    let mut fields = ALL_EVENTS.to_vec();
    fields.push(("StatusCallback", &status));
    for _ in 0..10 {
        world.call(&fields).await;
    }
    world.phones.quiet().await;
    let heard = world.web.heard();
    assert_eq!(heard.len(), 40);
    let mut of_call = std::collections::HashMap::<_, Vec<u32>>::new();
    for event in &heard {
        of_call
            .entry(event.field("CallSid"))
            .or_default()
            .push(event.field("SequenceNumber").parse().unwrap());
    }
    assert!(of_call.values().any(|order| !order.is_sorted()));
}

#[tokio::test]
async fn a_stale_list_does_not_know_the_newest_calls() {
    let world = with(Faults { list_staleness_seconds: 1e8, ..Faults::none() }).await;
    let call = world.call(&[]).await;
    world.phones.quiet().await;
    assert_eq!(world.get("Calls.json").await.1["calls"], json!([]));
    assert_eq!(world.fetch(&call).await["status"], "completed");
    world.phones.set_faults(Faults::none());
    assert_eq!(world.get("Calls.json").await.1["calls"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_script_can_be_replaced_over_http() {
    let world = with(Faults::none()).await;
    let url = format!("{}/_faults", world.phones.base_url());
    let script = json!({"create": {"unavailable": 1.0}});
    assert_eq!(world.http.post(&url).json(&script).send().await.unwrap().status(), 200);
    assert_eq!(outcome(&world).await, Some(503));
    let nonsense = json!({"create": {"unavailable": 7.0}});
    assert_eq!(world.http.post(&url).json(&nonsense).send().await.unwrap().status(), 400);
    assert_eq!(outcome(&world).await, Some(503));
}
