//! The dialer without a carrier: due prospects found, reserved and armed per second, with a million waiting; and what a
//! server costs while nobody is due.

use std::time::{Duration, Instant};

use domain::dial_plan::{self, Snapshot};
use prospectai::actions::Actions;

use crate::fake_carrier::FakeCarrier;
use crate::fill::Contents;
use crate::installation::{self, Installation};
use crate::load::{median, per_second};
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

/// As many as the dialer takes in one turn.
const PER_TURN: usize = 50;

/// Measures.
pub async fn measure(size: Size, carrier: &FakeCarrier) -> anyhow::Result<Subject> {
    let mut subject = Subject::new("Dialing, SQLite");
    let idle = Installation::on_sqlite(Contents { waiting: size.waiting, ..Contents::default() }).await?;
    let name = format!("processor time while {} wait for tomorrow", size.waiting);
    subject
        .rows
        .push(Row::new(name, idle_cost(size, &idle, carrier).await?, "% of a core").goal(Goal::AtMost(1.0)));
    drop(idle);

    let due = Installation::on_sqlite(Contents { due: size.waiting, ..Contents::default() }).await?;
    let actions = installation::open(&due.database).await?;
    let mut rates = Vec::new();
    for _ in 0..size.rounds {
        let began = Instant::now();
        let mut armed = 0;
        for _ in 0..size.dialer_turns {
            armed += turn(&actions).await?;
        }
        anyhow::ensure!(armed == size.dialer_turns * PER_TURN, "only {armed} prospects were armed");
        rates.push(per_second(armed, began.elapsed()));
    }
    actions.store.close().await?;
    let name = format!("found, reserved and armed, {} due", size.waiting);
    subject.rows.push(Row::new(name, median(rates), "/s").goal(Goal::AtLeast(1_000.0)));
    subject.note("Turns of 50 as the dialer takes them, with both of its durable commits, and nothing sent.");
    Ok(subject)
}

async fn idle_cost(size: Size, installation: &Installation, carrier: &FakeCarrier) -> anyhow::Result<f64> {
    let watch = if size.quick { Duration::from_millis(500) } else { Duration::from_secs(10) };
    let server = Server::prospectai(installation, carrier.address).await?;
    // The first start makes the owner, whose password takes a while to hash.
    tokio::time::sleep(watch / 2).await;
    let before = server.processor_seconds()?;
    tokio::time::sleep(watch).await;
    let used = server.processor_seconds()? - before;
    server.stop().await?;
    Ok(100.0 * used / watch.as_secs_f64())
}

/// What the dialer does in one turn until it would send.
async fn turn(actions: &Actions) -> anyhow::Result<usize> {
    let (store, now) = (&actions.store, actions.clock.now());
    let active = store.active_campaigns().await?;
    let campaigns =
        store.campaign_snapshots(&active, &actions.installation.rates, None, now, PER_TURN).await?;
    let plan = dial_plan::plan(&Snapshot { now, campaigns, capacity: PER_TURN });
    store.live_calls().await?;
    let reserved = actions.reserve_planned(plan.calls).await?;
    Ok(actions.arm(reserved).await?.to_send.len())
}
