//! File descriptors of processes: of this one as many as it may have, of others as few as wanted.

use anyhow::Context as _;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

/// Raises the limit of this process as far as it goes; how many it has then.
pub fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // What cannot be raised stays as it is, and is told.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Lets a running process have no more than this many, until it or somebody else raises that again.
///
/// # Errors
/// The process is gone, or belongs to somebody else.
pub fn limit_descriptors(process: u32, most: u64) -> anyhow::Result<()> {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).context("not a process")?;
    // Children of ours have our hard limit; one that was lowered could not be raised again.
    let limit = Rlimit { current: Some(most), maximum: getrlimit(Resource::Nofile).maximum };
    prlimit(Some(process), Resource::Nofile, limit).map(|_| ()).context("the limit could not be set")
}
