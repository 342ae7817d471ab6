//! What is kept outside the database, in the data folder, so that an older copy of the database can be told: how far the
//! history had come, and every opt-out. Both are synced to disk before they return, and nothing here deletes them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

const MARKER_FILE: &str = "history.log";
const OPT_OUT_FILE: &str = "opt-outs.log";
/// Every marker has this many bytes, so that one that was torn by a loss of power cannot spoil the next.
const MARKER_BYTES: usize = 128;
/// The file of markers is cut back to its newest one when it has grown to this size.
const LARGEST_MARKER_FILE: u64 = 1024 * 1024;

/// How far the history of an installation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Which installation.
    pub installation: Uuid,
    /// Counts the quarantines that were resumed, from 1.
    pub timeline: i64,
    /// Counts armed calls and opt-outs.
    pub number: i64,
}

impl Marker {
    /// Whether more was done than `other` knows of. Only markers of one installation can be compared.
    pub fn is_beyond(&self, other: &Self) -> bool {
        (self.timeline, self.number) > (other.timeline, other.number)
    }
}

/// One change of the do-not-call list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    /// When, RFC 3339.
    pub at: String,
    /// In which workspace, as shown.
    pub workspace: String,
    /// The number in E.164.
    pub number: String,
    /// Put on the list; `false` when it was taken off.
    pub listed: bool,
    /// Where it came from.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// The folder and its two files. They are opened anew each time: whoever moves them away must not be written to.
#[derive(Debug, Clone)]
pub struct Outside {
    folder: PathBuf,
}

impl Outside {
    /// The files in this folder, which is made when it is missing; when it cannot be, writing will say so. Later it is not
    /// made anew: one that was moved away would come back empty.
    pub fn in_folder(folder: &Path) -> Self {
        let _ = std::fs::create_dir_all(folder);
        Self { folder: folder.to_owned() }
    }

