//! F44: a server that is asked to stop with two hundred requests under way stops arming at once, waits for answers no longer
//! than promised, and says honestly what it does not know.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::call::Placement;
use jiff::SignedDuration;
use prospectai::clock::Clock;
use prospectai::store::Location;
use simulator::{CallbackFaults, CreateFaults, Faults};
use tempfile::TempDir;

use crate::support::campaigns::draft;
use crate::support::postgres::fresh_database;
use crate::support::process::Process;
use crate::support::real_server::{free_port, launched_campaign, leave, quick_people, serve, until, visitor};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

const PEOPLE: usize = 300;
/// Requests that are answered while the server waits for them.
const ANSWERED: usize = 185;
/// Requests under way when it is asked to stop.
const UNDER_WAY: usize = 200;
/// Longer than it takes to get them all under way, shorter than the server waits.
const ANSWER_AFTER_MS: u64 = 16_000;
/// Longer than the server waits.
const TOO_LATE_MS: u64 = 60_000;
/// The promise, and a moment to close everything.
const STOPS_WITHIN: Duration = Duration::from_secs(25 + 2);
/// The transaction that was in hand when it was asked.
const IN_HAND: SignedDuration = SignedDuration::from_millis(500);

#[test]
fn asked_to_stop_with_two_hundred_requests_under_way_it_ends_in_time_and_loses_nothing() {
    on_both(async |database| {
        let folder = TempDir::new().expect("a temporary folder");
        let location = match database {
            Database::Sqlite => Location::Folder(folder.path().to_owned()),
            Database::Postgres => Location::Postgres(fresh_database().await),
        };
        let campaign = launched_campaign(&location, PEOPLE, draft()).await;
        let phones = quick_people().await;
        phones.set_faults(silence_and_answers_after(ANSWER_AFTER_MS));
        let port = free_port();
        let mut command = serve(folder.path(), &location, port, &phones);
        command.env("DIALER_CALLS_PER_SECOND", "60").env("DIALER_MAX_LIVE_CALLS", "1000");
        let mut server = Process::start(command);
        until("many requests are under way", async || phones.ledger().len() >= ANSWERED).await;
        phones.set_faults(silence_and_answers_after(TOO_LATE_MS));
        until("two hundred are under way", async || phones.ledger().len() >= UNDER_WAY).await;
        let first = phones.ledger()[0].created_at;
        assert!(
            Clock::System.now().duration_since(first).as_millis() < i128::from(ANSWER_AFTER_MS),
            "all are under way"
        );
        let began = Instant::now();
        server.ask_to_stop().await;
        server.line_with("Stopping").await;
        let stopping = Clock::System.now();
        assert_eq!(server.exit_code().await, 0);
        assert!(began.elapsed() <= STOPS_WITHIN, "it took {:?}", began.elapsed());

        let rings = phones.ledger();
        assert!(rings.len() < PEOPLE);
        let witness = visitor(&location).await;
        let calls = witness.store.calls_of(campaign).await.expect("read");
        let armed = calls.iter().filter_map(|call| call.armed_at);
        let late = armed.filter(|at| *at > stopping + IN_HAND).count();
        assert_eq!(late, 0, "nothing is armed after it was asked");
        let count = |wanted| calls.iter().filter(|call| call.call.placement == wanted).count();
        let (placed, unknown) = (count(Placement::Placed), count(Placement::Unknown));
        assert_eq!(placed + unknown, rings.len(), "each request that was taken is known or in doubt");
        assert!(placed >= ANSWERED, "what was answered in time is written down: {placed}");
        assert!(
            unknown >= UNDER_WAY - ANSWERED - 5,
            "what was not is in doubt, and not forgotten: {unknown}"
        );
        assert_eq!(count(Placement::Armed), 0);
        leave(witness, &location).await;

        phones.set_faults(Faults::none());
        let app = TestApp::on(database).take_over(folder, location, port, phones).await;
        app.actions.pause(app.actor.clone(), campaign).await.expect("paused");
        app.until("every doubt is settled", async || {
            app.calls(campaign).await.iter().all(|call| call.call.placement != Placement::Unknown)
        })
        .await;
        // Nothing is lost: what the ledger knows is placed, and ended as it says.
        let ledger = app.stop().await.ledger;
        let people: HashSet<_> = ledger.iter().map(|ring| ring.to.clone()).collect();
        assert_eq!(people.len(), ledger.len(), "nobody rang twice");
        assert!(ledger.len() >= rings.len());
    });
}

/// No callback tells of a call: what is known of it is the answer.
fn silence_and_answers_after(slow_ms: u64) -> Faults {
    Faults {
        create: CreateFaults { slow: 1.0, slow_ms, ..CreateFaults::default() },
        callbacks: CallbackFaults { lost: 1.0, ..CallbackFaults::default() },
        ..Faults::none()
    }
}
