//! Changes and rings of one server reach the others.

use std::time::Duration;

use prospectai::actions::Actions;
use prospectai::engine::relay::Relay;
use prospectai::live::Subject;

use crate::support::bare::{Bare, active_campaign, console};

const PATIENCE: Duration = Duration::from_secs(30);

async fn two_servers(database: &Bare) -> [(Actions, Relay); 2] {
    let (first, second) = (database.server().await, database.server().await);
    let relays = [Relay::start(&first).await, Relay::start(&second).await];
    let [one, two] = relays;
    [(first, one), (second, two)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_a_ring_reach_the_other_server_and_do_not_come_back() {
    let database = Bare::on_postgres().await;
    let [(first, one), (second, two)] = two_servers(&database).await;
    let campaign = active_campaign(&first, 1, 100, 0).await;
    let mut at_first = first.live.subscribe(None).changes;
    let mut at_second = second.live.subscribe(None).changes;
    let actor = console(&first).await;
    first.pause(actor.clone(), campaign).await.expect("pause");
    first.wake.reconciler();
    let heard = async {
        loop {
            let change = at_second.recv().await.expect("a change");
            if change.subject == (Subject::Campaign { campaign }) && change.workspace == actor.workspace {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the other server hears of it");
    tokio::time::timeout(PATIENCE, second.wake.reconciler_rung()).await.expect("its bell rings");
    // What the second says last arrives last: had anything come back, it would stand before it.
    second.resume(actor, campaign).await.expect("resume");
    let mut at_home = Vec::new();
    let back = async {
        while at_home.len() < 2 {
            at_home.push(at_first.recv().await.expect("a change").subject.clone());
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("the first hears of the second's");
    assert_eq!(at_home, [Subject::Campaign { campaign }, Subject::Campaign { campaign }], "once each");
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_line_breaks_readers_start_anew_and_the_relay_goes_on() {
    let database = Bare::on_postgres().await;
    let [(first, one), (second, two)] = two_servers(&database).await;
    let campaign = active_campaign(&first, 1, 100, 0).await;
    let mut at_second = second.live.subscribe(None).changes;
    let mut connection = database.by_hand().await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE pid <> pg_backend_pid() AND datname = current_database() AND query LIKE 'LISTEN%'";
    let cut = sqlx::query(cut).execute(&mut connection).await.expect("cut");
    assert_eq!(cut.rows_affected(), 2);
    let mut until = async |wanted: Subject| {
        let heard = async { while at_second.recv().await.expect("a change").subject != wanted {} };
        tokio::time::timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("in vain: {wanted:?}"));
    };
    until(Subject::Missed).await;
    first.pause(console(&first).await, campaign).await.expect("pause");
    until(Subject::Campaign { campaign }).await;
    one.stop().await;
    two.stop().await;
}
