//! What the reader makes of good and of broken files.

use super::*;

/// Each row as `line: cells joined by |` or `line: code`.
fn read(file: &[u8]) -> Vec<String> {
    read_with(file, None)
}

fn read_with(file: &[u8], columns: Option<usize>) -> Vec<String> {
    let mut rows = Rows::new(file, b',');
    if let Some(columns) = columns {
        rows.expect_columns(columns);
    }
    let mut seen = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let what = match row.cells {
            Ok(cells) => cells.iter().collect::<Vec<_>>().join("|"),
            Err(malformed) => malformed.code().to_owned(),
        };
        seen.push(format!("{}: {what}", row.line));
    }
    assert_eq!(rows.offset(), file.len() as u64);
    seen
}

#[test]
fn every_kind_of_line_end_ends_a_row_and_empty_lines_are_none() {
    assert_eq!(read(b"a,b\r\nc,d\n\n\re,f\r\n\r\ng,"), ["1: a|b", "2: c|d", "5: e|f", "7: g|"]);
    assert!(read(b"").is_empty());
    assert!(read(b"\n\r\n").is_empty());
}

#[test]
fn quoted_cells_hold_separators_quotes_and_line_breaks() {
    assert_eq!(
        read(b"\"a,b\",\"say \"\"hi\"\"\"\n\"x\r\ny\",\"\"\nend,1"),
        ["1: a,b|say \"hi\"", "2: x\r\ny|", "4: end|1"]
    );
    assert_eq!(read(b"5\" pipe,a\"b\"\n"), ["1: 5\" pipe|a\"b\""]);
}

#[test]
fn a_broken_quote_costs_one_line() {
    assert_eq!(read(b"\"a,b\nc,d\ne,f\n"), ["1: broken_quotes", "2: c|d", "3: e|f"]);
    assert_eq!(read(b"\"a\"x,b\nc,d\n"), ["1: broken_quotes", "2: c|d"]);
    assert_eq!(read(b"a,\"b"), ["1: broken_quotes"]);
}

#[test]
fn a_broken_quote_costs_one_line_also_in_a_large_file() {
    let mut file = b"\"open,b\n".to_vec();
    let rows = 2 * LONGEST_ROW / 4;
    file.extend(b"c,d\n".repeat(rows));
    let seen = read(&file);
    assert_eq!(seen[..2], ["1: broken_quotes", "2: c|d"]);
    assert_eq!(seen.len(), rows + 1);
}

#[test]
fn other_cell_counts_nul_and_what_is_no_text_are_malformed() {
    assert_eq!(
        read_with(b"a,b\nc\nd,e,f\n", Some(2)),
        ["1: a|b", "2: wrong_cell_count", "3: wrong_cell_count"]
    );
    assert_eq!(read(b"a\0,b\n\xff,b\n"), ["1: nul_character", "2: encoding"]);
}

#[test]
fn large_cells_and_endless_rows_are_malformed_and_not_kept_in_memory() {
    let cell = "x".repeat(LONGEST_CELL + 1);
    assert_eq!(read(format!("{cell},b\nc,d\n").as_bytes()), ["1: cell_too_long", "2: c|d"]);
    let mut file = vec![b'x'; 50 * LONGEST_ROW];
    file.extend(b"\nc,d\n");
    let mut rows = Rows::new(&file[..], b',');
    assert_eq!(rows.next().unwrap().unwrap().cells.unwrap_err(), Malformed::RowTooLong);
    assert_eq!(rows.next().unwrap().unwrap().line, 2);
    assert!(rows.buffer.capacity() <= 2 * (LONGEST_ROW + PIECE));
}

#[test]
fn rows_over_the_border_of_two_reads_are_whole() {
    let row = "0123456789,\"abc\r\ndef\"\r\n";
    let file = row.repeat(3 * PIECE / row.len());
    let mut rows = Rows::new(file.as_bytes(), b',');
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        assert_eq!(row.cells.unwrap().iter().collect::<Vec<_>>(), ["0123456789", "abc\r\ndef"]);
        assert_eq!(row.line, 1 + 2 * count);
        count += 1;
    }
    assert_eq!(count as usize, 3 * PIECE / row.len());
}
