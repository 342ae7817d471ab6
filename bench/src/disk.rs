//! How long one durable commit takes on this disk: the floor under everything that answers only when it is kept.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use crate::load::median;

/// The median time, in milliseconds, to append 4 KiB and have it on the disk (`fdatasync`).
pub fn durable_commit(folder: &Path, times: usize) -> anyhow::Result<f64> {
    let path = folder.join("durable-commit");
    let mut file = File::create(&path)?;
    let block = [7; 4_096];
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(path)?;
    Ok(median(took))
}
