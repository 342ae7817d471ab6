//! The same request with the same `Idempotency-Key` has one effect and one answer.

use serde_json::json;

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn a_repeated_request_has_one_effect_and_the_same_answer() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, prospects) = api.running_campaign(2).await;
        let owner = api.as_owner().with("idempotency-key", "order-7");
        let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let first = owner.post("/api/calls/place", place.clone()).await.expect(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        let again = owner.post("/api/calls/place", place).await.expect(201);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.json, first.json);
        let other = json!({ "campaignId": campaign, "prospectId": prospects[1] });
        owner.post("/api/calls/place", other).await.problem(422, "idempotency_mismatch");
        assert_eq!(owner.get("/api/calls").await.expect(200).json["total"], 1);
    }
}

#[tokio::test]
async fn a_refused_request_lets_its_key_go() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner().with("idempotency-key", "spring");
        owner.post("/api/campaigns", json!({ "name": " " })).await.problem(422, "blank");
        owner.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201);
        owner.post("/api/campaigns", json!({ "name": "Summer" })).await.problem(422, "idempotency_mismatch");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_have_one_effect_together() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner().with("idempotency-key", "spring");
        let spring = json!({ "name": "Spring" });
        let asked = (0..8).map(|_| owner.post("/api/campaigns", spring.clone()));
        for answer in futures_util::future::join_all(asked).await {
            if answer.status != 201 {
                answer.problem(409, "in_progress");
            }
        }
        let made = owner.get("/api/campaigns").await.expect(200);
        assert_eq!(made.json["campaigns"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_key_of_another_workspace_is_another_key() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner().with("idempotency-key", "spring");
    let stranger = api.as_stranger().await.with("idempotency-key", "spring");
    let ours = owner.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201).id();
    let theirs = stranger.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201).id();
    assert_ne!(ours, theirs);
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner().with("idempotency-key", &"x".repeat(256));
    owner.post("/api/campaigns", json!({ "name": "Spring" })).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_key_whose_server_is_gone_says_that_nobody_knows_the_outcome_and_one_at_work_is_waited_for() {
    use crate::support::bare::random_node;
    use prospectai::store::nodes::{NewNode, NodeRole};
    use sha2::{Digest, Sha256};
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner().with("idempotency-key", "order-7");
        let body = json!({ "name": "Spring" });
        // As another server would have claimed it.
        let fingerprint = Sha256::digest(b"POST /api/campaigns\n{\"name\":\"Spring\",}");
        let (now, node) = (api.clock.now(), random_node());
        let store = &api.state.actions.store;
        let workspace = store.first_workspace().await.expect("read").expect("a workspace");
        let claim = move |tx: prospectai::store::Tx| async move {
            tx.add_node(
                &NewNode {
                    id: node,
                    name: "other".into(),
                    role: NodeRole::Web,
                    version: "0".into(),
                    lease_ms: 60_000,
                },
                now,
            )
            .await?;
            tx.claim_idempotency_key(workspace, "order-7", &fingerprint, node, now).await
        };
        assert!(store.transaction::<_, prospectai::store::StoreError, _, _>(claim).await.expect("claimed"));
        owner.post("/api/campaigns", body.clone()).await.problem(409, "in_progress");

        let ending = move |tx: prospectai::store::Tx| async move {
            tx.give_up_lease(prospectai::store::nodes::Lease { node, epoch: 1 }, now).await
        };
        assert!(store.transaction::<_, prospectai::store::StoreError, _, _>(ending).await.expect("ended"));
        owner.post("/api/campaigns", body).await.problem(409, "request_outcome_unknown");
    }
}
