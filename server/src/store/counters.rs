//! Statistics: counters per campaign and hour, and their sum per campaign, changed in the transaction that changes the
//! calls they count.

use std::collections::BTreeMap;

use domain::calling_window::CampaignZone;
use domain::ids::{CampaignId, WorkspaceId};
use domain::statistics::Tally;
use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Value};

use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

const HOUR_IN_MILLIS: i64 = 3_600_000;

/// Changes of counters that one transaction collects before it writes them.
#[derive(Debug, Default)]
pub struct CounterChanges(BTreeMap<(CampaignId, i64), Tally>);

impl CounterChanges {
    /// Notes that a call, made at `created_at`, counted as `before` and counts as `after` from now on.
    pub fn note(&mut self, campaign: CampaignId, created_at: Timestamp, before: Tally, after: Tally) {
        let difference = after - before;
        if !difference.is_zero() {
            let hour_at = millis(created_at).div_euclid(HOUR_IN_MILLIS) * HOUR_IN_MILLIS;
            *self.0.entry((campaign, hour_at)).or_default() += difference;
        }
    }
}

impl Store {
    /// All calls of a campaign in numbers.
    pub async fn tally(&self, campaign: CampaignId) -> Result<Tally, StoreError> {
        tally(self.reader(), campaign).await
    }

    /// All calls of a campaign in numbers; nothing when the workspace has no such campaign.
    pub async fn tally_in(&self, of: WorkspaceId, campaign: CampaignId) -> Result<Option<Tally>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            counts: String,
        }
        let db = self.reader();
        let counts = dialect::json_array(db.get_database_backend(), &Tally::NAMES.map(str::to_owned));
        let wanted = format!(
            "SELECT {counts} AS counts FROM campaigns LEFT JOIN campaign_totals ON campaign_id = campaigns.id \
             WHERE campaigns.id = $1 AND workspace_id = $2"
        );
        let row: Option<Row> = sql::one(db, &wanted, [campaign.uuid().into(), of.uuid().into()]).await?;
        // Before its first call there is nothing to join.
        row.map(|row| Ok(tally_from(&row.counts)?.unwrap_or_default())).transpose()
    }

    /// All calls of a workspace in numbers.
    pub async fn tally_of_workspace(&self, of: WorkspaceId) -> Result<Tally, StoreError> {
        let wanted = format!(
            "SELECT {} FROM campaign_totals WHERE campaign_id IN (SELECT id FROM campaigns WHERE workspace_id = $1)",
            Tally::NAMES.join(", ")
        );
        let rows: Vec<TallyRow> = sql::all(self.reader(), &wanted, [of.uuid().into()]).await?;
        Ok(rows.into_iter().map(|TallyRow(tally)| tally).sum())
    }

    /// The calls of a campaign in numbers, by the day of its zone on which they were made.
    pub async fn tally_by_day(
        &self,
        campaign: CampaignId,
        zone: &CampaignZone,
    ) -> Result<Vec<(Date, Tally)>, StoreError> {
        #[derive(FromQueryResult)]
        struct Span {
            first: Option<i64>,
            last: Option<i64>,
        }
        // Each bound is one look at the index; MIN and MAX in one list of columns would read all of it.
        let wanted = "SELECT (SELECT MIN(hour_at) FROM campaign_counters WHERE campaign_id = $1) AS first, \
                      (SELECT MAX(hour_at) FROM campaign_counters WHERE campaign_id = $1) AS last";
        let span: Option<Span> = sql::one(self.reader(), wanted, [campaign.uuid().into()]).await?;
        let Some((first, last)) = span.and_then(|span| span.first.zip(span.last)) else {
            return Ok(Vec::new());
        };
        let mut days = Vec::new();
        let mut begins = time(first);
        while millis(begins) <= last {
            let ends = zone.next_midnight(begins);
            days.push((zone.local_date(begins), millis(begins), millis(ends)));
            begins = ends;
        }
        let mut tallies = Vec::with_capacity(days.len());
        for some in days.chunks(given::MOST) {
            tallies.extend(self.tally_of_days(campaign, some).await?);
        }
        Ok(tallies)
    }

    /// The calls of a campaign in numbers, by the hour in which they were made, since an instant.
    pub async fn tally_by_hour_since(
        &self,
        campaign: CampaignId,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, Tally)>, StoreError> {
        let wanted = format!(
            "SELECT hour_at, {} FROM campaign_counters WHERE campaign_id = $1 AND hour_at >= $2 ORDER BY hour_at",
            Tally::NAMES.join(", ")
        );
        let values = [campaign.uuid().into(), millis(since).into()];
        let rows: Vec<HourRow> = sql::all(self.reader(), &wanted, values).await?;
        Ok(rows.into_iter().map(|row| (time(row.hour_at), row.tally)).collect())
    }

    async fn tally_of_days(
        &self,
        campaign: CampaignId,
        days: &[(Date, i64, i64)],
    ) -> Result<Vec<(Date, Tally)>, StoreError> {
        #[derive(FromQueryResult)]
        struct Day {
            sums: String,
        }
        let backend = self.reader().get_database_backend();
        let rows = days.iter().map(|(_, begins, ends)| vec![(*begins).into(), (*ends).into()]).collect();
        let mut wanted = Given::rows(backend, &["begins", "ends"], rows);
        let sums = dialect::json_array(backend, &Tally::NAMES.map(|name| format!("SUM({name})")));
        let campaign = wanted.value(campaign.uuid());
        // The sums of each day by themselves: joined and grouped, every hour would be sorted with all its counters first.
        // DISTINCT: the last day may be given more than once.
        let (wanted, values) = wanted.statement(&format!(
            "SELECT (SELECT {sums} FROM campaign_counters \
             WHERE campaign_id = {campaign} AND hour_at >= begins AND hour_at < ends) AS sums \
             FROM (SELECT DISTINCT begins, ends FROM given) AS days ORDER BY begins"
        ));
        let rows: Vec<Day> = sql::all(self.reader(), &wanted, values).await?;
        let mut tallies = Vec::with_capacity(rows.len());
        for (row, (date, ..)) in rows.iter().zip(days) {
            if let Some(tally) = tally_from(&row.sums)? {
                tallies.push((*date, tally));
            }
        }
        Ok(tallies)
    }
}

