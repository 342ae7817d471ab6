//! A line to PostgreSQL that loses the answer to a commit: the database has done it, and the server never hears so.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prospectai::store::Location;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;
use url::Url;

use super::postgres::fresh_database;

/// A line to a new database of its own.
pub struct CommitLine {
    /// The database by way of this line.
    pub location: Location,
    plan: Arc<Plan>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Plan {
    /// Commits until the one that is lost; 0 for none.
    until_lost: AtomicUsize,
    /// One of so many is lost; 0 for none.
    every: AtomicUsize,
    /// The commit is lost itself, and not only the answer to it.
    before_it_arrives: AtomicUsize,
    seen: AtomicUsize,
    lost: AtomicUsize,
}

impl CommitLine {
    /// A clear line.
    pub async fn clear() -> Self {
        let database: Url = fresh_database().await.parse().expect("a URL");
        let query: HashMap<_, _> = database.query_pairs().into_owned().collect();
        let folder = query.get("host").expect("the test server listens on a socket in a folder").clone();
        let port = query.get("port").cloned().unwrap_or_else(|| "5432".to_owned());
        let socket = format!("{folder}/.s.PGSQL.{port}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let plan = Arc::<Plan>::default();
        let accepting = tokio::spawn(accept(listener, socket, plan.clone()));
        let location = Location::Postgres(by_way_of(address, &database));
        Self { location, plan, accepting }
    }

    /// Loses the answer to the `nth` commit from now on, counted from 1.
    pub fn lose_answer(&self, nth: usize) {
        self.plan.until_lost.store(nth, Ordering::SeqCst);
    }

    /// Loses the next commit before it arrives.
    pub fn lose_commit(&self) {
        self.plan.before_it_arrives.store(1, Ordering::SeqCst);
        self.lose_answer(1);
    }

    /// Loses one answer in so many; none for 0.
    pub fn lose_every(&self, nth: usize) {
        self.plan.every.store(nth, Ordering::SeqCst);
    }

    /// How many commits had no answer.
    pub fn lost(&self) -> usize {
        self.plan.lost.load(Ordering::SeqCst)
    }
}

impl Drop for CommitLine {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Plan {
    fn loses_this_one(&self) -> bool {
        let nth = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let every = self.every.load(Ordering::SeqCst);
        let counted =
            self.until_lost.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let lost = counted == Ok(1) || (every > 0 && nth.is_multiple_of(every));
        self.lost.fetch_add(lost.into(), Ordering::SeqCst);
        lost
    }
}

fn by_way_of(address: SocketAddr, database: &Url) -> String {
    let (user, name) = (database.username(), database.path());
    let user = if user.is_empty() { "postgres" } else { user };
    format!("postgres://{user}@{address}{name}?sslmode=disable")
}

async fn accept(listener: TcpListener, socket: String, plan: Arc<Plan>) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, plan) = (socket.clone(), plan.clone());
        tokio::spawn(async move {
            // A connection that breaks off is what this line is for.
            let _ = carry(client, &socket, &plan).await;
        });
    }
}

async fn carry(mut client: TcpStream, socket: &str, plan: &Plan) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket).await?;
    client.set_nodelay(true)?;
    let mut said = Messages::default();
    let (mut from_client, mut from_server) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut deaf = false;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(length @ 1..) = read else { return Ok(()) };
                let commits = said.commits_in(&from_client[..length]);
                if commits && plan.loses_this_one() {
                    if plan.before_it_arrives.swap(0, Ordering::SeqCst) > 0 {
                        return Ok(());
                    }
                    deaf = true;
                }
                server.write_all(&from_client[..length]).await?;
            }
            read = server.read(&mut from_server) => {
                let Ok(length @ 1..) = read else { return Ok(()) };
                if deaf {
                    // The database has answered: it is done.
                    return Ok(());
                }
                client.write_all(&from_server[..length]).await?;
            }
        }
    }
}

/// The messages of a client, as far as they have arrived.
#[derive(Default)]
struct Messages {
    begun: bool,
    rest: Vec<u8>,
}

impl Messages {
    /// Whether a commit is among the messages that are complete with these bytes.
    fn commits_in(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend_from_slice(bytes);
        let mut commits = false;
        loop {
            // The first message has no letter in front of its length.
            let letter = usize::from(self.begun);
            let Some(length) = self.rest.get(letter..letter + 4) else { return commits };
            let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize + letter;
            if self.rest.len() < length {
                return commits;
            }
            let message: Vec<u8> = self.rest.drain(..length).collect();
            commits |= self.begun && message[0] == b'Q' && message[5..].starts_with(b"COMMIT");
            self.begun = true;
        }
    }
}
