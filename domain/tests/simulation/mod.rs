//! The deterministic simulation: a whole installation in one thread and virtual time, driven by a seed.
//!
//! Servers, database and carrier are modelled; every decision is the domain's. See docs/simulation.md.

pub mod mutant;
pub mod rare;

mod carrier;
mod dialer;
mod news;
mod node;
mod oracle;
mod people;
mod random;
mod reconciler;
mod send;
mod setting;
mod tables;
mod world;

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

use mutant::Mutant;
use rare::Visits;
pub use world::run;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Summary {
    pub runs: u64,
    pub steps: u64,
    pub rings: u64,
    pub visits: Visits,
    /// Seeds that broke a promise, and which; in order.
    pub broken: Vec<(u64, String)>,
}

/// Runs seeds on all cores. The summary does not depend on which core ran which.
pub fn run_all(seeds: &[u64], mutant: Option<Mutant>) -> Summary {
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut summary = Summary::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(|| work(seeds, mutant, &next))).collect();
        for worker in workers {
            summary.add(worker.join().expect("a run does not panic"));
        }
    });
    summary.broken.sort();
    summary
}

fn work(seeds: &[u64], mutant: Option<Mutant>, next: &AtomicU64) -> Summary {
    let mut summary = Summary::default();
    while let Some(&seed) =
        seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("an index"))
    {
        let outcome = run(seed, mutant, false);
        summary.runs += 1;
        summary.steps += outcome.steps;
        summary.rings += outcome.rings as u64;
        summary.visits.add(&outcome.visits);
        summary.broken.extend(outcome.broken.map(|broken| (seed, broken)));
    }
    summary
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.rings += other.rings;
        self.visits.add(&other.visits);
        self.broken.extend(other.broken);
    }
}
