//! Lost, late, doubled and forged news; answers that never arrive.

use domain::call::Placement;
use domain::prospect::ProspectStatus;
use simulator::{AnswerModel, CallbackFaults, CreateFaults, Faults};

use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[test]
fn calls_whose_callbacks_are_all_lost_are_closed_by_asking() {
    on_both(async |database| {
        let app = TestApp::on(database).faults(callbacks(CallbackFaults { lost: 1.0, ..ok() })).start().await;
        let campaign = app.campaign_of(4).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let calls = app.calls(campaign).await;
        assert!(calls.iter().all(|call| call.call.facts.ending.is_some()));
        app.stop().await;
    });
}

#[test]
fn callbacks_with_a_wrong_signature_are_refused_and_asking_tells_the_same() {
    on_both(async |database| {
        let faults = callbacks(CallbackFaults { bad_signature: 1.0, ..ok() });
        let app = TestApp::on(database).faults(faults).start().await;
        let campaign = app.campaign_of(2).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let rest = app.stop().await;
        for call in rest.store.calls_of(campaign).await.expect("read") {
            let news = rest.store.events_of_call(call.id).await.expect("read");
            assert!(news.iter().all(|event| event.kind == "rest"), "nothing forged was kept");
        }
    });
}

#[test]
fn doubled_late_lost_and_overtaking_callbacks_leave_the_same_result() {
    on_both(async |database| {
        let faults = callbacks(CallbackFaults {
            lost: 0.2,
            doubled: 0.3,
            reordered: 0.3,
            reordered_seconds: 60.0,
            late: 0.2,
            late_seconds: 90.0,
            bad_signature: 0.1,
        });
        let app = TestApp::on(database).answers(AnswerModel::default()).faults(faults).start().await;
        let campaign = app.campaign_of(12).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        app.stop().await;
    });
}

#[test]
fn a_call_whose_answer_was_lost_is_found_again_and_never_sent_twice() {
    let accidents = [
        CreateFaults { lost_after_effect: 1.0, ..CreateFaults::default() },
        CreateFaults { error_after_effect: 1.0, ..CreateFaults::default() },
        CreateFaults { truncated: 1.0, ..CreateFaults::default() },
    ];
    for create in accidents {
        on_both(async |database| {
            // Without callbacks only the carrier's list can tell, and at first it does not.
            let callbacks = CallbackFaults { lost: 1.0, ..ok() };
            let faults =
                Faults { create: create.clone(), callbacks, list_staleness_seconds: 90.0, ..Faults::none() };
            let app = TestApp::on(database).faults(faults).start().await;
            let campaign = app.campaign_of(2).await;
            app.launch(campaign).await;
            app.until_call(campaign, "an answer is lost", |call| call.call.placement == Placement::Unknown)
                .await;
            app.until_completed(campaign).await;
            assert!(app.calls(campaign).await.iter().all(|call| call.call.placement == Placement::Placed));
            assert_eq!(app.stop().await.ledger.len(), 2);
        });
    }
}

#[test]
fn a_callback_that_comes_although_the_answer_was_lost_proves_the_call() {
    on_both(async |database| {
        let create = CreateFaults { lost_after_effect: 1.0, ..CreateFaults::default() };
        let app = TestApp::on(database).faults(Faults { create, ..Faults::none() }).start().await;
        let campaign = app.campaign_of(3).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let calls = app.calls(campaign).await;
        assert!(calls.iter().all(|call| app.rings()[&call.id.to_string()].len() == 1));
        assert_eq!(app.stop().await.ledger.len(), 3);
    });
}

#[test]
fn a_request_that_vanished_counts_as_lost_and_its_person_is_rung_an_hour_later_at_the_earliest() {
    let accidents = [
        CreateFaults { error_before_effect: 1.0, ..CreateFaults::default() },
        CreateFaults { lost_before_effect: 1.0, ..CreateFaults::default() },
    ];
    for create in accidents {
        on_both(async |database| {
            let faults = Faults { create: create.clone(), ..Faults::none() };
            let app = TestApp::on(database).speed(2_000.0).faults(faults).start().await;
            let campaign = app.campaign_of(1).await;
            app.launch(campaign).await;
            let lost = app
                .until_call(campaign, "the search has ended", |call| {
                    call.call.placement == Placement::PresumedNotPlaced
                })
                .await;
            app.phones.set_faults(Faults::none());
            assert_eq!(app.prospects(campaign).await[0].status, ProspectStatus::Waiting);
            app.until_completed(campaign).await;
            let calls = app.calls(campaign).await;
            assert_eq!(calls.len(), 2, "the lost attempt and the one after it");
            let rest = app.stop().await;
            let waited = rest.ledger[0].created_at.duration_since(lost.call.closed_at.expect("presumed at"));
            assert!(waited.as_secs() >= 60 * 60, "{waited:?}");
        });
    }
}

fn ok() -> CallbackFaults {
    CallbackFaults::default()
}

fn callbacks(callbacks: CallbackFaults) -> Faults {
    Faults { callbacks, ..Faults::none() }
}
