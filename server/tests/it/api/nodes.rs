//! The servers that share the database, as the API shows them.

use prospectai::actions::users::Role;
use prospectai::store::StoreError;
use prospectai::store::nodes::{ClockReport, Lease};
use serde_json::json;

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn an_administrator_sees_the_servers_and_which_of_them_is_held_by_its_clock() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let admin = api.with_role(Role::Admin).await;
        api.with_role(Role::Operator).await.get("/api/nodes").await.problem(403, "forbidden");
        let listed = admin.get("/api/nodes").await.expect(200).json;
        let node = &listed["nodes"][0];
        assert_eq!((&node["role"], &node["alive"], &node["epoch"]), (&json!("all"), &json!(true), &json!(1)));
        assert_eq!((&node["version"], &node["hold"]), (&json!(env!("CARGO_PKG_VERSION")), &json!(null)));

        let (now, lease) = (api.clock.now(), Lease { node: api.state.actions.installation.run, epoch: 1 });
        let hold = Some(("clock_behind".to_owned(), "The clock is behind.".to_owned()));
        let report = ClockReport { skew_ms: 0, hold };
        let store = &api.state.actions.store;
        let work =
            move |tx: prospectai::store::Tx| async move { tx.renew_lease(lease, 60_000, &report, now).await };
        assert!(store.transaction::<_, StoreError, _, _>(work).await.expect("renewed"));
        let analyst = api.with_role(Role::Analyst).await;
        let held = analyst.get("/api/dialing").await.expect(200).json["clockHolds"].clone();
        assert_eq!((&held[0]["node"], &held[0]["reason"]), (&node["id"], &json!("clock_behind")));

        api.with_role(Role::Operator)
            .await
            .post("/api/dialing/confirm-clock", json!({}))
            .await
            .problem(403, "forbidden");
        let confirmed = admin.post("/api/dialing/confirm-clock", json!({})).await.expect(200).json;
        assert_eq!(confirmed["stopped"], false);
    }
}
