//! The first look at a file, before anything is imported: size, encoding, header, how many rows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::header::{Header, HeaderRefused, found, read_names};
use super::rows::Rows;
use sha2::{Digest, Sha256};

use super::{ImportLimits, ImportOptions, ImportRefused};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const PIECE: usize = 64 * 1024;
/// How much of the file the separator is guessed from.
const LONGEST_FIRST_LINE: usize = 64 * 1024;

/// A file that can be imported.
#[derive(Debug)]
pub struct Examined {
    /// Bytes in it.
    pub bytes: u64,
    /// The byte between cells.
    pub delimiter: u8,
    /// Its columns.
    pub header: Header,
    /// What it is known by.
    pub digest: [u8; 32],
}

/// A file that can be read, whatever its columns are.
#[derive(Debug)]
pub struct Outline {
    /// Bytes in it.
    pub bytes: u64,
    /// The byte between cells.
    pub delimiter: u8,
    /// The names of its columns.
    pub names: Vec<String>,
    /// Rows below them.
    pub rows: u64,
    /// SHA-256 of its bytes: what it is known by.
    pub digest: [u8; 32],
}

/// Looks a file through, without keeping any of it.
pub fn examine(file: &mut File, options: &ImportOptions) -> Result<Examined, ImportRefused> {
    let Outline { bytes, delimiter, names, digest, .. } = outline(file, options.limits)?;
    Ok(Examined { bytes, delimiter, header: Header::of(names, options.mapping.as_ref())?, digest })
}

/// Looks a file through before anybody has said what its columns are.
pub fn outline(file: &mut File, limits: ImportLimits) -> Result<Outline, ImportRefused> {
    let bytes = file.metadata()?.len();
    if bytes > limits.bytes {
        return Err(ImportRefused::TooLarge { limit: limits.bytes });
    }
    let digest = check_encoding(file)?;
    let delimiter = guess_delimiter(file)?;
    let mut lines = open(file, delimiter)?;
    let names = read_names(lines.next()?.as_ref())?;
    let mut rows = 0;
    while lines.next()?.is_some() {
        rows += 1;
        if rows > limits.rows {
            return Err(ImportRefused::TooManyRows { limit: limits.rows });
        }
    }
    if rows == 0 {
        return Err(HeaderRefused::NothingBelow(found(&names)).into());
    }
    Ok(Outline { bytes, delimiter, names, rows, digest })
}

/// The rows of the file from its beginning, the header first.
pub fn open(file: &mut File, delimiter: u8) -> io::Result<Rows<&mut File>> {
    let mut mark = [0; BYTE_ORDER_MARK.len()];
    file.rewind()?;
    let begins = read_up_to(file, &mut mark)?;
    let text = if &mark[..begins] == BYTE_ORDER_MARK { BYTE_ORDER_MARK.len() as u64 } else { 0 };
    file.seek(SeekFrom::Start(text))?;
    Ok(Rows::new(file, delimiter))
}

/// Only UTF-8 is read: what other encodings look like is guesswork, and a wrong guess is somebody's wrong name. What the file
/// is known by.
fn check_encoding(file: &mut File) -> Result<[u8; 32], ImportRefused> {
    file.rewind()?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    // Bytes of a character that the last piece cut in two.
    let mut carried = 0;
    let mut offset = 0;
    loop {
        let read = read_up_to(file, &mut piece[carried..])?;
        digest.update(&piece[carried..carried + read]);
        let bytes = &piece[..carried + read];
        if offset == 0 {
            refuse_utf16(bytes)?;
        }
        match std::str::from_utf8(bytes) {
            Ok(_) if read == 0 => return Ok(digest.finalize().into()),
            Ok(_) => {
                offset += bytes.len() as u64;
                carried = 0;
            }
            Err(error) if error.error_len().is_none() && read > 0 => {
                let (from, to) = (error.valid_up_to(), bytes.len());
                offset += from as u64;
                carried = to - from;
                piece.copy_within(from..to, 0);
            }
            Err(error) => {
                let offset = offset + error.valid_up_to() as u64;
                return Err(ImportRefused::Encoding { offset, seems: "Latin-1 or Windows-1252" });
            }
        }
    }
}

