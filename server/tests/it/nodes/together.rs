//! Whole servers on one database: roles, and a restart one after the other.

use std::time::Duration;

use domain::campaign::CampaignStatus;
use prospectai::store::nodes::NodeRole;

use crate::support::test_app::TestApp;
use crate::support::world::Database;

const PEOPLE: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_goes_on_while_every_server_that_dials_is_replaced_and_nobody_is_rung_twice() {
    // This one takes the callbacks and dials nobody.
    let app =
        TestApp::on(Database::Postgres).role(NodeRole::Web).speed(120.0).calls_per_second(2.0).start().await;
    let campaign = app.campaign_of(PEOPLE).await;
    app.launch(campaign).await;
    app.pass(Duration::from_secs(120)).await;
    assert!(app.calls(campaign).await.is_empty(), "a web server dials nobody");

    let mut dialing = app.another_server(NodeRole::Dialer).await;
    for nth in 1..=3 {
        app.until("a share of the people is rung", async || app.phones.ledger().len() >= nth * PEOPLE / 5)
            .await;
        assert_eq!(app.campaign_now(campaign).await.status, CampaignStatus::Active);
        let next = app.another_server(NodeRole::All).await;
        let leaving = dialing.actions.installation.run;
        dialing.stop().await.expect("stop");
        let nodes = app.actions.store.nodes().await.expect("read");
        let left = nodes.iter().find(|node| node.id == leaving).expect("it is remembered");
        assert!(!left.is_living(), "it gave its lease up");
        dialing = next;
    }
    app.until_completed(campaign).await;
    assert_eq!(app.rings().len(), PEOPLE);
    dialing.stop().await.expect("stop");
    // Holds database, recount and ledger against each other.
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialer_answers_webhooks_and_health_and_nothing_else() {
    let app = TestApp::on(Database::Postgres).role(NodeRole::Web).start().await;
    let dialer = app.another_server(NodeRole::Dialer).await;
    let base = format!("http://{}", dialer.address);
    let client = reqwest::Client::builder().build().expect("a client");
    let health: serde_json::Value =
        client.get(format!("{base}/health")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((health["role"].as_str(), health["clock"].as_str()), (Some("dialer"), Some("ok")));
    for (path, status) in [("/api/campaigns", 404), ("/docs", 404), ("/api/session", 404)] {
        let answer = client.get(format!("{base}{path}")).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    // Refused for want of a signature, not for want of a place.
    let forged = client.post(format!("{base}/api/webhooks/twilio")).form(&[("CallSid", "CA1")]).send().await;
    assert_eq!(forged.expect("an answer").status().as_u16(), 403);
    let health: serde_json::Value =
        client.get(app.url("/health")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(health["role"].as_str(), Some("web"));
    dialer.stop().await.expect("stop");
    app.stop().await;
}
