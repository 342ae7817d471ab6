//! Everything that the gates ask about a batch of calls, read and locked once, and kept up to date call by call.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::budget::{Commitment, Funds, Quote};
use domain::call::Placement;
use domain::gate::{GateFacts, HoldReason, Verdict};
use domain::ids::{CallId, CampaignId, ExperimentId, ProspectId, ScriptId, WorkspaceId};
use domain::money::Usd;
use domain::pacing::{Pace, Pacing};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::actions::Installation;
use crate::store::budgets::BudgetScope;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::experiments::{ArmRecord, Drawn, ExperimentRecord};
use crate::store::numbers::{CallToNumber, CallsToNumbers};
use crate::store::pace::{CallsOn, PaceScope};
use crate::store::prospects::ProspectRecord;
use crate::store::reserved_calls::ReservedCall;
use crate::store::scripts::ScriptRecord;
use crate::store::workspaces::WorkspaceRules;
use crate::store::{StoreError, Tx};

/// A look at the carrier's list for a lost call counts this long.
const LOOK_IS_FRESH_FOR: Duration = Duration::from_secs(10 * 60);

/// The books of one arming.
pub(super) struct Books {
    pub now: Timestamp,
    pub campaigns: HashMap<CampaignId, CampaignRecord>,
    pub paces: BTreeMap<PaceScope, Pace>,
    scripts: HashMap<ScriptId, ScriptRecord>,
    experiments: HashMap<ExperimentId, ExperimentRecord>,
    installation: Arc<Installation>,
    on: CallsOn,
    workspaces: HashMap<WorkspaceId, WorkspaceRules>,
    quarantine: bool,
    days: BTreeMap<(CampaignId, Date), u32>,
    money: BTreeMap<BudgetScope, Commitment>,
    do_not_call: HashSet<(WorkspaceId, PhoneNumber)>,
    numbers: HashMap<WorkspaceId, CallsToNumbers>,
}

impl Books {
    /// Locks what stands above the calls: paces, numbers, workspaces, campaigns.
    pub async fn open(
        tx: &Tx,
        installation: &Arc<Installation>,
        calls: &[ReservedCall],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        // The account's row is the one door of all servers: nobody else arms until this transaction has ended.
        let mut paces = tx.lock_paces(&[PaceScope::Account]).await?;
        let by_workspace = numbers_by_workspace(calls.iter().map(|call| (call.workspace, &call.to)));
        let mut workspaces = HashMap::new();
        for (workspace, numbers) in &by_workspace {
            tx.hold_numbers(*workspace, numbers).await?;
        }
        for workspace in by_workspace.keys() {
            workspaces.insert(*workspace, tx.hold_workspace_rules(*workspace).await?);
        }
        let mut ids: Vec<CampaignId> = calls.iter().map(|call| call.campaign).collect();
        ids.sort_unstable();
        ids.dedup();
        let campaigns = tx.hold_campaigns(&ids).await?;
        let experiments: Vec<ExperimentId> = campaigns.iter().filter_map(|it| it.experiment).collect();
        let experiments = tx.experiments(&experiments).await?;
        let arms = experiments.iter().flat_map(|test| test.arms.iter().map(|arm| arm.said.script));
        let scripts: Vec<ScriptId> = campaigns.iter().filter_map(|it| it.script).chain(arms).collect();
        let scripts = tx.scripts(&scripts).await?;
        let campaigns: HashMap<_, _> =
            campaigns.into_iter().map(|campaign| (campaign.id, campaign)).collect();
        let mut scopes: Vec<PaceScope> = Vec::new();
        if installation.caller_id_pacing.is_some() {
            scopes.extend(calls.iter().map(|call| PaceScope::CallerId(call.from.clone())));
        }
        let paced = campaigns.values().filter(|campaign| campaign.rules.pacing.is_some());
        scopes.extend(paced.map(|campaign| PaceScope::Campaign(campaign.id)));
        paces.extend(tx.lock_paces(&scopes).await?);
        let on = tx.calls_on(&ids).await?;
        Ok(Self {
            now,
            campaigns,
            paces,
            scripts: scripts.into_iter().map(|script| (script.id, script)).collect(),
            experiments: experiments.into_iter().map(|test| (test.id, test)).collect(),
            installation: installation.clone(),
            on,
            workspaces,
            quarantine: tx.is_quarantined().await?,
            days: BTreeMap::new(),
            money: BTreeMap::new(),
            do_not_call: HashSet::new(),
            numbers: HashMap::new(),
        })
    }

