//! Deliveries: retries, tokens, order.

use axum::http::StatusCode;

use crate::support::*;

#[tokio::test]
async fn a_refused_callback_is_gone_unless_the_fragment_asks_for_retries() {
    let world = World::start(settings()).await;
    for path in ["/plain", "/stubborn"] {
        world.web.answers(path, StatusCode::SERVICE_UNAVAILABLE, "", "");
        world.web.answers(path, StatusCode::SERVICE_UNAVAILABLE, "", "");
        world.web.answers(path, StatusCode::NO_CONTENT, "", "");
    }
    world.call(&[("StatusCallback", &world.web.url("/plain"))]).await;
    world.call(&[("StatusCallback", &world.web.url("/stubborn#rc=3&rp=all"))]).await;
    world.phones.quiet().await;

    assert_eq!(world.web.heard_at("/plain").len(), 1);
    assert_eq!(world.alert_codes().await, ["11200"]);
    let stubborn = world.web.heard_at("/stubborn");
    assert_eq!(stubborn.len(), 3);
    assert!(stubborn.iter().all(|heard| heard.token.is_some() && heard.token == stubborn[0].token));
    assert!(stubborn.iter().all(|heard| heard.signature_holds && !heard.url.contains('#')));
}

#[tokio::test]
async fn every_event_has_its_own_idempotency_token() {
    let world = World::start(settings()).await;
    let status = world.web.url("/status");
    let mut fields = ALL_EVENTS.to_vec();
    fields.push(("StatusCallback", &status));
    world.call(&fields).await;
    world.phones.quiet().await;
    let mut tokens: Vec<_> = world.web.heard().into_iter().map(|heard| heard.token.unwrap()).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test]
async fn an_unreachable_receiver_does_not_hold_up_the_call() {
    let world = World::start(settings()).await;
    world.call(&[("StatusCallback", "http://127.0.0.1:1/status")]).await;
    world.phones.quiet().await;
    assert_eq!(world.alert_codes().await, ["11205"]);
    assert_eq!(world.phones.ledger()[0].duration_seconds, 4);
}
