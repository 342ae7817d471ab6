//! A folder whose files nobody can write, root neither, although a server has them open: `chattr +i`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// A sealed folder; open again when dropped.
pub struct Sealed {
    folder: PathBuf,
}

impl Sealed {
    /// Seals a folder and all in it, or says why it cannot.
    pub fn seal(folder: &Path) -> anyhow::Result<Self> {
        let mut probe = File::create(folder.join("probe"))?;
        let sealed = Self { folder: folder.to_owned() };
        change("+i", folder)?;
        if probe.write_all(b"x").is_ok() {
            bail!("this file system lets those write who have a sealed file open");
        }
        Ok(sealed)
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if let Err(error) = change("-i", &self.folder) {
            eprintln!("{error:#}");
        }
    }
}

fn change(how: &str, folder: &Path) -> anyhow::Result<()> {
    let said = Command::new("chattr").args(["-f", "-R", how]).arg(folder).output();
    let said = said.context("the program `chattr` is not there")?;
    if !said.status.success() {
        bail!("`chattr {how}` failed, which needs root and a file system that has it");
    }
    Ok(())
}
