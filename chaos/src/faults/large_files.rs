//! F31: files that are very large or very wrong, over HTTP, while people are dialed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::Plan;
use crate::clock::now;
use crate::oracle::judge;
use crate::report::{Findings, Verdict, p99, percentiles};
use crate::world::campaigns::{self, Rules};
use crate::world::{Database, Setup, World};

const ROWS: usize = 1_000_000;
const SHORT: usize = 10;
const ROWS_PER_PIECE: usize = 250;
const MEGABYTE: usize = 1024 * 1024;
/// Above the memory at rest, in MiB.
const GROWTH: f64 = 64.0;
/// For a million valid rows on SQLite, in a release build.
const A_MILLION_WITHIN: Duration = Duration::from_secs(60);
/// Time from "this person may be rung" to the ring, of 99 of 100, during the import: less than so many times before.
const TIMES: f64 = 2.0;
/// People become due one after the other, with so much between them.
const BETWEEN: Duration = Duration::from_millis(100);
const BEFORE: Duration = Duration::from_secs(20);
/// What is due is rung by then.
const RUNG_WITHIN: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = 200.0;
    let mut world = World::build(setup).await?;
    let first = world.people(2)?;
    let draft = campaigns::prepare(&world.api, first[..1].to_vec(), Rules::NONE).await?;
    world.launch_for(first[1..].to_vec(), Rules::NONE).await?;
    let before = ring_one_by_one(&mut world, |elapsed| elapsed < BEFORE).await?;
    findings.figure(format!("due to rung before: {}", percentiles(&before)));

    let rows = if plan.full { ROWS } else { ROWS / SHORT };
    let at_rest = at_rest(&world)?;
    let (api, id) = (world.api.clone(), draft.id.clone());
    let importing = tokio::spawn(async move {
        let began = Instant::now();
        let (status, answer) = api.upload(&id, people(rows)).await?;
        anyhow::Ok((status, answer, began.elapsed()))
    });
    let during = ring_one_by_one(&mut world, |_| !importing.is_finished()).await?;
    let (status, answer, took) = importing.await??;
    findings.figure(format!(
        "{rows} rows of {} MB in {:.1} s, {}; memory grew by {:.0} MiB from {at_rest:.0}",
        answer["bytes"].as_u64().unwrap_or_default() / 1_000_000,
        took.as_secs_f64(),
        percentiles(&during),
        growth(&world, at_rest)?,
    ));
    findings.expect(status == 200 && answer["added"] == rows, || format!("{status}: {answer}"));
    findings.expect(rows < ROWS || took <= A_MILLION_WITHIN, || {
        format!("a million rows took more than {} s", A_MILLION_WITHIN.as_secs())
    });
    bounded(&world, at_rest, "a large valid file", &mut findings)?;
    let slower = p99(during).unwrap_or_default().as_secs_f64()
        / p99(before).unwrap_or_default().as_secs_f64().max(0.001);
    findings.figure(format!("99 of 100 rung after {slower:.1} times as long"));
    findings.expect(slower < TIMES, || format!("people waited {slower:.1} times as long during the import"));

    for (name, pieces, expected) in wrong_files(if plan.full { 1 } else { SHORT }) {
        wrong_file(&world, name, pieces, expected, &mut findings).await?;
    }
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// Adds one person after the other to the running campaign, as long as it goes on: how long each waited from the request to
/// the network's ledger.
async fn ring_one_by_one(
    world: &mut World,
    goes_on: impl Fn(Duration) -> bool,
) -> anyhow::Result<Vec<Duration>> {
    let began = Instant::now();
    let path = format!("/api/campaigns/{}/prospects", world.campaigns[0].id);
    let mut due: HashMap<String, Timestamp> = HashMap::new();
    while goes_on(began.elapsed()) {
        let number = world.people(1)?.remove(0);
        due.insert(number.clone(), now());
        world.api.send(Method::POST, &path, &json!({"phone": number})).await?;
        world.campaigns[0].numbers.push(number);
        tokio::time::sleep(BETWEEN).await;
    }
    let (began, mut waited) = (Instant::now(), Vec::new());
    while waited.len() < due.len() && began.elapsed() < RUNG_WITHIN {
        tokio::time::sleep(BETWEEN).await;
        let ledger = world.phones.ledger().await?;
        let rung = ledger.iter().filter_map(|ring| Some((ring, due.get(&ring.to)?)));
        waited = rung
            .map(|(ring, due)| Duration::try_from(ring.created_at.duration_since(*due)).unwrap_or_default())
            .collect();
    }
    // Who was not rung at all waited for as long at least.
    waited.resize(due.len().max(1), RUNG_WITHIN);
    Ok(waited)
}

/// Memory at rest in MiB; growth counts from here.
fn at_rest(world: &World) -> anyhow::Result<f64> {
    world.nodes[0].forget_peak_memory()?;
    world.nodes[0].peak_memory().context("the server does not run")
}

fn growth(world: &World, at_rest: f64) -> anyhow::Result<f64> {
    Ok(world.nodes[0].peak_memory().context("the server does not run")? - at_rest)
}

