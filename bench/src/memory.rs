//! Memory of a real server with a big database: idle, and under load.

use std::time::Duration;

use crate::callbacks;
use crate::connection::{Connection, request};
use crate::fake_carrier::FakeCarrier;
use crate::installation::Installation;
use crate::load::send_all;
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

/// Measures. The webhooks are those of the installation's live calls, which are over afterwards.
pub async fn measure(size: Size, big: &Installation, carrier: &FakeCarrier) -> anyhow::Result<Subject> {
    let server = Server::prospectai(big, carrier.address).await?;
    let settles = if size.quick { Duration::from_millis(200) } else { Duration::from_secs(3) };
    tokio::time::sleep(settles).await;
    let idle = server.memory()?;

    let (connections, calls) = size.webhook_calls[2];
    let webhooks = callbacks::requests(big, server.address, 0, calls)?;
    let list = format!("/api/calls?campaignId={}&limit=200", big.owner.campaign);
    let list = request("GET", server.address, &list, &[("Authorization", &big.authorization())], b"");
    let mut reader = Connection::open(server.address).await?;
    let load = send_all(server.address, connections, webhooks, 204);
    tokio::pin!(load);
    // Somebody leafs through the calls while the news comes in.
    loop {
        tokio::select! {
            sent = &mut load => {
                sent?;
                break;
            }
            read = reader.exchange(&list) => drop(read?),
        }
    }
    let after = server.memory()?;
    server.stop().await?;

    let mut subject = Subject::new("Memory, SQLite with 1 million calls");
    if size.quick {
        subject.note("A quick run has far fewer calls.");
    }
    subject.rows.push(Row::new("resident, idle", idle.resident, "MB").goal(Goal::AtMost(40.0)));
    let peak = format!("the most, under {} webhooks on {connections} connections and a reader", calls * 4);
    subject.rows.push(Row::new(peak, after.peak, "MB").goal(Goal::AtMost(150.0)));
    subject.rows.push(Row::new("resident, right after the load", after.resident, "MB"));
    Ok(subject)
}
