//! The rows of a CSV file, read with bounded memory. A broken row costs itself, not the rest of the file.

use std::io::{self, Read};

/// Bytes of a cell, at most.
pub const LONGEST_CELL: usize = 4 * 1024;
/// Bytes of a row, at most; also how far the end of a quoted cell is looked for.
pub const LONGEST_ROW: usize = 256 * 1024;
/// How much is read from the file at once.
const PIECE: usize = 256 * 1024;
/// How much of a row that has no end is kept to be shown.
const KEPT_OF_ENDLESS: usize = 4 * 1024;

/// Why a row cannot be read as CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A quoted cell is not closed, or goes on behind its closing quote.
    #[error(
        "a quotation mark is not closed, or text follows behind a closing one; write a quote inside a cell twice"
    )]
    BrokenQuotes,
    /// Other than the header.
    #[error(
        "the row has {found} cells, the header has {expected}; put cells that contain the separator in quotes"
    )]
    WrongCellCount {
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// A zero byte.
    #[error("the row contains a NUL character, which is no text")]
    Nul,
    /// A cell is larger than `LONGEST_CELL`.
    #[error("a cell is longer than 4096 bytes")]
    CellTooLong,
    /// The row is larger than `LONGEST_ROW`.
    #[error("the row is longer than 262144 bytes")]
    RowTooLong,
    /// Bytes that are not UTF-8.
    #[error("the row is not text in UTF-8")]
    NotText,
}

impl Malformed {
    /// The reason in one word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BrokenQuotes => "broken_quotes",
            Self::WrongCellCount { .. } => "wrong_cell_count",
            Self::Nul => "nul_character",
            Self::CellTooLong => "cell_too_long",
            Self::RowTooLong => "row_too_long",
            Self::NotText => "encoding",
        }
    }
}

/// One row.
#[derive(Debug)]
pub struct Row<'a> {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// As it is in the file; only the beginning where it is `RowTooLong`.
    pub raw: &'a [u8],
    /// Its cells without quotes.
    pub cells: Result<&'a Cells, Malformed>,
}

/// The cells of a row, in memory that is used again for the next row.
#[derive(Debug, Default)]
pub struct Cells {
    text: String,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them; empty beyond the last.
    pub fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn longest(&self) -> usize {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| end - start).max().unwrap_or(0)
    }

    /// Checks what the shape of the row does not show.
    fn finish(&mut self) -> Result<(), Malformed> {
        if self.bytes.len() > LONGEST_CELL && self.longest() > LONGEST_CELL {
            return Err(Malformed::CellTooLong);
        }
        if self.bytes.contains(&0) {
            return Err(Malformed::Nul);
        }
        let text = std::str::from_utf8(&self.bytes).map_err(|_| Malformed::NotText)?;
        self.text.clear();
        self.text.push_str(text);
        Ok(())
    }
}

/// Reads rows one after the other.
#[derive(Debug)]
pub struct Rows<R> {
    input: R,
    delimiter: u8,
    columns: Option<usize>,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    line: u64,
    offset: u64,
    cells: Cells,
    endless: Vec<u8>,
}

/// What was found at the start of some bytes.
enum Scan {
    /// A row, and how many line breaks it has inside.
    Row { end: usize, next: usize, breaks: u64 },
    /// The bytes end before the row does.
    More,
    /// The quotes make no sense.
    Broken,
}

