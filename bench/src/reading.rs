//! The call list and the statistics of a small and of a big campaign: how much slower does a hundredfold make them?

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

use crate::connection::{Connection, request};
use crate::fake_carrier::FakeCarrier;
use crate::installation::{self, Installation};
use crate::load::{median, p50};
use crate::peers::{PEER, PEER_DEEP_PAGE, PEER_FIRST_PAGE, PEER_STATISTICS};
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

const KINDS: [(&str, f64); 3] =
    [("first page", PEER_FIRST_PAGE), ("deep page", PEER_DEEP_PAGE), ("statistics", PEER_STATISTICS)];

const STATISTICS: usize = 2;

/// Something to read, ready to be asked for; `None` when this build does not serve it.
struct Campaign {
    server: Server,
    requests: [Option<Vec<u8>>; 3],
    medians: [Vec<f64>; 3],
}

/// Measures, taking turns between the two databases.
pub async fn measure(
    size: Size,
    small: &Installation,
    big: &Installation,
    carrier: &FakeCarrier,
) -> anyhow::Result<Subject> {
    let mut campaigns =
        [open(size.calls[0], small, carrier).await?, open(size.calls[1], big, carrier).await?];
    for _ in 0..size.rounds.max(5) {
        for campaign in &mut campaigns {
            let mut connection = Connection::open(campaign.server.address).await?;
            for (request, medians) in campaign.requests.iter().zip(&mut campaign.medians) {
                if let Some(request) = request {
                    medians.push(p50(&mut connection, request, size.reads).await?);
                }
            }
        }
    }
    let mut subject = Subject::new("Reading: lists and statistics, SQLite, one connection");
    let medians = campaigns.each_mut().map(|campaign| std::mem::take(&mut campaign.medians));
    for campaign in campaigns {
        campaign.server.stop().await?;
    }
    let [mut few, mut many] = medians;
    if few[STATISTICS].is_empty() {
        few[STATISTICS] = from_the_store(size, small).await?;
        many[STATISTICS] = from_the_store(size, big).await?;
        subject.note(
            "The statistics are not served by this build: they were read from the store, without HTTP.",
        );
    }
    for (at, (name, peer)) in KINDS.into_iter().enumerate() {
        if few[at].is_empty() {
            subject.note(format!("The {name} is not served by this build, and was not measured."));
            continue;
        }
        let (few, many) = (median(few[at].clone()), median(many[at].clone()));
        let row = Row::new(format!("{name}, {} calls", size.calls[0]), few, "ms");
        subject.rows.push(row.times_faster_goal(20.0, PEER, peer));
        let row = Row::new(format!("{name}, {} calls", size.calls[1]), many, "ms");
        let row = row.against(format!("{} calls", size.calls[0]), few);
        subject.rows.push(row.ratio_goal(Goal::AtMost(1.3)));
    }
    subject.note("Pages of 50 calls. The deep page begins in the middle of the campaign, by its cursor.");
    Ok(subject)
}

async fn open(calls: u64, installation: &Installation, carrier: &FakeCarrier) -> anyhow::Result<Campaign> {
    let server = Server::prospectai(installation, carrier.address).await?;
    let list = format!("/api/calls?campaignId={}&limit=50", installation.owner.campaign);
    let mut connection = Connection::open(server.address).await?;
    let half_way = get(installation, server.address, &format!("{list}&offset={}", calls / 2));
    let answer = connection.exchange(&half_way).await?;
    let deep = match answer.status {
        200 => {
            let page: Value = serde_json::from_slice(&answer.body)?;
            let cursor = page["nextCursor"].as_str().context("the list of calls has no next page")?;
            Some(format!("{list}&cursor={cursor}"))
        }
        _ => None,
    };
    let statistics = format!("/api/campaigns/{}/stats", installation.owner.campaign);
    let served = connection.exchange(&get(installation, server.address, &statistics)).await?.status == 200;
    let ready = |target: Option<String>| target.map(|target| get(installation, server.address, &target));
    let first = deep.is_some().then(|| list.clone());
    let requests = [ready(first), ready(deep), ready(served.then_some(statistics))];
    Ok(Campaign { server, requests, medians: Default::default() })
}

/// Medians of the statistics as the store reads them, in milliseconds.
async fn from_the_store(size: Size, installation: &Installation) -> anyhow::Result<Vec<f64>> {
    let actions = installation::open(&installation.database).await?;
    let mut medians = Vec::new();
    for _ in 0..size.rounds.max(5) {
        let mut took = Vec::with_capacity(size.reads);
        for _ in 0..size.reads {
            let began = Instant::now();
            actions.store.tally(installation.owner.campaign).await?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        medians.push(median(took));
    }
    actions.store.close().await?;
    Ok(medians)
}

fn get(installation: &Installation, address: SocketAddr, target: &str) -> Vec<u8> {
    request("GET", address, target, &[("Authorization", &installation.authorization())], b"")
}
