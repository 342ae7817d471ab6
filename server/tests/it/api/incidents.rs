//! Incidents as users of the API meet them.

use prospectai::store::incidents::{IncidentKind, IncidentRecord};
use serde_json::json;

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn incidents_are_listed_latest_first_once_each_and_only_to_their_workspace() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let none = owner.get("/api/incidents").await.expect(200).json;
        assert_eq!(none, json!({ "incidents": [], "limit": 50, "nextCursor": null }));

        let actions = &api.state.actions;
        let (workspace, _) = actions.first_workspace().await.expect("a workspace");
        let note = async |kind, subject: &str, detail: &str| {
            let now = actions.clock.now();
            let noted = IncidentRecord::new(workspace, kind, subject.to_owned(), detail.to_owned(), now);
            actions.note_incidents(vec![noted]).await.expect("noted");
        };
        note(IncidentKind::StrayCall, "CA1", "first").await;
        note(IncidentKind::MissingAtCarrier, "call_1", "second").await;
        note(IncidentKind::StrayCall, "CA1", "seen again").await;

        let latest = owner.get("/api/incidents?limit=1").await.expect(200).json;
        assert_eq!(latest["incidents"][0]["kind"], "missing_at_carrier");
        let cursor = latest["nextCursor"].as_str().expect("there is more");
        let rest = owner.get(&format!("/api/incidents?limit=1&cursor={cursor}")).await.expect(200).json;
        assert_eq!(rest["incidents"][0]["call"], "CA1");
        assert_eq!(rest["incidents"][0]["detail"], "first", "what was noted first stays");
        assert!(rest["nextCursor"].is_null());
        let strangers = api.as_stranger().await.get("/api/incidents").await.expect(200).json;
        assert_eq!(strangers["incidents"], json!([]));
        api.anonymous().get("/api/incidents").await.problem(401, "unauthenticated");
    }
}
