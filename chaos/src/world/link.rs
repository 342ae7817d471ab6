//! A line between two programs that can be cut, slowed down or left hanging: a TCP proxy of our own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the line does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weather {
    /// Everything passes.
    Clear,
    /// Each piece arrives this much later.
    Slow(Duration),
    /// Connections stay open and nothing passes in either direction.
    Hanging,
    /// What is sent arrives, answers do not: the outcome of a commit is not known.
    Deaf,
    /// Open connections are cut, new ones are closed at once.
    Cut,
    /// Open connections are cut, and nobody listens: a new one never comes about.
    Refusing,
}

/// A line to one address.
pub struct Link {
    /// Where to connect instead.
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// A clear line to `target`.
    pub async fn to(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather::Clear);
        let accepting = tokio::spawn(accept(listener, target, seen));
        Ok(Self { address, weather, accepting })
    }

    /// Changes the weather from now on.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Cuts every open connection; new ones pass.
    pub async fn reset(&self) {
        self.set(Weather::Cut);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.set(Weather::Clear);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
        self.weather.send_replace(Weather::Cut);
    }
}

async fn accept(mut listener: TcpListener, target: SocketAddr, mut weather: watch::Receiver<Weather>) {
    let Ok(address) = listener.local_addr() else { return };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => Some(accepted),
            changed = weather.changed() => match changed {
                Ok(()) => None,
                Err(_) => return,
            },
        };
        if let Some(Ok((client, _))) = accepted {
            tokio::spawn(carry(client, target, weather.clone()));
        }
        if *weather.borrow() == Weather::Refusing {
            drop(listener);
            if weather.wait_for(|weather| *weather != Weather::Refusing).await.is_err() {
                return;
            }
            // The port was ours a moment ago, and the system gives the same one to nobody so soon.
            match TcpListener::bind(address).await {
                Ok(again) => listener = again,
                Err(error) => return eprintln!("a line could not be opened again: {error}"),
            }
        }
    }
}

async fn carry(client: TcpStream, target: SocketAddr, weather: watch::Receiver<Weather>) {
    if is_cut(*weather.borrow()) {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whichever way ends first ends both: nobody is left behind with half a connection.
    tokio::select! {
        () = pump(from_client, to_server, weather.clone(), false) => {}
        () = pump(from_server, to_client, weather, true) => {}
    }
}

const fn is_cut(weather: Weather) -> bool {
    matches!(weather, Weather::Cut | Weather::Refusing)
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    is_answer: bool,
) {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut piece) => read,
            changed = weather.changed() => {
                if changed.is_err() || is_cut(*weather.borrow()) {
                    return;
                }
                continue;
            }
        };
        let Ok(length @ 1..) = read else { return };
        if !passes(&mut weather, is_answer).await || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

/// Waits until a piece may pass; `false` when the line was cut meanwhile.
async fn passes(weather: &mut watch::Receiver<Weather>, is_answer: bool) -> bool {
    loop {
        let now = *weather.borrow_and_update();
        match now {
            Weather::Clear => return true,
            Weather::Deaf if !is_answer => return true,
            Weather::Cut | Weather::Refusing => return false,
            Weather::Slow(by) => {
                tokio::time::sleep(by).await;
                return true;
            }
            Weather::Hanging | Weather::Deaf => {
                if weather.changed().await.is_err() {
                    return false;
                }
            }
        }
    }
}
