//! Listening to a recording on the card of its call, in a browser and without scripts.

use domain::recording::RecordingState;
use prospectai::actions::users::Role;
use simulator::{Faults, RecordingFaults};

use super::ground::{rung, until_all};
use crate::pages::visit::signed_in;
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

#[test]
fn somebody_who_only_listens_plays_a_recording_changes_its_speed_and_jumps_in_it() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        rung(&app, 1).await;
        let stored = until_all(&app, 1, RecordingState::Stored).await.remove(0);
        let browser = signed_in(&app, Role::Listener).await;
        browser.open(&format!("/calls/{}", stored.call)).await;
        assert_eq!(browser.read("document.querySelectorAll('svg.waveform path').length").await, 2);
        // A click on the picture plays from there: browsers want a hand before they make a sound.
        browser.click("svg.waveform").await;
        browser.until("it can be heard", "document.querySelector('audio').readyState >= 2").await;
        let length = stored.copy.expect("a copy").duration_ms as f64 / 1_000.0;
        let heard = browser.read("document.querySelector('audio').duration").await;
        assert_eq!(heard.as_f64(), Some(length));
        browser
            .until(
                "it plays in its middle",
                "document.querySelector('audio').currentTime > 1 && !document.querySelector('audio').paused",
            )
            .await;
        browser.choose(".recording select", "2").await;
        browser.until("it is faster", "document.querySelector('audio').playbackRate === 2").await;
        browser.leave().await;
        let trail = app.actions.store.audit_of(app.actor.workspace, &stored.id.to_string(), 100).await;
        let trail = trail.expect("read");
        assert!(
            trail.iter().any(|entry| entry.action == "recording.listen" && entry.actor.starts_with("usr_"))
        );
        app.stop().await;
    });
}

#[tokio::test]
async fn an_open_card_follows_a_recording_from_its_first_trouble_to_its_end() {
    let late = RecordingFaults { not_ready: 1.0, not_ready_times: 1_000, ..RecordingFaults::default() };
    let app = TestApp::on(Database::Sqlite).speed(60.0).faults(Faults { recordings: late, ..Faults::none() });
    let app = app.start().await;
    let call = rung(&app, 1).await;
    let call = app.calls(call).await.remove(0);
    let browser = signed_in(&app, Role::Admin).await;
    browser.open(&format!("/calls/{}", call.id)).await;
    let says = |what: &str| format!("document.querySelector('.recording')?.innerText.includes('{what}')");
    let vain = says("The last attempt was in vain: the carrier has no file of it");
    browser.until("it says why it waits", &vain).await;
    app.phones.set_faults(Faults::none());
    browser.until("it is there", "document.querySelector('.recording audio')").await;
    browser.click(".recording summary").await;
    browser.click("form[action$='/delete'] button").await;
    browser.until("it is gone", &format!("{} && !document.querySelector('audio')", says("Deleted on"))).await;
    browser.leave().await;
    app.stop().await;
}
