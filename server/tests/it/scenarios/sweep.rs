//! Once a day the carrier's list of calls is held against ours, both ways.

use jiff::SignedDuration;
use prospectai::store::calls::CallRecord;
use prospectai::store::incidents::IncidentKind;
use reqwest::Method;

use super::outsiders;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[test]
fn a_day_after_the_first_call_strangers_calls_and_deleted_ones_show() {
    on_both(async |database| {
        let app = TestApp::on(database).standing_clock().start().await;
        one_call(&app).await;
        let stray = outsiders::rings_somebody(&app).await;
        assert!(app.actions.store.latest_sweep().await.expect("read").is_none(), "not on the first day");

        app.actions.clock.set(app.now() + SignedDuration::from_hours(25));
        let swept = async || {
            let last = app.actions.store.latest_sweep().await.expect("read");
            last.filter(|sweep| sweep.finished_at.is_some())
        };
        app.until("the lists were compared", async || swept().await.is_some()).await;
        let first = swept().await.expect("there");
        assert_eq!((first.findings.listed, first.findings.stray, first.findings.missing), (2, 1, 0));
        let noted = outsiders::incidents(&app).await;
        let [incident] = &noted[..] else { panic!("one incident: {noted:?}") };
        assert_eq!((incident.kind, &incident.subject), (IncidentKind::StrayCall, &stray));
        assert!(!app.actions.store.is_quarantined().await.expect("read"), "it is not one of ours");

        let call = one_call(&app).await;
        let sid = call.carrier_sid.expect("the carrier took it");
        outsiders::ask(&app, Method::DELETE, &format!("/Calls/{sid}.json"), &[]).await;
        app.actions.clock.set(first.began_at + SignedDuration::from_hours(24));
        app.until("they were compared again", async || {
            swept().await.is_some_and(|sweep| sweep.began_at != first.began_at)
        })
        .await;
        let noted = outsiders::incidents(&app).await;
        let kinds: Vec<_> = noted.iter().map(|incident| incident.kind).collect();
        assert_eq!(
            kinds,
            [IncidentKind::MissingAtCarrier, IncidentKind::StrayCall],
            "the stray one is noted once"
        );
        assert_eq!(noted[0].subject, call.id.to_string());
        app.abandon().await;
    });
}

async fn one_call(app: &TestApp) -> CallRecord {
    let campaign = app.campaign_of(1).await;
    app.launch(campaign).await;
    app.until_completed(campaign).await;
    app.calls(campaign).await.remove(0)
}
