//! The load generator's end of a connection: keep-alive HTTP/1.1 with requests that were written beforehand.
//!
//! A full client would cost as much processor time as the handler it measures, on the same two cores.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One open connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, as it was sent.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.context("the server under test takes no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends one request and waits for its whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await.context("the server under test hung up")?;
        self.buffer.clear();
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more().await?;
        };
        let (status, length) = read_head(&self.buffer[..head_end])?;
        let Length::Of(length) = length else {
            return Ok(Answer { status, body: self.chunks(head_end).await? });
        };
        while self.buffer.len() < head_end + length {
            self.read_more().await?;
        }
        Ok(Answer { status, body: self.buffer[head_end..head_end + length].to_vec() })
    }

    /// A body in chunks (RFC 9112, section 7.1), put together.
    async fn chunks(&mut self, mut at: usize) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                if let Some(end) = self.buffer[at..].windows(2).position(|two| two == b"\r\n") {
                    break at + end;
                }
                self.read_more().await?;
            };
            let size = std::str::from_utf8(&self.buffer[at..line_end]).ok();
            let size =
                size.and_then(|hex| usize::from_str_radix(hex, 16).ok()).context("a chunk has no size")?;
            let begins = line_end + 2;
            while self.buffer.len() < begins + size + 2 {
                self.read_more().await?;
            }
            body.extend_from_slice(&self.buffer[begins..begins + size]);
            at = begins + size + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await.context("the server under test hung up")? {
            0 => bail!("the server under test hung up in the middle of an answer"),
            _ => Ok(()),
        }
    }
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// So many bytes.
    Of(usize),
    /// As many as its chunks say.
    InChunks,
}

/// Status and length of the body.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, Length)> {
    let head = std::str::from_utf8(head).context("the head of an answer is not text")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
    let status = status.context("an answer has no status")?;
    let mut length = Length::Of(0);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = Length::Of(value.trim().parse().context("an answer has no readable length")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            length = Length::InChunks;
        }
    }
    Ok((status, length))
}

/// The bytes of a request.
pub fn request(
    method: &str,
    address: SocketAddr,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::{Length, read_head};

    #[test]
    fn status_and_length_are_read_whatever_the_case_of_the_names() {
        let read = read_head(b"HTTP/1.1 201 Created\r\ncontent-LENGTH: 12\r\n\r\n").expect("a head");
        assert_eq!(read, (201, Length::Of(12)));
        assert_eq!(read_head(b"HTTP/1.1 204 No Content\r\n\r\n").expect("a head"), (204, Length::Of(0)));
    }

    #[test]
    fn an_answer_in_chunks_is_known_as_such() {
        let read = read_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").expect("a head");
        assert_eq!(read, (200, Length::InChunks));
    }
}
