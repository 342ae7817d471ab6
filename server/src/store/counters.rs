//! Statistics: counters per campaign and hour, changed in the transaction that changes the calls they count.

use std::collections::BTreeMap;

use domain::ids::CampaignId;
use domain::statistics::Tally;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};

use super::{Store, StoreError, Tx, millis, sql, time};

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
        Ok(self.tally_by_hour(campaign).await?.into_iter().map(|(_, tally)| tally).sum())
    }

    /// The calls of a campaign in numbers, by the hour in which they were made.
    pub async fn tally_by_hour(&self, campaign: CampaignId) -> Result<Vec<(Timestamp, Tally)>, StoreError> {
        tally_by_hour(self.reader(), campaign).await
    }
}

impl Tx {
    /// Writes collected changes, campaigns in id order so that two transactions cannot wait for each other.
    pub async fn change_counters(&self, changes: CounterChanges) -> Result<(), StoreError> {
        for ((campaign, hour_at), difference) in changes.0 {
            if difference.is_zero() {
                continue;
            }
            let names = Tally::NAMES.join(", ");
            let sums: Vec<String> = Tally::NAMES
                .iter()
                .map(|name| format!("{name} = campaign_counters.{name} + excluded.{name}"))
                .collect();
            let change = format!(
                "INSERT INTO campaign_counters (campaign_id, hour_at, {names}) VALUES {} \
                 ON CONFLICT (campaign_id, hour_at) DO UPDATE SET {}",
                sql::value_rows(1, Tally::NAMES.len() + 2),
                sums.join(", ")
            );
            let counts = difference.to_array().into_iter().map(Into::into);
            let values = [campaign.uuid().into(), hour_at.into()].into_iter().chain(counts);
            sql::run(self.connection(), &change, values).await?;
        }
        Ok(())
    }
}

pub(super) async fn tally_by_hour(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<(Timestamp, Tally)>, StoreError> {
    let wanted = "SELECT * FROM campaign_counters WHERE campaign_id = $1 ORDER BY hour_at";
    let rows: Vec<HourRow> = sql::all(db, wanted, [campaign.uuid().into()]).await?;
    Ok(rows.into_iter().map(|row| (time(row.hour_at), row.tally)).collect())
}

struct HourRow {
    hour_at: i64,
    tally: Tally,
}

impl FromQueryResult for HourRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        let mut counts = [0; Tally::NAMES.len()];
        for (count, name) in counts.iter_mut().zip(Tally::NAMES) {
            *count = row.try_get(prefix, name)?;
        }
        Ok(Self { hour_at: row.try_get(prefix, "hour_at")?, tally: Tally::from_array(counts) })
    }
}
