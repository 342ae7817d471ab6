//! Readers of `GET /api/events`, each on a connection of its own: those who read, and come back as they are told to, and
//! those who stop reading.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// So many are opened at once, with a moment in between.
const AT_ONCE: usize = 50;
const BETWEEN: Duration = Duration::from_millis(50);
/// How long a browser waits that was told nothing.
const UNTOLD: Duration = Duration::from_secs(3);
/// What a reader who stops reading leaves to the kernel, before it doubles it.
const SMALL: u32 = 4_096;

/// Many readers; gone when dropped.
pub struct Readers {
    shared: Arc<Shared>,
    _reading: JoinSet<()>,
}

struct Shared {
    server: SocketAddr,
    key: String,
    open: AtomicUsize,
    /// Bytes that the first of them has read.
    bytes: AtomicUsize,
    seen: Mutex<Seen>,
}

/// What readers saw.
#[derive(Default)]
pub struct Seen {
    /// Since when each marked campaign may show in the stream.
    marked: HashMap<String, Instant>,
    /// How long each marked change was on its way to each reader.
    pub on_its_way: Vec<Duration>,
    /// How long each reader was told to wait before it comes back, each time another.
    pub told_to_wait: Vec<Duration>,
    /// When readers were let in.
    pub let_in: Vec<Instant>,
    /// How often somebody was told to read everything anew.
    pub resets: usize,
}

impl Readers {
    /// Opens as many, a few at a time.
    pub async fn open(server: SocketAddr, key: &str, count: usize) -> Self {
        let shared = Arc::new(Shared {
            server,
            key: key.to_owned(),
            open: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            seen: Mutex::default(),
        });
        let mut reading = JoinSet::new();
        for nth in 0..count {
            if nth % AT_ONCE == 0 {
                tokio::time::sleep(BETWEEN).await;
            }
            reading.spawn(read_for_ever(Arc::clone(&shared), nth == 0));
        }
        Self { shared, _reading: reading }
    }

    /// How many are let in at this moment.
    pub fn open_now(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Bytes that one of them has read.
    pub fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// From now on a change of this campaign is measured.
    pub fn mark(&self, campaign: &str) {
        self.shared.seen().marked.insert(campaign.to_owned(), Instant::now());
    }

    /// What was seen since the last time.
    pub fn take_seen(&self) -> Seen {
        let mut seen = self.shared.seen();
        let marked = seen.marked.clone();
        std::mem::replace(&mut seen, Seen { marked, ..Seen::default() })
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens readers who never read what they asked for, with little room for it.
pub async fn stalled(server: SocketAddr, key: &str, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut stalled = Vec::new();
    for nth in 0..count {
        if nth % AT_ONCE == 0 {
            tokio::time::sleep(BETWEEN).await;
        }
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SMALL)?;
        let mut stream = socket.connect(server).await?;
        stream.write_all(request(server, key, "").as_bytes()).await?;
        stalled.push(stream);
    }
    Ok(stalled)
}

fn request(server: SocketAddr, key: &str, last: &str) -> String {
    let last = if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
    format!("GET /api/events HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {key}\r\n{last}\r\n")
}

async fn read_for_ever(shared: Arc<Shared>, counts: bool) {
    let mut reader = Reader { last: String::new(), wait: UNTOLD, event: String::new(), counts };
    loop {
        reader.read_once(&shared).await;
        tokio::time::sleep(reader.wait).await;
    }
}

/// One reader, over all of its connections.
struct Reader {
    /// The last event that it saw, for `Last-Event-ID`.
    last: String,
    wait: Duration,
    /// The name of the event that arrives.
    event: String,
    counts: bool,
}

impl Reader {
    async fn read_once(&mut self, shared: &Shared) {
        let Ok(mut stream) = TcpStream::connect(shared.server).await else { return };
        let asked = request(shared.server, &shared.key, &self.last);
        if stream.write_all(asked.as_bytes()).await.is_err() {
            return;
        }
        let (mut text, mut piece, mut let_in) = (Vec::new(), [0; 2_048], false);
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            text.extend_from_slice(&piece[..length]);
            if self.counts {
                shared.bytes.fetch_add(length, Ordering::Relaxed);
            }
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&text[..end]).trim_end().to_owned();
                text.drain(..=end);
                if line == "HTTP/1.1 200 OK" && !let_in {
                    let_in = true;
                    shared.open.fetch_add(1, Ordering::Relaxed);
                    shared.seen().let_in.push(Instant::now());
                }
                self.hear(&line, shared);
            }
        }
        shared.open.fetch_sub(usize::from(let_in), Ordering::Relaxed);
    }

    /// A line of the stream; lengths of chunks between them mean nothing here.
    fn hear(&mut self, line: &str, shared: &Shared) {
        let Some((field, value)) = line.split_once(": ") else { return };
        match field {
            "id" => value.clone_into(&mut self.last),
            "event" => {
                value.clone_into(&mut self.event);
                shared.seen().resets += usize::from(value == "reset");
            }
            "retry" => {
                let told = value.parse().map_or(UNTOLD, Duration::from_millis);
                if told != self.wait {
                    self.wait = told;
                    shared.seen().told_to_wait.push(told);
                }
            }
            "data" if self.event == "campaign" => {
                let mut seen = shared.seen();
                let id = value.split('"').find(|word| word.starts_with("cmp_")).unwrap_or_default();
                let on_its_way = seen.marked.get(id).map(Instant::elapsed);
                seen.on_its_way.extend(on_its_way);
            }
            _ => {}
        }
    }
}
