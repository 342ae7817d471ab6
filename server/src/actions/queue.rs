//! The queue: who comes first, who is passed over, who comes back in line, and clearing it.

use std::collections::HashSet;

use domain::campaign::CampaignRules;
use domain::disposition::Disposition;
use domain::ids::{CampaignId, ClearingId, ProspectId};
use domain::prospect::ProspectStatus;
use domain::queue::{self, Priority, QueueRefused};
use jiff::Timestamp;

use super::calls::release;
use super::prospects::ProspectRefused;
use super::{Actions, Actor, audit, new_uuid};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::{ProspectFilter, ProspectRecord};
use crate::store::{StoreError, Tx};

/// Rows changed in one transaction, at most: everybody else writes between two of them.
const BATCH: usize = 500;

/// What became of each prospect that was named, in the order given.
pub type Outcomes = Vec<(ProspectId, Result<Change, QueueRefused>)>;

/// What a wish changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is so now.
    Changed,
    /// It was so already.
    Unchanged,
}

/// What a wish for many did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Prospects that were changed.
    pub changed: u64,
    /// Prospects that must stay as they are.
    pub refused: u64,
}

/// A queue that was cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// Undoes exactly this clearing.
    pub clearing: ClearingId,
    /// Prospects that were taken out.
    pub prospects: u64,
    /// Calls that were given up before they were armed.
    pub calls: u64,
}

impl Actions {
    /// Gives prospects of a campaign a priority, wherever they stand.
    pub async fn prioritise(
        &self,
        actor: Actor,
        campaign: CampaignId,
        ids: Vec<ProspectId>,
        priority: Priority,
    ) -> Result<Outcomes, ProspectRefused> {
        let change = move |prospect: &mut ProspectRecord, _: &Context| {
            prospect.priority = priority;
            Ok(())
        };
        let detail = serde_json::json!({ "priority": priority.as_str() });
        self.change_each(actor, campaign, ids, ("queue.priority", detail), change).await
    }

    /// Gives everybody whom a filter finds a priority.
    pub async fn prioritise_all(
        &self,
        actor: Actor,
        campaign: CampaignId,
        filter: ProspectFilter,
        priority: Priority,
    ) -> Result<Swept, ProspectRefused> {
        let now = self.clock.now();
        self.campaign_of(&actor, campaign).await?;
        let (mut after, mut swept) = (None, Swept::default());
        loop {
            let page = self.store.prospects(campaign, &filter, after, 0, BATCH as u64).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let ids: Vec<ProspectId> = page.iter().map(|prospect| prospect.id).collect();
            let work = move |tx: Tx| async move {
                tx.lock_prospects(&ids).await?;
                tx.set_priority(&ids, priority, now).await
            };
            swept.changed += self.store.transaction::<_, StoreError, _, _>(work).await?;
        }
        let detail = serde_json::json!({ "priority": priority.as_str(), "changed": swept.changed });
        self.note_queue(actor, "queue.priority", campaign, detail).await?;
        Ok(swept)
    }

    /// Passes prospects over until a time, or for the rest of the campaign's day. Calls to them that were not armed yet
    /// are given up. Nobody comes earlier by it.
    pub async fn skip(
        &self,
        actor: Actor,
        campaign: CampaignId,
        ids: Vec<ProspectId>,
        until: Option<Timestamp>,
    ) -> Result<Outcomes, ProspectRefused> {
        let change = move |prospect: &mut ProspectRecord, context: &Context| {
            queue::may_be_skipped(prospect.status)?;
            let until = until.unwrap_or_else(|| queue::after_today(context.now, &context.rules));
            let before = prospect.due_before_skip.filter(|_| prospect.is_skipped(context.now));
            let due_at = before.or(prospect.due_at).unwrap_or(context.now);
            if due_at < until {
                prospect.due_before_skip = Some(due_at);
                prospect.due_at = Some(until);
            } else {
                prospect.due_before_skip = None;
                prospect.due_at = Some(due_at);
            }
            Ok(())
        };
        let detail = serde_json::json!({ "until": until.map(|until| until.to_string()) });
        self.change_each(actor, campaign, ids, ("queue.skip", detail), change).await
    }

    /// Takes back that prospects are passed over: they are due when they would have been.
    pub async fn unskip(
        &self,
        actor: Actor,
        campaign: CampaignId,
        ids: Vec<ProspectId>,
    ) -> Result<Outcomes, ProspectRefused> {
        let change = |prospect: &mut ProspectRecord, context: &Context| {
            queue::may_be_skipped(prospect.status)?;
            if prospect.is_skipped(context.now) {
                prospect.due_at = prospect.due_before_skip.take();
            }
            Ok(())
        };
        self.change_each(actor, campaign, ids, ("queue.unskip", serde_json::json!({})), change).await
    }

