//! The calling window closes while the carrier still holds a call: it is taken back, and a ring all the same is an incident.

use domain::call::{CallStatus, Placement};
use domain::calling_window::{DailyWindow, WeeklyWindows};
use domain::campaign::CampaignStatus;
use jiff::{SignedDuration, Timestamp};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::store::incidents::IncidentKind;
use serde_json::Value;

use super::outsiders;
use crate::support::campaigns;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// A campaign that may ring from ten, which it is, to eleven in the morning.
fn until_eleven() -> CampaignDraft {
    let mut draft = campaigns::draft();
    draft.rules.windows = WeeklyWindows::every_day(DailyWindow::parse("10:00", "11:00").expect("a window"));
    draft
}

#[test]
fn a_call_still_in_the_carrier_s_queue_when_its_window_closes_is_cancelled_and_never_rings() {
    on_both(async |database| {
        // Somebody else's call takes the carrier's only start in 45 seconds: less than what is cancelled for being too long.
        let world = TestApp::on(database).standing_clock().speed(1.0).carrier_calls_per_second(1.0 / 45.0);
        let app = world.start().await;
        outsiders::rings_somebody(&app).await;
        let campaign = app.campaign(1, until_eleven()).await;
        app.launch(campaign).await;
        let queued = app
            .until_call(campaign, "the call is in the queue", |call| call.call.placement == Placement::Placed)
            .await;
        let closes_at = app.now() + SignedDuration::from_hours(1);
        assert_eq!(queued.dial_by, Some(closes_at));
        app.actions.clock.set(closes_at - SignedDuration::from_secs(1));
        app.until("it was asked about", async || app.call(queued.id).await.polls > 0).await;
        let asked = app.call(queued.id).await;
        assert!(asked.call.is_live(), "there is a second left: {asked:?}");

        app.actions.clock.set(closes_at);
        app.until("it is cancelled", async || {
            app.call(queued.id).await.call.status() == CallStatus::Canceled
        })
        .await;
        assert_eq!(app.rings()[&queued.id.to_string()][0].started_at, None, "its phone never rang");
        assert!(outsiders::incidents(&app).await.is_empty());
        app.abandon().await;
    });
}

#[test]
fn a_call_that_the_carrier_dials_after_its_window_closed_pauses_the_campaign_and_is_an_incident() {
    on_both(async |database| {
        // The server believes that it is ten o'clock; where the phones are it is later than eleven.
        let app = TestApp::on(database).standing_clock().speed(7_200.0).start().await;
        let campaign = app.campaign(2, until_eleven()).await;
        let closes_at = app.now() + SignedDuration::from_hours(1);
        app.until("it is after eleven at the carrier", async || carrier_time(&app).await > closes_at).await;
        app.launch(campaign).await;
        app.until("the campaign is paused", async || {
            app.campaign_now(campaign).await.status == CampaignStatus::Paused
        })
        .await;

        let call = app.calls(campaign).await.remove(0);
        let noted = outsiders::incidents(&app).await;
        let [incident] = &noted[..] else { panic!("one incident: {noted:?}") };
        assert_eq!(
            (incident.kind, &incident.subject),
            (IncidentKind::DialedOutsideHours, &call.id.to_string())
        );
        let why = app.campaign_now(campaign).await.pause_reason.expect("a reason");
        assert!(why.contains(&call.id.to_string()) && why.contains("2027-01-11T16:00:00Z"), "{why}");
        assert_eq!(app.phones.ledger().len(), 1, "nobody else is rung");
        app.abandon().await;
    });
}

async fn carrier_time(app: &TestApp) -> Timestamp {
    let url = format!("{}/_ledger", app.phones.base_url().trim_end_matches('/'));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(url).send().await.expect("the phone network answers");
    let ledger: Value = answer.json().await.expect("the ledger");
    ledger["now"].as_str().and_then(|now| now.parse().ok()).expect("a time")
}