    /// The newest marker: of the installation that wrote last, the one that is furthest.
    pub fn newest_marker(&self) -> io::Result<Option<Marker>> {
        match File::open(self.folder.join(MARKER_FILE)) {
            Ok(mut file) => newest(&mut file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes down how far the history has come; it is on disk when this returns.
    pub fn write_marker(&self, marker: &Marker) -> io::Result<()> {
        let mut file = self.open(MARKER_FILE)?;
        // Two nodes may share a folder.
        file.lock()?;
        let mut line = serde_json::to_vec(marker)?;
        line.resize(MARKER_BYTES - 1, b' ');
        line.push(b'\n');
        let whole = file.metadata()?.len() / MARKER_BYTES as u64 * MARKER_BYTES as u64;
        file.seek(SeekFrom::Start(whole))?;
        file.write_all(&line)?;
        file.sync_data()?;
        if whole >= LARGEST_MARKER_FILE {
            // The newest is at the end until it is safely at the beginning.
            let newest = newest(&mut file)?.unwrap_or(*marker);
            let mut line = serde_json::to_vec(&newest)?;
            line.resize(MARKER_BYTES - 1, b' ');
            line.push(b'\n');
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&line)?;
            file.sync_data()?;
            file.set_len(MARKER_BYTES as u64)?;
            file.sync_data()?;
        }
        Ok(())
    }

    /// Writes down changes of the do-not-call list; they are on disk when this returns.
    pub fn note_opt_outs(&self, changes: &[OptOut]) -> io::Result<()> {
        let mut file = self.open(OPT_OUT_FILE)?;
        file.lock()?;
        let mut text = Vec::new();
        if !ends_a_line(&mut file)? {
            text.push(b'\n');
        }
        for change in changes {
            serde_json::to_writer(&mut text, change)?;
            text.push(b'\n');
        }
        file.seek(SeekFrom::End(0))?;
        file.write_all(&text)?;
        file.sync_data()
    }

    /// Every change of the do-not-call list that was written down, oldest first, and how many lines cannot be read.
    pub fn opt_outs(&self) -> io::Result<(Vec<OptOut>, usize)> {
        read_opt_outs(&self.folder.join(OPT_OUT_FILE))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        // Numbers of people who want to be left alone are for nobody else.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.create(true).truncate(false).open(&path)?;
        // The name must survive a loss of power too.
        #[cfg(unix)]
        File::open(&self.folder)?.sync_all()?;
        Ok(file)
    }
}

/// Reads a journal of opt-outs, which need not be there.
pub fn read_opt_outs(path: &Path) -> io::Result<(Vec<OptOut>, usize)> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read: Vec<_> = lines.map(serde_json::from_slice::<OptOut>).collect();
    let unreadable = read.iter().filter(|line| line.is_err()).count();
    Ok((read.into_iter().flatten().collect(), unreadable))
}

fn newest(file: &mut File) -> io::Result<Option<Marker>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut text)?;
    let markers: Vec<Marker> =
        text.chunks(MARKER_BYTES).filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let Some(last) = markers.last().copied() else { return Ok(None) };
    let same = markers.into_iter().filter(|marker| marker.installation == last.installation);
    Ok(same.max_by_key(|marker| (marker.timeline, marker.number)))
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(timeline: i64, number: i64) -> Marker {
        Marker { installation: Uuid::from_u128(7), timeline, number }
    }

    fn opt_out(number: &str) -> OptOut {
        OptOut {
            at: "2027-01-01T00:00:00Z".into(),
            workspace: "wsp".into(),
            number: number.into(),
            listed: true,
            source: "api".into(),
            reason: "asked\nfor it".into(),
        }
    }

    #[test]
    fn the_furthest_marker_is_found_again_whatever_the_order_of_writing() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = Outside::in_folder(&folder.path().join("not made yet"));
        assert_eq!(outside.newest_marker().expect("read"), None);
        for written in [marker(1, 5), marker(2, 3), marker(1, 9)] {
            outside.write_marker(&written).expect("written");
        }
        assert_eq!(outside.newest_marker().expect("read"), Some(marker(2, 3)));
        let other = Marker { installation: Uuid::from_u128(8), ..marker(1, 1) };
        outside.write_marker(&other).expect("written");
        assert_eq!(outside.newest_marker().expect("read"), Some(other));
    }

    #[test]
    fn a_folder_that_was_moved_away_is_not_made_anew() {
        let parent = tempfile::tempdir().expect("a folder");
        let data = parent.path().join("data");
        let outside = Outside::in_folder(&data);
        std::fs::rename(&data, parent.path().join("away")).expect("moved");
        outside.write_marker(&marker(1, 1)).expect_err("nowhere to write");
        assert!(!data.exists());
    }

    #[test]
    fn a_torn_marker_spoils_neither_the_one_before_nor_the_one_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = Outside::in_folder(folder.path());
        outside.write_marker(&marker(1, 5)).expect("written");
        let path = folder.path().join(MARKER_FILE);
        let mut torn = OpenOptions::new().append(true).open(&path).expect("open");
        torn.write_all(b"{\"installation\":\"0").expect("torn");
        assert_eq!(outside.newest_marker().expect("read"), Some(marker(1, 5)));
        outside.write_marker(&marker(1, 6)).expect("written");
        assert_eq!(outside.newest_marker().expect("read"), Some(marker(1, 6)));
    }

    #[test]
    fn the_file_of_markers_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = Outside::in_folder(folder.path());
        outside.write_marker(&marker(1, 5)).expect("written");
        let path = folder.path().join(MARKER_FILE);
        let line = std::fs::read(&path).expect("read");
        std::fs::write(&path, line.repeat(LARGEST_MARKER_FILE as usize / MARKER_BYTES)).expect("grown");
        outside.write_marker(&marker(1, 6)).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").len(), MARKER_BYTES as u64);
        assert_eq!(outside.newest_marker().expect("read"), Some(marker(1, 6)));
    }

    #[test]
    fn a_torn_opt_out_spoils_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = Outside::in_folder(folder.path());
        outside.note_opt_outs(&[opt_out("+12125550100")]).expect("written");
        let path = folder.path().join(OPT_OUT_FILE);
        OpenOptions::new().append(true).open(path).and_then(|mut it| it.write_all(b"{\"at")).expect("torn");
        outside.note_opt_outs(&[opt_out("+12125550101")]).expect("written");
        let (read, unreadable) = outside.opt_outs().expect("read");
        assert_eq!(read, [opt_out("+12125550100"), opt_out("+12125550101")]);
        assert_eq!(unreadable, 1);
    }
}
