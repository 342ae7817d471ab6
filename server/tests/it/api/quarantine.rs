//! Quarantine as users of the API meet it: what is refused, what is shown, and who may end it.

use prospectai::actions::users::Role;
use prospectai::store::history::{LookRecord, QuarantineReason};
use serde_json::json;

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn in_quarantine_nobody_is_called_until_an_administrator_resumes() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(1).await;
        let wish = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let at_peace = owner.get("/api/quarantine").await.expect(200).json;
        assert_eq!(at_peace, json!({ "active": false, "reconciled": true }));
        assert_eq!(owner.get("/health").await.expect(200).json["quarantine"], false);

        let actions = &api.state.actions;
        actions.enter_quarantine(QuarantineReason::Behind).await.expect("entered");
        actions.enter_quarantine(QuarantineReason::UnknownCall).await.expect("once is enough");
        let refused = owner.post("/api/calls/place", wish.clone()).await.problem(409, "quarantine");
        assert_eq!(refused.json["reason"], "quarantine");
        let shown = owner.get(&format!("/api/prospects/{}", prospects[0])).await.expect(200).json;
        assert_eq!(shown["hold"]["reason"], "quarantine", "{shown}");
        assert_eq!(owner.get("/health").await.expect(200).json["quarantine"], true);
        assert_eq!(owner.get("/api/dialing").await.expect(200).json["quarantine"], true);
        let analyst = api.with_role(Role::Analyst).await;
        let open = analyst.get("/api/quarantine").await.expect(200).json;
        assert_eq!((&open["active"], &open["reconciled"]), (&json!(true), &json!(false)));
        assert_eq!(open["reason"], "behind");

        let operator = api.with_role(Role::Operator).await;
        operator.post("/api/quarantine/resume", json!({})).await.problem(403, "forbidden");
        let admin = api.with_role(Role::Admin).await;
        admin.post("/api/quarantine/resume", json!({})).await.problem(409, "not_reconciled");
        actions.conclude_recovery(LookRecord { found: 3, unassigned: 1 }).await.expect("concluded");
        let open = analyst.get("/api/quarantine").await.expect(200).json;
        assert_eq!(open["reconciled"], true);
        let report =
            json!({ "callsFound": 3, "callsRecreated": 0, "callsUnassigned": 1, "optOutsRestored": 0 });
        assert_eq!(open["report"], report);
        owner.post("/api/calls/place", wish.clone()).await.problem(409, "quarantine");
        admin.post("/api/quarantine/resume", json!({})).await.expect(200);
        admin.post("/api/quarantine/resume", json!({})).await.expect(200);
        owner.post("/api/calls/place", wish).await.expect(201);
    }
}
