//! Sends requests over a number of connections at once, and times them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::connection::Connection;

/// Sends every request once, each connection taking the next one when it has its answer; how long all of them took.
///
/// # Errors
/// When an answer has another status than `expected`: a server that refuses is not fast.
pub async fn send_all(
    address: SocketAddr,
    connections: usize,
    requests: Vec<Vec<u8>>,
    expected: u16,
) -> anyhow::Result<Duration> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let connected = Arc::new(Barrier::new(connections + 1));
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let (requests, next, connected) = (requests.clone(), next.clone(), connected.clone());
        let mut connection = Connection::open(address).await?;
        senders.spawn(async move {
            connected.wait().await;
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = connection.exchange(request).await?;
                if answer.status != expected {
                    let says = String::from_utf8_lossy(&answer.body).into_owned();
                    bail!("the server under test answered {} instead of {expected}: {says}", answer.status);
                }
            }
            Ok(())
        });
    }
    connected.wait().await;
    let began = Instant::now();
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    Ok(began.elapsed())
}

/// So many in so much time, as a rate per second.
pub fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// So many connections, in words.
pub fn over(connections: usize) -> String {
    if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") }
}

/// The median of a few measurements; 0 of none.
pub fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    let middle = measured.len() / 2;
    match measured.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => measured[middle],
        _ => (measured[middle - 1] + measured[middle]) / 2.0,
    }
}

/// The median of so many answers, in milliseconds.
pub async fn p50(connection: &mut Connection, request: &[u8], times: usize) -> anyhow::Result<f64> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        let answer = connection.exchange(request).await?;
        anyhow::ensure!(answer.status == 200, "the server under test answered {}", answer.status);
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(median(took))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
