//! From rows to people: every row becomes a person or a refusal with its reason.

use std::fs::File;
use std::io;

use domain::phone_number::{DestinationPolicy, PhoneNumber, Region};
use domain::queue::Priority;
use serde_json::{Map, Value};

use super::header::Field;
use super::preflight::{self, Examined};
use super::rejects;
use super::rows::{Cells, Row};
use crate::actions::prospects::Person;
use crate::store::imports::RejectRecord;

/// Rows that are written in one transaction, at most: a call waits for its turn several times on its way to the phone, each
/// time for as long as one of these takes.
pub const BATCH_ROWS: usize = 250;
/// Bytes of the file in one batch, roughly: rows can be large, memory is not.
const BATCH_BYTES: u64 = 1024 * 1024;
/// Characters of a first or last name.
const LONGEST_NAME: usize = 100;
/// Characters of a company or a title.
const LONGEST_COMPANY: usize = 200;
/// Characters of an e-mail address (RFC 5321).
const LONGEST_EMAIL: usize = 254;
/// Characters of a custom field.
const LONGEST_CUSTOM: usize = 1_000;

/// Some rows, judged.
#[derive(Debug, Default)]
pub struct Batch {
    /// Those that are people, in the order of the file.
    pub people: Vec<Person>,
    /// Those that are not.
    pub rejects: Vec<RejectRecord>,
    /// How far the file was read at the end of the batch.
    pub bytes_read: u64,
}

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The file is read.
    Complete,
    /// Too many rows are broken: this is probably another kind of file.
    TooManyMalformed,
    /// Nobody wants the rows any more.
    Unwanted,
}

/// What a row is judged by.
#[derive(Debug)]
pub struct Rules {
    /// The region of numbers without a country code.
    pub region: Option<Region>,
    /// Where may be called.
    pub destinations: DestinationPolicy,
    /// How many broken rows are put up with.
    pub malformed: u64,
}

/// Reads the whole file and gives it away in batches, as long as `give` wants them.
pub fn read_all(
    mut file: File,
    examined: &Examined,
    rules: &Rules,
    mut give: impl FnMut(Batch) -> bool,
) -> io::Result<End> {
    let mut rows = preflight::open(&mut file, examined.delimiter)?;
    rows.next()?;
    rows.expect_columns(examined.header.fields.len());
    let (mut batch, mut begun_at, mut malformed) = (Batch::default(), rows.offset(), 0);
    while let Some(row) = rows.next()? {
        malformed += u64::from(row.cells.is_err());
        match judge(&row, &examined.header.fields, rules, examined.delimiter) {
            Ok(person) => batch.people.push(person),
            Err(reject) => batch.rejects.push(reject),
        }
        let is_too_broken = malformed > rules.malformed;
        let is_full =
            batch.people.len() + batch.rejects.len() == BATCH_ROWS || rows.offset() - begun_at > BATCH_BYTES;
        if is_too_broken || is_full {
            begun_at = rows.offset();
            let wanted = give(Batch { bytes_read: begun_at, ..std::mem::take(&mut batch) });
            if is_too_broken || !wanted {
                return Ok(if is_too_broken { End::TooManyMalformed } else { End::Unwanted });
            }
        }
    }
    let wanted = give(Batch { bytes_read: examined.bytes, ..batch });
    Ok(if wanted { End::Complete } else { End::Unwanted })
}

/// What becomes of a row.
pub fn judge(row: &Row<'_>, fields: &[Field], rules: &Rules, delimiter: u8) -> Result<Person, RejectRecord> {
    match &row.cells {
        Ok(cells) => person(cells, fields, rules)
            .map_err(|refusal| rejects::refused(row.line, cells.iter(), refusal.code, refusal.reason)),
        Err(why) => Err(rejects::malformed(row, *why, delimiter)),
    }
}

impl Batch {
    /// How many rows it holds.
    pub fn rows(&self) -> u64 {
        (self.people.len() + self.rejects.len()) as u64
    }
}

