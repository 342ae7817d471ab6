//! Wishes for calls that arrive at the same time share one transaction, so that one wait for the disk serves them all.
//! Each wish gets its own answer after that commit, never before.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use domain::budget::Funds;
use domain::gate::{self, GateFacts, HoldReason, Verdict};
use domain::ids::{CallId, CampaignId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::voice::Narration;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::place::PlaceRefused;
use super::reserve;
use crate::actions::{Actions, Actor, Installation, audit};
use crate::clock::Clock;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::counters::CounterChanges;
use crate::store::numbers::{CallToNumber, CallsToNumbers};
use crate::store::prospects::ProspectRecord;
use crate::store::workspaces::WorkspaceRules;
use crate::store::{Store, StoreError, Tx};
use crate::supervised::{PanicPoint, WishedPanics, caught};
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
type Waiting = (Wish, oneshot::Sender<Answer>);

/// Where wishes come in.
#[derive(Clone, Debug)]
pub(in crate::actions) struct Wishes(mpsc::Sender<Waiting>);

impl Wishes {
    /// Starts to take in wishes, until every handle is gone.
    pub fn start(granting: Granting) -> Self {
        let (sender, waiting) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(granting.answer_batches(waiting));
        Self(sender)
    }
}

/// What answering wishes works with.
pub(in crate::actions) struct Granting {
    pub store: Store,
    pub clock: Clock,
    pub wake: Wake,
    pub installation: Arc<Installation>,
    pub panics: WishedPanics,
}

impl Granting {
    async fn answer_batches(self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(LARGEST_BATCH);
        while waiting.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
            let mut open: Vec<Waiting> = std::mem::take(&mut batch);
            while !open.is_empty() {
                // A second wish for the same prospect sees what became of the first, after its commit: within one
                // transaction everybody is locked once, in the order that holds everywhere.
                let mut taken = HashSet::new();
                let (turn, rest): (Vec<_>, Vec<_>) =
                    open.into_iter().partition(|(wish, _)| taken.insert(wish.prospect));
                let (wishes, senders): (Vec<Wish>, Vec<_>) = turn.into_iter().unzip();
                let answers = caught(self.answer_turn(wishes)).await.unwrap_or_else(|panicked| {
                    error!(task = "wishes", error = %panicked, "calls that were asked for could not be placed");
                    senders.iter().map(|_| Err(StoreError::from(panicked).into())).collect()
                });
                for (answer, sender) in answers.into_iter().zip(senders) {
                    // A caller that hung up meanwhile needs no answer.
                    let _ = sender.send(answer);
                }
                open = rest;
            }
        }
    }

    async fn answer_turn(&self, wishes: Vec<Wish>) -> Vec<Answer> {
        self.panics.reached(PanicPoint::Wishes);
        let answers = self.answer_together(wishes, self.clock.now()).await;
        if answers.iter().any(Result::is_ok) {
            self.wake.dialer();
        }
        answers
    }

    /// One answer per wish. When the whole batch fails, each is tried alone: one that the database refuses must not take
    /// the others with it.
    async fn answer_together(&self, wishes: Vec<Wish>, now: Timestamp) -> Vec<Answer> {
        let (all, ours, panics) = (wishes.clone(), self.installation.clone(), self.panics.clone());
        let intended = Arc::new(OnceLock::new());
        let kept = intended.clone();
        let work = move |tx| async move {
            let answers = answer_all(&tx, all, &ours, now).await?;
            kept.get_or_init(|| answers.iter().map(|it| it.as_ref().ok().map(|call| call.id)).collect());
            panics.reached(PanicPoint::WishesTransaction);
            Ok(answers)
        };
        let failure: StoreError = match self.store.transaction(work).await {
            Ok(answers) => return answers,
            Err(failure) => failure,
        };
        let calls: Vec<Option<CallId>> = intended.get().cloned().unwrap_or_default();
        let alone = wishes.len() == 1;
        let mut answers = Vec::with_capacity(wishes.len());
        for (nth, wish) in wishes.into_iter().enumerate() {
            let call = calls.get(nth).copied().flatten();
            match self.committed(call).await {
                Some(made) => answers.push(Ok(made)),
                None if alone => answers.push(Err(PlaceRefused::Store(failure.clone()))),
                None => answers.extend(Box::pin(self.answer_together(vec![wish], now)).await),
            }
        }
        answers
    }

    /// The call, when its transaction was committed after all: the answer to a commit can be lost.
    async fn committed(&self, call: Option<CallId>) -> Option<CallRecord> {
        self.store.any_call(call?).await.ok().flatten()
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

/// Answers wishes for different prospects.
async fn answer_all(
    tx: &Tx,
    wishes: Vec<Wish>,
    installation: &Installation,
    now: Timestamp,
) -> Result<Vec<Answer>, StoreError> {
    // Campaigns before prospects, as everywhere: a call refers to its campaign, which a pause holds while it waits for the
    // prospects whose calls it ends.
    let campaigns: Vec<CampaignId> = wishes.iter().map(|wish| wish.campaign).collect();
    let campaigns = tx.hold_campaigns(&campaigns).await?;
    let ids: Vec<ProspectId> = wishes.iter().map(|wish| wish.prospect).collect();
    let mut prospects: HashMap<ProspectId, ProspectRecord> =
        tx.lock_prospects(&ids).await?.into_iter().map(|prospect| (prospect.id, prospect)).collect();
    let mut facts = Facts::about(tx, installation, campaigns, prospects.values(), now).await?;
    let mut decided = Vec::with_capacity(wishes.len());
    for wish in &wishes {
        let prospect = prospects.remove(&wish.prospect);
        decided.push(reserve_one(tx, wish, prospect, now, &mut facts).await?);
    }
    let calls: Vec<CallRecord> = decided.iter().flatten().map(|(_, call)| call.clone()).collect();
    let added = tx.add_calls(&calls).await?;
    let (mut changed, mut counters, mut deeds) = (Vec::new(), CounterChanges::default(), Vec::new());
    let mut answers = Vec::with_capacity(wishes.len());
    for (wish, decision) in wishes.iter().zip(decided) {
        let (prospect, call) = match decision {
            Ok(reserved) => reserved,
            Err(refused) => {
                answers.push(Err(refused));
                continue;
            }
        };
        if !added.contains(&call.id) {
            answers.push(Err(number_in_call(tx, &call, now).await?));
            continue;
        }
        reserve::note_new(&mut counters, call.campaign, &call);
        let detail = serde_json::json!({ "prospect": prospect.id.to_string() });
        deeds.push(audit::entry(&wish.actor, "call.place", call.id, detail, now));
        changed.push(prospect);
        answers.push(Ok(call));
    }
    tx.save_standings(&changed).await?;
    tx.change_counters(counters).await?;
    tx.add_audits(deeds).await?;
    Ok(answers)
}

/// Names the call that stands in the way, without locking it: calls are locked before prospects or not at all.
async fn number_in_call(tx: &Tx, wanted: &CallRecord, now: Timestamp) -> Result<PlaceRefused, StoreError> {
    let number = std::slice::from_ref(&wanted.to);
    let calls = tx.calls_to_numbers(wanted.workspace, number, now).await?;
    let call = calls.to(&wanted.to).iter().find(|call| call.live).map(|call| call.id);
    Ok(PlaceRefused::NotNow { reason: HoldReason::NumberInCall, until: None, call })
}

/// The next call of a prospect, unless a gate is closed.
async fn reserve_one(
    tx: &Tx,
    wish: &Wish,
    prospect: Option<ProspectRecord>,
    now: Timestamp,
    facts: &mut Facts<'_>,
) -> Result<Result<(ProspectRecord, CallRecord), PlaceRefused>, StoreError> {
    let campaign = facts.campaigns.get(&wish.campaign).cloned();
    let Some(campaign) = campaign.filter(|campaign| campaign.workspace == wish.actor.workspace) else {
        return Ok(Err(PlaceRefused::NoSuchCampaign));
    };
    let Some(mut prospect) = prospect.filter(|found| found.campaign == campaign.id) else {
        return Ok(Err(PlaceRefused::NoSuchProspect));
    };
    let Some(from) = campaign.caller_id.as_ref().or(facts.installation.caller_id.as_ref()).cloned() else {
        return Ok(Err(PlaceRefused::NoCallerId));
    };
    let when = wish.scheduled_for.unwrap_or(now);
    let workspace = facts.workspace(tx, campaign.workspace).await?;
    let verdict = gate::decide(&GateFacts {
        now: when,
        campaign: campaign.status,
        rules: &campaign.rules,
        used_today: facts.used_on(tx, campaign.id, campaign.rules.zone.local_date(when)).await?,
        kill_switch: workspace.dialing_stopped,
        quarantine: facts.quarantine,
        prospect: prospect.status,
        // A person who asks for a call now does not wait for the retry delay.
        due_at: None,
        do_not_call: facts.do_not_call.contains(&(campaign.workspace, prospect.phone.clone())),
        // Whoever is in a call to this number is found when the reservation is made.
        number_in_call: false,
        // It waits for these where they are asked for good, when it is armed.
        lost_call_unlooked: false,
        voice: facts.narration.verdict(campaign.needs_narration(), when),
        pace: Verdict::Dial,
        frequency_cap: workspace.frequency_cap,
        recent_rings: &facts.rings_to(&prospect),
        funds: facts.funds(tx, &campaign, &workspace, when).await?,
        worst_case: campaign.quote(&facts.installation.rates, &prospect.phone).map(|it| it.worst_case),
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
struct Facts<'a> {
    installation: &'a Installation,
    quarantine: bool,
    narration: Narration,
    campaigns: HashMap<CampaignId, CampaignRecord>,
    workspaces: HashMap<WorkspaceId, WorkspaceRules>,
    used: HashMap<(CampaignId, Date), u32>,
    funds: HashMap<(CampaignId, Timestamp), Funds>,
    do_not_call: HashSet<(WorkspaceId, PhoneNumber)>,
    calls: HashMap<WorkspaceId, CallsToNumbers>,
}

impl<'a> Facts<'a> {
    /// What is the same for all of these people, and what is known of their numbers.
    async fn about(
        tx: &Tx,
        installation: &'a Installation,
        campaigns: Vec<CampaignRecord>,
        prospects: impl Iterator<Item = &ProspectRecord>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        // Asked only where it matters: every wish for a call comes by here.
        let narrated = campaigns.iter().any(CampaignRecord::needs_narration);
        let trouble = if narrated { tx.service_trouble().await? } else { None };
        let narration = installation.narration(trouble.as_ref());
        let mut facts = Self {
            installation,
            quarantine: tx.is_quarantined().await?,
            narration,
            campaigns: campaigns.into_iter().map(|campaign| (campaign.id, campaign)).collect(),
            workspaces: HashMap::new(),
            used: HashMap::new(),
            funds: HashMap::new(),
            do_not_call: HashSet::new(),
            calls: HashMap::new(),
        };
        let mut numbers: HashMap<WorkspaceId, Vec<PhoneNumber>> = HashMap::new();
        for prospect in prospects {
            numbers.entry(prospect.workspace).or_default().push(prospect.phone.clone());
        }
        for (workspace, phones) in numbers {
            let listed = tx.do_not_call_among(workspace, &phones).await?;
            facts.do_not_call.extend(listed.into_iter().map(|phone| (workspace, phone)));
            // A call for later needs fewer of them; the cap leaves out what is too old for it.
            facts.calls.insert(workspace, tx.calls_to_numbers(workspace, &phones, now).await?);
        }
        Ok(facts)
    }

    async fn workspace(&mut self, tx: &Tx, of: WorkspaceId) -> Result<WorkspaceRules, StoreError> {
        if let Some(known) = self.workspaces.get(&of) {
            return Ok(*known);
        }
        let rules = tx.workspace_rules(of).await?;
        self.workspaces.insert(of, rules);
        Ok(rules)
    }

    async fn used_on(&mut self, tx: &Tx, campaign: CampaignId, day: Date) -> Result<u32, StoreError> {
        if let Some(known) = self.used.get(&(campaign, day)) {
            return Ok(*known);
        }
        let used = tx.used_on(campaign, day).await?;
        self.used.insert((campaign, day), used);
        Ok(used)
    }

    async fn funds(
        &mut self,
        tx: &Tx,
        campaign: &CampaignRecord,
        workspace: &WorkspaceRules,
        when: Timestamp,
    ) -> Result<Funds, StoreError> {
        if let Some(known) = self.funds.get(&(campaign.id, when)) {
            return Ok(*known);
        }
        let funds = tx.funds(campaign, workspace, when).await?;
        self.funds.insert((campaign.id, when), funds);
        Ok(funds)
    }

    /// When the number of a prospect rang lately.
    fn rings_to(&self, prospect: &ProspectRecord) -> Vec<Timestamp> {
        let calls = self.calls.get(&prospect.workspace).map_or(&[][..], |calls| calls.to(&prospect.phone));
        calls.iter().filter_map(CallToNumber::rang).collect()
    }
}
