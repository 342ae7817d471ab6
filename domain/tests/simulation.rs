//! Ten thousand installations, each with its own misfortunes, and a judge that knows what really rang. See docs/simulation.md.

#[path = "simulation/mod.rs"]
mod simulation;

use simulation::mutant::Mutant;
use simulation::{run, run_all};

/// Seeds that once broke a promise; they run first.
const REGRESSIONS: &[u64] = &[10_586, 10_691];

const SEEDS: std::ops::Range<u64> = 0..10_000;

#[test]
fn no_seed_breaks_a_promise_and_every_rare_state_is_visited() {
    let seeds: Vec<u64> = REGRESSIONS.iter().copied().chain(seeds_wanted().unwrap_or(SEEDS)).collect();
    let summary = run_all(&seeds, None);
    println!("{} runs, {} steps, {} rings", summary.runs, summary.steps, summary.rings);
    for (rare, visits) in summary.visits.counts() {
        println!("{visits:>9}  {}", rare.words());
    }
    let broken: Vec<String> =
        summary.broken.iter().map(|(seed, what)| format!("seed {seed}: {what}")).collect();
    assert!(
        broken.is_empty(),
        "{} seeds broke a promise:\n{}",
        broken.len(),
        broken[..broken.len().min(10)].join("\n")
    );
    if seeds_wanted().is_none() {
        let never = summary.visits.counts().filter(|(_, visits)| *visits == 0);
        let never: Vec<&str> = never.map(|(rare, _)| rare.words()).collect();
        assert!(never.is_empty(), "never visited: {never:#?}");
    }
}

#[test]
fn every_broken_world_is_found() {
    const MOST_SEEDS: u64 = 10_000;
    const AT_ONCE: u64 = 20;
    for mutant in Mutant::ALL {
        let found = (0..MOST_SEEDS).step_by(AT_ONCE as usize).find_map(|first| {
            let seeds: Vec<u64> = (first..first + AT_ONCE).collect();
            run_all(&seeds, Some(mutant)).broken.into_iter().next()
        });
        let (seed, what) = found.unwrap_or_else(|| panic!("{mutant:?} was not found in {MOST_SEEDS} seeds"));
        println!("{mutant:?}: seed {seed}: {what}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| run(seed, None, true).trace.expect("a traced run"));
        assert!(first.len() > 100, "seed {seed} did nothing");
        assert!(first == second, "seed {seed} ran differently");
    }
}

/// `SIMULATION_SEEDS=1000..2000` runs those instead.
fn seeds_wanted() -> Option<std::ops::Range<u64>> {
    let text = std::env::var("SIMULATION_SEEDS").ok()?;
    let (first, end) = text.split_once("..").expect("SIMULATION_SEEDS is FIRST..END");
    Some(first.parse().expect("a number")..end.parse().expect("a number"))
}
