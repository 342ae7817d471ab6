//! Calls placed per second through the API, against a carrier that answers at once.

use std::time::{Duration, Instant};

use testbed::Postgres;

use crate::connection::request;
use crate::fake_carrier::FakeCarrier;
use crate::fill::Contents;
use crate::installation::Installation;
use crate::load::{median, over, per_second, send_all};
use crate::peers::{LEAN, LEAN_PLACED, PEER, PEER_PLACED};
use crate::process::Server;
use crate::report::{Row, Subject};
use crate::size::Size;

/// Rates of one system over one number of connections.
#[derive(Default)]
struct Rates {
    answered: Vec<f64>,
    taken: Vec<f64>,
    left: Vec<f64>,
}

/// How long calls may take to reach the carrier after the last answer of the API.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures.
pub async fn measure(size: Size, postgres: Option<&mut Postgres>) -> anyhow::Result<Subject> {
    let mut subject = Subject::new("Placing calls through the API");
    let contents = Contents {
        waiting: size.placed_calls.iter().map(|(_, calls)| *calls as u64).sum(),
        ..Contents::default()
    };
    let mut postgres = postgres;
    let mut on_sqlite: [Rates; 2] = Default::default();
    let mut on_postgres: [Rates; 2] = Default::default();
    for _ in 0..size.rounds {
        round(size, &Installation::on_sqlite(contents).await?, &mut on_sqlite).await?;
        if let Some(postgres) = &mut postgres {
            let url = postgres.new_database().await?;
            round(size, &Installation::on_postgres(url, contents).await?, &mut on_postgres).await?;
        }
    }
    for (name, rates) in [("SQLite", on_sqlite), ("PostgreSQL", on_postgres)] {
        for ((connections, _), rates) in size.placed_calls.into_iter().zip(rates) {
            if rates.answered.is_empty() {
                continue;
            }
            let answered = Row::new(
                format!("{name}, {}: answered by the API", over(connections)),
                median(rates.answered),
                "/s",
            );
            let goals = connections == 32;
            subject.rows.push(match goals {
                true => answered.times_goal(40.0, PEER, PEER_PLACED).times_goal(15.0, LEAN, LEAN_PLACED),
                false => answered,
            });
            let taken = format!("{name}, {}: armed and taken by the carrier", over(connections));
            subject.rows.push(Row::new(taken, median(rates.taken), "/s"));
            let left = median(rates.left);
            if left > 0.0 {
                let seconds = PATIENCE.as_secs();
                subject.rows.push(Row::new(
                    format!("… and not yet sent {seconds} s after the last answer"),
                    left,
                    "calls",
                ));
            }
        }
    }
    subject.note(
        "An answer means that the call is reserved durably, with its audit entry. Arming and sending follow by \
         themselves, at no more than 1,000 calls per second, the fastest pace that can be set; the second rate counts \
         from the first request to the carrier's last answer, while the API is still being asked.",
    );
    Ok(subject)
}

async fn round(size: Size, installation: &Installation, rates: &mut [Rates; 2]) -> anyhow::Result<()> {
    let carrier = FakeCarrier::start().await?;
    let server = Server::prospectai(installation, carrier.address).await?;
    let authorization = installation.authorization();
    let mut first = 0;
    for ((connections, calls), rates) in size.placed_calls.into_iter().zip(rates) {
        let requests = (first..first + calls)
            .map(|number| {
                let body = serde_json::json!({
                    "campaignId": installation.owner.campaign.to_string(),
                    "prospectId": installation.owner.waiting_prospect(number as u64).to_string(),
                });
                let headers =
                    [("Content-Type", "application/json"), ("Authorization", authorization.as_str())];
                request("POST", server.address, "/api/calls/place", &headers, body.to_string().as_bytes())
            })
            .collect();
        first += calls;
        let before = carrier.taken(0, PATIENCE).await;
        let began = Instant::now();
        let took = send_all(server.address, connections, requests, 201).await?;
        let taken = carrier.taken(first, PATIENCE).await;
        rates.answered.push(per_second(calls, took));
        rates.taken.push(per_second(taken - before, began.elapsed()));
        rates.left.push((first - taken) as f64);
    }
    server.stop().await
}
