//! Signed webhooks per second, each durable before its answer, beside a handler that only verifies the signature.

use std::collections::BTreeMap;

use tempfile::TempDir;
use testbed::Postgres;

use crate::callbacks::{self, PER_CALL};
use crate::disk::durable_commit;
use crate::fake_carrier::FakeCarrier;
use crate::fill::Contents;
use crate::installation::Installation;
use crate::load::{median, over, per_second, send_all};
use crate::peers::{PEER, PEER_WEBHOOKS};
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

const BARE: &str = "bare handler";
const SQLITE: &str = "SQLite";
const POSTGRES: &str = "PostgreSQL";

/// Rates by system and number of connections, one per round.
type Rates = BTreeMap<(&'static str, usize), Vec<f64>>;

/// Measures.
pub async fn measure(
    size: Size,
    postgres: Option<&mut Postgres>,
    carrier: &FakeCarrier,
) -> anyhow::Result<Subject> {
    let mut postgres = postgres;
    let live_calls = size.webhook_calls.iter().map(|(_, calls)| *calls as u64).sum();
    let contents = Contents { live_calls, ..Contents::default() };
    let mut rates = Rates::new();
    let mut commits = Vec::new();
    // Each round has new processes and new databases: no round pays for what an earlier one left behind.
    for _ in 0..size.rounds {
        let on_sqlite = Installation::on_sqlite(contents).await?;
        commits.push(durable_commit(on_sqlite.folder.path(), 100)?);
        bare(size, &on_sqlite, &mut rates).await?;
        ours(size, SQLITE, &on_sqlite, carrier, &mut rates).await?;
        if let Some(postgres) = &mut postgres {
            let url = postgres.new_database().await?;
            let on_postgres = Installation::on_postgres(url, contents).await?;
            ours(size, POSTGRES, &on_postgres, carrier, &mut rates).await?;
        }
    }
    Ok(judge(&rates, median(commits)))
}

async fn bare(size: Size, installation: &Installation, rates: &mut Rates) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let server = Server::bare(folder.path()).await?;
    load(size, BARE, &server, installation, rates).await?;
    server.stop().await
}

async fn ours(
    size: Size,
    name: &'static str,
    installation: &Installation,
    carrier: &FakeCarrier,
    rates: &mut Rates,
) -> anyhow::Result<()> {
    let server = Server::prospectai(installation, carrier.address).await?;
    load(size, name, &server, installation, rates).await?;
    server.stop().await
}

async fn load(
    size: Size,
    name: &'static str,
    server: &Server,
    installation: &Installation,
    rates: &mut Rates,
) -> anyhow::Result<()> {
    let mut first = 0;
    for (connections, calls) in size.webhook_calls {
        let requests = callbacks::requests(installation, server.address, first, calls)?;
        first += calls as u64;
        let took = send_all(server.address, connections, requests, 204).await?;
        rates.entry((name, connections)).or_default().push(per_second(calls * PER_CALL, took));
    }
    Ok(())
}

fn judge(rates: &Rates, commit: f64) -> Subject {
    let mut subject = Subject::new("Webhooks: signed, durable before the answer");
    for ((name, connections), measured) in rates.iter().filter(|((name, _), _)| *name != BARE) {
        let bare = rates.get(&(BARE, *connections)).cloned().map(median).unwrap_or_default();
        let rate = median(measured.clone());
        let mut row = Row::new(format!("{name}, {}", over(*connections)), rate, "/s").against(BARE, bare);
        if *connections == 128 {
            let bound = if *name == SQLITE { 0.25 } else { 0.20 };
            row = row.ratio_goal(Goal::AtLeast(bound)).times_goal(40.0, PEER, PEER_WEBHOOKS);
        }
        subject.rows.push(row);
        if *connections == 1 {
            let one = Row::new(format!("{name}, one webhook on one connection"), 1_000.0 / rate, "ms");
            subject
                .rows
                .push(one.against("one durable commit of this disk", commit).ratio_goal(Goal::AtMost(2.0)));
        }
    }
    if !rates.keys().any(|(name, _)| *name == POSTGRES) {
        subject.note("PostgreSQL was not measured: its programs are not installed on this machine.");
    }
    subject.note(
        "Every webhook is a new event of a call that exists: stored raw, folded into its call, its prospect and the \
         counters, and committed with `fsync` before its 204. Repeats would be cheaper.",
    );
    subject
}
