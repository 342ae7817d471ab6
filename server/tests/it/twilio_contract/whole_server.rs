//! A whole server in front of the strict checker: whatever it asks, from the first call to the last, is documented.

use domain::call::{CallStatus, Placement};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::store::calls::CallRecord;

use super::strict_checker::StrictChecker;
use crate::support::campaigns::{draft, person};
use crate::support::test_app::TestApp;
use crate::support::world::Database;

const DETECTIONS: [&str; 4] = ["off", "enable", "detect_message_end", "async"];
const RECORDINGS: [&str; 3] = ["off", "mono", "dual"];
const PEOPLE_EACH: usize = 2;

#[tokio::test]
async fn dialing_asking_cancelling_and_hanging_up_are_documented_requests() {
    let checker = StrictChecker::start().await;
    let app = TestApp::on(Database::Sqlite).carrier_at(checker.base_url()).start().await;
    let mut campaigns = Vec::new();
    for (nth, (detection, recording)) in variants().enumerate() {
        let machine_detection = detection.to_owned();
        let draft = CampaignDraft { machine_detection, recording: recording.to_owned(), ..draft() };
        let campaign = app.campaign(0, draft).await;
        let people = (nth * PEOPLE_EACH..(nth + 1) * PEOPLE_EACH).map(person).collect();
        app.actions.add_prospects(app.actor.clone(), campaign, people).await.expect("prospects");
        app.launch(campaign).await;
        campaigns.push(campaign);
    }
    for &campaign in &campaigns {
        app.until("both calls are placed and were asked about", async || {
            let calls = app.calls(campaign).await;
            calls.len() == PEOPLE_EACH && calls.iter().all(was_asked_about)
        })
        .await;
    }
    for &campaign in &campaigns {
        let calls = app.calls(campaign).await;
        // The first is cancelled while it waits, the second hung up while somebody talks.
        let talking = calls[1].carrier_sid.as_deref().expect("placed");
        checker.set_status(talking, "in-progress");
        app.actions.ask_again(calls[1].id).await.expect("ask");
        app.until("somebody talks", async || {
            app.call(calls[1].id).await.call.status() == CallStatus::InProgress
        })
        .await;
        for call in calls {
            app.actions.end_call(app.actor.clone(), call.id).await.expect("it can be ended");
        }
        app.until_completed(campaign).await;
        let ends: Vec<CallStatus> = app.calls(campaign).await.iter().map(|call| call.call.status()).collect();
        assert_eq!(ends, [CallStatus::Canceled, CallStatus::Completed]);
    }

    assert_eq!(checker.refusals(), Vec::<String>::new());
    assert_eq!(checker.created().len(), variants().count() * PEOPLE_EACH);
    let recount = app.abandon().await.store.recount().await.expect("recount");
    assert!(recount.is_equal(), "{:?}", recount.shown);
}

fn variants() -> impl Iterator<Item = (&'static str, &'static str)> {
    DETECTIONS.into_iter().flat_map(|detection| RECORDINGS.map(|recording| (detection, recording)))
}

fn was_asked_about(call: &CallRecord) -> bool {
    call.call.placement == Placement::Placed && call.polls > 0
}
