//! Refused rows: written down so that they can be shown, corrected and sent again.

use super::rows::{Malformed, Row, Rows};
use crate::store::imports::RejectRecord;

/// Bytes of a refused row that are kept.
const LONGEST_CONTENT: usize = 16 * 1024;

/// A row that was read, and is refused for what it says.
pub fn refused<'a>(
    line: u64,
    cells: impl Iterator<Item = &'a str>,
    code: &str,
    reason: String,
) -> RejectRecord {
    RejectRecord { line, code: code.to_owned(), reason, content: content_of(cells) }
}

/// A row that could not be read. A row with a wrong number of cells keeps them where they can be told apart.
pub fn malformed(row: &Row<'_>, malformed: Malformed, delimiter: u8) -> RejectRecord {
    let whole = shorten(&String::from_utf8_lossy(row.raw).replace('\0', "\u{fffd}")).to_owned();
    let has_cells = matches!(malformed, Malformed::WrongCellCount { .. }) && delimiter == b',';
    let content = if has_cells { whole } else { content_of(std::iter::once(whole.as_str())) };
    RejectRecord { line: row.line, code: malformed.code().to_owned(), reason: malformed.to_string(), content }
}

/// Cells as a row of CSV, without a line end.
pub fn content_of<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut content = String::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            content.push(',');
        }
        let room = LONGEST_CONTENT.saturating_sub(content.len());
        push_cell(&mut content, if cell.len() > room { shorten(&cell[..floor(cell, room)]) } else { cell });
    }
    content
}

/// The cells of `content_of`.
pub fn cells_of(content: &str) -> Vec<String> {
    let mut rows = Rows::new(content.as_bytes(), b',');
    match rows.next() {
        Ok(Some(Row { cells: Ok(cells), .. })) => cells.iter().map(str::to_owned).collect(),
        _ => vec![content.to_owned()],
    }
}

/// Writes one cell of CSV, in quotes where it needs them (RFC 4180).
pub fn push_cell(row: &mut String, cell: &str) {
    if cell.contains(['"', ',', '\n', '\r']) {
        row.push('"');
        row.push_str(&cell.replace('"', "\"\""));
        row.push('"');
    } else {
        row.push_str(cell);
    }
}

fn shorten(text: &str) -> &str {
    &text[..floor(text, LONGEST_CONTENT)]
}

/// The last border between two characters up to `most` bytes.
fn floor(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for cells in [vec!["a", "b,c", "say \"hi\"", "two\nlines", ""], vec!["=1+1"], vec!["", "\"", ","]] {
            assert_eq!(cells_of(&content_of(cells.iter().copied())), cells);
        }
    }

    #[test]
    fn a_huge_row_is_cut_between_characters() {
        let huge = "é".repeat(LONGEST_CONTENT);
        assert!(content_of(["x", &huge, &huge].into_iter()).len() < LONGEST_CONTENT + 4);
    }
}
