//! A workbook (.xlsx) becomes CSV: the cells of its first worksheet as text. Formulas are not run; what they last gave is read.
//!
//! A workbook is an archive that may unpack to a thousand times its size, and the library that reads it keeps some of its
//! parts in memory: everything is unpacked once without being kept before any of it is believed.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx};
use zip::ZipArchive;

use super::{ImportLimits, ImportRefused};

const ZIP: &[u8] = b"PK\x03\x04";
/// Workbooks before 2007, and those with a password.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Bytes of a workbook when it is unpacked: a million rows of people have about 400 MB.
const MOST_UNPACKED: u64 = 512 * 1024 * 1024;
/// Bytes of its parts that are no worksheets, which are kept in memory: the texts of the cells above all.
const MOST_BESIDE_SHEETS: u64 = 128 * 1024 * 1024;
const MOST_PARTS: usize = 10_000;
/// The beginning of the part with the texts, in which it says how many they are.
const BEGINNING: u64 = 4 * 1024;
/// Bytes of a text that says nothing.
const SHORTEST_TEXT: u64 = 5;

/// What a worksheet can have.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: u32 = 16_384;
/// The day after the last that a spreadsheet knows; what is larger is a number in the clothes of a date.
const BEYOND_DATES: f64 = 2_958_466.0;

/// Memory is enough for one.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Why a workbook is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkbookRefused {
    /// Of a kind that we do not know.
    #[error(
        "this is a workbook of an old kind, or one with a password; open it, save it as .xlsx without a password, or as \
         \"CSV UTF-8\", and send that"
    )]
    OldOrProtected,
    /// Broken, or no workbook at all.
    #[error(
        "the file is packed like an Excel workbook (.xlsx) but cannot be read as one; open it, save it as \"CSV UTF-8\" \
         and send that"
    )]
    Unreadable,
    /// It unpacks to more than anybody's list.
    #[error(
        "the workbook is too large when it is unpacked; copy the list alone into a new one, or save it as \"CSV UTF-8\", \
         and send that"
    )]
    TooMuch,
    /// There are only charts or hidden sheets in it.
    #[error("the workbook has no worksheet that can be seen; put the list on its first sheet")]
    NoSheet,
}

/// A file as CSV, whatever it came as; its content says what it is.
pub fn as_csv(mut file: File, limits: ImportLimits) -> Result<File, ImportRefused> {
    file.rewind()?;
    let mut beginning = Vec::new();
    (&file).take(COMPOUND.len() as u64).read_to_end(&mut beginning)?;
    if beginning == COMPOUND {
        return Err(WorkbookRefused::OldOrProtected.into());
    }
    if !beginning.starts_with(ZIP) {
        return Ok(file);
    }
    if file.metadata()?.len() > limits.bytes {
        return Err(ImportRefused::TooLarge { limit: limits.bytes });
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    check_parts(&file)?;
    // The library takes some impossible files for a reason to panic; it is about this file and nothing else.
    let converted = catch_unwind(AssertUnwindSafe(|| convert(&file, limits)));
    converted.unwrap_or_else(|_panic| Err(WorkbookRefused::Unreadable.into()))
}

/// Unpacks everything without keeping it.
fn check_parts(file: &File) -> Result<(), WorkbookRefused> {
    let unreadable = |_| WorkbookRefused::Unreadable;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|_| WorkbookRefused::Unreadable)?;
    if archive.len() > MOST_PARTS {
        return Err(WorkbookRefused::TooMuch);
    }
    let (mut sheets, mut beside) = (0, 0);
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_| WorkbookRefused::Unreadable)?;
        let name = part.name().map_err(|_| WorkbookRefused::Unreadable)?.replace('\\', "/").to_lowercase();
        let is_sheet = name.contains("worksheets/") && !name.ends_with(".rels");
        let room = MOST_UNPACKED.saturating_sub(sheets + beside);
        let room = if is_sheet { room } else { room.min(MOST_BESIDE_SHEETS.saturating_sub(beside)) };
        let mut beginning = Vec::new();
        part.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(unreadable)?;
        let rest = io::copy(&mut part.by_ref().take(room + 1), &mut io::sink()).map_err(unreadable)?;
        let unpacked = beginning.len() as u64 + rest;
        if unpacked > room {
            return Err(WorkbookRefused::TooMuch);
        }
        if name.ends_with("sharedstrings.xml") && promised_texts(&beginning)? > unpacked / SHORTEST_TEXT {
            return Err(WorkbookRefused::Unreadable);
        }
        *(if is_sheet { &mut sheets } else { &mut beside }) += unpacked;
    }
    Ok(())
}