    /// Puts prospects back in line, to be rung as soon as may be. Attempts go on to be counted: a prospect whose attempts
    /// are used up is rung once more.
    pub async fn requeue(
        &self,
        actor: Actor,
        campaign: CampaignId,
        ids: Vec<ProspectId>,
    ) -> Result<Outcomes, ProspectRefused> {
        let detail = serde_json::json!({});
        self.change_each(actor, campaign, ids, ("queue.requeue", detail), put_in_line).await
    }

    /// Puts back in line everybody whose last call ended in one of `dispositions`, apart from those whom a person removed.
    pub async fn requeue_all(
        &self,
        actor: Actor,
        campaign: CampaignId,
        dispositions: Vec<Disposition>,
    ) -> Result<Swept, ProspectRefused> {
        let campaign = self.campaign_of(&actor, campaign).await?;
        let statuses = vec![ProspectStatus::Exhausted, ProspectStatus::Waiting, ProspectStatus::Done];
        let filter = ProspectFilter { statuses: statuses.clone(), text: None };
        let (mut after, mut swept) = (None, Swept::default());
        loop {
            let page = self.store.prospects(campaign.id, &filter, after, 0, BATCH as u64).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let wanted = |prospect: &ProspectRecord, dispositions: &[Disposition]| {
                statuses.contains(&prospect.status)
                    && prospect.disposition.is_some_and(|it| dispositions.contains(&it))
            };
            let ids: Vec<ProspectId> =
                page.iter().filter(|found| wanted(found, &dispositions)).map(|found| found.id).collect();
            let (campaign, now) = (campaign.clone(), self.clock.now());
            let work = move |tx: Tx| async move {
                let results = change_locked(&tx, &campaign, &ids, now, &put_in_line).await?;
                Ok::<_, StoreError>(results)
            };
            for (_, result) in self.store.transaction(work).await? {
                swept.changed += u64::from(result == Ok(Change::Changed));
                swept.refused += u64::from(result.is_err());
            }
        }
        let words: Vec<&str> = dispositions.iter().map(|it| it.as_str()).collect();
        let detail =
            serde_json::json!({ "dispositions": words, "changed": swept.changed, "refused": swept.refused });
        self.note_queue(actor, "queue.requeue", campaign.id, detail).await?;
        self.wake.dialer();
        Ok(swept)
    }

    /// Takes everybody out of the line who waits in it, and gives up calls that were not armed yet. Who is in a call stays.
    ///
    /// In many transactions, so that nobody waits for all of them. One that is broken off is finished by the next; what it
    /// did can be undone all the same.
    pub async fn clear_queue(&self, actor: Actor, campaign: CampaignId) -> Result<Cleared, ProspectRefused> {
        self.campaign_of(&actor, campaign).await?;
        let actions = self.clone();
        // A client that hangs up does not break it off.
        let clearing = tokio::spawn(async move { actions.clear_to_the_end(actor, campaign).await });
        Ok(clearing.await.map_err(|_| StoreError::Stopped)??)
    }

    async fn clear_to_the_end(&self, actor: Actor, campaign: CampaignId) -> Result<Cleared, StoreError> {
        let clearing = ClearingId::from_uuid(new_uuid(self.clock.now()));
        let mut cleared = Cleared { clearing, prospects: 0, calls: 0 };
        // The second pass finds whoever stepped into the line behind the first.
        for _ in 0..2 {
            let mut after = None;
            loop {
                let now = self.clock.now();
                let work = move |tx: Tx| async move {
                    let reserved = tx.lock_reserved_calls_of(campaign, BATCH).await?;
                    let released = release(&tx, reserved, "The queue was cleared.", now).await?;
                    let ids = tx.lock_waiting(campaign, after, BATCH).await?;
                    tx.clear_prospects(&ids, clearing, now).await?;
                    Ok::<_, StoreError>((released, ids))
                };
                let (released, ids): (Vec<CallRecord>, Vec<ProspectId>) =
                    self.store.transaction(work).await?;
                self.tell(&released);
                cleared.calls += released.len() as u64;
                cleared.prospects += ids.len() as u64;
                after = ids.last().copied();
                if ids.is_empty() && released.is_empty() {
                    break;
                }
            }
        }
        let detail = serde_json::json!({
            "clearing": clearing.to_string(), "prospects": cleared.prospects, "calls": cleared.calls
        });
        self.note_queue(actor, "queue.clear", campaign, detail).await?;
        self.wake.dialer();
        Ok(cleared)
    }

    /// Puts back those whom one clearing took out, or any clearing where none is named, to where each of them stood. Numbers
    /// on the do-not-call list stay out. How many came back.
    pub async fn restore_queue(
        &self,
        actor: Actor,
        campaign: CampaignId,
        clearing: Option<ClearingId>,
    ) -> Result<u64, ProspectRefused> {
        self.campaign_of(&actor, campaign).await?;
        let mut restored = 0;
        loop {
            let now = self.clock.now();
            let work = move |tx: Tx| async move {
                let ids = tx.lock_cleared(campaign, clearing, BATCH).await?;
                tx.restore_prospects(&ids, now).await
            };
            match self.store.transaction::<_, StoreError, _, _>(work).await? {
                0 => break,
                some => restored += some,
            }
        }
        let detail = serde_json::json!({
            "clearing": clearing.map(|clearing| clearing.to_string()), "prospects": restored
        });
        self.note_queue(actor, "queue.restore", campaign, detail).await?;
        self.wake.dialer();
        Ok(restored)
    }

