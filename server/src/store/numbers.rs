//! Phone numbers as such: who holds one for the moment, and which calls of any campaign went to it lately.

use std::collections::{BTreeSet, HashMap};

use domain::call::Placement;
use domain::frequency::FrequencyCap;
use domain::ids::{CallId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::given::{self, Given};
use super::prospects::ProspectRecord;
use super::{Store, StoreError, Tx, millis, sql, time};

/// A call to a number, as far as the next call to it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallToNumber {
    /// Which call.
    pub id: CallId,
    /// What is known of its request.
    pub placement: Placement,
    /// It may still change by itself.
    pub live: bool,
    /// When it was armed.
    pub armed_at: Option<Timestamp>,
    /// When the carrier's list was last read for it.
    pub looked_at: Option<Timestamp>,
}

impl CallToNumber {
    /// When it was armed, if the number rang or may have rung because of it.
    pub fn rang(&self) -> Option<Timestamp> {
        let may_have_rung = matches!(
            self.placement,
            Placement::Armed | Placement::Unknown | Placement::PresumedNotPlaced | Placement::Placed
        );
        self.armed_at.filter(|_| may_have_rung)
    }
}

/// The calls to some numbers that are live or were armed within the day of the frequency cap.
#[derive(Debug, Clone, Default)]
pub struct CallsToNumbers(HashMap<PhoneNumber, Vec<CallToNumber>>);

impl CallsToNumbers {
    /// The calls to one number.
    pub fn to(&self, number: &PhoneNumber) -> &[CallToNumber] {
        self.0.get(number).map_or(&[], Vec::as_slice)
    }

    /// Adds the calls to other numbers.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}

impl Tx {
    /// Holds numbers until the transaction ends: an opt-out and the arming of a call to the same number come one after the
    /// other, even when neither finds a row of the other yet.
    pub async fn hold_numbers(&self, of: WorkspaceId, numbers: &[PhoneNumber]) -> Result<(), StoreError> {
        let db = self.connection();
        if db.get_database_backend() == DbBackend::Sqlite || numbers.is_empty() {
            // One writer at a time holds everything.
            return Ok(());
        }
        let names: BTreeSet<String> =
            numbers.iter().map(|number| format!("{of} {}", number.as_str())).collect();
        let names = names.into_iter().map(|name| vec![Value::from(name)]).collect();
        // All in one statement and sorted, so that two transactions cannot wait for each other.
        let (hold, values) = Given::rows(db.get_database_backend(), &["name"], names).statement(
            "SELECT pg_advisory_xact_lock(held.key) FROM \
             (SELECT DISTINCT hashtextextended(name, 0) AS key FROM given ORDER BY 1) AS held",
        );
        sql::run(db, &hold, values).await?;
        Ok(())
    }

    /// Everybody in a workspace with one of a few hundred numbers, in id order, locked.
    pub async fn lock_prospects_with_numbers(
        &self,
        of: WorkspaceId,
        numbers: &[PhoneNumber],
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
        }
        let db = self.connection();
        let numbers = sql::one_each(numbers, |number| number.as_str().to_owned());
        let mut wanted = Given::rows(db.get_database_backend(), &["number"], numbers);
        let of = wanted.value(of.uuid());
        let (wanted, values) = wanted.statement(&format!(
            "SELECT id FROM prospects WHERE workspace_id = {of} AND phone IN (SELECT number FROM given)"
        ));
        let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
        let ids: Vec<ProspectId> = rows.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect();
        self.lock_prospects(&ids).await
    }

    /// Calls to these numbers that matter for the next one.
    pub async fn calls_to_numbers(
        &self,
        of: WorkspaceId,
        numbers: &[PhoneNumber],
        now: Timestamp,
    ) -> Result<CallsToNumbers, StoreError> {
        calls_to_numbers(self.connection(), of, numbers, now).await
    }
}

impl Store {
    /// Calls to these numbers that matter for the next one, for showing.
    pub async fn calls_to_numbers(
        &self,
        of: WorkspaceId,
        numbers: &[PhoneNumber],
        now: Timestamp,
    ) -> Result<CallsToNumbers, StoreError> {
        calls_to_numbers(self.reader(), of, numbers, now).await
    }
}

async fn calls_to_numbers(
    db: &impl ConnectionTrait,
    of: WorkspaceId,
    numbers: &[PhoneNumber],
    now: Timestamp,
) -> Result<CallsToNumbers, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        id: uuid::Uuid,
        to_number: String,
        placement: String,
        live: bool,
        armed_at: Option<i64>,
        looked_at: Option<i64>,
    }
    let mut found = CallsToNumbers::default();
    let mut rows: Vec<Row> = Vec::new();
    for some in numbers.chunks(given::MOST) {
        let some = sql::one_each(some, |number| number.as_str().to_owned());
        let mut wanted = Given::rows(db.get_database_backend(), &["number"], some);
        let workspace = wanted.value(of.uuid());
        let since = wanted.value(millis(FrequencyCap::counts_since(now)));
        let (wanted, values) = wanted.statement(&format!(
            "SELECT id, to_number, placement, live, armed_at, looked_at FROM calls \
             WHERE workspace_id = {workspace} AND (live OR armed_at > {since}) \
             AND to_number IN (SELECT number FROM given)"
        ));
        rows.extend(sql::all::<Row>(db, &wanted, values).await?);
    }
    for row in rows {
        let corrupt = StoreError::CorruptRow { table: "calls", column: "placement" };
        let call = CallToNumber {
            id: CallId::from_uuid(row.id),
            placement: Placement::parse(&row.placement).ok_or(corrupt)?,
            live: row.live,
            armed_at: row.armed_at.map(time),
            looked_at: row.looked_at.map(time),
        };
        found.0.entry(PhoneNumber::from_e164_unchecked(row.to_number)).or_default().push(call);
    }
    Ok(found)
}
