//! Signals to children: by their process id, and never to one that was waited for already.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

/// Sends a signal to a child that still runs.
///
/// # Errors
/// The child is gone.
pub fn signal(child: &Child, signal: Signal) -> anyhow::Result<()> {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let id = id.context("the process is gone")?;
    kill_process(id, signal).context("the process could not be signalled")
}

/// Asks a child to end with `how`, and kills it when it has not after `patience`. Its exit status.
///
/// # Errors
/// The child is gone, or cannot be waited for.
pub async fn stop(child: &mut Child, how: Signal, patience: Duration) -> anyhow::Result<ExitStatus> {
    signal(child, how)?;
    if let Ok(ended) = tokio::time::timeout(patience, child.wait()).await {
        return Ok(ended?);
    }
    child.kill().await?;
    Ok(child.wait().await?)
}