    async fn campaign_of(&self, actor: &Actor, id: CampaignId) -> Result<CampaignRecord, ProspectRefused> {
        let found = self.store.campaign(actor.workspace, id).await?;
        found.ok_or(ProspectRefused::NoSuchCampaign)
    }

    async fn note_queue(
        &self,
        actor: Actor,
        action: &'static str,
        campaign: CampaignId,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let (now, workspace) = (self.clock.now(), actor.workspace);
        let work = move |tx: Tx| async move { audit::note(&tx, &actor, action, campaign, detail, now).await };
        self.store.transaction(work).await?;
        self.told_of_people(workspace, campaign);
        Ok(())
    }

    /// Changes each prospect that is named, all in one transaction; each has an answer.
    async fn change_each(
        &self,
        actor: Actor,
        campaign: CampaignId,
        ids: Vec<ProspectId>,
        (action, mut detail): (&'static str, serde_json::Value),
        change: impl Fn(&mut ProspectRecord, &Context) -> Result<(), QueueRefused> + Send + Sync + 'static,
    ) -> Result<Outcomes, ProspectRefused> {
        let now = self.clock.now();
        let campaign = self.campaign_of(&actor, campaign).await?;
        let (workspace, id) = (campaign.workspace, campaign.id);
        let (outcomes, released) = self
            .store
            .transaction(move |tx| async move {
                let released = match action {
                    "queue.skip" => {
                        let ours = tx.prospects_of(campaign.id, &ids).await?;
                        let reserved = tx.lock_reserved_calls_to(&ours).await?;
                        release(&tx, reserved, "The prospect was skipped.", now).await?
                    }
                    _ => Vec::new(),
                };
                let outcomes = change_locked(&tx, &campaign, &ids, now, &change).await?;
                let changed: Vec<String> = outcomes
                    .iter()
                    .filter(|(_, result)| *result == Ok(Change::Changed))
                    .map(|(id, _)| id.to_string())
                    .collect();
                if !changed.is_empty() {
                    detail["prospects"] = changed.into();
                    audit::note(&tx, &actor, action, campaign.id, detail, now).await?;
                }
                Ok::<_, StoreError>((outcomes, released))
            })
            .await?;
        self.tell(&released);
        self.told_of_people(workspace, id);
        self.wake.dialer();
        Ok(outcomes)
    }
}

/// What a change of one prospect may read besides them.
struct Context {
    now: Timestamp,
    rules: CampaignRules,
    /// Those of the numbers that must never be rung.
    listed: HashSet<domain::phone_number::PhoneNumber>,
}

/// Locks these prospects, changes those of the campaign, and writes what really changed.
async fn change_locked(
    tx: &Tx,
    campaign: &CampaignRecord,
    ids: &[ProspectId],
    now: Timestamp,
    change: &(impl Fn(&mut ProspectRecord, &Context) -> Result<(), QueueRefused> + Sync),
) -> Result<Outcomes, StoreError> {
    let mut locked = tx.lock_prospects(ids).await?;
    locked.retain(|prospect| prospect.campaign == campaign.id);
    let phones: Vec<_> = locked.iter().map(|prospect| prospect.phone.clone()).collect();
    let listed = tx.do_not_call_among(campaign.workspace, &phones).await?.into_iter().collect();
    let context = Context { now, rules: campaign.rules.clone(), listed };
    let mut results = std::collections::HashMap::new();
    let mut changed = Vec::new();
    for before in locked {
        let mut after = before.clone();
        let result = change(&mut after, &context).map(|()| {
            if after == before {
                return Change::Unchanged;
            }
            after.updated_at = now;
            changed.push(after);
            Change::Changed
        });
        results.insert(before.id, result);
    }
    tx.save_prospects(&changed).await?;
    let answer = |id: &ProspectId| (*id, results.get(id).copied().unwrap_or(Err(QueueRefused::NotFound)));
    Ok(ids.iter().map(answer).collect())
}

fn put_in_line(prospect: &mut ProspectRecord, context: &Context) -> Result<(), QueueRefused> {
    queue::may_be_requeued(prospect.status)?;
    if context.listed.contains(&prospect.phone) {
        return Err(QueueRefused::DoNotCall);
    }
    let due = prospect.due_at.is_some_and(|due_at| due_at <= context.now);
    if prospect.status == ProspectStatus::Ready && due {
        return Ok(());
    }
    prospect.status = ProspectStatus::Ready;
    prospect.due_at = Some(context.now);
    prospect.due_before_skip = None;
    prospect.cleared_by = None;
    Ok(())
}
