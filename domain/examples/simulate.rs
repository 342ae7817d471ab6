//! Runs the simulation by hand: many seeds, or one with its transcript.
//!
//! `cargo run -p domain --example simulate -- --seeds 0..100000`, or `-- --seed 4711 --trace [--mutant RescueArmed]`.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use simulation::mutant::Mutant;
use simulation::{run, run_all};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).map(String::as_str)
    };
    let mutant = value("--mutant").map(|name| {
        let found = Mutant::ALL.into_iter().find(|mutant| format!("{mutant:?}") == name);
        found.unwrap_or_else(|| panic!("no such mutant; there are {:?}", Mutant::ALL))
    });
    let failed = match value("--seed") {
        Some(seed) => {
            one(seed.parse().expect("--seed is a number"), mutant, arguments.iter().any(|it| it == "--trace"))
        }
        None => many(value("--seeds").unwrap_or("0..10000"), mutant),
    };
    std::process::exit(i32::from(failed));
}

fn one(seed: u64, mutant: Option<Mutant>, traced: bool) -> bool {
    let outcome = run(seed, mutant, traced);
    print!("{}", outcome.trace.unwrap_or_default());
    match &outcome.broken {
        Some(broken) => println!("seed {seed}: {broken}"),
        None => println!("seed {seed}: {} steps, {} rings, every promise kept", outcome.steps, outcome.rings),
    }
    outcome.broken.is_some()
}

fn many(seeds: &str, mutant: Option<Mutant>) -> bool {
    let (first, end) = seeds.split_once("..").expect("--seeds is FIRST..END");
    let seeds = first.parse().expect("a number")..end.parse().expect("a number");
    let summary = run_all(&seeds.collect::<Vec<u64>>(), mutant);
    for (rare, visits) in summary.visits.counts() {
        println!("{visits:>9}  {}", rare.words());
    }
    println!("{} runs, {} steps, {} rings", summary.runs, summary.steps, summary.rings);
    for (seed, broken) in &summary.broken {
        println!("seed {seed}: {broken}");
    }
    !summary.broken.is_empty()
}
