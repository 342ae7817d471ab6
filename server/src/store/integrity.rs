//! Recounts everything from its source: calls from their events, counters, day slots and arms from calls, prospects from calls.

mod arms;

use std::collections::{BTreeMap, HashMap};

use domain::budget::Commitment;
use domain::call::{Call, Placement};
use domain::facts::CallFacts;
use domain::ids::{CallId, CampaignId, ProspectId};
use domain::money::Usd;
use domain::prospect::ProspectStatus;
use domain::statistics::Tally;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait, IsolationLevel, QueryFilter, QueryOrder,
    QuerySelect, TransactionOptions, TransactionTrait,
};

use self::arms::DrawnCalls;
use super::calls::CallRecord;
use super::carrier_events::load_evidence;
use super::counters::{tally, tally_by_hour};
use super::entities::{budgets, calls, campaign_counters, campaign_days, carrier_events, prospects};
use super::{Store, StoreError, millis};

const PAGE: u64 = 1_000;
const HOUR_IN_MILLIS: i64 = 3_600_000;
/// Differences beyond this many are only counted: a broken table would fill the screen.
const SHOWN: usize = 50;

/// What a recount found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recount {
    /// Calls looked at.
    pub calls: u64,
    /// Calls that the carrier made.
    pub placed: u64,
    /// Prospects looked at.
    pub prospects: u64,
    /// Pieces of news looked at.
    pub events: u64,
    /// How many differences there are.
    pub differences: u64,
    /// The first of them, in words.
    pub shown: Vec<String>,
}

impl Recount {
    /// Everything that is stored follows from its source.
    pub fn is_equal(&self) -> bool {
        self.differences == 0
    }

    fn differ(&mut self, what: impl FnOnce() -> String) {
        self.differences += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(what());
        }
    }
}

/// What the calls of one prospect amount to.
#[derive(Default)]
struct OfProspect {
    made: u32,
    spent: u32,
    live: u32,
    /// Lost for good, and perhaps waiting for a person.
    held: u32,
}

#[derive(Default)]
struct Sums {
    counters: BTreeMap<(CampaignId, i64), Tally>,
    days: BTreeMap<(CampaignId, String), i64>,
    prospects: HashMap<ProspectId, OfProspect>,
    budgets: BTreeMap<(uuid::Uuid, String), Commitment>,
    drawn: DrawnCalls,
}

impl Store {
    /// Recounts the whole database as it is at one instant, whatever goes on meanwhile.
    pub async fn recount(&self) -> Result<Recount, StoreError> {
        let read = self.read.clone();
        // A task of its own, as every transaction: a caller that goes away must not leave it half done.
        let counting = tokio::spawn(async move {
            let one_instant = TransactionOptions {
                isolation_level: (read.get_database_backend() != DbBackend::Sqlite)
                    .then_some(IsolationLevel::RepeatableRead),
                ..Default::default()
            };
            let snapshot = read.begin_with_options(one_instant).await?;
            let found = Instant(&snapshot).recount().await?;
            snapshot.commit().await?;
            Ok(found)
        });
        counting.await.map_err(|_| StoreError::Stopped)?
    }
}

/// The database as it was at one instant.
struct Instant<'a>(&'a DatabaseTransaction);

