//! A server arms only under a living lease; one that is gone is ended, and what it had armed is in doubt, once.

use std::time::{Duration, Instant};

use domain::call::Placement;
use domain::ids::{CallId, CampaignId};
use prospectai::actions::Actions;
use prospectai::actions::calls::Outcome;
use prospectai::actions::nodes::NotArmed;
use prospectai::engine::lease::LeaseKeeper;
use sqlx::Connection as _;

use crate::support::bare::{Bare, active_campaign, dial_once};

/// Reserves without arming.
async fn reserve(actions: &Actions, campaign: CampaignId, capacity: usize) -> Vec<CallId> {
    let now = actions.clock.now();
    let record = actions.store.any_campaign(campaign).await.expect("read").expect("the campaign");
    let campaigns = actions
        .store
        .campaign_snapshots(&[record], &actions.installation.rates, None, now, capacity)
        .await
        .expect("a snapshot");
    let plan = domain::dial_plan::plan(&domain::dial_plan::Snapshot { now, campaigns, capacity });
    actions.reserve_planned(plan.calls).await.expect("reserve")
}

async fn placements(actions: &Actions, campaign: CampaignId) -> Vec<Placement> {
    let calls = actions.store.calls_of(campaign).await.expect("read");
    calls.iter().map(|call| call.call.placement).collect()
}

