//! Taking in news from the carrier: once, whatever the order, and durable before anybody is told that it was taken.
//!
//! News that arrives at the same time shares one transaction, so that one wait for the disk serves them all. Each sender
//! gets its answer after that commit, never before.

use std::collections::{HashMap, HashSet};

use domain::facts::Evidence;
use domain::ids::{CallId, CarrierEventId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::recording::RecordingSource;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use super::calls::settle::{Changed, settle};
use super::recordings::{self, ChangedRecording, RecordingTold};
use super::{Actions, new_uuid, quarantine};
use crate::clock::Clock;
use crate::crash_point::{self, CrashPoint};
use crate::live::{Live, Subject};
use crate::store::calls::CallRecord;
use crate::store::carrier_events::CarrierEventRecord;
use crate::store::history::QuarantineReason;
use crate::store::{Store, StoreError, Tx};
use crate::supervised::{PanicPoint, WishedPanics, caught};
use crate::wake::Wake;

/// How much news shares one transaction at the most.
const LARGEST_BATCH: usize = 256;
/// How much news may wait. When the disk cannot follow, senders wait, and their own time-outs tell them so.
const LONGEST_QUEUE: usize = 4_096;

/// One piece of news, verified and read.
#[derive(Debug, Clone)]
pub struct News {
    /// The call it speaks of, by the identifier that we gave it.
    pub call: Option<CallId>,
    /// The carrier's name for the call.
    pub carrier_sid: Option<String>,
    /// The number it says was rung, where it says so.
    pub to: Option<PhoneNumber>,
    /// `status`, `amd`, `recording`, `voice`, `turn` or `rest`.
    pub kind: &'static str,
    /// What it says; `None` for what is only kept.
    pub evidence: Option<Evidence>,
    /// What it tells of a recording.
    pub recording: Option<RecordingTold>,
    /// What names its content.
    pub content_key: [u8; 32],
    /// What arrived, to the letter.
    pub payload: String,
}

impl News {
    /// The key of a piece of news: the same content has the same key, whatever its order of fields.
    ///
    /// It begins with the call, so that the keys of calls that are on now lie side by side in their index, and a batch of
    /// news touches few pages of it. The rest is the first half of the hash: 128 bits, within one call.
    pub fn content_key(kind: &str, call: Option<CallId>, fields: &[(String, String)]) -> [u8; 32] {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort_unstable();
        let mut hash = Sha256::new();
        // Lengths first: no two different lists of fields may run together into the same bytes.
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        add(kind);
        add(&call.map(|id| id.to_string()).unwrap_or_default());
        for (name, value) in sorted {
            add(name);
            add(value);
        }
        let mut key: [u8; 32] = hash.finalize().into();
        if let Some(call) = call {
            key.copy_within(..16, 16);
            key[..16].copy_from_slice(call.uuid().as_bytes());
        }
        key
    }
}

/// What became of a piece of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was new, and belongs to this call.
    New(CallId),
    /// It was known already.
    Known,
    /// It belongs to none of our calls, or contradicts what we know of its call. It is kept, without effect.
    Orphan,
}

type Waiting = (News, oneshot::Sender<Result<Taken, StoreError>>);

/// Where news comes in.
#[derive(Clone, Debug)]
pub(super) struct Intake(mpsc::Sender<Waiting>);

impl Intake {
    /// Starts to take in news, until every handle is gone.
    pub(super) fn start(intaking: Intaking) -> Self {
        let (sender, receiver) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(intaking.take_in_batches(receiver));
        Self(sender)
    }
}

/// What taking in works with.
pub(super) struct Intaking {
    pub store: Store,
    pub clock: Clock,
    pub wake: Wake,
    pub live: Live,
    pub panics: WishedPanics,
}