impl Instant<'_> {
    async fn recount(&self) -> Result<Recount, StoreError> {
        let mut found = Recount::default();
        let mut sums = Sums::default();
        self.recount_calls(&mut found, &mut sums).await?;
        self.compare_counters(&mut found, &sums).await?;
        self.compare_days(&mut found, &sums).await?;
        self.compare_budgets(&mut found, &sums).await?;
        self.compare_prospects(&mut found, &sums).await?;
        self.compare_arms(&mut found, &sums.drawn).await?;
        Ok(found)
    }

    async fn recount_calls(&self, found: &mut Recount, sums: &mut Sums) -> Result<(), StoreError> {
        let mut after = uuid::Uuid::nil();
        loop {
            let page =
                calls::Entity::find().filter(calls::Column::Id.gt(after)).order_by_asc(calls::Column::Id);
            let rows = page.limit(PAGE).all(self.0).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            let mut folded = self.fold_events(found, rows.iter().map(|row| row.id).collect()).await?;
            for row in rows {
                let (stored_status, stored_live) = (row.status.clone(), row.live);
                let record = CallRecord::try_from(row)?;
                found.calls += 1;
                found.placed += u64::from(record.call.placement == Placement::Placed);
                let mut facts = folded.remove(&record.id).unwrap_or_default();
                // A refusal is an answer to our own request, not news of a call.
                if record.call.placement == Placement::NotPlaced {
                    facts.error_code = facts.error_code.max(record.call.facts.error_code);
                }
                if facts != record.call.facts {
                    found.differ(|| {
                        format!("call {}: its events do not add up to what is stored of it", record.id)
                    });
                }
                if stored_status != record.call.status().as_str() || stored_live != record.call.is_live() {
                    found.differ(|| {
                        format!("call {}: the stored status does not follow from its facts", record.id)
                    });
                }
                add(sums, &record);
            }
        }
    }

    async fn fold_events(
        &self,
        found: &mut Recount,
        calls: Vec<uuid::Uuid>,
    ) -> Result<HashMap<CallId, CallFacts>, StoreError> {
        let mut folded: HashMap<CallId, CallFacts> = HashMap::new();
        let of_calls = carrier_events::Entity::find().filter(carrier_events::Column::CallId.is_in(calls));
        for event in of_calls.order_by_asc(carrier_events::Column::Id).all(self.0).await? {
            found.events += 1;
            if let (Some(call), Some(evidence)) = (event.call_id, &event.evidence) {
                folded.entry(CallId::from_uuid(call)).or_default().apply(&load_evidence(evidence)?);
            }
        }
        Ok(folded)
    }

    async fn compare_counters(&self, found: &mut Recount, sums: &Sums) -> Result<(), StoreError> {
        let mut campaigns: Vec<CampaignId> = sums.counters.keys().map(|(campaign, _)| *campaign).collect();
        let stored =
            campaign_counters::Entity::find().select_only().column(campaign_counters::Column::CampaignId);
        let stored: Vec<uuid::Uuid> = stored.distinct().into_tuple().all(self.0).await?;
        campaigns.extend(stored.into_iter().map(CampaignId::from_uuid));
        campaigns.sort_unstable();
        campaigns.dedup();
        for campaign in campaigns {
            let hours = tally_by_hour(self.0, campaign).await?;
            let total: Tally = hours.iter().map(|(_, tally)| *tally).sum();
            if tally(self.0, campaign).await? != total {
                found.differ(|| format!("campaign {campaign}: its total differs from the sum of its hours"));
            }
            let stored: BTreeMap<i64, Tally> =
                hours.into_iter().map(|(hour, tally)| (millis(hour), tally)).collect();
            let counted: BTreeMap<i64, Tally> = sums
                .counters
                .range((campaign, i64::MIN)..=(campaign, i64::MAX))
                .map(|((_, hour), tally)| (*hour, *tally))
                .collect();
            for hour in stored.keys().chain(counted.keys().filter(|hour| !stored.contains_key(hour))) {
                let tally = |of: &BTreeMap<i64, Tally>| of.get(hour).copied().unwrap_or_default();
                if tally(&stored) != tally(&counted) {
                    found.differ(|| {
                        format!("campaign {campaign}: the statistics of one hour differ from its calls")
                    });
                }
            }
        }
        Ok(())
    }

    async fn compare_days(&self, found: &mut Recount, sums: &Sums) -> Result<(), StoreError> {
        let mut days = sums.days.clone();
        for row in campaign_days::Entity::find().all(self.0).await? {
            let campaign = CampaignId::from_uuid(row.campaign_id);
            let counted = days.remove(&(campaign, row.day.clone())).unwrap_or(0);
            if counted != row.used {
                found.differ(|| {
                    format!(
                        "campaign {campaign}: {} slots of {} are taken, {counted} calls hold one",
                        row.used, row.day
                    )
                });
            }
        }
        for (campaign, day) in days.keys() {
            found.differ(|| format!("campaign {campaign}: calls of {day} hold slots that were never taken"));
        }
        Ok(())
    }

    async fn compare_budgets(&self, found: &mut Recount, sums: &Sums) -> Result<(), StoreError> {
        let mut counted = sums.budgets.clone();
        for row in budgets::Entity::find().all(self.0).await? {
            let ours = counted.remove(&(row.scope, row.day.clone())).unwrap_or_default();
            let stored = Commitment {
                held: Usd::from_micros(row.held_micros),
                spent: Usd::from_micros(row.spent_micros),
            };
            if ours != stored {
                let (scope, day) = (row.scope, row.day);
                found.differ(|| {
                    format!("budget {scope} {day}: {stored:?} is stored, its calls add up to {ours:?}")
                });
            }
        }
        for ((scope, day), ours) in counted.into_iter().filter(|(_, ours)| *ours != Commitment::default()) {
            found.differ(|| format!("budget {scope} {day}: its calls add up to {ours:?}, nothing is stored"));
        }
        Ok(())
    }

    async fn compare_prospects(&self, found: &mut Recount, sums: &Sums) -> Result<(), StoreError> {
        let nothing = OfProspect::default();
        let mut after = uuid::Uuid::nil();
        loop {
            let page = prospects::Entity::find().filter(prospects::Column::Id.gt(after));
            let rows = page.order_by_asc(prospects::Column::Id).limit(PAGE).all(self.0).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in rows {
                found.prospects += 1;
                let id = ProspectId::from_uuid(row.id);
                let calls = sums.prospects.get(&id).unwrap_or(&nothing);
                let in_call = matches!(
                    ProspectStatus::parse(&row.status),
                    Some(ProspectStatus::InCall | ProspectStatus::Held)
                );
                if row.attempts != i64::from(calls.made) || row.attempts_spent != i64::from(calls.spent) {
                    found.differ(|| format!("prospect {id}: the attempts differ from the calls"));
                }
                if in_call && calls.live + calls.held == 0 {
                    found.differ(|| {
                        format!("prospect {id} is said to be in a call, and is in {}", calls.live)
                    });
                }
            }
        }
    }
}

fn add(sums: &mut Sums, record: &CallRecord) {
    let call: &Call = &record.call;
    let hour = millis(record.created_at).div_euclid(HOUR_IN_MILLIS) * HOUR_IN_MILLIS;
    *sums.counters.entry((record.campaign, hour)).or_default() += Tally::of(call);
    if let Some(day) = record.day.filter(|_| call.holds_day_slot()) {
        *sums.days.entry((record.campaign, day.to_string())).or_default() += 1;
    }
    let of_prospect = sums.prospects.entry(record.prospect).or_default();
    of_prospect.made += 1;
    of_prospect.spent += u32::from(call.spends_attempt());
    of_prospect.live += u32::from(call.is_live());
    of_prospect.held += u32::from(call.placement == Placement::PresumedNotPlaced);
    sums.drawn.add(record);
    for scope in record.budgets() {
        let (sum, one) = (sums.budgets.entry(scope.key()).or_default(), record.commitment());
        *sum = Commitment { held: sum.held + one.held, spent: sum.spent + one.spent };
    }
}