impl<R: Read> Rows<R> {
    /// Reads `input`, which begins on line 1, with this byte between cells.
    pub fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            columns: None,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            line: 1,
            offset: 0,
            cells: Cells::default(),
            endless: Vec::new(),
        }
    }

    /// From now on rows with another number of cells are malformed.
    pub fn expect_columns(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    /// How many bytes were read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next row; lines with nothing on them are no rows.
    pub fn next(&mut self) -> io::Result<Option<Row<'_>>> {
        loop {
            let rest = &self.buffer[self.start..];
            if rest.is_empty() && self.ended {
                return Ok(None);
            }
            match scan(rest, self.ended, self.delimiter, &mut self.cells) {
                Scan::Row { end: 0, next, .. } => {
                    self.step_over(next, 1);
                }
                Scan::Row { end, next, breaks } => return Ok(Some(self.row(end, next, breaks))),
                Scan::More if rest.len() < LONGEST_ROW => self.fill()?,
                Scan::More if first_line(rest).is_none() => return self.endless_row().map(Some),
                Scan::More | Scan::Broken => match first_line(rest) {
                    Some((end, next)) => {
                        let (line, from) = (self.line, self.start);
                        self.step_over(next, 1);
                        let raw = &self.buffer[from..from + end];
                        return Ok(Some(Row { line, raw, cells: Err(Malformed::BrokenQuotes) }));
                    }
                    None if self.ended => {
                        let (line, from) = (self.line, self.start);
                        self.step_over(self.buffer.len() - from, 1);
                        return Ok(Some(Row {
                            line,
                            raw: &self.buffer[from..],
                            cells: Err(Malformed::BrokenQuotes),
                        }));
                    }
                    None if rest.len() >= LONGEST_ROW => return self.endless_row().map(Some),
                    None => self.fill()?,
                },
            }
        }
    }

    fn row(&mut self, end: usize, next: usize, breaks: u64) -> Row<'_> {
        let (line, from) = (self.line, self.start);
        self.step_over(next, breaks + 1);
        let shape = self.cells.finish().and_then(|()| match self.columns {
            Some(expected) if expected != self.cells.len() => {
                Err(Malformed::WrongCellCount { found: self.cells.len(), expected })
            }
            _ if end > LONGEST_ROW => Err(Malformed::RowTooLong),
            _ => Ok(()),
        });
        Row { line, raw: &self.buffer[from..from + end], cells: shape.map(|()| &self.cells) }
    }

    /// A line without an end in sight: steps over it and keeps its beginning.
    fn endless_row(&mut self) -> io::Result<Row<'_>> {
        let line = self.line;
        let rest = &self.buffer[self.start..];
        self.endless.clear();
        self.endless.extend_from_slice(&rest[..rest.len().min(KEPT_OF_ENDLESS)]);
        loop {
            match first_line(&self.buffer[self.start..]) {
                Some((_, next)) => {
                    self.step_over(next, 1);
                    break;
                }
                None => self.step_over(self.buffer.len() - self.start, 0),
            }
            if self.ended {
                break;
            }
            self.fill()?;
        }
        Ok(Row { line, raw: &self.endless, cells: Err(Malformed::RowTooLong) })
    }

    fn step_over(&mut self, bytes: usize, lines: u64) {
        self.start += bytes;
        self.offset += bytes as u64;
        self.line += lines;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let read = self.input.by_ref().take(PIECE as u64).read_to_end(&mut self.buffer)?;
        self.ended = read < PIECE;
        Ok(())
    }
}

fn scan(bytes: &[u8], ended: bool, delimiter: u8, cells: &mut Cells) -> Scan {
    cells.clear();
    let (mut at, mut breaks) = (0, 0);
    loop {
        if bytes.get(at) == Some(&b'"') {
            at = match quoted(bytes, at + 1, ended, &mut cells.bytes) {
                Quoted::Closed { next } => next,
                Quoted::More => return Scan::More,
                Quoted::Unclosed => return Scan::Broken,
            };
            let start = cells.ends.last().copied().unwrap_or(0);
            breaks += line_breaks(&cells.bytes[start..]);
        } else {
            let length =
                bytes[at..].iter().position(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r'));
            let end = length.map_or(bytes.len(), |length| at + length);
            cells.bytes.extend_from_slice(&bytes[at..end]);
            at = end;
        }
        cells.ends.push(cells.bytes.len());
        match bytes.get(at) {
            None if ended => return Scan::Row { end: at, next: at, breaks },
            None => return Scan::More,
            Some(byte) if *byte == delimiter => at += 1,
            Some(b'\n') => return Scan::Row { end: at, next: at + 1, breaks },
            Some(b'\r') => match bytes.get(at + 1) {
                None if !ended => return Scan::More,
                Some(b'\n') => return Scan::Row { end: at, next: at + 2, breaks },
                _ => return Scan::Row { end: at, next: at + 1, breaks },
            },
            Some(_) => return Scan::Broken,
        }
    }
}

enum Quoted {
    Closed { next: usize },
    More,
    Unclosed,
}

/// The rest of a cell that began with a quote.
fn quoted(bytes: &[u8], mut at: usize, ended: bool, cell: &mut Vec<u8>) -> Quoted {
    let open = if ended { Quoted::Unclosed } else { Quoted::More };
    loop {
        let Some(length) = bytes[at..].iter().position(|byte| *byte == b'"') else { return open };
        cell.extend_from_slice(&bytes[at..at + length]);
        at += length + 1;
        match bytes.get(at) {
            Some(b'"') => {
                cell.push(b'"');
                at += 1;
            }
            None if !ended => return Quoted::More,
            _ => return Quoted::Closed { next: at },
        }
    }
}

/// Where the first line ends and the next begins.
fn first_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let both = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
    Some((end, end + 1 + usize::from(both)))
}

fn line_breaks(text: &[u8]) -> u64 {
    let mut breaks = 0;
    for (at, byte) in text.iter().enumerate() {
        breaks += u64::from(*byte == b'\n' || *byte == b'\r' && text.get(at + 1) != Some(&b'\n'));
    }
    breaks
}

#[cfg(test)]
mod tests;
