//! Arming: the last look at everything, and the commitment, in one transaction right before the request is sent.

mod books;

use std::sync::{Arc, OnceLock};

use domain::gate::{self, HoldReason, Verdict};
use domain::ids::{CallId, ProspectId};
use jiff::Timestamp;

use self::books::Books;
use super::settle::{Changed, settle};
use crate::actions::Actions;
use crate::actions::nodes::NotArmed;
use crate::clock::Uptime;
use crate::crash_point::{self, CrashPoint};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::outside::Marker;
use crate::store::prospects::ProspectRecord;
use crate::store::scripts::ScriptRecord;

/// A call that must be sent now, with what is needed for it.
#[derive(Debug, Clone)]
pub struct ArmedCall {
    /// The call.
    pub call: CallRecord,
    /// Its campaign.
    pub campaign: CampaignRecord,
    /// Whom it rings.
    pub prospect: ProspectRecord,
    /// What they hear, unless the campaign plays audio.
    pub script: Option<ScriptRecord>,
    /// The carrier was in trouble when this was armed, so its answer is worth writing down.
    pub carrier_was_troubled: bool,
}

/// What became of reserved calls.
#[derive(Debug, Default)]
pub struct Armed {
    /// To be sent now.
    pub to_send: Vec<ArmedCall>,
    /// Not armed, and why.
    pub held: Vec<(CallRecord, HoldReason)>,
    /// When the first of those that only wait for the pace may go.
    pub again_at: Option<Timestamp>,
    /// Why none of them was even looked at: this server may not arm now.
    pub refused: Option<NotArmed>,
    /// When the last of them was armed: how long ago is what a request is sent by.
    pub armed_at: Option<Uptime>,
    /// Lost calls to the same numbers, for which the carrier's list must be read first.
    pub(super) unlooked: Vec<CallId>,
    /// The history's number after the commit, where something was armed.
    pub(in crate::actions) history: Option<Marker>,
}

/// What a transaction armed, known outside of it whether or not its end was answered.
type Intended = Arc<OnceLock<Vec<(CallId, u32)>>>;

impl Actions {
    /// Arms reserved calls whose gates are all open at this instant. From the commit on the phone may ring.
    ///
    /// A call that only waits for the pace stays reserved. One that anything else holds is given up, or waits when a person
    /// asked for it and time alone will open the gate.
    ///
    /// # Errors
    /// The database failed, perhaps after the commit. Nothing is sent then, and what was armed all the same is taken back by
    /// [`Actions::take_back_unsent`].
    pub async fn arm(&self, ids: Vec<CallId>) -> Result<Armed, StoreError> {
        let intended = Intended::default();
        let armed = self.arm_together(ids, intended.clone()).await;
        if armed.is_err() {
            self.unsent.note(intended.get().cloned().unwrap_or_default());
        }
        armed
    }

