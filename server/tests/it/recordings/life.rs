//! A recording's life without accidents: fetched, verified, deleted at the carrier, expired.

use std::time::Duration;

use domain::recording::{RecordingSource, RecordingState};
use simulator::{AnswerModel, Outcome};

use super::ground::{all, expect_agreement, recorded, rung, store_of, until_all};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_recording_is_fetched_verified_and_kept_with_its_length_and_both_sides() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let campaign = rung(&app, 3).await;
        for recording in until_all(&app, 3, RecordingState::Stored).await {
            let copy = recording.copy.as_ref().expect("a copy");
            let seconds = recording.seconds.expect("the carrier told its length");
            assert_eq!(copy.duration_ms, u64::from(seconds) * 1_000);
            assert_eq!((copy.channels, recording.source), (2, RecordingSource::Call));
            assert!(copy.peaks.iter().any(|peak| *peak > 20), "somebody is heard");
            assert_eq!(recording.deleted_at_carrier_at, None, "nobody wished it");
        }
        let sids = all(&app.actions.store).await;
        for call in app.calls(campaign).await {
            let sid = call.recording_sid.expect("the call names its recording");
            assert!(sids.iter().any(|recording| recording.carrier_sid == sid && recording.call == call.id));
        }
        expect_agreement(&store_of(app.folder()), &app.actions.store, app.folder()).await;
        app.stop().await;
    });
}

#[test]
fn what_was_recorded_in_one_channel_is_fetched_in_one() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let mut draft = recorded();
        draft.recording = "mono".to_owned();
        let campaign = app.campaign(1, draft).await;
        app.launch(campaign).await;
        let stored = until_all(&app, 1, RecordingState::Stored).await;
        assert_eq!(stored[0].copy.as_ref().map(|copy| copy.channels), Some(1));
        app.stop().await;
    });
}

#[test]
fn the_carriers_copy_goes_only_when_ours_is_stored_and_only_where_that_is_wished() {
    on_both(async |database| {
        let app = TestApp::on(database).with(|settings| settings.recordings.delete_at_carrier = true);
        let app = app.start().await;
        rung(&app, 2).await;
        app.until("both are deleted at the carrier", async || {
            let found = all(&app.actions.store).await;
            found.len() == 2 && found.iter().all(|recording| recording.deleted_at_carrier_at.is_some())
        })
        .await;
        for recording in all(&app.actions.store).await {
            assert_eq!(recording.state, RecordingState::Stored);
            assert!(recording.stored_at <= recording.deleted_at_carrier_at);
        }
        expect_agreement(&store_of(app.folder()), &app.actions.store, app.folder()).await;
        app.stop().await;
    });
}

#[test]
fn a_recording_whose_time_is_over_is_deleted_here_and_at_the_carrier_and_says_so() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(30_000.0).calls_per_second(0.01);
        let app = app.with(|settings| settings.recordings.keep_days = 1).start().await;
        rung(&app, 1).await;
        until_all(&app, 1, RecordingState::Stored).await;
        app.pass(DAY).await;
        let gone = until_all(&app, 1, RecordingState::Deleted).await.remove(0);
        assert!(gone.deleted_at >= gone.stored_at.and_then(|at| at.checked_add(DAY).ok()));
        app.until("every copy is gone", async || {
            let gone = all(&app.actions.store).await.remove(0);
            gone.copy.is_none() && gone.deleted_at_carrier_at.is_some()
        })
        .await;
        expect_agreement(&store_of(app.folder()), &app.actions.store, app.folder()).await;
        // The carrier's list still names its call, and nothing comes back.
        app.pass(DAY).await;
        until_all(&app, 1, RecordingState::Deleted).await;
        app.stop().await;
    });
}

#[test]
fn a_call_of_which_nothing_was_recorded_says_so() {
    on_both(async |database| {
        let answers = AnswerModel::always(Outcome::Human { talk_seconds: 0 });
        let app = TestApp::on(database).answers(answers).start().await;
        let campaign = app.campaign(1, recorded()).await;
        app.launch(campaign).await;
        app.until("the recording is over", async || {
            let found = all(&app.actions.store).await;
            found.iter().any(|it| matches!(it.state, RecordingState::Absent | RecordingState::Stored))
        })
        .await;
        app.abandon().await;
    });
}
