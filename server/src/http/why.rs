//! Why people of a campaign are not rung: how many for each reason, adding up to the list, and who they are. Each group of
//! people who share the facts is put before the very gates that the dialer asks.

use domain::frequency::FrequencyCap;
use domain::gate::{self, Gate, GateCheck, GateFacts, Verdict};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;

use super::Problem;
use super::state::HttpState;
use crate::store::campaigns::CampaignRecord;
use crate::store::hold_facts::HoldFacts;
use crate::store::standings::{Group, Question, Traits};

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
    pub async fn of(state: &'a HttpState, campaign: &'a CampaignRecord) -> Result<Self, Problem> {
        let (store, now) = (&state.actions.store, state.actions.clock.now());
        let installation = &state.actions.installation;
        let facts = store.hold_facts(campaign, &[], installation.pacing, now).await?;
        let anybody = facts.of_anybody(campaign, None, &installation.rates);
        // What comes behind a closed gate decides nothing, and is not asked.
        let cap = is_open_before(&anybody, Gate::FrequencyCap).then_some(anybody.frequency_cap);
        let prefixes = match cap {
            Some(_) if anybody.funds.are_bounded() => installation.rates.prefixes().collect(),
            _ => Vec::new(),
        };
        let asked = Asked { campaign, now, cap, prefixes };
        let mut reasons: Vec<Reason> = Vec::new();
        for group in store.standings(&asked.question()).await? {
            let verdict = verdict(state, &asked, &facts, &group);
            add(&mut reasons, verdict, &group);
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.people));
        Ok(Self { reasons, asked })
    }

    /// Everybody.
    pub fn people(&self) -> u64 {
        self.reasons.iter().map(|reason| reason.people).sum()
    }

    /// What tells apart those whom a reason holds; nothing when it holds nobody.
    pub fn groups_of(&self, code: &str) -> &[Traits] {
        self.reasons.iter().find(|reason| reason.code == code).map_or(&[], |reason| &reason.groups)
    }

    /// What was asked, to ask for the people themselves.
    pub fn question(&self) -> Question<'_> {
        self.asked.question()
    }
}

fn is_open_before(facts: &GateFacts<'_>, gate: Gate) -> bool {
    let gates = gate::examine(facts);
    gates.iter().take_while(|check| check.gate != gate).all(|check| check.verdict == Verdict::Dial)
}

fn verdict(state: &HttpState, asked: &Asked<'_>, facts: &HoldFacts, group: &Group) -> Verdict {
    let traits = group.traits;
    let rates = &state.actions.installation.rates;
    // A number that begins like theirs costs what theirs costs; one that no price is known for costs nobody knows what.
    let number = match (asked.prefixes.is_empty(), traits.prefix) {
        (true, _) => None,
        (false, index) => {
            let prefix = index.and_then(|index| asked.prefixes.get(index)).copied().unwrap_or("none");
            Some(PhoneNumber::from_e164_unchecked(prefix.to_owned()))
        }
    };
    let rung_now = vec![asked.now; asked.cap.filter(|_| traits.capped).map_or(0, |cap| cap.rings() as usize)];
    let gates: [GateCheck; 12] = gate::examine(&GateFacts {
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
