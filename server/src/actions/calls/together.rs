//! Wishes for calls that arrive at the same time share one transaction, so that one wait for the disk serves them all.
//! Each wish gets its own answer after that commit, never before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::gate::{self, GateFacts, HoldReason, Verdict};
use domain::ids::{CampaignId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::{mpsc, oneshot};

use super::place::PlaceRefused;
use super::reserve;
use crate::actions::{Actions, Actor, audit};
use crate::clock::Clock;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::counters::CounterChanges;
use crate::store::prospects::ProspectRecord;
use crate::store::{Store, StoreError, Tx};
use crate::wake::Wake;

/// How many wishes share one transaction at the most.
const LARGEST_BATCH: usize = 64;
/// How many may wait; further callers wait to be let in.
const LONGEST_QUEUE: usize = 1_024;

/// Somebody wants a call.
#[derive(Debug, Clone)]
pub(in crate::actions) struct Wish {
    pub actor: Actor,
    pub campaign: CampaignId,
    pub prospect: ProspectId,
    pub scheduled_for: Option<Timestamp>,
    pub metadata: Option<String>,
}

type Answer = Result<CallRecord, PlaceRefused>;

/// Where wishes come in.
#[derive(Clone, Debug)]
pub(in crate::actions) struct Wishes(mpsc::Sender<(Wish, oneshot::Sender<Answer>)>);

impl Wishes {
    /// Starts to take in wishes, until every handle is gone. `caller_id` is shown where a campaign names no number.
    pub fn start(store: Store, clock: Clock, wake: Wake, caller_id: Option<PhoneNumber>) -> Self {
        let (sender, mut waiting) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(LARGEST_BATCH);
            while waiting.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
                let (wishes, senders): (Vec<Wish>, Vec<oneshot::Sender<Answer>>) = batch.drain(..).unzip();
                let answers = answer_together(&store, &caller_id, wishes, clock.now()).await;
                if answers.iter().any(Result::is_ok) {
                    wake.dialer();
                }
                for (answer, sender) in answers.into_iter().zip(senders) {
                    // A caller that hung up meanwhile needs no answer.
                    let _ = sender.send(answer);
                }
            }
        });
        Self(sender)
    }
}

