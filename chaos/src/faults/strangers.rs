//! F33 and F35: strangers hold thousands of connections without saying anything, or send webhooks with signatures that
//! do not verify. The webhooks of the phone network must not notice.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Plan;
use crate::oracle::judge;
use crate::report::{Findings, Verdict, p99, percentiles};
use crate::world::campaigns::Hours;
use crate::world::connections::taken_by;
use crate::world::{Database, Setup, World};

const SILENT: usize = 5_000;
const SLOW: usize = 200;
/// So many are opened at once, with a moment in between.
const AT_ONCE: usize = 100;
const BETWEEN: Duration = Duration::from_millis(50);
/// A connection that sends no complete header is cut by then, with a little for a busy machine.
const CUT_WITHIN: Duration = Duration::from_secs(15);
/// Of webhooks, while strangers do what they do; or so many times what it was before, where the machine is slower.
const P99: Duration = Duration::from_millis(250);
const TIMES: u32 = 4;
const FORGERS: usize = 32;
/// Forged webhooks per second, where the machine can send as many.
const FORGED_PER_SECOND: f64 = 2_000.0;
const PATIENCE: Duration = Duration::from_secs(180);

/// F33: connections that say nothing, and some that say it very slowly.
pub async fn silent(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let (mut world, bar, mut findings) = under_load(plan, database).await?;
    let node = world.nodes[0].address;
    let seen = world.front.acknowledged().len();
    let (mut silent, ports) = (JoinSet::new(), Ports::default());
    for nth in 0..SILENT + SLOW {
        // Where the system's queue overflows, a client believes in a connection that the server was never told of.
        if nth % AT_ONCE == 0 {
            tokio::time::sleep(BETWEEN).await;
        }
        silent.spawn(hold(node, nth < SLOW, Arc::clone(&ports)));
    }
    tokio::time::sleep(plan.duration().min(Duration::from_secs(60))).await;
    quick_webhooks(&world, seen, bar, &mut findings);
    let mut held = Vec::new();
    let mut refused = 0;
    while let Some(ended) = silent.try_join_next() {
        match ended? {
            Some(length) => held.push(length),
            None => refused += 1,
        }
    }
    let ports = ports.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let taken = taken_by(node)?;
    let open = ports.intersection(&taken).count();
    silent.abort_all();
    findings.figure(format!("{} that only their client believes in", ports.len() - open));
    findings.figure(format!(
        "{SILENT} silent and {SLOW} slow connections: {refused} not taken, cut after {}",
        percentiles(&held)
    ));
    let late = held.iter().filter(|length| **length > CUT_WITHIN).count() + open;
    findings.expect(late == 0, || format!("{late} were still open after {} s", CUT_WITHIN.as_secs()));
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// F35: webhooks with forged signatures, 2,000 per second or as many as this machine can send.
pub async fn forged(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let (mut world, bar, mut findings) = under_load(plan, database).await?;
    let node = world.nodes[0].address;
    let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
    let (sent, believed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // The address of a real call, so that only the signature is wrong.
    let known = world.phones.ledger().await?.into_iter().find_map(|ring| ring.tag).unwrap_or_default();
    let path = known.splitn(4, '/').nth(3).unwrap_or("webhooks/twilio/status").to_owned();
    let mut forgers = JoinSet::new();
    for _ in 0..FORGERS {
        let (client, sent, believed) = (client.clone(), Arc::clone(&sent), Arc::clone(&believed));
        let url = format!("http://{node}/{path}");
        forgers.spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_secs_f64(FORGERS as f64 / FORGED_PER_SECOND));
            beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                beat.tick().await;
                let request =
                    client.post(&url).header("X-Twilio-Signature", "bm90IGEgc2lnbmF0dXJlIG9mIG91cnM=");
                let form = "CallSid=CA00000000000000000000000000000000&CallStatus=completed";
                let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
                if let Ok(answer) = request.send().await {
                    sent.fetch_add(1, Ordering::Relaxed);
                    if answer.status() != 403 {
                        believed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
    }
    let (seen, began) = (world.front.acknowledged().len(), Instant::now());
    tokio::time::sleep(plan.duration().min(Duration::from_secs(60))).await;
    forgers.abort_all();
    let rate = sent.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    findings.figure(format!("{rate:.0} forged webhooks/s"));
    let believed = believed.load(Ordering::Relaxed);
    findings.expect(believed == 0, || format!("{believed} forged webhooks were not answered with 403"));
    quick_webhooks(&world, seen, bar, &mut findings);
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

async fn under_load(plan: &Plan, database: Database) -> anyhow::Result<(World, Duration, Findings)> {
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = 10.0;
    let mut world = World::build(setup).await?;
    world.launch(plan.people(10.0), 1_000_000, Hours::Always).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut findings = Findings::default();
    let before: Vec<Duration> = world.front.acknowledged().iter().map(|webhook| webhook.took).collect();
    findings.figure(format!("webhooks before: {}", percentiles(&before)));
    let bar = P99.max(p99(before).unwrap_or_default() * TIMES);
    Ok((world, bar, findings))
}

fn quick_webhooks(world: &World, seen: usize, bar: Duration, findings: &mut Findings) {
    let took: Vec<Duration> = world.front.acknowledged()[seen..].iter().map(|webhook| webhook.took).collect();
    findings.figure(format!("{} during: {}", took.len(), percentiles(&took)));
    findings.expect(p99(took).is_some_and(|p99| p99 <= bar), || {
        format!("99 of 100 webhooks were not answered within {:.2} s", bar.as_secs_f64())
    });
}

/// Ports of those who hold a connection.
type Ports = Arc<Mutex<BTreeSet<u16>>>;

/// How long the server let this connection stand; `None` when it was not even taken.
async fn hold(node: SocketAddr, slowly: bool, ports: Ports) -> Option<Duration> {
    let stream = TcpStream::connect(node).await.ok()?;
    let port = stream.local_addr().ok()?.port();
    ports.lock().unwrap_or_else(PoisonError::into_inner).insert(port);
    let held = silence(stream, slowly).await;
    ports.lock().unwrap_or_else(PoisonError::into_inner).remove(&port);
    held
}

async fn silence(mut stream: TcpStream, slowly: bool) -> Option<Duration> {
    let began = Instant::now();
    if slowly {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.ok()?;
    }
    let mut byte = [0; 1024];
    loop {
        // Whatever is read, silence is kept up until the server has enough.
        match tokio::time::timeout(Duration::from_secs(1), stream.read(&mut byte)).await {
            Ok(Ok(0) | Err(_)) => return Some(began.elapsed()),
            Ok(Ok(_)) => {}
            Err(_) if slowly => {
                let _ = stream.write_all(b"a").await;
            }
            Err(_) => {}
        }
    }
}
