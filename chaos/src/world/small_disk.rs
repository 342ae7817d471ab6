//! A disk of a few megabytes, that can be filled and emptied.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// A mounted file system in memory; unmounted when dropped.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one of this many megabytes, or says why it cannot.
    pub fn mount(megabytes: u32) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("prospectai-chaos-disk.").tempdir()?;
        let size = format!("size={megabytes}m");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(folder.path()).output();
        let said = mount.context("the program `mount` is not there")?;
        if !said.status.success() {
            bail!(
                "a small disk could not be mounted, which needs root: {}",
                String::from_utf8_lossy(&said.stderr)
            );
        }
        Ok(Self { folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes every byte that is left.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = std::fs::File::create(self.ballast())?;
        let piece = vec![1_u8; 4096];
        loop {
            // Full is what is wanted; the last piece may fit in part.
            if std::io::Write::write_all(&mut ballast, &piece).is_err() {
                return Ok(());
            }
        }
    }

    /// Gives back what `fill` took.
    pub fn make_room(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.ballast()).context("the disk was not full")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is being killed may still have files open.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).output();
    }
}
