//! F1: a real server is ended at every named point of a call's life, and what follows is what was promised, row by row.

use domain::budget::Budgets;
use domain::call::Placement;
use domain::carrier_event::CarrierStatus;
use domain::ids::CampaignId;
use domain::money::Usd;
use domain::prospect::ProspectStatus;
use futures_util::{StreamExt as _, stream};
use jiff::SignedDuration;
use prospectai::actions::Actions;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::nodes::Membership;
use prospectai::crash_point::CrashPoint;
use prospectai::store::Location;
use prospectai::store::budgets::BudgetScope;
use prospectai::store::nodes::NodeRole;
use prospectai::store::prospects::ProspectFilter;
use simulator::{CallbackFaults, CreateFaults, Faults};
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use tempfile::TempDir;

use crate::support::campaigns::draft;
use crate::support::postgres::fresh_database;
use crate::support::process::Process;
use crate::support::real_server::{free_port, launched_campaign, leave, quick_people, serve, visitor};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

/// Two processes and their phones have to share this machine with other tests.
const AT_ONCE: usize = 3;
/// The signal of a process that aborted.
const ABORTED: i32 = 6;

/// One row of the table: what is found after the crash, and what follows from it.
struct Row {
    /// Where the call stands in the database that the crash left behind; `None` when there is no call.
    left: Option<Placement>,
    /// Whether the carrier was asked.
    asked: bool,
    /// Where it stands once the server is known to be gone.
    recovered: Option<Placement>,
    /// How many attempts it takes until the phone has rung.
    attempts: usize,
}

/// A point without a row does not compile.
fn promised(point: CrashPoint) -> Row {
    use Placement::{Armed, Placed, Reserved, Unknown};
    let row = |left, asked, recovered, attempts| Row { left, asked, recovered, attempts };
    match point {
        CrashPoint::BeforeReserveCommit => row(None, false, None, 1),
        // Nothing is held yet: it is sent later, after every gate.
        CrashPoint::AfterReserveCommit | CrashPoint::BeforeArmCommit => {
            row(Some(Reserved), false, Some(Reserved), 1)
        }
        // Honest: nobody can tell that the request never left. It counts, and the next attempt waits its hour.
        CrashPoint::AfterArmCommit | CrashPoint::BeforeFirstByte => row(Some(Armed), false, Some(Unknown), 2),
        CrashPoint::AfterWrite | CrashPoint::AfterReply => row(Some(Armed), true, Some(Unknown), 1),
        CrashPoint::AfterRecordCommit | CrashPoint::BeforeNewsCommit | CrashPoint::AfterNewsCommit => {
            row(Some(Placed), true, Some(Placed), 1)
        }
        // What becomes of recordings is shown in recordings/crashes.rs; their call is over by then.
        CrashPoint::RecordingClaimed
        | CrashPoint::RecordingHalfWritten
        | CrashPoint::RecordingWritten
        | CrashPoint::RecordingReadBack
        | CrashPoint::RecordingStored
        | CrashPoint::RecordingDeletedAtCarrier => row(Some(Placed), true, Some(Placed), 1),
    }
}

#[test]
fn a_server_killed_at_any_named_point_recovers_as_the_table_says_and_nobody_rings_twice() {
    on_both(async |database| {
        // Boxed: ten of them are too much for one stack.
        let crashes = stream::iter(CrashPoint::ALL).map(|point| Box::pin(crash_at(point, database)));
        crashes.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    });
}