    /// Reads and locks what stands below the calls: days, budgets; and what is known of the numbers.
    pub async fn look_up(&mut self, tx: &Tx, calls: &[CallRecord]) -> Result<(), StoreError> {
        let mut days = BTreeSet::new();
        let mut scopes = BTreeSet::new();
        for call in calls {
            let Some(campaign) = self.campaigns.get(&call.campaign) else { continue };
            days.insert((campaign.id, self.today(campaign)));
            scopes.extend(self.budgets_of(campaign));
        }
        self.days = tx.lock_days(&days).await?;
        self.money = tx.lock_budgets(&scopes).await?;
        for (workspace, numbers) in numbers_by_workspace(calls.iter().map(|call| (call.workspace, &call.to)))
        {
            let listed = tx.do_not_call_among(workspace, &numbers).await?;
            self.do_not_call.extend(listed.into_iter().map(|number| (workspace, number)));
            let calls = tx.calls_to_numbers(workspace, &numbers, self.now).await?;
            self.numbers.insert(workspace, calls);
        }
        Ok(())
    }

    /// What the gates need to know about a call.
    pub fn facts<'a>(
        &'a self,
        call: &CallRecord,
        campaign: &'a CampaignRecord,
        prospect: &ProspectRecord,
        recent_rings: &'a [Timestamp],
    ) -> GateFacts<'a> {
        let workspace = self.workspaces.get(&call.workspace);
        let others = || self.calls_to(call).filter(|other| other.id != call.id);
        GateFacts {
            now: self.now,
            campaign: campaign.status,
            rules: &campaign.rules,
            used_today: self.days.get(&(campaign.id, self.today(campaign))).copied().unwrap_or(u32::MAX),
            kill_switch: workspace.is_none_or(|rules| rules.dialing_stopped),
            quarantine: self.quarantine,
            prospect: standing_without(call, prospect),
            due_at: None,
            do_not_call: self.do_not_call.contains(&(call.workspace, call.to.clone())),
            number_in_call: others().any(|other| other.live),
            lost_call_unlooked: self.unlooked(call).next().is_some(),
            frequency_cap: workspace.map(|rules| rules.frequency_cap).unwrap_or_default(),
            recent_rings,
            funds: self.funds(campaign),
            worst_case: self.quote(call, campaign).map(|quote| quote.worst_case),
            pace: self.pace(call, campaign),
        }
    }

    /// When other calls to the number were armed that rang or may have rung.
    pub fn rings_of(&self, call: &CallRecord) -> Vec<Timestamp> {
        self.calls_to(call).filter(|other| other.id != call.id).filter_map(CallToNumber::rang).collect()
    }

    /// Lost calls to the number for which nobody looked lately.
    pub fn unlooked(&self, call: &CallRecord) -> impl Iterator<Item = CallId> {
        let fresh_since = self.now.checked_sub(LOOK_IS_FRESH_FOR).unwrap_or(self.now);
        self.calls_to(call)
            .filter(|other| other.placement == Placement::PresumedNotPlaced)
            .filter(move |other| other.looked_at.is_none_or(|at| at < fresh_since))
            .map(|other| other.id)
    }

    /// The arm of the campaign's A/B test that a prospect is drawn for, where one runs.
    pub fn drawn(&self, campaign: &CampaignRecord, prospect: ProspectId) -> Option<(Drawn, &ArmRecord)> {
        let test = self.experiments.get(&campaign.experiment?)?;
        let arm = test.arm_for(prospect)?;
        Some((Drawn { experiment: test.id, arm: arm.arm }, arm))
    }

    /// What those whom a campaign rings hear, unless it plays audio.
    pub fn script_of(&self, campaign: &CampaignRecord) -> Option<ScriptRecord> {
        let script = self.scripts.get(&campaign.script?)?;
        (script.workspace == campaign.workspace).then(|| script.clone())
    }

    /// Arms the call, and writes everything that it takes into the books.
    pub fn take(&mut self, call: &mut CallRecord, campaign: &CampaignRecord) {
        let today = self.today(campaign);
        if !call.call.arm() {
            return;
        }
        call.armed_at = Some(self.now);
        call.armed_by = Some(self.installation.run.to_string());
        call.day = Some(today);
        call.dial_by = campaign.rules.closes_at(self.now);
        call.quote = self.quote(call, campaign).unwrap_or_default();
        if let Some(used) = self.days.get_mut(&(campaign.id, today)) {
            *used = used.saturating_add(1);
        }
        for scope in self.budgets_of(campaign) {
            let committed = self.money.entry(scope).or_default();
            committed.held = committed.held + call.quote.worst_case;
        }
        for (scope, limits) in self.limits(call, campaign) {
            self.on.add(&scope);
            self.paces.entry(scope).or_default().start(limits, self.now);
        }
    }

    /// Whether the carrier complained or was away lately.
    pub fn are_troubled(&self) -> bool {
        self.paces.get(&PaceScope::Account).is_some_and(Pace::is_troubled)
    }

    fn today(&self, campaign: &CampaignRecord) -> Date {
        campaign.rules.zone.local_date(self.now)
    }

    fn budgets_of(&self, campaign: &CampaignRecord) -> [BudgetScope; 3] {
        [
            BudgetScope::Campaign(campaign.id),
            BudgetScope::CampaignDay(campaign.id, self.today(campaign)),
            BudgetScope::workspace_on(campaign.workspace, self.now),
        ]
    }

    fn funds(&self, campaign: &CampaignRecord) -> Funds {
        let [whole, day, workspace_day] = self.budgets_of(campaign).map(|scope| {
            let committed = self.money.get(&scope).copied().unwrap_or_default();
            committed.held + committed.spent
        });
        let left = |budget: Option<Usd>, committed| budget.map(|budget| budget - committed);
        let of_workspace = self.workspaces.get(&campaign.workspace).and_then(|rules| rules.daily_budget);
        Funds {
            total: left(campaign.rules.budgets.total, whole),
            day: left(campaign.rules.budgets.per_day, day),
            workspace_day: left(of_workspace, workspace_day),
        }
    }

    fn quote(&self, call: &CallRecord, campaign: &CampaignRecord) -> Option<Quote> {
        campaign.quote(&self.installation.rates, &call.to)
    }

    /// The pace that holds the call longest.
    fn pace(&self, call: &CallRecord, campaign: &CampaignRecord) -> Verdict {
        let limits = self.limits(call, campaign);
        if limits.iter().any(|(scope, limits)| self.on.in_scope(scope) >= limits.max_live()) {
            return Verdict::Hold { reason: HoldReason::AtCapacity, until: None };
        }
        let fresh = Pace::default();
        let verdicts = limits.into_iter().map(|(scope, limits)| {
            let pace = self.paces.get(&scope).unwrap_or(&fresh);
            Verdict::from(pace.may_start(limits, self.now))
        });
        verdicts.max_by_key(|verdict| held_until(*verdict)).unwrap_or(Verdict::Dial)
    }

    fn limits(&self, call: &CallRecord, campaign: &CampaignRecord) -> Vec<(PaceScope, Pacing)> {
        let of_caller =
            self.installation.caller_id_pacing.map(|it| (PaceScope::CallerId(call.from.clone()), it));
        let of_campaign = campaign.rules.pacing.map(|it| (PaceScope::Campaign(campaign.id), it));
        let of_account = (PaceScope::Account, self.installation.pacing);
        std::iter::once(of_account).chain(of_caller).chain(of_campaign).collect()
    }

    fn calls_to(&self, call: &CallRecord) -> impl Iterator<Item = &CallToNumber> {
        self.numbers.get(&call.workspace).map_or(&[][..], |numbers| numbers.to(&call.to)).iter()
    }
}

fn held_until(verdict: Verdict) -> Option<Timestamp> {
    match verdict {
        Verdict::Hold { until, .. } => until,
        _ => None,
    }
}

/// The prospect is in a call because of this very call; what would they be without it?
fn standing_without(call: &CallRecord, prospect: &ProspectRecord) -> ProspectStatus {
    match prospect.status {
        ProspectStatus::InCall if prospect.last_call == Some(call.id) => ProspectStatus::Ready,
        // Another call became the latest one: this one must not be sent.
        status if prospect.last_call == Some(call.id) => status,
        _ => ProspectStatus::InCall,
    }
}

fn numbers_by_workspace<'a>(
    calls: impl Iterator<Item = (WorkspaceId, &'a PhoneNumber)>,
) -> BTreeMap<WorkspaceId, Vec<PhoneNumber>> {
    let mut numbers: BTreeMap<WorkspaceId, Vec<PhoneNumber>> = BTreeMap::new();
    for (workspace, number) in calls {
        numbers.entry(workspace).or_default().push(number.clone());
    }
    numbers
}