impl Actions {
    /// Takes in one piece of news; returns when it is durable.
    pub async fn take_in(&self, news: News) -> Result<Taken, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.news.0.send((news, answer)).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Intaking {
    async fn take_in_batches(self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(LARGEST_BATCH);
        while waiting.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
            let now = self.clock.now();
            let (news, answers): (Vec<News>, Vec<_>) = batch.drain(..).unzip();
            let taken = caught(self.take_in_together(news, now)).await.unwrap_or_else(|panicked| {
                error!(task = "news", error = %panicked, "news from the carrier was not kept; it will be asked for");
                answers.iter().map(|_| Err(panicked.into())).collect()
            });
            for (taken, answer) in taken.into_iter().zip(answers) {
                // A sender that hung up meanwhile needs no answer.
                let _ = answer.send(taken);
            }
        }
    }

    /// One answer per piece of news. When the whole batch fails, each is tried alone: one that the database refuses must
    /// not take the others with it.
    async fn take_in_together(&self, news: Vec<News>, now: Timestamp) -> Vec<Result<Taken, StoreError>> {
        self.panics.reached(PanicPoint::News);
        match self.take_in_batch(news.clone(), now).await {
            Ok(taken) => taken.into_iter().map(Ok).collect(),
            Err(failure) if news.len() == 1 => {
                error!(error = %failure, "news from the carrier could not be kept; it will be asked for");
                vec![Err(failure)]
            }
            Err(_) => {
                let mut answers = Vec::with_capacity(news.len());
                for item in news {
                    answers.extend(Box::pin(self.take_in_together(vec![item], now)).await);
                }
                answers
            }
        }
    }

    async fn take_in_batch(&self, news: Vec<News>, now: Timestamp) -> Result<Vec<Taken>, StoreError> {
        let from_webhooks = news.iter().any(|item| item.kind != "rest");
        let panics = self.panics.clone();
        let work = move |tx| async move {
            let done = take_in_all(&tx, news, now).await;
            panics.reached(PanicPoint::NewsTransaction);
            crash_point::reached_when(CrashPoint::BeforeNewsCommit, from_webhooks);
            done
        };
        let TakenIn { taken, changed, recordings } = self.store.transaction_of_news(work).await?;
        crash_point::reached_when(CrashPoint::AfterNewsCommit, from_webhooks);
        tell(&changed, &self.live);
        recordings::tell(&recordings, &self.live, &self.wake);
        if changed.iter().any(|call| !call.call.is_live()) {
            self.wake.dialer();
        }
        if changed.iter().any(|call| call.next_poll_at.is_some_and(|at| at <= now)) {
            self.wake.reconciler();
        }
        if changed.iter().any(|call| call.dialed_too_late().is_some()) {
            self.wake.incidents();
        }
        Ok(taken)
    }
}

fn tell(changed: &[CallRecord], live: &Live) {
    for call in changed {
        let status = call.call.status().as_str();
        live.publish(call.workspace, Subject::Call { call: call.id, campaign: call.campaign, status });
    }
}

/// What one transaction did.
struct TakenIn {
    taken: Vec<Taken>,
    changed: Vec<CallRecord>,
    recordings: Vec<ChangedRecording>,
}

async fn take_in_all(tx: &Tx, mut news: Vec<News>, now: Timestamp) -> Result<TakenIn, StoreError> {
    find_calls_by_sid(tx, &mut news).await?;
    let mut ids: Vec<CallId> = news.iter().filter_map(|item| item.call).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut calls: HashMap<CallId, Changed> =
        tx.lock_calls(&ids).await?.into_iter().map(|call| (call.id, Changed::from(call))).collect();
    notice_lost_history(tx, &news, &mut calls, now).await?;

    let owner_of = |item: &News| {
        item.call.filter(|id| calls.get(id).is_some_and(|change| belongs_to(item, &change.after)))
    };
    let owners: Vec<Option<CallId>> = news.iter().map(owner_of).collect();
    let mut seen = HashSet::new();
    let mut events = Vec::with_capacity(news.len());
    // The event of each piece of news; the same news twice in one batch is once.
    let mut kept = Vec::with_capacity(news.len());
    for (item, owner) in news.iter().zip(&owners) {
        if !seen.insert(item.content_key) {
            kept.push(None);
            continue;
        }
        let workspace = match owner.and_then(|id| calls.get(&id)) {
            Some(change) => change.after.workspace,
            None => tx.first_workspace().await?,
        };
        let event = event(item, *owner, workspace, now);
        kept.push(Some(event.id));
        events.push(event);
    }
    let new = tx.add_events(&events).await?;

    let mut taken = Vec::with_capacity(news.len());
    let mut told = Vec::new();
    for ((item, owner), event) in news.iter().zip(owners).zip(kept) {
        taken.push(match owner {
            _ if event.is_none_or(|id| !new.contains(&id)) => Taken::Known,
            None => Taken::Orphan,
            Some(id) => {
                if let Some(change) = calls.get_mut(&id) {
                    apply(item, &mut change.after, now);
                    told.extend(item.recording.clone().map(|recording| (change.after.clone(), recording)));
                }
                Taken::New(id)
            }
        });
    }
    // In id order, as everything that locks several rows.
    let mut changes: Vec<Changed> = calls.into_values().collect();
    changes.sort_unstable_by_key(|change| change.after.id);
    let changed = settle(tx, changes, now).await?;
    let recordings = recordings::note_told(tx, &told, now).await?;
    Ok(TakenIn { taken, changed, recordings })
}