/// How many texts the part with the texts says it has: the library makes room for as many, whether they come or not.
fn promised_texts(beginning: &[u8]) -> Result<u64, WorkbookRefused> {
    let text = String::from_utf8_lossy(beginning);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = match text.strip_prefix("<?") {
        Some(declared) => declared.split_once("?>").ok_or(WorkbookRefused::Unreadable)?.1.trim_start(),
        None => text,
    };
    // The very first element: a comment before it could hide another.
    let element = text.strip_prefix('<').ok_or(WorkbookRefused::Unreadable)?;
    let name_ends = element.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
    let (name, rest) = element.split_at(name_ends.ok_or(WorkbookRefused::Unreadable)?);
    if name.rsplit(':').next() != Some("sst") {
        return Err(WorkbookRefused::Unreadable);
    }
    let (attributes, _) = rest.split_once('>').ok_or(WorkbookRefused::Unreadable)?;
    if attributes.matches(['"', '\'']).count() % 2 != 0 {
        return Err(WorkbookRefused::Unreadable);
    }
    let counts = attributes.match_indices("uniqueCount").map(|(at, name)| {
        let value = attributes[at + name.len()..].trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    Ok(counts.max().unwrap_or(0))
}

fn convert(file: &File, limits: ImportLimits) -> Result<File, ImportRefused> {
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(|_| WorkbookRefused::Unreadable)?;
    let sheets = workbook.sheets_metadata().iter();
    let mut shown =
        sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible);
    let first = shown.next().ok_or(WorkbookRefused::NoSheet)?.name.clone();
    let mut cells = workbook.worksheet_cells_reader(&first).map_err(|_| WorkbookRefused::Unreadable)?;
    let mut table = Table::new(limits.bytes)?;
    while let Some(cell) = cells.next_cell().map_err(|_| WorkbookRefused::Unreadable)? {
        table.put(cell.get_position(), &text_of(cell.get_value()))?;
    }
    table.finish()
}

/// What stands in a cell, as its reader means it: numbers to the last digit, so that phone numbers stay what they are.
fn text_of<'a>(value: &'a DataRef<'_>) -> Cow<'a, str> {
    match value {
        DataRef::Empty => Cow::Borrowed(""),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cow::Borrowed(text)
        }
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(number.to_string()),
        DataRef::Bool(truth) => Cow::Borrowed(if *truth { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(time) => Cow::Owned(time_text(time)),
        DataRef::Error(error) => Cow::Owned(error.to_string()),
    }
}

fn time_text(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    if !(0.0..BEYOND_DATES).contains(&value) {
        return value.to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    if time.is_duration() {
        let seconds = (value * 86_400.0).round() as u64;
        return format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    match (value < 1.0, (hour, minute, second)) {
        (true, _) => format!("{hour:02}:{minute:02}:{second:02}"),
        (false, (0, 0, 0)) => format!("{year:04}-{month:02}-{day:02}"),
        (false, _) => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
    }
}

/// The CSV as it is written. A row of the sheet is a line, and as wide as the first one, however few of its cells are filled.
struct Table {
    out: BufWriter<File>,
    room: u64,
    limit: u64,
    row: u32,
    cells: Vec<String>,
    width: Option<usize>,
}

impl Table {
    fn new(limit: u64) -> io::Result<Self> {
        let out = BufWriter::new(tempfile::tempfile()?);
        Ok(Self { out, room: limit, limit, row: 0, cells: Vec::new(), width: None })
    }

    /// Cells come in the order of reading.
    fn put(&mut self, (row, column): (u32, u32), text: &str) -> Result<(), ImportRefused> {
        if row < self.row || row >= MOST_ROWS || column >= MOST_COLUMNS {
            return Err(WorkbookRefused::Unreadable.into());
        }
        if text.is_empty() {
            return Ok(());
        }
        while self.row < row {
            self.end_row()?;
        }
        let column = column as usize;
        if column < self.cells.len() {
            return Err(WorkbookRefused::Unreadable.into());
        }
        self.cells.resize(column, String::new());
        self.cells.push(text.to_owned());
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), ImportRefused> {
        let mut line = String::new();
        if !self.cells.is_empty() {
            let width = *self.width.get_or_insert(self.cells.len());
            let missing = width.saturating_sub(self.cells.len());
            self.cells.extend(std::iter::repeat_n(String::new(), missing));
            for (index, cell) in self.cells.drain(..).enumerate() {
                if index > 0 {
                    line.push(',');
                }
                push_quoted(&mut line, &cell);
            }
        }
        line.push('\n');
        self.room =
            self.room.checked_sub(line.len() as u64).ok_or(ImportRefused::TooLarge { limit: self.limit })?;
        self.row += 1;
        Ok(self.out.write_all(line.as_bytes())?)
    }

    fn finish(mut self) -> Result<File, ImportRefused> {
        self.end_row()?;
        Ok(self.out.into_inner().map_err(io::IntoInnerError::into_error)?)
    }
}

/// In quotes wherever it could be taken for more than one cell, whichever separator is guessed.
fn push_quoted(line: &mut String, cell: &str) {
    if cell.contains(['"', ',', ';', '\t', '\n', '\r']) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_of_texts_is_found_or_the_part_is_not_believed() {
        let promised = |text: &str| promised_texts(text.as_bytes());
        let plain = r#"<?xml version="1.0"?><sst xmlns="x" count="9" uniqueCount="7"><si/></sst>"#;
        assert_eq!(promised(plain), Ok(7));
        assert_eq!(promised("<x:sst xmlns:x='y' uniqueCount = '12'>"), Ok(12));
        assert_eq!(promised("<sst>"), Ok(0));
        for hidden in [
            "<!-- <sst> --><sst uniqueCount='99'>",
            "<sst a='>' uniqueCount='99'>",
            "<other/><sst uniqueCount='99'>",
            "no xml",
            "",
        ] {
            assert_eq!(promised(hidden), Err(WorkbookRefused::Unreadable), "{hidden}");
        }
    }

    #[test]
    fn numbers_keep_their_digits_and_times_are_those_of_the_calendar() {
        let date = |value: f64| {
            DataRef::DateTime(ExcelDateTime::new(value, calamine::ExcelDateTimeType::DateTime, false))
        };
        for (value, text) in [
            (DataRef::Float(16_175_550_100.0), "16175550100"),
            (DataRef::Float(1e21), "1000000000000000000000"),
            (DataRef::Float(0.5), "0.5"),
            (date(46_082.0), "2026-03-01"),
            (date(46_082.5), "2026-03-01T12:00:00"),
            (date(0.25), "06:00:00"),
            (date(16_175_550_100.0), "16175550100"),
        ] {
            assert_eq!(text_of(&value), text);
        }
    }
}