impl Tx {
    /// Writes collected changes, campaigns in id order so that two transactions cannot wait for each other.
    pub async fn change_counters(&self, changes: CounterChanges) -> Result<(), StoreError> {
        let mut totals: BTreeMap<CampaignId, Tally> = BTreeMap::new();
        let mut hours = Vec::with_capacity(changes.0.len());
        for ((campaign, hour_at), difference) in changes.0 {
            if !difference.is_zero() {
                *totals.entry(campaign).or_default() += difference;
                hours.push(counted([campaign.uuid().into(), hour_at.into()], difference));
            }
        }
        let totals = totals.into_iter().filter(|(_, difference)| !difference.is_zero());
        let totals = totals.map(|(campaign, difference)| counted([campaign.uuid().into()], difference));
        self.add_to("campaign_counters", &["campaign_id", "hour_at"], hours).await?;
        self.add_to("campaign_totals", &["campaign_id"], totals.collect()).await
    }

    async fn add_to(&self, table: &str, keys: &[&str], rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
        let db = self.connection();
        let columns = [keys, &Tally::NAMES].concat();
        let (names, keys) = (columns.join(", "), keys.join(", "));
        let sums: Vec<String> =
            Tally::NAMES.iter().map(|name| format!("{name} = {table}.{name} + excluded.{name}")).collect();
        // DISTINCT: the last change may be given more than once. In the order of the keys, for the same reason as above.
        let add = format!(
            "INSERT INTO {table} ({names}) SELECT DISTINCT {names} FROM given WHERE TRUE ORDER BY {keys} \
             ON CONFLICT ({keys}) DO UPDATE SET {}",
            sums.join(", ")
        );
        for some in rows.chunks(given::MOST) {
            let (add, values) =
                Given::rows(db.get_database_backend(), &columns, some.to_vec()).statement(&add);
            sql::run(db, &add, values).await?;
        }
        Ok(())
    }
}

fn counted<const KEYS: usize>(keys: [Value; KEYS], tally: Tally) -> Vec<Value> {
    keys.into_iter().chain(tally.to_array().map(Into::into)).collect()
}

pub(super) async fn tally(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Tally, StoreError> {
    let wanted = format!("SELECT {} FROM campaign_totals WHERE campaign_id = $1", Tally::NAMES.join(", "));
    let row: Option<TallyRow> = sql::one(db, &wanted, [campaign.uuid().into()]).await?;
    Ok(row.map(|TallyRow(tally)| tally).unwrap_or_default())
}

pub(super) async fn tally_by_hour(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<(Timestamp, Tally)>, StoreError> {
    let wanted = format!(
        "SELECT hour_at, {} FROM campaign_counters WHERE campaign_id = $1 ORDER BY hour_at",
        Tally::NAMES.join(", ")
    );
    let rows: Vec<HourRow> = sql::all(db, &wanted, [campaign.uuid().into()]).await?;
    Ok(rows.into_iter().map(|row| (time(row.hour_at), row.tally)).collect())
}

/// Counts as `dialect::json_array` writes them; nothing where no row was counted.
fn tally_from(counts: &str) -> Result<Option<Tally>, StoreError> {
    let corrupt = |_| StoreError::CorruptRow { table: "campaign_counters", column: "total" };
    let counts: [Option<i64>; Tally::NAMES.len()] = serde_json::from_str(counts).map_err(corrupt)?;
    Ok(counts[0].map(|_| Tally::from_array(counts.map(Option::unwrap_or_default))))
}

struct TallyRow(Tally);

impl FromQueryResult for TallyRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        let mut counts = [0; Tally::NAMES.len()];
        for (count, name) in counts.iter_mut().zip(Tally::NAMES) {
            *count = row.try_get(prefix, name)?;
        }
        Ok(Self(Tally::from_array(counts)))
    }
}

struct HourRow {
    hour_at: i64,
    tally: Tally,
}

impl FromQueryResult for HourRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        let TallyRow(tally) = TallyRow::from_query_result(row, prefix)?;
        Ok(Self { hour_at: row.try_get(prefix, "hour_at")?, tally })
    }
}
