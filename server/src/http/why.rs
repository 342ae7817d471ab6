//! Why people of a campaign are not rung: how many for each reason, adding up to the list, and who they are. Each group of
//! people who share the facts is put before the very gates that the dialer asks.

use domain::budget::RateCard;
use domain::frequency::FrequencyCap;
use domain::gate::{self, Gate, GateCheck, GateFacts, Verdict};
use domain::ids::ProspectId;
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::Problem;
use crate::actions::Actions;
use crate::store::campaigns::CampaignRecord;
use crate::store::hold_facts::HoldFacts;
use crate::store::prospects::ProspectRecord;
use crate::store::standings::{Group, Question, Traits};
use crate::store::{Store, StoreError};

/// The word for people who may be rung at this instant.
pub const NOTHING: &str = "none";

/// People who are not rung for one reason, or for none.
#[derive(Debug, Clone)]
pub struct Reason {
    /// Its stable name; [`NOTHING`] for those who may be rung.
    pub code: &'static str,
    /// What it means and what ends it.
    pub explanation: &'static str,
    /// When the first of them may be rung, where time alone can end it.
    pub until: Option<Timestamp>,
    /// How many they are.
    pub people: u64,
    groups: Vec<Traits>,
}

/// Why a campaign's people are not rung, everybody counted once, in the order of the gates.
pub struct Why<'a> {
    /// The reasons that somebody has.
    pub reasons: Vec<Reason>,
    standing: Vec<(ProspectStatus, u64)>,
    asked: Asked<'a>,
}

/// What was asked of the database, to ask for the same people again.
struct Asked<'a> {
    campaign: &'a CampaignRecord,
    now: Timestamp,
    cap: Option<FrequencyCap>,
    prefixes: Vec<&'a str>,
}

impl Asked<'_> {
    fn question(&self) -> Question<'_> {
        Question { campaign: self.campaign, now: self.now, cap: self.cap, prefixes: &self.prefixes }
    }
}

impl<'a> Why<'a> {
    /// Asks for everybody of a campaign.
    pub async fn of(actions: &'a Actions, campaign: &'a CampaignRecord) -> Result<Self, Problem> {
        let (store, now) = (&actions.store, actions.clock.now());
        let installation = &actions.installation;
        let facts = store.hold_facts(campaign, &[], installation.means(), now).await?;
        let anybody = facts.of_anybody(campaign, None, &installation.rates);
        // What comes behind a closed gate decides nothing, and is not asked.
        let cap = is_open_before(&anybody, Gate::FrequencyCap).then_some(anybody.frequency_cap);
        let prefixes = match cap {
            Some(_) if anybody.funds.are_bounded() => installation.rates.prefixes().collect(),
            _ => Vec::new(),
        };
        let asked = Asked { campaign, now, cap, prefixes };
        let (mut reasons, mut standing) = (Vec::new(), Vec::new());
        for group in store.standings(&asked.question()).await? {
            let verdict = verdict(&installation.rates, &asked, &facts, &group);
            add(&mut reasons, verdict, &group);
            standing.push((group.traits.status, group.count));
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.people));
        Ok(Self { reasons, standing, asked })
    }

    /// Everybody.
    pub fn people(&self) -> u64 {
        self.reasons.iter().map(|reason| reason.people).sum()
    }

    /// How many stand where.
    pub fn standing(&self, status: ProspectStatus) -> u64 {
        self.standing.iter().filter(|(known, _)| *known == status).map(|(_, count)| count).sum()
    }

    /// How many a reason holds.
    pub fn count_of(&self, code: &str) -> u64 {
        self.reasons.iter().find(|reason| reason.code == code).map_or(0, |reason| reason.people)
    }

    /// Those whom a reason holds, in the order of their addition, behind `after`.
    pub async fn people_of(
        &self,
        store: &Store,
        code: &str,
        after: Option<ProspectId>,
        most: u64,
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        let reason = self.reasons.iter().find(|reason| reason.code == code);
        let groups: &[Traits] = reason.map_or(&[], |reason| &reason.groups);
        store.people_of(&self.asked.question(), groups, after, most).await
    }
}

fn is_open_before(facts: &GateFacts<'_>, gate: Gate) -> bool {
    let gates = gate::examine(facts);
    gates.iter().take_while(|check| check.gate != gate).all(|check| check.verdict == Verdict::Dial)
}

fn verdict(rates: &RateCard, asked: &Asked<'_>, facts: &HoldFacts, group: &Group) -> Verdict {
    let traits = group.traits;
    // A number that begins like theirs costs what theirs costs; one that no price is known for costs nobody knows what.
    let number = match (asked.prefixes.is_empty(), traits.prefix) {
        (true, _) => None,
        (false, index) => {
            let prefix = index.and_then(|index| asked.prefixes.get(index)).copied().unwrap_or("none");
            Some(PhoneNumber::from_e164_unchecked(prefix.to_owned()))
        }
    };
    let rung_now = vec![asked.now; asked.cap.filter(|_| traits.capped).map_or(0, |cap| cap.rings() as usize)];
    let gates: [GateCheck; 13] = gate::examine(&GateFacts {
        prospect: traits.status,
        due_at: group.first_due,
        do_not_call: traits.listed,
        number_in_call: traits.number_in_call,
        recent_rings: &rung_now,
        ..facts.of_anybody(asked.campaign, number.as_ref(), rates)
    });
    gate::verdict_of(&gates)
}

fn add(reasons: &mut Vec<Reason>, verdict: Verdict, group: &Group) {
    let (code, explanation, until) = match verdict {
        Verdict::Dial => (NOTHING, "Nothing is in the way: they are rung as soon as it is their turn.", None),
        Verdict::Hold { reason, until } => (reason.as_str(), reason.explain(), until),
        Verdict::Never(reason) => (reason.as_str(), reason.explain(), None),
    };
    match reasons.iter_mut().find(|known| known.code == code) {
        Some(known) => {
            known.people += group.count;
            known.until = known.until.into_iter().chain(until).min();
            known.groups.push(group.traits);
        }
        None => {
            reasons.push(Reason {
                code,
                explanation,
                until,
                people: group.count,
                groups: vec![group.traits],
            });
        }
    }
}
