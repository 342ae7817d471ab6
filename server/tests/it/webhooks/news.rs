//! Signed news: taken once, and without effect where it does not fit.

use domain::call::{CallStatus, Placement};
use domain::ids::{CallId, time_ordered_uuid};
use prospectai::carrier::twilio::Purpose;
use prospectai::store::history::QuarantineReason;
use simulator::{CreateFaults, Faults};

use super::post::Desk;
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

#[test]
fn the_same_news_again_is_answered_alike_and_changes_nothing() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        let (url, fields) = (desk.url(Purpose::Status), desk.form(&[]));
        assert_eq!(desk.post(&url, &fields).await, 204);
        assert_eq!(desk.now().await.call.status(), CallStatus::Completed);
        let after = desk.seen().await;
        let mut turned = fields.clone();
        turned.reverse();
        for again in [&fields, &turned, &fields] {
            assert_eq!(desk.post(&url, again).await, 204);
            assert_eq!(desk.seen().await, after);
        }
        desk.app.abandon().await;
    });
}

#[test]
fn news_that_belongs_to_none_of_our_calls_is_kept_and_changes_none() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        let before = desk.now().await;
        let nobody = CallId::from_uuid(time_ordered_uuid(1_800_000_000_000, [9; 10]));
        let other_sid = "CA00000000000000000000000000000009";
        let other_account = "AC00000000000000000000000000000009";
        let (ours, unknown) = (desk.url(Purpose::Status), desk.url_of(Purpose::Status, nobody));
        for (url, fields) in [
            (&unknown, desk.form(&[("CallSid", other_sid)])),
            (&ours, desk.form(&[("To", "+14155550199")])),
            (&ours, desk.form(&[("AccountSid", other_account)])),
            (&ours, desk.form(&[("CallSid", other_sid)])),
        ] {
            assert_eq!(desk.post(url, &fields).await, 204);
            assert_eq!(desk.now().await, before, "{fields:?}");
        }
        assert_eq!(desk.kinds().await, ["orphan"; 4]);
        // Our own seal on a call that we do not know: this database has forgotten something.
        let open = desk.app.actions.store.open_quarantine().await.expect("read").expect("nobody is rung");
        assert_eq!(open.reason, QuarantineReason::UnknownCall);
        assert!(desk.app.recount().await.is_equal());
        desk.app.abandon().await;
    });
}

#[test]
fn news_that_cannot_be_read_is_kept_and_changes_nothing() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        let before = desk.now().await;
        let url = desk.url(Purpose::Status);
        for (changed, kind) in [
            (("CallStatus", "teleported"), "unmapped"),
            (("AnsweredBy", "machine_polite"), "unmapped"),
            (("CallDuration", "-1"), "quarantine"),
            (("CallDuration", "99999999999"), "quarantine"),
            (("Timestamp", "yesterday"), "quarantine"),
            (("CallSid", "nonsense"), "quarantine"),
        ] {
            assert_eq!(desk.post(&url, &desk.form(&[changed])).await, 204, "{changed:?}");
            assert_eq!(desk.kinds().await.last().map(String::as_str), Some(kind), "{changed:?}");
            assert_eq!(desk.now().await, before, "{changed:?}");
        }
        assert!(desk.app.recount().await.is_equal());
        desk.app.abandon().await;
    });
}

#[test]
fn a_callback_that_overtakes_the_answer_to_its_own_request_is_adopted() {
    on_both(async |database| {
        let create = CreateFaults { slow: 1.0, slow_ms: 1_500, ..CreateFaults::default() };
        let app =
            TestApp::on(database).speed(120.0).faults(Faults { create, ..Faults::none() }).start().await;
        let campaign = app.campaign_of(1).await;
        app.launch(campaign).await;
        let call = app
            .until_call(campaign, "the call is proven", |call| call.call.placement == Placement::Placed)
            .await;
        let kinds = app.kept_news().await;
        assert!(kinds.iter().all(|(kind, _)| kind == "status"), "the answer is still on its way: {kinds:?}");
        assert!(call.carrier_sid.is_some());
        app.until_completed(campaign).await;
        assert_eq!(app.stop().await.ledger.len(), 1);
    });
}

#[test]
fn while_the_database_is_away_twilio_is_asked_to_try_again() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        desk.app.actions.store.close().await.expect("closed");
        for purpose in [Purpose::Status, Purpose::Amd, Purpose::Recording] {
            let fields = desk.form(&[("AnsweredBy", "human"), ("RecordingStatus", "absent")]);
            assert_eq!(desk.post(&desk.url(purpose), &fields).await, 503, "{purpose:?}");
        }
        desk.app.abandon().await;
    });
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_while_news_is_taken_in_is_answered_with_503_and_its_repetition_is_kept() {
    use prospectai::supervised::PanicPoint;
    on_both(async |database| {
        let desk = Desk::on(database).await;
        let before = desk.seen().await;
        let url = desk.url(Purpose::Status);
        let ringing = desk.form(&[("CallStatus", "ringing")]);
        for point in [PanicPoint::News, PanicPoint::NewsTransaction] {
            desk.app.actions.panics.wish(point);
            assert_eq!(desk.post(&url, &ringing).await, 503, "{point:?}");
            assert!(desk.app.actions.panics.open().is_empty(), "{point:?} was reached");
            assert_eq!(desk.seen().await, before, "{point:?}: rolled back");
        }
        assert_eq!(desk.post(&url, &ringing).await, 204);
        assert_eq!(desk.now().await.call.status(), CallStatus::Ringing);
        assert!(desk.app.recount().await.is_equal());
        desk.app.abandon().await;
    });
}

#[tokio::test]
async fn a_recording_and_a_verdict_find_their_call() {
    let desk = Desk::on(Database::Sqlite).await;
    let recording = "RE0123456789abcdef0123456789abcdef";
    let told = desk.form(&[("RecordingSid", recording), ("RecordingStatus", "completed")]);
    assert_eq!(desk.post(&desk.url(Purpose::Recording), &told).await, 204);
    let verdict = desk.form(&[("AnsweredBy", "machine_start"), ("MachineDetectionDuration", "3200")]);
    assert_eq!(desk.post(&desk.url(Purpose::Amd), &verdict).await, 204);
    let call = desk.now().await;
    assert_eq!(call.recording_sid.as_deref(), Some(recording));
    assert!(call.call.facts.answered_by().is_some_and(|by| by.is_machine()));
    assert_eq!(desk.kinds().await, ["recording", "amd"]);
    desk.app.abandon().await;
}