/// Why a row is not a person.
#[derive(Debug)]
struct Refusal {
    code: &'static str,
    reason: String,
}

fn person(cells: &Cells, fields: &[Field], rules: &Rules) -> Result<Person, Refusal> {
    let mut phone = "";
    let mut person = Person {
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        phone: PhoneNumber::from_e164_unchecked(String::new()),
        company: String::new(),
        title: String::new(),
        metadata: String::new(),
        priority: Priority::default(),
    };
    let mut custom = Map::new();
    for (field, cell) in fields.iter().zip(cells.iter()) {
        match field {
            Field::Phone => phone = cell,
            Field::FirstName => person.first_name = one_line("first name", cell, LONGEST_NAME)?,
            Field::LastName => person.last_name = one_line("last name", cell, LONGEST_NAME)?,
            Field::Email => person.email = email(cell)?,
            Field::Company => person.company = one_line("company", cell, LONGEST_COMPANY)?,
            Field::Title => person.title = one_line("title", cell, LONGEST_COMPANY)?,
            Field::Custom(name) => {
                let text = checked(name, cell, LONGEST_CUSTOM)?;
                if !text.is_empty() {
                    custom.insert(name.clone(), Value::String(text.to_owned()));
                }
            }
            Field::Ignored => {}
        }
    }
    person.phone = number(phone, rules)?;
    person.metadata = if custom.is_empty() { "{}".to_owned() } else { Value::Object(custom).to_string() };
    Ok(person)
}

fn number(text: &str, rules: &Rules) -> Result<PhoneNumber, Refusal> {
    let number = PhoneNumber::parse(text, rules.region)
        .map_err(|error| Refusal { code: error.code(), reason: error.to_string() })?;
    let allowed = rules.destinations.allows(&number);
    allowed.map_err(|refused| Refusal { code: refused.code(), reason: refused.to_string() })?;
    Ok(number)
}

/// Text for one line: spreadsheets put line breaks into cells, which are spaces here.
fn one_line(name: &str, cell: &str, longest: usize) -> Result<String, Refusal> {
    let text = checked(name, cell, longest)?;
    if text.contains(['\n', '\r', '\t']) {
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    } else {
        Ok(text.to_owned())
    }
}

/// Trimmed text that can be shown, printed and spoken. What it says is nobody's business here: formulas, markup and
/// template marks are text.
fn checked<'a>(name: &str, cell: &'a str, longest: usize) -> Result<&'a str, Refusal> {
    let text = cell.trim();
    // Most cells are short and plain ASCII.
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(text);
    }
    if let Some(bad) = text.chars().find(|c| is_trouble(*c)) {
        let reason =
            format!("{name}: the character U+{:04X} cannot be used in text; remove it", u32::from(bad));
        return Err(Refusal { code: "forbidden_character", reason });
    }
    if text.chars().count() > longest {
        return Err(Refusal {
            code: "too_long",
            reason: format!("{name}: use at most {longest} characters"),
        });
    }
    Ok(text)
}

/// Controls, and what makes text read in another order than it is stored.
pub fn is_trouble(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// An address with a mailbox, one `@` and a host with a dot; whether mail arrives there only mail can tell.
fn email(cell: &str) -> Result<String, Refusal> {
    let text = checked("e-mail", cell, LONGEST_EMAIL)?;
    if text.is_empty() {
        return Ok(String::new());
    }
    let is_address = text.split_once('@').is_some_and(|(mailbox, host)| {
        let has_no_gap =
            !text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"'));
        let labels_fit = host.contains('.') && host.split('.').all(|label| !label.is_empty());
        has_no_gap && !mailbox.is_empty() && !host.contains('@') && labels_fit
    });
    if !is_address {
        let reason =
            "the e-mail address is none; expected one such as name@example.com, or an empty cell".to_owned();
        return Err(Refusal { code: "invalid_email", reason });
    }
    Ok(text.to_owned())
}
