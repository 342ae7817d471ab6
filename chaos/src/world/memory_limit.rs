//! A limit of memory that the kernel holds a process to: a control group below the one that this program is in.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// A control group with a limit; removed when dropped.
pub struct MemoryLimit {
    folder: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

impl MemoryLimit {
    /// A group for at most so many bytes, or why there can be none.
    pub fn of(bytes: u64) -> anyhow::Result<Self> {
        let (parent, version) = own_group()?;
        let folder = parent.join(format!("prospectai-chaos-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let limit = Self { folder, version };
        let (most, swap) = match version {
            Version::One => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
            Version::Two => ("memory.max", "memory.swap.max"),
        };
        std::fs::write(limit.folder.join(most), bytes.to_string()).context("the limit cannot be set")?;
        // Where the kernel does not count swap there is no such file.
        let swap_bytes = if version == Version::One { bytes } else { 0 };
        let _ = std::fs::write(limit.folder.join(swap), swap_bytes.to_string());
        Ok(limit)
    }

    /// What a process has to be started by, to be in the group from its first byte on.
    pub fn entrance(&self) -> [String; 4] {
        let enter = format!("echo $$ > '{}' && exec \"$@\"", self.folder.join("cgroup.procs").display());
        ["sh".to_owned(), "-c".to_owned(), enter, "sh".to_owned()]
    }

    /// How often the kernel killed somebody in it.
    pub fn kills(&self) -> anyhow::Result<u64> {
        let file = if self.version == Version::One { "memory.oom_control" } else { "memory.events" };
        let text = std::fs::read_to_string(self.folder.join(file))?;
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.trim().parse().ok()).context("the kernel does not count kills")
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir(&self.folder) {
            eprintln!("{} could not be removed: {error}", self.folder.display());
        }
    }
}

fn own_group() -> anyhow::Result<(PathBuf, Version)> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").context("there are no control groups")?;
    let path_of = |controller: &str| {
        groups.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers
                .split(',')
                .any(|one| one == controller)
                .then(|| path.trim_start_matches('/').to_owned())
        })
    };
    if let Some(path) = path_of("memory") {
        return Ok((Path::new("/sys/fs/cgroup/memory").join(path), Version::One));
    }
    let group = Path::new("/sys/fs/cgroup").join(path_of("").context("this process is in no group")?);
    let given = std::fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
    if !given.split_whitespace().any(|controller| controller == "memory") {
        bail!("the group of this process hands no limit of memory on");
    }
    Ok((group, Version::Two))
}