fn bounded(world: &World, at_rest: f64, what: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let growth = growth(world, at_rest)?;
    findings.expect(growth <= GROWTH, || format!("{what}: memory grew by {growth:.0} MiB"));
    Ok(())
}

/// A file in pieces, made as it is sent.
type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send + Sync>;

/// How a file is answered: the status, and a code or how many rows were added and refused.
enum Expected {
    Refused(u16, &'static str),
    Taken { added: u64, rejected: u64 },
}

async fn wrong_file(
    world: &World,
    name: &str,
    pieces: Pieces,
    expected: Expected,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    // A campaign each, so that what one added is nothing to the next.
    let draft = campaigns::prepare(&world.api, Vec::new(), Rules::NONE).await?;
    let (at_rest, began) = (at_rest(world)?, Instant::now());
    let (status, answer) = world.api.upload(&draft.id, pieces).await?;
    let took = began.elapsed().as_secs_f64();
    findings.figure(format!("{name}: {status} after {took:.1} s, {:.0} MiB", growth(world, at_rest)?));
    let as_expected = match expected {
        Expected::Refused(wanted, code) => status == wanted && answer["code"] == code,
        Expected::Taken { added, rejected } => {
            status == 200 && answer["added"] == added && answer["rejected"] == rejected
        }
    };
    findings.expect(as_expected, || format!("{name}: answered with {status} {}", short(&answer)));
    bounded(world, at_rest, name, findings)
}

fn short(answer: &Value) -> String {
    answer.to_string().chars().take(300).collect()
}

/// A valid file of so many people, about 200 bytes each.
pub fn people(rows: usize) -> impl Iterator<Item = Vec<u8>> + Send + Sync + 'static {
    let header = "phone,first name,last name,e-mail,company,title,city,note\n".as_bytes().to_vec();
    let pieces = (0..rows).step_by(ROWS_PER_PIECE).map(move |from| {
        let rows = (from..rows.min(from + ROWS_PER_PIECE)).map(person);
        rows.collect::<String>().into_bytes()
    });
    std::iter::once(header).chain(pieces)
}

fn person(nth: usize) -> String {
    // Ten thousand numbers of each exchange; 555 is for those who are rung.
    let exchange = 220 + nth / 10_000;
    let exchange = exchange + usize::from(exchange >= 311);
    format!(
        "+1 617-{exchange}-{:04},Ada,Abbott {nth},row{nth}@example.com,Alder Supply and Sons,Head of Purchasing,Boston,\
         {:-<96}\n",
        nth % 10_000,
        "met at the fair ",
    )
}

/// What must be refused, or taken without its broken rows. `part` makes the large ones smaller.
fn wrong_files(part: usize) -> Vec<(&'static str, Pieces, Expected)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let filler = |megabytes: usize, byte: u8| (0..megabytes).map(move |_| vec![byte; MEGABYTE]);
    let good = "+1 617-555-0142,Ada\n";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let columns = (0..10_000).map(|nth| format!("c{nth},")).collect::<String>() + "phone\n";
    let short_rows = (0..=ROWS / 1_000).map(|_| "1\n".repeat(1_000).into_bytes());
    vec![
        (
            "a row of 50 MB",
            Box::new(
                [text("phone,name\n+1 617-555-0143,")]
                    .into_iter()
                    .chain(filler(50 / part, b'x'))
                    .chain([text("\n"), text(good)]),
            ),
            Expected::Taken { added: 1, rejected: 1 },
        ),
        (
            "10,000 columns",
            Box::new([columns.into_bytes()].into_iter().chain((0..20_000 / part).map(move |_| text(good)))),
            Expected::Refused(422, "csv_header"),
        ),
        (
            "UTF-16",
            Box::new((0..50 / part).map(move |nth| {
                if nth == 0 { utf16("\u{feff}phone,name\n") } else { utf16(good).repeat(9_000) }
            })),
            Expected::Refused(422, "encoding"),
        ),
        (
            "50 MB of NULs",
            Box::new(
                [text("phone,name\n")]
                    .into_iter()
                    .chain(filler(50 / part, 0))
                    .chain([text("\n"), text(good)]),
            ),
            Expected::Taken { added: 1, rejected: 1 },
        ),
        (
            "a NUL in every row",
            Box::new(
                [text("phone,name\n")]
                    .into_iter()
                    .chain((0..100 / part).map(|_| b"+1 617-555-0144,A\0da\n".repeat(9_000))),
            ),
            Expected::Refused(422, "import_failed"),
        ),
        (
            "a quote that never ends",
            Box::new(
                [text("phone,name\n"), text(good), text("+1 617-555-0145,\"Ada\n")]
                    .into_iter()
                    .chain((0..100 / part).map(move |_| good.repeat(9_000).into_bytes())),
            ),
            Expected::Taken { added: 1, rejected: 1 },
        ),
        (
            "more than 200 MiB",
            Box::new([text("phone,name\n")].into_iter().chain(filler(201, b'x'))),
            Expected::Refused(413, "body_too_large"),
        ),
        (
            "more than a million rows",
            Box::new([text("phone\n")].into_iter().chain(short_rows)),
            Expected::Refused(413, "too_many_rows"),
        ),
    ]
}
