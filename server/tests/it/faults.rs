//! Faults: two thousand people rung through a carrier that fails in every way it can, and in files of their own a server that
//! fails in every way it can. Every call ends, nobody rings twice.

// What is injected into the program is not there in a release build.
#[cfg(debug_assertions)]
mod crashes;
mod data_folder;
mod graceful_stop;
mod lost_commits;
#[cfg(debug_assertions)]
mod panics;
mod replay;
#[cfg(target_os = "linux")]
mod stalled_reader;

use std::time::Duration;

use domain::campaign::CampaignStatus;
use simulator::{AnswerModel, CallbackFaults, CreateFaults, Faults};

use crate::support::bare::person;
use crate::support::test_app::TestApp;
use crate::support::world::Database;

const PEOPLE: usize = 2_000;
/// The machine may be busy with other tests; a campaign that hangs takes longer than any of them.
const PATIENCE: Duration = Duration::from_secs(900);

fn everything_goes_wrong() -> Faults {
    Faults {
        create: CreateFaults {
            too_many_requests: 0.10,
            error_before_effect: 0.05,
            error_after_effect: 0.05,
            lost_after_effect: 0.05,
            ..CreateFaults::default()
        },
        callbacks: CallbackFaults {
            lost: 0.10,
            doubled: 0.20,
            reordered: 0.20,
            reordered_seconds: 60.0,
            ..CallbackFaults::default()
        },
        ..Faults::none()
    }
}

async fn two_thousand_people_through_a_failing_carrier(database: Database) {
    let world = TestApp::on(database).answers(AnswerModel::default()).faults(everything_goes_wrong());
    let app = world.speed(120.0).calls_per_second(0.6).start().await;
    let campaign = app.campaign_of(0).await;
    let people = (0..PEOPLE).map(person).collect();
    app.actions.add_prospects(app.actor.clone(), campaign, people).await.expect("people");
    app.launch(campaign).await;

    let mut changes = app.actions.live.subscribe(None).changes;
    let completed = async {
        while app.campaign_now(campaign).await.status != CampaignStatus::Completed {
            // Many changes pass; a look now and then is enough.
            let _ = tokio::time::timeout(Duration::from_millis(200), changes.recv()).await;
            changes = changes.resubscribe();
        }
    };
    tokio::time::timeout(PATIENCE, completed).await.expect("the campaign ends");

    let unfinished = app.actions.store.prospects_by_status(campaign).await.expect("read");
    let unfinished: Vec<_> = unfinished.into_iter().filter(|(status, _)| !status.is_final()).collect();
    assert!(unfinished.is_empty(), "without a final answer: {unfinished:?}");
    let lost = app.calls(campaign).await.iter().filter(|call| call.carrier_sid.is_none()).count();
    assert!(lost > 0, "some requests never had an effect, and are known not to have had one");
    // Holds database, recount and ledger against each other: each call rang once and ended as we say.
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_people_through_a_failing_carrier_on_sqlite() {
    two_thousand_people_through_a_failing_carrier(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_people_through_a_failing_carrier_on_postgres() {
    two_thousand_people_through_a_failing_carrier(Database::Postgres).await;
}
