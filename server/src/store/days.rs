//! Slots of daily limits: how many calls of a campaign were armed on each of its local days.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::CampaignId;
use jiff::civil::Date;
use sea_orm::{ConnectionTrait, DbBackend, Value};
use uuid::Uuid;

use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, sql};

impl Store {
    /// Slots of a campaign's day that are taken.
    pub async fn used_on(&self, campaign: CampaignId, day: Date) -> Result<u32, StoreError> {
        used_on(self.reader(), campaign, day).await
    }

    /// Slots of these days that are taken; a day on which nobody was rung is left out.
    pub(super) async fn used_on_days(
        &self,
        days: &BTreeSet<(CampaignId, Date)>,
    ) -> Result<BTreeMap<(CampaignId, Date), u32>, StoreError> {
        known_days(self.reader(), days, "").await
    }
}

impl Tx {
    /// Slots of a campaign's day that are taken.
    pub async fn used_on(&self, campaign: CampaignId, day: Date) -> Result<u32, StoreError> {
        used_on(self.connection(), campaign, day).await
    }

    /// Slots of these days that are taken, locked until the transaction ends, so that no two servers take the last one.
    pub async fn lock_days(
        &self,
        days: &BTreeSet<(CampaignId, Date)>,
    ) -> Result<BTreeMap<(CampaignId, Date), u32>, StoreError> {
        let db = self.connection();
        let for_update = dialect::for_update(db.get_database_backend());
        let mut used = known_days(db, days, for_update).await?;
        // The lock needs a row; on the first call of a day there is none yet.
        let first: BTreeSet<(CampaignId, Date)> =
            days.iter().copied().filter(|day| !used.contains_key(day)).collect();
        if !first.is_empty() {
            // Whoever adds one holds the account's pace, or nobody is armed meanwhile: this waits for nobody.
            let add = "INSERT INTO campaign_days (campaign_id, day, used) \
                       SELECT DISTINCT campaign_id, day, 0 FROM given WHERE TRUE \
                       ON CONFLICT (campaign_id, day) DO NOTHING";
            for given in given_days(db.get_database_backend(), &first) {
                let (add, values) = given.statement(add);
                sql::run(db, &add, values).await?;
            }
            used.extend(known_days(db, &first, for_update).await?);
        }
        Ok(used)
    }

    /// Changes the taken slots of a day by `by`: takes some, or gives some back.
    pub async fn change_day_slots(&self, campaign: CampaignId, day: Date, by: i64) -> Result<(), StoreError> {
        let change = "UPDATE campaign_days SET used = used + $3 WHERE campaign_id = $1 AND day = $2";
        sql::run(self.connection(), change, [campaign.uuid().into(), day.to_string().into(), by.into()])
            .await?;
        Ok(())
    }
}

/// Days of which something is known, locked by what `lock` says in one order, so that no two transactions wait for each other.
async fn known_days(
    db: &impl ConnectionTrait,
    days: &BTreeSet<(CampaignId, Date)>,
    lock: &str,
) -> Result<BTreeMap<(CampaignId, Date), u32>, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        campaign_id: Uuid,
        day: String,
        used: i64,
    }
    let wanted = format!(
        "SELECT campaign_id, day, used FROM given JOIN campaign_days USING (campaign_id, day) \
         ORDER BY campaign_id, day{lock}"
    );
    let mut found: BTreeMap<(Uuid, String), u32> = BTreeMap::new();
    for given in given_days(db.get_database_backend(), days) {
        let (wanted, values) = given.statement(&wanted);
        for row in sql::all::<Row>(db, &wanted, values).await? {
            found.insert((row.campaign_id, row.day), slots(row.used));
        }
    }
    let used = days.iter().filter_map(|day| {
        let (campaign, date) = day;
        Some((*day, *found.get(&(campaign.uuid(), date.to_string()))?))
    });
    Ok(used.collect())
}

fn given_days(backend: DbBackend, days: &BTreeSet<(CampaignId, Date)>) -> Vec<Given> {
    let rows: Vec<Vec<Value>> =
        days.iter().map(|(campaign, day)| vec![campaign.uuid().into(), day.to_string().into()]).collect();
    rows.chunks(given::MOST)
        .map(|some| Given::rows(backend, &["campaign_id", "day"], some.to_vec()))
        .collect()
}

async fn used_on(db: &impl ConnectionTrait, campaign: CampaignId, day: Date) -> Result<u32, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        used: i64,
    }
    let wanted = "SELECT used FROM campaign_days WHERE campaign_id = $1 AND day = $2";
    let row: Option<Row> = sql::one(db, wanted, [campaign.uuid().into(), day.to_string().into()]).await?;
    Ok(row.map_or(0, |row| slots(row.used)))
}

fn slots(used: i64) -> u32 {
    u32::try_from(used).unwrap_or(u32::MAX)
}
