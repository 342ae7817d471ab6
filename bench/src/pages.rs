//! What people see, with a big campaign behind it: how long a page takes and weighs, and what a thousand open ones cost.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::callbacks;
use crate::connection::{Connection, request};
use crate::fake_carrier::FakeCarrier;
use crate::installation::Installation;
use crate::load::p50;
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

/// How long an open page may take to tell of a change before the measurement gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures. One live call of the installation begins to ring meanwhile.
pub async fn measure(size: Size, big: &Installation, carrier: &FakeCarrier) -> anyhow::Result<Subject> {
    let server = Server::prospectai(big, carrier.address).await?;
    let bare = Server::bare(big.folder.path()).await?;
    let campaign = format!("/campaigns/{}", big.owner.campaign);
    let mut subject = Subject::new("Pages, SQLite with 1 million calls");
    if size.quick {
        subject.note("A quick run has far fewer calls.");
    }

    let plain = request("GET", bare.address, "/page", &[], b"");
    let bare_page = p50(&mut Connection::open(bare.address).await?, &plain, size.reads).await?;
    subject.rows.push(Row::new("a bare handler's page of 60 kB", bare_page, "ms"));
    let pages = [
        ("campaign calls", campaign.clone(), Some(Goal::AtMost(50.0))),
        ("campaign calls, busy only", format!("{campaign}?status=busy"), Some(Goal::AtMost(50.0))),
        ("campaigns", "/campaigns".to_owned(), None),
        ("campaign prospects, with the reasons", format!("{campaign}/prospects"), None),
        ("live", "/live".to_owned(), None),
    ];
    for (name, address, goal) in pages {
        let asked = get(big, server.address, &address, &[]);
        let mut connection = Connection::open(server.address).await?;
        let took = p50(&mut connection, &asked, size.reads.min(100)).await?;
        let row = Row::new(name, took, "ms").against("the bare page".to_owned(), bare_page);
        subject.rows.push(match goal {
            Some(goal) => row.goal(goal),
            None => row,
        });
    }
    let weight = weight(big, server.address, &campaign).await?;
    let row = Row::new("campaign calls with script and styles, compressed", weight, "kB");
    subject.rows.push(row.goal(Goal::AtMost(100.0)));

    let before = server.memory()?.resident;
    let mut open = open_pages(big, server.address, &campaign, size.open_pages).await?;
    let cost = server.memory()?.resident - before;
    // The latest call, which is in the first row of the list.
    let latest = size.webhook_calls[2].1 as u64 - 1;
    let told = tell(big, server.address, latest, &mut open).await?;
    drop(open);
    server.stop().await?;
    bare.stop().await?;
    let row = Row::new(format!("memory of {} open live pages", size.open_pages), cost.max(0.0), "MB");
    subject.rows.push(row.goal(Goal::AtMost(100.0)));
    let row = Row::new("from a webhook to its change on the last of them", told.as_secs_f64(), "s");
    subject.rows.push(row.goal(Goal::AtMost(1.0)));
    Ok(subject)
}

fn get(installation: &Installation, address: SocketAddr, target: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let authorization = installation.authorization();
    let headers: Vec<(&str, &str)> =
        [("Authorization", authorization.as_str())].into_iter().chain(more.iter().copied()).collect();
    request("GET", address, target, &headers, b"")
}

/// Kilobytes on the line of a page and everything that it refers to.
async fn weight(installation: &Installation, address: SocketAddr, page: &str) -> anyhow::Result<f64> {
    let mut connection = Connection::open(address).await?;
    let page_text = connection.exchange(&get(installation, address, page, &[])).await?.body;
    let page_text = String::from_utf8(page_text).context("the page is not text")?;
    let assets = page_text.split('"').filter(|text| text.starts_with("/assets/"));
    let mut addresses: Vec<&str> = assets.chain([page]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let mut bytes = 0;
    for wanted in addresses {
        let packed = get(installation, address, wanted, &[("Accept-Encoding", "gzip")]);
        bytes += connection.exchange(&packed).await?.body.len();
    }
    Ok(bytes as f64 / 1_000.0)
}

/// Opens the stream of one page many times, and waits until each has begun.
async fn open_pages(
    installation: &Installation,
    address: SocketAddr,
    page: &str,
    count: usize,
) -> anyhow::Result<Vec<TcpStream>> {
    let asked = get(installation, address, &format!("/changes?page={page}&version=0"), &[]);
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&asked).await?;
        open.push(stream);
    }
    for stream in &mut open {
        until_event(stream).await?;
    }
    Ok(open)
}

/// Lets a phone ring; how long until the last page was told.
async fn tell(
    installation: &Installation,
    address: SocketAddr,
    call: u64,
    open: &mut [TcpStream],
) -> anyhow::Result<Duration> {
    let webhook = callbacks::requests(installation, address, call, 1)?.swap_remove(1);
    let mut connection = Connection::open(address).await?;
    let began = Instant::now();
    let answer = connection.exchange(&webhook).await?;
    anyhow::ensure!(answer.status == 204, "the webhook was answered with {}", answer.status);
    for stream in open {
        until_event(stream).await?;
    }
    Ok(began.elapsed())
}

/// Reads until a whole event of the page has come.
async fn until_event(stream: &mut TcpStream) -> anyhow::Result<()> {
    let reading = async {
        let (mut piece, mut seen) = (vec![0; 64 * 1024], Vec::new());
        loop {
            let read = stream.read(&mut piece).await?;
            anyhow::ensure!(read > 0, "the server closed an open page");
            seen.extend_from_slice(&piece[..read]);
            let begins = seen.windows(12).position(|window| window == b"event: page\n");
            if begins.is_some_and(|at| seen[at..].windows(2).any(|window| window == b"\n\n")) {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.context("an open page was not told of the change")?
}
