//! A file of numbers that must never be rung: each row is listed, known already, or refused with its reason.

use std::collections::HashSet;
use std::fs::File;
use std::io;

use domain::phone_number::{PhoneNumber, Region};

use super::header::{self, Field, HeaderRefused};
use super::preflight::{self, Outline};
use super::rejects;
use super::rows::Row;
use super::{ImportLimits, ImportRefused, workbook};
use crate::actions::do_not_call::AT_ONCE;
use crate::actions::{Actions, Actor};
use crate::store::StoreError;
use crate::store::imports::RejectRecord;

/// Refused rows that are kept to be shown.
const REJECTS_KEPT: usize = 200;

/// What became of the rows of a file. At the end `rows = added + known + rejected`.
#[derive(Debug, Default)]
pub struct NumbersListed {
    /// Rows with something in them, apart from a header.
    pub rows: u64,
    /// Numbers that are new on the list.
    pub added: u64,
    /// Rows whose number was on the list, or came earlier in the file.
    pub known: u64,
    /// Rows that hold no number.
    pub rejected: u64,
    /// The first of them.
    pub rejects: Vec<RejectRecord>,
}

impl NumbersListed {
    /// How large a file may be: each of its numbers is written into the journal and the list.
    pub const LIMITS: ImportLimits =
        ImportLimits { bytes: 200 * 1024 * 1024, rows: 100_000, malformed: u64::MAX };
}

impl Actions {
    /// Puts every number of a file on the list. Numbers without a country code are those of `region`.
    ///
    /// In many transactions, each of which holds for itself. One that is broken off is finished by sending the file again.
    pub async fn import_do_not_call(
        &self,
        actor: Actor,
        file: File,
        region: Option<Region>,
        reason: String,
    ) -> Result<NumbersListed, ImportRefused> {
        let reading = tokio::task::spawn_blocking(move || read(file, region));
        let (numbers, mut listed) = reading.await.map_err(io::Error::other)??;
        let actions = self.clone();
        // A client that hangs up does not break it off.
        let listing = tokio::spawn(async move {
            let mut added = 0;
            for some in numbers.chunks(AT_ONCE) {
                let (actor, some, reason) = (actor.clone(), some.to_vec(), reason.clone());
                added += actions.add_some_do_not_call(actor, some, "import", reason).await? as u64;
            }
            Ok::<_, StoreError>(added)
        });
        listed.added = listing.await.map_err(|_| StoreError::Stopped)??;
        listed.known = listed.rows - listed.rejected - listed.added;
        Ok(listed)
    }
}

/// The numbers of a file, each once, and what became of the other rows.
fn read(file: File, region: Option<Region>) -> Result<(Vec<PhoneNumber>, NumbersListed), ImportRefused> {
    let mut file = workbook::as_csv(file, NumbersListed::LIMITS)?;
    let Layout { column, columns, delimiter, has_header } = layout(&mut file, region)?;
    let mut rows = preflight::open(&mut file, delimiter)?;
    rows.expect_columns(columns);
    if has_header {
        rows.next()?;
    }
    let (mut numbers, mut seen, mut listed) = (Vec::new(), HashSet::new(), NumbersListed::default());
    while let Some(row) = rows.next()? {
        listed.rows += 1;
        if listed.rows > NumbersListed::LIMITS.rows {
            return Err(ImportRefused::TooManyRows { limit: NumbersListed::LIMITS.rows });
        }
        match number(&row, column, region, delimiter) {
            Ok(number) if seen.insert(number.clone()) => numbers.push(number),
            Ok(_) => {}
            Err(reject) => {
                listed.rejected += 1;
                if listed.rejects.len() < REJECTS_KEPT {
                    listed.rejects.push(reject);
                }
            }
        }
    }
    Ok((numbers, listed))
}

/// Where the numbers of a file are.
struct Layout {
    column: usize,
    columns: usize,
    delimiter: u8,
    /// The first row names the columns. A plain list begins with a number.
    has_header: bool,
}

fn layout(file: &mut File, region: Option<Region>) -> Result<Layout, ImportRefused> {
    let limits = ImportLimits { rows: u64::MAX, ..NumbersListed::LIMITS };
    let (names, delimiter) = match preflight::outline(file, limits) {
        Ok(Outline { names, delimiter, .. }) => (names, delimiter),
        // One number and nothing below it.
        Err(ImportRefused::Header(HeaderRefused::NothingBelow(only))) => (vec![only], b','),
        Err(refused) => return Err(refused),
    };
    let columns = names.len();
    if let Some(column) = names.iter().position(|name| PhoneNumber::parse(name, region).is_ok()) {
        return Ok(Layout { column, columns, delimiter, has_header: false });
    }
    let named = header::guesses(&names).iter().position(|field| *field == Field::Phone);
    let column = named.ok_or_else(|| HeaderRefused::NoNumbers(header::found(&names)))?;
    Ok(Layout { column, columns, delimiter, has_header: true })
}

fn number(
    row: &Row<'_>,
    column: usize,
    region: Option<Region>,
    delimiter: u8,
) -> Result<PhoneNumber, RejectRecord> {
    let cells = row.cells.as_ref().map_err(|why| rejects::malformed(row, *why, delimiter))?;
    PhoneNumber::parse(cells.get(column), region)
        .map_err(|error| rejects::refused(row.line, cells.iter(), error.code(), error.to_string()))
}