impl Actions {
    /// Tells of a wish; returns when the call is durable, or why there is none.
    pub(super) async fn wish(&self, wish: Wish) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.wishes.0.send((wish, answer)).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

/// One answer per wish. When the whole batch fails, each is tried alone: one that the database refuses must not take the
/// others with it.
async fn answer_together(
    store: &Store,
    caller_id: &Option<PhoneNumber>,
    wishes: Vec<Wish>,
    now: Timestamp,
) -> Vec<Answer> {
    let (all, from) = (wishes.clone(), caller_id.clone());
    match store.transaction(move |tx| async move { answer_all(&tx, all, from, now).await }).await {
        Ok(answers) => answers,
        Err(failure) if wishes.len() == 1 => vec![Err(PlaceRefused::Store(failure))],
        Err(_) => {
            let mut answers = Vec::with_capacity(wishes.len());
            for wish in wishes {
                answers.extend(Box::pin(answer_together(store, caller_id, vec![wish], now)).await);
            }
            answers
        }
    }
}

async fn answer_all(
    tx: &Tx,
    wishes: Vec<Wish>,
    caller_id: Option<PhoneNumber>,
    now: Timestamp,
) -> Result<Vec<Answer>, StoreError> {
    let mut answers: Vec<Option<Answer>> = wishes.iter().map(|_| None).collect();
    let mut facts = Facts::default();
    let mut open: Vec<usize> = (0..wishes.len()).collect();
    while !open.is_empty() {
        // A second wish for the same prospect sees what became of the first.
        let mut taken = HashSet::new();
        let (turn, rest): (Vec<usize>, Vec<usize>) =
            open.into_iter().partition(|at| taken.insert(wishes[*at].prospect));
        answer_turn(tx, &wishes, turn, caller_id.as_ref(), now, &mut facts, &mut answers).await?;
        open = rest;
    }
    // Every index was in exactly one turn, and every turn answers all of its own.
    Ok(answers.into_iter().map(|answer| answer.unwrap_or(Err(StoreError::Stopped.into()))).collect())
}

/// Answers wishes for different prospects.
async fn answer_turn(
    tx: &Tx,
    wishes: &[Wish],
    turn: Vec<usize>,
    caller_id: Option<&PhoneNumber>,
    now: Timestamp,
    facts: &mut Facts,
    answers: &mut [Option<Answer>],
) -> Result<(), StoreError> {
    let ids: Vec<ProspectId> = turn.iter().map(|at| wishes[*at].prospect).collect();
    let mut prospects: HashMap<ProspectId, ProspectRecord> =
        tx.lock_prospects(&ids).await?.into_iter().map(|prospect| (prospect.id, prospect)).collect();
    facts.look_up_numbers(tx, prospects.values()).await?;
    let mut reserved = Vec::with_capacity(turn.len());
    for at in turn {
        let prospect = prospects.remove(&wishes[at].prospect);
        match reserve_one(tx, &wishes[at], prospect, caller_id, now, facts).await? {
            Ok((prospect, call)) => reserved.push((at, prospect, call)),
            Err(refused) => answers[at] = Some(Err(refused)),
        }
    }
    let calls: Vec<CallRecord> = reserved.iter().map(|(_, _, call)| call.clone()).collect();
    let added = tx.add_calls(&calls).await?;
    let (mut changed, mut counters, mut deeds) = (Vec::new(), CounterChanges::default(), Vec::new());
    for (at, prospect, call) in reserved {
        if !added.contains(&call.id) {
            let blocking = tx.lock_live_calls_to(call.workspace, &prospect.phone).await?;
            let call = blocking.first().map(|call| call.id);
            let reason = HoldReason::NumberInCall;
            answers[at] = Some(Err(PlaceRefused::NotNow { reason, until: None, call }));
            continue;
        }
        reserve::note_new(&mut counters, call.campaign, &call);
        let detail = serde_json::json!({ "prospect": prospect.id.to_string() });
        deeds.push(audit::entry(&wishes[at].actor, "call.place", call.id, detail, now));
        changed.push(prospect);
        answers[at] = Some(Ok(call));
    }
    tx.save_standings(&changed).await?;
    tx.change_counters(counters).await?;
    tx.add_audits(deeds).await
}

/// The next call of a prospect, unless a gate is closed.
async fn reserve_one(
    tx: &Tx,
    wish: &Wish,
    prospect: Option<ProspectRecord>,
    caller_id: Option<&PhoneNumber>,
    now: Timestamp,
    facts: &mut Facts,
) -> Result<Result<(ProspectRecord, CallRecord), PlaceRefused>, StoreError> {
    let campaign = facts.campaign(tx, wish.campaign).await?;
    let Some(campaign) = campaign.filter(|campaign| campaign.workspace == wish.actor.workspace) else {
        return Ok(Err(PlaceRefused::NoSuchCampaign));
    };
    let Some(mut prospect) = prospect.filter(|found| found.campaign == campaign.id) else {
        return Ok(Err(PlaceRefused::NoSuchProspect));
    };
    let Some(from) = campaign.caller_id.as_ref().or(caller_id).cloned() else {
        return Ok(Err(PlaceRefused::NoCallerId));
    };
    let when = wish.scheduled_for.unwrap_or(now);
    let verdict = gate::decide(&GateFacts {
        now: when,
        campaign: campaign.status,
        rules: &campaign.rules,
        used_today: facts.used_on(tx, campaign.id, campaign.rules.zone.local_date(when)).await?,
        kill_switch: facts.dialing_stopped(tx, campaign.workspace).await?,
        prospect: prospect.status,
        // A person who asks for a call now does not wait for the retry delay.
        due_at: None,
        do_not_call: facts.do_not_call.contains(&(campaign.workspace, prospect.phone.clone())),
        number_in_call: false,
    });
    match verdict {
        Verdict::Dial => {
            let mut call = reserve::reservation(&mut prospect, from, when, now);
            call.scheduled_for = wish.scheduled_for;
            if let Some(metadata) = &wish.metadata {
                call.metadata.clone_from(metadata);
            }
            Ok(Ok((prospect, call)))
        }
        Verdict::Never(reason) => Ok(Err(PlaceRefused::Never(reason))),
        Verdict::Hold { reason, until } => {
            let call = match reason {
                HoldReason::InCall | HoldReason::OutcomeUnknown => prospect.last_call,
                _ => None,
            };
            Ok(Err(PlaceRefused::NotNow { reason, until, call }))
        }
    }
}

/// What the gates ask, read once per transaction.
#[derive(Default)]
struct Facts {
    campaigns: HashMap<CampaignId, Option<Arc<CampaignRecord>>>,
    used: HashMap<(CampaignId, Date), u32>,
    stopped: HashMap<WorkspaceId, bool>,
    do_not_call: HashSet<(WorkspaceId, PhoneNumber)>,
}

impl Facts {
    async fn campaign(&mut self, tx: &Tx, id: CampaignId) -> Result<Option<Arc<CampaignRecord>>, StoreError> {
        if let Some(known) = self.campaigns.get(&id) {
            return Ok(known.clone());
        }
        let found = tx.campaign(id).await?.map(Arc::new);
        self.campaigns.insert(id, found.clone());
        Ok(found)
    }

    async fn used_on(&mut self, tx: &Tx, campaign: CampaignId, day: Date) -> Result<u32, StoreError> {
        if let Some(known) = self.used.get(&(campaign, day)) {
            return Ok(*known);
        }
        let used = tx.used_on(campaign, day).await?;
        self.used.insert((campaign, day), used);
        Ok(used)
    }

    async fn dialing_stopped(&mut self, tx: &Tx, of: WorkspaceId) -> Result<bool, StoreError> {
        if let Some(known) = self.stopped.get(&of) {
            return Ok(*known);
        }
        let stopped = tx.dialing_stopped(of).await?;
        self.stopped.insert(of, stopped);
        Ok(stopped)
    }

    /// Notes which of these people's numbers must never be rung.
    async fn look_up_numbers(
        &mut self,
        tx: &Tx,
        prospects: impl Iterator<Item = &ProspectRecord>,
    ) -> Result<(), StoreError> {
        let mut numbers: HashMap<WorkspaceId, Vec<PhoneNumber>> = HashMap::new();
        for prospect in prospects {
            numbers.entry(prospect.workspace).or_default().push(prospect.phone.clone());
        }
        for (workspace, phones) in numbers {
            let listed = tx.do_not_call_among(workspace, &phones).await?;
            self.do_not_call.extend(listed.into_iter().map(|phone| (workspace, phone)));
        }
        Ok(())
    }
}