/// News without our own identifier is found by the carrier's, without a lock: calls are locked in the order of their ids.
async fn find_calls_by_sid(tx: &Tx, news: &mut [News]) -> Result<(), StoreError> {
    for item in news.iter_mut().filter(|item| item.call.is_none()) {
        if let Some(sid) = &item.carrier_sid {
            item.call = tx.call_by_carrier_sid(sid).await?;
        }
    }
    Ok(())
}

/// Our own seal on a call that we do not know, or never armed: whoever made that call was this installation, at a time that
/// this database has forgotten. The news itself is kept without effect; the reconciliation finds the call at the carrier.
async fn notice_lost_history(
    tx: &Tx,
    news: &[News],
    calls: &mut HashMap<CallId, Changed>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut lost = false;
    for item in news.iter().filter(|item| item.kind != "rest" && item.carrier_sid.is_some()) {
        let Some(id) = item.call else { continue };
        if calls.get(&id).is_none_or(|change| change.after.was_never_armed()) {
            calls.remove(&id);
            warn!(call_id = %id, "the carrier told of a call that this database never made");
            lost = true;
        }
    }
    if lost { quarantine::enter(tx, QuarantineReason::UnknownCall, now).await } else { Ok(()) }
}

/// News that contradicts what we know of its call must not change it.
fn belongs_to(news: &News, call: &CallRecord) -> bool {
    let other_sid =
        matches!((&news.carrier_sid, &call.carrier_sid), (Some(theirs), Some(ours)) if theirs != ours);
    let other_number = news.to.as_ref().is_some_and(|to| *to != call.to);
    if other_sid || other_number {
        warn!(call_id = %call.id, other_sid, other_number, "news contradicts its call and is kept without effect");
    }
    !(other_sid || other_number)
}

fn event(news: &News, owner: Option<CallId>, workspace: WorkspaceId, now: Timestamp) -> CarrierEventRecord {
    CarrierEventRecord {
        id: CarrierEventId::from_uuid(new_uuid(now)),
        workspace,
        call: owner,
        carrier_sid: news.carrier_sid.clone(),
        kind: if owner.is_some() { news.kind.to_owned() } else { "orphan".to_owned() },
        content_key: news.content_key,
        evidence: news.evidence.clone(),
        payload: news.payload.clone(),
        received_at: now,
    }
}

fn apply(news: &News, record: &mut CallRecord, now: Timestamp) {
    // Signed news that carries our identifier, or the carrier's own word, proves that the carrier made the call.
    if let Some(sid) = &news.carrier_sid {
        // Closed by us and proven after all: by now the next attempt may be on, and both are true.
        record.late |= record.call.closed_at.is_some();
        record.call.prove_placed();
        record.carrier_sid = Some(sid.clone());
        record.placed_at = record.placed_at.or(Some(now));
        record.refusal_message = None;
    }
    if let Some(evidence) = &news.evidence {
        record.call.facts.apply(evidence);
    }
    if let Some(recording) = news.recording.as_ref().filter(|it| it.source == RecordingSource::Call) {
        record.recording_sid = Some(recording.sid.clone());
    }
}
