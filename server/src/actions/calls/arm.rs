//! Arming: the last look at everything, and the commitment, in one transaction right before the request is sent.

use domain::call::Placement;
use domain::gate::{self, GateFacts, HoldReason, Verdict};
use domain::ids::CallId;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::settle::{Changed, settle};
use crate::actions::Actions;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::outside::Marker;
use crate::store::prospects::ProspectRecord;
use crate::store::scripts::ScriptRecord;
use crate::store::{StoreError, Tx};

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
}

/// What became of reserved calls.
#[derive(Debug, Default)]
pub struct Armed {
    /// To be sent now.
    pub to_send: Vec<ArmedCall>,
    /// Not armed, and why.
    pub held: Vec<(CallRecord, HoldReason)>,
    /// The history's number after the commit, where something was armed.
    pub(in crate::actions) history: Option<Marker>,
}

impl Actions {
    /// Arms reserved calls whose gates are all open at this instant. From the commit on the phone may ring.
    ///
    /// A call that is held is given up, or waits when a person asked for it and time alone will open the gate.
    pub async fn arm(&self, ids: Vec<CallId>) -> Result<Armed, StoreError> {
        let now = self.clock.now();
        let run = self.installation.run.clone();
        let history = self.history.clone();
        let armed = self
            .store
            .transaction(move |tx| async move {
                let mut armed = Armed::default();
                let mut changes = Vec::new();
                for record in tx.lock_calls(&ids).await? {
                    // Somebody else armed it, or it was given up meanwhile.
                    if record.call.placement != Placement::Reserved {
                        continue;
                    }
                    let mut change = Changed::from(record);
                    arm_one(&tx, &mut change, &run, now, &mut armed).await?;
                    changes.push(change);
                }
                let settled = settle(&tx, changes, now).await?;
                armed.history = history.advance_for_calls(&tx, armed.to_send.len(), now).await?;
                // What is sent carries the call as it was committed.
                for call in settled {
                    if let Some(sending) = armed.to_send.iter_mut().find(|sending| sending.call.id == call.id)
                    {
                        sending.call = call;
                    }
                }
                Ok::<_, StoreError>(armed)
            })
            .await;
        // Nothing is sent before the marker outside the database says that it was armed.
        self.remember_armed(armed).await
    }
}

async fn arm_one(
    tx: &Tx,
    change: &mut Changed,
    run: &str,
    now: Timestamp,
    armed: &mut Armed,
) -> Result<(), StoreError> {
    let record = &mut change.after;
    let campaign = tx.campaign(record.campaign).await?;
    let prospect = tx.lock_prospects(&[record.prospect]).await?.pop();
    let Some((campaign, prospect)) = campaign.zip(prospect) else {
        give_up(record, "The campaign or the prospect is gone.", now);
        return Ok(());
    };
    let day = campaign.rules.zone.local_date(now);
    let verdict = gate::decide(&GateFacts {
        now,
        campaign: campaign.status,
        rules: &campaign.rules,
        used_today: tx.used_on(campaign.id, day).await?,
        kill_switch: tx.dialing_stopped(campaign.workspace).await?,
        quarantine: tx.is_quarantined().await?,
        prospect: standing_without_this_call(&prospect, record),
        due_at: None,
        do_not_call: tx.is_do_not_call(campaign.workspace, &prospect.phone).await?,
        // The unique index on live calls holds the number for this call.
        number_in_call: false,
    });
    match verdict {
        Verdict::Never(reason) => give_up(record, reason.explain(), now),
        Verdict::Hold { reason, until } => {
            hold(record, reason, until, now);
            armed.held.push((record.clone(), reason));
        }
        Verdict::Dial if !tx.take_day_slot(campaign.id, day, campaign.rules.daily_limit).await? => {
            let until = Some(campaign.rules.zone.next_midnight(now));
            hold(record, HoldReason::DailyLimit, until, now);
            armed.held.push((record.clone(), HoldReason::DailyLimit));
        }
        Verdict::Dial => {
            record.call.placement = Placement::Armed;
            record.armed_at = Some(now);
            record.armed_by = Some(run.to_owned());
            record.day = Some(day);
            let script = match campaign.script {
                Some(id) => tx.script(campaign.workspace, id).await?,
                None => None,
            };
            armed.to_send.push(ArmedCall { call: record.clone(), campaign, prospect, script });
        }
    }
    Ok(())
}

/// The prospect is in a call because of this very call; what would they be without it?
fn standing_without_this_call(prospect: &ProspectRecord, call: &CallRecord) -> ProspectStatus {
    match prospect.status {
        ProspectStatus::InCall if prospect.last_call == Some(call.id) => ProspectStatus::Ready,
        // Another call became the latest one: this one must not be sent.
        status if prospect.last_call == Some(call.id) => status,
        _ => ProspectStatus::InCall,
    }
}

fn hold(record: &mut CallRecord, reason: HoldReason, until: Option<Timestamp>, now: Timestamp) {
    match until {
        // A person asked for this call: it waits for the gate instead of being forgotten.
        Some(until) if record.scheduled_for.is_some() => record.not_before = Some(until),
        _ => {
            record.not_before = until;
            give_up(record, reason.explain(), now);
        }
    }
}

fn give_up(record: &mut CallRecord, why: &str, now: Timestamp) {
    record.call.placement = Placement::Released;
    record.call.closed_at = Some(now);
    record.refusal_message = Some(why.to_owned());
}
