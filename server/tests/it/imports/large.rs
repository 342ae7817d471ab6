//! A hundred thousand rows: the books balance all the time, and memory does not grow with the file.

use std::fmt::Write;
use std::fs;

use prospectai::store::imports::ImportStatus;

use super::world::World;

const ROWS: u64 = 100_000;
const MOST_GROWTH_KIB: u64 = 64 * 1024;

/// Memory is that of a process, so the work is done in one where no other test runs.
#[tokio::test]
async fn a_hundred_thousand_rows_in_bounded_memory() {
    let this = std::env::current_exe().unwrap();
    let alone = ["--exact", "imports::large::alone_in_a_process", "--ignored", "--nocapture"];
    let output = tokio::process::Command::new(this).args(alone).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the measurement was found under its name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by a_hundred_thousand_rows_in_bounded_memory"]
async fn alone_in_a_process() {
    super::world::on_both(import_many).await;
}

async fn import_many(world: World) {
    let file = super::world::file_of(rows(ROWS).as_bytes());
    let before = resident_kib();
    let began = std::time::Instant::now();
    let options = prospectai::actions::imports::ImportOptions::default();
    let started =
        world.actions.start_import(world.actor.clone(), world.campaign, file, options).await.unwrap();
    let mut changes = world.actions.live.subscribe(None).changes;
    let mut progress = world.actions.import_progress(started.id).unwrap();
    let (mut seen, mut peak) = (0, before);
    while progress.changed().await.is_ok() {
        let import = progress.borrow_and_update().clone();
        assert_eq!(import.rows, import.added + import.merged + import.rejected);
        assert!(import.bytes_read <= import.bytes);
        seen += 1;
        peak = peak.max(resident_kib());
        if import.status != ImportStatus::Running {
            break;
        }
    }
    println!("{:.0} rows/s", ROWS as f64 / began.elapsed().as_secs_f64());
    assert!(seen >= 10, "progress was seen {seen} times");
    assert!(changes.recv().await.is_ok(), "open pages are told");
    let growth = peak - before;
    println!("memory grew by {growth} KiB");
    assert!(growth < MOST_GROWTH_KIB, "memory grew by {growth} KiB");
    let import = world.actions.import_finished(world.actor.workspace, started.id).await.unwrap().unwrap();
    assert_eq!((import.status, import.rows, import.rejected), (ImportStatus::Completed, ROWS, 0));
    assert_eq!((import.added, import.merged), (ROWS, 0));
    let known = world.actions.store.count_prospects(world.campaign, &Default::default()).await.unwrap();
    assert_eq!(known, ROWS);
}

/// A file of that many people, each with a number of their own.
pub fn rows(count: u64) -> String {
    let mut file = "phone,first name,last name,e-mail,company,title,city\n".to_owned();
    for row in 0..count {
        let (exchange, line) = (200 + row / 10_000, row % 10_000);
        writeln!(
            file,
            "+1 617-{exchange:03}-{line:04},Ada,Abbott {row},row{row}@example.com,Alder Supply,Owner,Boston"
        )
        .unwrap();
    }
    file
}

/// Memory of this process, in KiB.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
