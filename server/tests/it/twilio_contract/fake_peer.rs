//! A peer that takes whole HTTP requests and answers each as it is told, byte by byte if need be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the peer does once it has read a request.
#[derive(Clone)]
pub enum Then {
    /// Writes these bytes and closes.
    Write(String),
    /// Writes these bytes and keeps the connection, which then answers nothing more.
    WriteAndKeep(String),
    /// Breaks the connection without a word.
    Reset,
    /// Says nothing and keeps the connection.
    Nothing,
    /// Begins an answer and goes on a byte at a time, for ever.
    Drip,
}

pub struct FakePeer {
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl FakePeer {
    pub async fn start(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("an address").to_string();
        let (requests, connections) = (Arc::default(), Arc::default());
        let task = tokio::spawn(serve(listener, then, Arc::clone(&requests), Arc::clone(&connections)));
        Self { address, requests, connections, task }
    }

    /// The peer answers every request with this status, these header lines and this body.
    pub async fn answering(status: u16, headers: &str, body: &str) -> Self {
        Self::start(Then::Write(http(status, headers, body))).await
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests read so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic meanwhile").clone()
    }

    /// The connections taken so far.
    pub fn connections(&self) -> usize {
        *self.connections.lock().expect("no panic meanwhile")
    }
}

impl Drop for FakePeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An HTTP answer as text.
pub fn http(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

async fn serve(
    listener: TcpListener,
    then: Then,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
) {
    let mut kept = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        *connections.lock().expect("no panic meanwhile") += 1;
        let Some(request) = read_request(&mut stream).await else { continue };
        requests.lock().expect("no panic meanwhile").push(request);
        match &then {
            Then::Write(answer) => {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
            Then::WriteAndKeep(answer) => {
                let _ = stream.write_all(answer.as_bytes()).await;
                kept.push(stream);
            }
            Then::Reset => drop(stream.set_zero_linger()),
            Then::Nothing => kept.push(stream),
            Then::Drip => drop(tokio::spawn(drip(stream))),
        }
    }
}

/// One request up to the end of its body; `None` if the peer hangs up before.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(1..) if buffer[0] == 0x16 && text.is_empty() => return Some("a TLS greeting".to_owned()),
            Ok(0) | Err(_) => return None,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
}

async fn drip(mut stream: TcpStream) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let begun = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 100000\r\n\r\n").await;
    while begun.is_ok() && stream.write_all(b" ").await.is_ok() {
        tick.tick().await;
    }
}
