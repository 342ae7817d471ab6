//! A backlog is worked off turn after turn, as fast as pacing allows.

use std::time::Duration;

use domain::call::Placement;
use domain::pacing::Pacing;
use prospectai::actions::campaigns::CampaignDraft;
use simulator::{AnswerModel, Outcome};

use crate::support::campaigns;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// More than one turn of the dialer takes.
const PEOPLE: usize = 90;

#[test]
fn a_campaign_with_a_narrow_pace_of_its_own_does_not_stand_in_the_way_of_another() {
    on_both(async |database| {
        let answers = AnswerModel::always(Outcome::Human { talk_seconds: 3_000 });
        let app = TestApp::on(database).answers(answers).speed(60.0).calls_per_second(5.0).start().await;
        let mut draft = CampaignDraft { time_limit_seconds: 3_600, ..campaigns::draft() };
        draft.rules.pacing = Some(Pacing::new(1.0, 1).expect("a pace"));
        let narrow = app.campaign(20, draft).await;
        app.launch(narrow).await;
        app.until("the narrow one is on", async || !app.calls(narrow).await.is_empty()).await;
        let wide = app.campaign_of(20).await;
        app.launch(wide).await;
        // The same twenty people; one of them is on the phone already.
        app.until("the others are called", async || app.calls(wide).await.len() == 19).await;
        let live = app.calls(narrow).await.iter().filter(|call| call.call.is_live()).count();
        assert!(live <= 1, "one at a time, and nobody is chosen early: {live}");
        app.abandon().await;
    });
}

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