fn refuse_utf16(beginning: &[u8]) -> Result<(), ImportRefused> {
    let seems = "UTF-16";
    if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
        return Err(ImportRefused::Encoding { offset: 0, seems });
    }
    // Without a mark, every second byte of Latin text is zero.
    match beginning.get(..4) {
        Some([0, first, 0, second]) if *first != 0 && *second != 0 => {
            Err(ImportRefused::Encoding { offset: 0, seems })
        }
        Some([first, 0, second, 0]) if *first != 0 && *second != 0 => {
            Err(ImportRefused::Encoding { offset: 1, seems })
        }
        _ => Ok(()),
    }
}

/// Whichever of comma, semicolon and tab stands most often in the first line, outside quotes.
fn guess_delimiter(file: &mut File) -> io::Result<u8> {
    file.rewind()?;
    let mut beginning = vec![0; LONGEST_FIRST_LINE];
    let length = read_up_to(file, &mut beginning)?;
    let (mut in_quotes, mut commas, mut semicolons, mut tabs) = (false, 0, 0, 0);
    for byte in &beginning[..length] {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b'\n' | b'\r' if !in_quotes => break,
            b',' if !in_quotes => commas += 1,
            b';' if !in_quotes => semicolons += 1,
            b'\t' if !in_quotes => tabs += 1,
            _ => {}
        }
    }
    let most =
        [(tabs, b'\t'), (semicolons, b';'), (commas, b',')].into_iter().max_by_key(|(count, _)| *count);
    Ok(most.map_or(b',', |(_, delimiter)| delimiter))
}

fn read_up_to(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read(&mut into[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::ImportLimits;
    use super::*;

    fn examined(content: &[u8]) -> Result<Examined, ImportRefused> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let limits = ImportLimits { bytes: 300_000, rows: 3, ..ImportLimits::default() };
        examine(&mut file, &ImportOptions { mapping: None, limits })
    }

    #[test]
    fn comma_semicolon_and_tab_are_told_apart_and_a_mark_is_no_text() {
        for (content, delimiter) in [
            ("phone,a;b\n1,2", b','),
            ("\u{feff}phone;\"a,b,c\";d\n1;2;3", b';'),
            ("phone\ta\n1\t2", b'\t'),
            ("phone\n1", b','),
        ] {
            let examined = examined(content.as_bytes()).unwrap();
            assert_eq!(examined.delimiter, delimiter);
            assert_eq!(examined.header.names[0], "phone");
        }
    }

    #[test]
    fn other_encodings_are_refused_with_the_first_bad_place() {
        let offset = |content: &[u8]| match examined(content) {
            Err(ImportRefused::Encoding { offset, seems }) => (offset, seems),
            other => panic!("{other:?}"),
        };
        assert_eq!(offset(b"phone,n\n1,Zo\xeb\n"), (12, "Latin-1 or Windows-1252"));
        assert_eq!(offset(b"\xff\xfep\0h\0"), (0, "UTF-16"));
        assert_eq!(offset(b"p\0h\0o\0n\0e\0\n\0"), (1, "UTF-16"));
        let mut far = vec![b'x'; PIECE - 1];
        far.extend("é".as_bytes());
        far.push(0xff);
        assert_eq!(offset(&far), (PIECE as u64 + 1, "Latin-1 or Windows-1252"));
    }

    #[test]
    fn too_much_is_refused_before_anything_is_imported() {
        assert!(matches!(examined(b"phone\n1\n2\n3\n4\n"), Err(ImportRefused::TooManyRows { limit: 3 })));
        assert!(matches!(examined(&vec![b'x'; 300_001]), Err(ImportRefused::TooLarge { limit: 300_000 })));
        assert!(examined(b"phone\n1\n2\n3\n\n\n").is_ok());
    }

    #[test]
    fn nothing_and_a_header_alone_are_refused() {
        assert!(matches!(examined(b""), Err(ImportRefused::Header(HeaderRefused::Empty))));
        assert!(matches!(
            examined(b"phone,x\n\n"),
            Err(ImportRefused::Header(HeaderRefused::NothingBelow(_)))
        ));
    }
}
