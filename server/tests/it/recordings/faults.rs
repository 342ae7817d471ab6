//! I10: whatever goes wrong on the way, no recording is silently missing.

use domain::recording::RecordingState;
use prospectai::actions::recordings::RecordingRefused;
use simulator::{Faults, RecordingFaults};

use super::ground::{all, expect_agreement, rung, store_of, until_all};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

async fn with(database: Database, recordings: RecordingFaults) -> TestApp {
    let app = TestApp::on(database).faults(Faults { recordings, ..Faults::none() });
    app.start().await
}

async fn end(app: TestApp) {
    expect_agreement(&store_of(app.folder()), &app.actions.store, app.folder()).await;
    app.stop().await;
}

#[test]
fn one_that_is_not_there_yet_is_asked_for_again() {
    on_both(async |database| {
        let late = RecordingFaults { not_ready: 1.0, not_ready_times: 3, ..RecordingFaults::default() };
        let app = with(database, late).await;
        rung(&app, 2).await;
        for recording in until_all(&app, 2, RecordingState::Stored).await {
            assert_eq!((recording.attempts, recording.trouble), (4, None));
        }
        end(app).await;
    });
}

#[test]
fn what_breaks_off_is_cut_short_or_is_a_web_page_is_never_taken_for_the_whole() {
    on_both(async |database| {
        // Every second attempt is in vain, and later attempts are hours apart.
        let faults =
            RecordingFaults { broken_off: 0.2, cut_short: 0.2, page: 0.1, ..RecordingFaults::default() };
        let app = with(database, faults).await;
        rung(&app, 12).await;
        let stored = until_all(&app, 12, RecordingState::Stored).await;
        assert!(stored.iter().any(|recording| recording.attempts > 1), "accidents happened");
        for recording in stored {
            let (copy, seconds) = (recording.copy.expect("a copy"), recording.seconds.expect("its length"));
            assert_eq!(copy.duration_ms, u64::from(seconds) * 1_000, "{}", recording.id);
        }
        end(app).await;
    });
}

#[test]
fn lost_callbacks_are_made_up_for_by_reading_the_carriers_list() {
    on_both(async |database| {
        let lost = RecordingFaults { lost_callbacks: 1.0, ..RecordingFaults::default() };
        let mut faults = Faults { recordings: lost, ..Faults::none() };
        // Not even the call's own news names it.
        faults.callbacks.lost = 1.0;
        let app = TestApp::on(database).faults(faults).start().await;
        rung(&app, 3).await;
        until_all(&app, 3, RecordingState::Stored).await;
        end(app).await;
    });
}

#[test]
fn an_announced_recording_whose_end_was_never_told_is_asked_about() {
    on_both(async |database| {
        let lost = RecordingFaults { lost_callbacks: 0.5, ..RecordingFaults::default() };
        let app = with(database, lost).await;
        rung(&app, 8).await;
        until_all(&app, 8, RecordingState::Stored).await;
        end(app).await;
    });
}

#[test]
fn doubled_callbacks_make_one_recording_and_one_file() {
    on_both(async |database| {
        let doubled = RecordingFaults { doubled_callbacks: 1.0, ..RecordingFaults::default() };
        let app = with(database, doubled).await;
        rung(&app, 4).await;
        for recording in until_all(&app, 4, RecordingState::Stored).await {
            assert_eq!(recording.attempts, 1);
        }
        end(app).await;
    });
}

#[test]
fn one_that_never_comes_fails_with_the_reason_and_can_be_tried_again() {
    on_both(async |database| {
        let never = RecordingFaults { not_ready: 1.0, not_ready_times: 1_000, ..RecordingFaults::default() };
        let app = TestApp::on(database).speed(30_000.0).calls_per_second(0.01);
        let app = app.faults(Faults { recordings: never, ..Faults::none() }).start().await;
        rung(&app, 1).await;
        let failed = until_all(&app, 1, RecordingState::Failed).await.remove(0);
        assert_eq!(failed.trouble.as_deref(), Some("the carrier has no file of it"));
        assert!(failed.attempts > 10, "{}", failed.attempts);

        app.phones.set_faults(Faults::none());
        app.actions.fetch_recording_again(app.actor.clone(), failed.id).await.expect("tried again");
        until_all(&app, 1, RecordingState::Stored).await;
        let again = app.actions.fetch_recording_again(app.actor.clone(), failed.id).await;
        assert!(matches!(again, Err(RecordingRefused::NotNow(RecordingState::Stored))));
        end(app).await;
    });
}

#[test]
fn a_store_that_is_away_is_waited_for_and_says_nothing_about_the_recording() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let media = app.folder().join("media");
        std::fs::remove_dir_all(&media).expect("removed");
        // A file where the folder was: nothing can be made below it.
        std::fs::write(&media, "not a folder").expect("written");
        rung(&app, 1).await;
        app.until("it was tried in vain", async || {
            all(&app.actions.store).await.iter().any(|recording| recording.trouble.is_some())
        })
        .await;
        let waiting = all(&app.actions.store).await.remove(0);
        assert_eq!((waiting.state, waiting.attempts), (RecordingState::Awaited, 0));
        std::fs::remove_file(&media).expect("removed");
        std::fs::create_dir(&media).expect("made");
        until_all(&app, 1, RecordingState::Stored).await;
        end(app).await;
    });
}
