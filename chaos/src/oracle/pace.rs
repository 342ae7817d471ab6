//! How fast the network was asked to ring, from its own times.

use jiff::{SignedDuration, Timestamp};

use crate::world::phones::Ring;

/// The most calls that the network took within any stretch of this length, from an instant on.
pub fn most_within(ledger: &[Ring], from: Timestamp, stretch: SignedDuration) -> usize {
    let mut at: Vec<Timestamp> = ledger.iter().map(|ring| ring.created_at).filter(|at| *at >= from).collect();
    at.sort();
    let mut first = 0;
    let mut most = 0;
    for (last, now) in at.iter().enumerate() {
        while now.duration_since(at[first]) > stretch {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// Calls that the network took per second between two instants.
pub fn per_second(ledger: &[Ring], from: Timestamp, to: Timestamp) -> f64 {
    let taken = ledger.iter().filter(|ring| (from..to).contains(&ring.created_at)).count();
    taken as f64 / crate::clock::seconds_between(from, to).max(0.001)
}