    async fn arm_together(&self, ids: Vec<CallId>, intended: Intended) -> Result<Armed, StoreError> {
        let now = self.clock.now();
        let installation = self.installation.clone();
        let (node, clock) = (self.node.clone(), self.clock.clone());
        let history = self.history.clone();
        let armed = self
            .store
            .transaction(move |tx| async move {
                let mut armed = Armed::default();
                if let Err(refused) = node.may_arm(&tx, &clock).await? {
                    armed.refused = Some(refused);
                    return Ok(armed);
                }
                // What is locked, in this order, here and everywhere: the lease, paces, numbers, workspaces, campaigns, calls,
                // prospects, days, budgets, counters. So no two transactions wait for each other.
                let wanted = tx.reserved_calls(&ids).await?;
                if wanted.is_empty() {
                    return Ok(armed);
                }
                let mut books = Books::open(&tx, &installation, &wanted, now).await?;
                let calls = tx.lock_reserved_calls(&ids).await?;
                let whom: Vec<ProspectId> = calls.iter().map(|call| call.prospect).collect();
                let mut prospects = tx.lock_prospects(&whom).await?;
                books.look_up(&tx, &calls).await?;
                let mut changes = Vec::with_capacity(calls.len());
                for record in calls {
                    let at = prospects.iter().position(|prospect| prospect.id == record.prospect);
                    let prospect = at.map(|at| prospects.swap_remove(at));
                    let mut change = Changed::from(record);
                    armed.unlooked.extend(books.unlooked(&change.after));
                    arm_one(&mut change, prospect, &mut books, &mut armed);
                    changes.push(change);
                }
                tx.save_paces(&books.paces).await?;
                let settled = settle(&tx, changes, now).await?;
                armed.history = history.advance_for_calls(&tx, armed.to_send.len(), now).await?;
                // What is sent carries the call as it was committed.
                for call in settled {
                    if let Some(sending) = armed.to_send.iter_mut().find(|sending| sending.call.id == call.id)
                    {
                        sending.call = call;
                    }
                }
                // Before the commit: whatever stops this process behind it counts against the request.
                armed.armed_at = Some(Uptime::now());
                intended.get_or_init(|| armed.to_send.iter().map(|it| (it.call.id, it.call.sends)).collect());
                crash_point::reached_when(CrashPoint::BeforeArmCommit, !armed.to_send.is_empty());
                Ok::<_, StoreError>(armed)
            })
            .await;
        crash_point::reached_when(
            CrashPoint::AfterArmCommit,
            armed.as_ref().is_ok_and(|armed| !armed.to_send.is_empty()),
        );
        // Nothing is sent before the marker outside the database says that it was armed.
        let armed = self.remember_armed(armed).await?;
        if !armed.unlooked.is_empty() {
            self.look_again(armed.unlooked.clone()).await?;
        }
        Ok(armed)
    }
}

fn arm_one(change: &mut Changed, prospect: Option<ProspectRecord>, books: &mut Books, armed: &mut Armed) {
    let record = &mut change.after;
    let now = books.now;
    let Some((campaign, prospect)) = books.campaigns.get(&record.campaign).cloned().zip(prospect) else {
        give_up(record, "The campaign or the prospect is gone.", now);
        return;
    };
    let rings = books.rings_of(record);
    match gate::decide(&books.facts(record, &campaign, &prospect, &rings)) {
        Verdict::Never(reason) => give_up(record, reason.explain(), now),
        Verdict::Hold { reason, until } if reason.is_pace() => {
            armed.again_at = armed.again_at.into_iter().chain(until).min();
            armed.held.push((record.clone(), reason));
        }
        Verdict::Hold { reason, until } => {
            hold(record, reason, until, now);
            armed.held.push((record.clone(), reason));
        }
        Verdict::Dial => {
            let carrier_was_troubled = books.are_troubled();
            books.take(record, &campaign);
            let script = books.script_of(&campaign).filter(|_| campaign.audio_url.is_none());
            record.script = script.as_ref().map(ScriptRecord::said_now);
            let wants_to_record = campaign.recording != "off";
            record.recording_ruling = wants_to_record.then(|| campaign.recording_consent.ruling(&record.to));
            let call = record.clone();
            armed.to_send.push(ArmedCall { call, campaign, prospect, script, carrier_was_troubled });
        }
    }
}

fn hold(record: &mut CallRecord, reason: HoldReason, until: Option<Timestamp>, now: Timestamp) {
    match until {
        // A person asked for this call: it waits for the gate instead of being forgotten. And a look at the carrier's list
        // is over in a moment.
        Some(until) if record.scheduled_for.is_some() || reason == HoldReason::OutcomeUnknown => {
            record.not_before = Some(until);
        }
        _ => {
            record.not_before = until;
            give_up(record, reason.explain(), now);
        }
    }
}

fn give_up(record: &mut CallRecord, why: &str, now: Timestamp) {
    if record.call.release(now) {
        record.refusal_message = Some(why.to_owned());
    }
}