async fn crash_at(point: CrashPoint, database: Database) {
    let name = point.as_str();
    let row = promised(point);
    let folder = TempDir::new().expect("a temporary folder");
    let location = match database {
        Database::Sqlite => Location::Folder(folder.path().to_owned()),
        Database::Postgres => Location::Postgres(fresh_database().await),
    };
    let phones = quick_people().await;
    phones.set_faults(answers_before_callbacks(point));
    let campaign = launched_campaign(&location, 1, on_a_budget()).await;
    let port = free_port();
    let mut command = serve(folder.path(), &location, port, &phones);
    command.env("PROSPECTAI_CRASH_AT", name);
    let killed_by = Process::start(command).killed_by().await;
    assert_eq!(killed_by, Some(ABORTED), "{name}: it came to the point");
    assert_eq!(phones.ledger().len(), usize::from(row.asked), "{name}: whether the carrier was asked");

    let witness = visitor(&location).await;
    assert_eq!(expect_held(&witness, campaign, point).await, row.left, "{name}: what the crash left behind");
    know_that_it_is_gone(&witness, &location).await;
    assert_eq!(expect_held(&witness, campaign, point).await, row.recovered, "{name}: what follows");
    leave(witness, &location).await;

    phones.set_faults(Faults::none());
    let app = TestApp::on(database).speed(1_200.0).take_over(folder, location, port, phones).await;
    app.until_completed(campaign).await;
    let calls = app.calls(campaign).await;
    assert_eq!(calls.len(), row.attempts, "{name}: attempts");
    let lost = calls.iter().filter(|call| call.call.placement == Placement::PresumedNotPlaced);
    assert_eq!(lost.count(), row.attempts - 1, "{name}: an attempt that may have rung is spent");
    assert!(lost_before_rung(&calls), "{name}: the next attempt keeps its distance");
    let prospects = app.prospects(campaign).await;
    assert_eq!(prospects[0].status, ProspectStatus::Done, "{name}");
    // Holds database, recount (which is all of `prospectai check`) and ledger against each other.
    let ledger = app.stop().await.ledger;
    assert_eq!(ledger.len(), 1, "{name}: the phone rang once");
}

/// The answer to a request is here before the first callback, and one that must not come back in time does not.
fn answers_before_callbacks(point: CrashPoint) -> Faults {
    let slow = if point == CrashPoint::AfterWrite { 1.0 } else { 0.0 };
    Faults {
        create: CreateFaults { slow, slow_ms: 20_000, ..CreateFaults::default() },
        callbacks: CallbackFaults { late: 1.0, late_seconds: 2.0, ..CallbackFaults::default() },
        ..Faults::none()
    }
}

fn on_a_budget() -> CampaignDraft {
    let total: Usd = "10".parse().expect("an amount");
    let mut draft = draft();
    draft.rules.budgets = Budgets { total: Some(total), ..Budgets::default() };
    draft
}

/// What another server does when the lease of this one has run out.
async fn know_that_it_is_gone(witness: &Actions, location: &Location) {
    let membership =
        Membership::of(NodeRole::All, "witness".to_owned(), Duration::from_secs(600), &witness.clock);
    if let Location::Postgres(url) = location {
        let mut database = PgConnection::connect(url).await.expect("connect");
        let over = sqlx::query("UPDATE nodes SET lease_until = 1 WHERE stopped_at IS NULL");
        over.execute(&mut database).await.expect("the lease runs out");
    }
    witness.join(membership).await.expect("join");
    witness.end_lapsed_nodes().await.expect("look");
    let run = witness.installation.run;
    let doubtful = witness.store.calls_in_doubt(run, jiff::Timestamp::MIN).await.expect("look");
    witness.doubt(doubtful).await.expect("doubt");
    witness.leave().await.expect("leave");
}

/// Where the only call stands. Whatever may have rung holds its place in the day and its worst case in the budget, and
/// nothing else does.
async fn expect_held(witness: &Actions, campaign: CampaignId, point: CrashPoint) -> Option<Placement> {
    let store = &witness.store;
    let everybody = ProspectFilter::default();
    let prospect = store.prospects(campaign, &everybody, None, 0, 1).await.expect("read").remove(0);
    let held = store.committed(BudgetScope::Campaign(campaign)).await.expect("read").held;
    let call = store.calls_of(campaign).await.expect("read").pop();
    let Some(call) = call else {
        assert_eq!((prospect.status, held), (ProspectStatus::Ready, Usd::default()), "{point:?}");
        return None;
    };
    let placement = call.call.placement;
    let may_have_rung = placement != Placement::Reserved;
    assert_eq!(held > Usd::default(), may_have_rung, "{point:?}: its budget");
    assert_eq!(call.day.is_some(), may_have_rung, "{point:?}: its place in the day");
    if let Some(day) = call.day {
        assert_eq!(store.used_on(campaign, day).await.expect("read"), 1, "{point:?}");
    }
    let heard = !matches!(call.call.facts.progress, None | Some(CarrierStatus::Queued));
    assert_eq!(heard, point == CrashPoint::AfterNewsCommit, "{point:?}: what the webhook told");
    Some(placement)
}

fn lost_before_rung(calls: &[prospectai::store::calls::CallRecord]) -> bool {
    calls.windows(2).all(|pair| {
        let (lost, next) = (pair[0].armed_at, pair[1].armed_at);
        lost.zip(next).is_some_and(|(lost, next)| next.duration_since(lost) >= SignedDuration::from_mins(60))
    })
}
