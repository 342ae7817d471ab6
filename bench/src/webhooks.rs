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
use crate::process::{Server, processor_seconds_of_family};
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

const BARE: &str = "bare handler";
const SQLITE: &str = "SQLite";
const POSTGRES: &str = "PostgreSQL";

/// Measured by system and number of connections, one per round.
type Rates = BTreeMap<(&'static str, usize), Measured>;

/// Webhooks per second, and microseconds of processor time for each: of the server, and of the database where it is a
/// server of its own.
#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    server: Vec<f64>,
    database: Vec<f64>,
}

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
        ours(size, SQLITE, None, &on_sqlite, carrier, &mut rates).await?;
        if let Some(postgres) = &mut postgres {
            let url = postgres.new_database().await?;
            let on_postgres = Installation::on_postgres(url, contents).await?;
            ours(size, POSTGRES, postgres.process(), &on_postgres, carrier, &mut rates).await?;
        }
    }
    Ok(judge(&rates, median(commits)))
}

async fn bare(size: Size, installation: &Installation, rates: &mut Rates) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let server = Server::bare(folder.path()).await?;
    load(size, BARE, &server, None, installation, rates).await?;
    server.stop().await
}

async fn ours(
    size: Size,
    name: &'static str,
    database: Option<u32>,
    installation: &Installation,
    carrier: &FakeCarrier,
    rates: &mut Rates,
) -> anyhow::Result<()> {
    let server = Server::prospectai(installation, carrier.address).await?;
    load(size, name, &server, database, installation, rates).await?;
    server.stop().await
}

async fn load(
    size: Size,
    name: &'static str,
    server: &Server,
    database: Option<u32>,
    installation: &Installation,
    rates: &mut Rates,
) -> anyhow::Result<()> {
    let of_database = || database.map(processor_seconds_of_family).transpose();
    let mut first = 0;
    for (connections, calls) in size.webhook_calls {
        let requests = callbacks::requests(installation, server.address, first, calls)?;
        first += calls as u64;
        let before = (server.processor_seconds()?, of_database()?);
        let took = send_all(server.address, connections, requests, 204).await?;
        let after = (server.processor_seconds()?, of_database()?);
        let webhooks = calls * PER_CALL;
        let each = |before, after| (after - before) * 1_000_000.0 / webhooks as f64;
        let measured = rates.entry((name, connections)).or_default();
        measured.rates.push(per_second(webhooks, took));
        measured.server.push(each(before.0, after.0));
        measured.database.extend(before.1.zip(after.1).map(|(before, after)| each(before, after)));
    }
    Ok(())
}

fn judge(rates: &Rates, commit: f64) -> Subject {
    let mut subject = Subject::new("Webhooks: signed, durable before the answer");
    for ((name, connections), measured) in rates.iter().filter(|((name, _), _)| *name != BARE) {
        let bare = rates.get(&(BARE, *connections));
        let rate = median(measured.rates.clone());
        let mut row = Row::new(format!("{name}, {}", over(*connections)), rate, "/s")
            .against(BARE, bare.map_or(0.0, |bare| median(bare.rates.clone())));
        if *connections == 128 {
            let bound = if *name == SQLITE { 0.25 } else { 0.20 };
            row = row.ratio_goal(Goal::AtLeast(bound)).times_goal(40.0, PEER, PEER_WEBHOOKS);
        }
        subject.rows.push(row);
        let time = Row::new(
            format!("{name}, {}: the server's processor time for each", over(*connections)),
            median(measured.server.clone()),
            "µs",
        );
        subject.rows.push(time.against(BARE, bare.map_or(0.0, |bare| median(bare.server.clone()))));
        if !measured.database.is_empty() {
            let time = format!("{name}, {}: the database's", over(*connections));
            subject.rows.push(Row::new(time, median(measured.database.clone()), "µs"));
        }
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