/// The database says that this server's lease is over; the server does not know.
async fn let_lease_run_out(database: &Bare, actions: &Actions) {
    let mut connection = database.by_hand().await;
    let over = sqlx::query("UPDATE nodes SET lease_until = 1 WHERE id = $1");
    let over = over.bind(actions.installation.run.uuid()).execute(&mut connection).await.expect("change");
    assert_eq!(over.rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_lease_ran_out_arms_nothing_until_it_has_a_new_one() {
    let database = Bare::on_postgres().await;
    let (first, second) = (database.server().await, database.server().await);
    let campaign = active_campaign(&first, 3, 100, 0).await;
    let reserved = reserve(&first, campaign, 3).await;
    assert_eq!(reserved.len(), 3);

    let_lease_run_out(&database, &first).await;
    let armed = first.arm(reserved.clone()).await.expect("asked");
    assert_eq!((armed.to_send.len(), armed.refused), (0, Some(NotArmed::Fenced)), "it ran out");
    let (ended, _) = second.end_lapsed_nodes().await.expect("look");
    assert_eq!(ended.iter().map(|ended| ended.node).collect::<Vec<_>>(), [first.installation.run]);
    let armed = first.arm(reserved.clone()).await.expect("asked");
    assert_eq!(armed.refused, Some(NotArmed::Fenced), "it was taken away");
    assert_eq!(placements(&first, campaign).await, [Placement::Reserved; 3]);

    // A reserved call belongs to nobody.
    assert_eq!(second.arm(reserved[..1].to_vec()).await.expect("asked").to_send.len(), 1);
    assert!(first.renew_lease().await.expect("renew").was_fenced);
    assert_eq!(first.arm(reserved).await.expect("asked").to_send.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_servers_that_end_a_dead_one_at_the_same_time_one_does_and_its_armed_calls_are_doubted_once() {
    let database = Bare::on_postgres().await;
    let dead = database.server().await;
    let campaign = active_campaign(&dead, 5, 100, 0).await;
    assert_eq!(dial_once(&dead, campaign, 5).await.len(), 5);
    let mut others = Vec::new();
    for _ in 0..6 {
        others.push(database.server().await);
    }
    for other in &others {
        assert!(other.end_lapsed_nodes().await.expect("look").0.is_empty(), "it lives");
    }
    let_lease_run_out(&database, &dead).await;
    let looks = futures_util::future::join_all(others.iter().map(Actions::end_lapsed_nodes)).await;
    let ended: Vec<_> = looks.into_iter().flat_map(|look| look.expect("look").0).collect();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!((ended[0].node, ended[0].doubted), (dead.installation.run, 5));
    assert_eq!(placements(&dead, campaign).await, [Placement::Unknown; 5]);
    assert_eq!(dead.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_that_nothing_was_sent_outweighs_the_doubt_of_another_server_but_only_once() {
    let database = Bare::on_postgres().await;
    let (frozen, other) = (database.server().await, database.server().await);
    let campaign = active_campaign(&frozen, 1, 1, 0).await;
    let call = dial_once(&frozen, campaign, 1).await[0];
    let_lease_run_out(&database, &frozen).await;
    other.end_lapsed_nodes().await.expect("look");
    assert_eq!(placements(&other, campaign).await, [Placement::Unknown]);

    frozen.record_outcome(call, 1, Outcome::NotSent).await.expect("record");
    let not_sent = || Outcome::NotSent;
    other.record_outcome(call, 0, not_sent()).await.expect("record");
    assert_eq!(placements(&other, campaign).await, [Placement::Unknown], "neither is proof");

    frozen.record_outcome(call, 0, not_sent()).await.expect("record");
    assert_eq!(placements(&other, campaign).await, [Placement::Reserved]);
    let armed = other.arm(vec![call]).await.expect("asked");
    assert_eq!(armed.to_send.len(), 1, "its day slot went back, too");
    frozen.record_outcome(call, 0, not_sent()).await.expect("record");
    assert_eq!(placements(&other, campaign).await, [Placement::Armed], "the next request is another one");
    assert_eq!(other.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_server_left_is_taken_over_within_its_lease_and_a_second() {
    const LEASE: Duration = Duration::from_secs(2);
    let database = Bare::on_postgres().await;
    let other = database.server().await;
    let campaign = active_campaign(&other, 1, 100, 0).await;
    let mut changes = other.live.subscribe(None).changes;
    let keeper = LeaseKeeper::start(other.clone(), Duration::from_secs(600));
    // It never renews: its process is gone from the start.
    let dead = database.server_with_lease(LEASE).await;
    let joined = Instant::now();
    // The keeper has to hear of the lease: a server that starts rings.
    other.wake.lease();
    dial_once(&dead, campaign, 1).await;
    let waiting = async {
        while placements(&other, campaign).await != [Placement::Unknown] {
            changes.recv().await.expect("a change");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it is taken over");
    let took = joined.elapsed();
    assert!(took >= Duration::from_millis(1_500), "not before its end: {took:?}");
    assert!(took <= LEASE + Duration::from_secs(1), "{took:?}");
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_not_taken_away_while_calls_are_armed_under_it_and_is_renewed_meanwhile() {
    let database = Bare::on_postgres().await;
    let (arming, other) = (database.server().await, database.server().await);
    let_lease_run_out(&database, &arming).await;
    let mut connection = database.by_hand().await;
    let mut transaction = connection.begin().await.expect("begin");
    // As the transaction does that arms.
    let hold = sqlx::query("SELECT id FROM nodes WHERE id = $1 FOR KEY SHARE");
    hold.bind(arming.installation.run.uuid()).fetch_one(&mut *transaction).await.expect("hold");
    assert!(other.end_lapsed_nodes().await.expect("look").0.is_empty(), "it is left alone");
    assert!(!arming.renew_lease().await.expect("renew").was_fenced, "its own renewal does not wait");
    let_lease_run_out(&database, &arming).await;
    transaction.rollback().await.expect("end");
    assert_eq!(other.end_lapsed_nodes().await.expect("look").0.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_another_server_is_changing_is_left_out_instead_of_waited_for() {
    let database = Bare::on_postgres().await;
    let actions = database.server().await;
    let campaign = active_campaign(&actions, 3, 100, 0).await;
    let reserved = reserve(&actions, campaign, 3).await;
    let mut connection = database.by_hand().await;
    let mut transaction = connection.begin().await.expect("begin");
    let hold = sqlx::query("SELECT id FROM calls WHERE id = $1 FOR UPDATE");
    hold.bind(reserved[1].uuid()).fetch_one(&mut *transaction).await.expect("hold");
    let armed = actions.arm(reserved.clone()).await.expect("asked, without waiting");
    let armed: Vec<CallId> = armed.to_send.iter().map(|armed| armed.call.id).collect();
    assert_eq!(armed, [reserved[0], reserved[2]]);
    transaction.rollback().await.expect("end");
    assert_eq!(actions.arm(reserved).await.expect("asked").to_send.len(), 1);
}

async fn whoever_stops_leaves_no_armed_call_behind(database: Bare) {
    let stopping = database.server().await;
    let campaign = active_campaign(&stopping, 2, 100, 0).await;
    let reserved = reserve(&stopping, campaign, 2).await;
    assert_eq!(stopping.arm(reserved[..1].to_vec()).await.expect("asked").to_send.len(), 1);
    stopping.leave().await.expect("leave");
    assert_eq!(placements(&stopping, campaign).await, [Placement::Unknown, Placement::Reserved]);
    let armed = stopping.arm(reserved).await.expect("asked");
    assert_eq!((armed.to_send.len(), armed.refused), (0, Some(NotArmed::Fenced)));
}

#[tokio::test]
async fn whoever_stops_leaves_no_armed_call_behind_on_sqlite() {
    whoever_stops_leaves_no_armed_call_behind(Bare::on_sqlite().await).await;
}

#[tokio::test]
async fn whoever_stops_leaves_no_armed_call_behind_on_postgres() {
    whoever_stops_leaves_no_armed_call_behind(Bare::on_postgres().await).await;
}

#[tokio::test]
async fn on_sqlite_the_next_server_ends_the_one_before_at_once() {
    let database = Bare::on_sqlite().await;
    let killed = database.server().await;
    let campaign = active_campaign(&killed, 1, 100, 0).await;
    dial_once(&killed, campaign, 1).await;
    let next = database.server_with_watched_clock().await;
    let nodes = next.store.nodes().await.expect("read");
    let living: Vec<_> = nodes.iter().filter(|node| node.is_living()).map(|node| node.id).collect();
    assert_eq!(living, [next.installation.run]);
    let long_before = next.clock.now().checked_sub(Duration::from_secs(60)).expect("a time");
    let in_doubt = next.store.calls_in_doubt(next.installation.run, long_before).await.expect("read");
    assert_eq!(in_doubt.len(), 1);
}

#[tokio::test]
async fn an_import_of_a_server_that_lives_goes_on_and_that_of_a_dead_one_is_closed_with_it() {
    use prospectai::store::imports::{ImportRecord, ImportStatus};
    let database = Bare::on_postgres().await;
    let (importing, other) = (database.server().await, database.server().await);
    let campaign = active_campaign(&importing, 1, 100, 0).await;
    let workspace = crate::support::bare::console(&importing).await.workspace;
    let now = importing.clock.now();
    let import = ImportRecord {
        id: domain::ids::ImportId::from_uuid(uuid::Uuid::from_u128(7)),
        workspace,
        campaign,
        status: ImportStatus::Running,
        problem: None,
        bytes: 1,
        bytes_read: 0,
        rows: 0,
        added: 0,
        merged: 0,
        rejected: 0,
        created_at: now,
        finished_at: None,
        undone_at: None,
        taken_out: 0,
    };
    let (id, node) = (import.id, importing.installation.run);
    importing
        .store
        .transaction(move |tx| async move { tx.add_import(&import, node).await })
        .await
        .expect("add");
    let status = async || other.store.import(workspace, id).await.expect("read").expect("there").status;
    database.server().await;
    assert_eq!(status().await, ImportStatus::Running, "a third server starts and leaves it alone");
    let_lease_run_out(&database, &importing).await;
    other.end_lapsed_nodes().await.expect("look");
    assert_eq!(status().await, ImportStatus::Failed);
}
