//! A backlog is worked off turn after turn, as fast as pacing allows.

use std::time::Duration;

use domain::call::Placement;
use simulator::{AnswerModel, Outcome};

use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// More than one turn of the dialer takes.
const PEOPLE: usize = 90;

#[test]
fn the_next_turn_follows_at_once_while_more_people_wait() {
    on_both(async |database| {
        // Every phone rings on for longer than the test waits: no end of a call wakes the dialer.
        let answers = AnswerModel::always(Outcome::NoAnswer);
        let app = TestApp::on(database).answers(answers).speed(1.0).calls_per_second(1_000.0).start().await;
        let campaign = app.campaign_of(PEOPLE).await;
        app.launch(campaign).await;
        let everybody_is_called = app.until("everybody is called", async || {
            let calls = app.calls(campaign).await;
            calls.iter().filter(|call| call.call.placement == Placement::Placed).count() == PEOPLE
        });
        // The dialer's own timer would look again after half a minute only.
        tokio::time::timeout(Duration::from_secs(15), everybody_is_called).await.expect("within seconds");
        app.abandon().await;
    });
}
