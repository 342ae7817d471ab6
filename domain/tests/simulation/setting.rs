//! The world of a seed: who is to be rung, under which rules, on which days, and what goes wrong how often.

use std::collections::{BTreeMap, BTreeSet};

use domain::budget::{Budgets, RateCard};
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, CampaignStatus, LostCallPolicy};
use domain::disposition::Disposition;
use domain::frequency::FrequencyCap;
use domain::limits::DailyLimit;
use domain::money::Usd;
use domain::pacing::{Pace, Pacing};
use domain::phone_number::PhoneNumber;
use domain::prospect::{ProspectStatus, Standing};
use domain::retry::{RetryPolicy, RetryRule};
use domain::statistics::Tally;
use jiff::Timestamp;

use super::mutant::Mutant;
use super::random::Random;
use super::tables::{Campaign, HOUR, Prospect, Tables, at};

const NUMBERS: u64 = 5;
pub const TIME_LIMIT: u32 = 120;

/// How often things go wrong, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub stop: u64,
    pub crash: u64,
    pub commit_lost: u64,
    pub connect_fails: u64,
    pub request_lost: u64,
    pub reply_lost: u64,
    pub server_error: u64,
    pub throttle: u64,
    pub refuse: u64,
    pub queue: u64,
    pub slow: u64,
    pub stale_list: u64,
    pub unreadable: u64,
    pub callback_lost: u64,
    pub callback_doubled: u64,
    pub callback_late: u64,
    pub meddling: u64,
}

pub fn faults(random: &mut Random) -> Faults {
    let mut faults = weights(random);
    if random.chance(250) {
        // A world in which almost nothing is heard of calls that were made.
        faults.reply_lost = 400;
        faults.stale_list = 900;
        (faults.callback_lost, faults.callback_late) = (400, 700);
    }
    faults
}

fn weights(random: &mut Random) -> Faults {
    let mut weight = |rare: u64, often: u64| match random.below(3) {
        0 => 0,
        1 => rare,
        _ => often,
    };
    Faults {
        stop: weight(5, 30),
        crash: weight(3, 20),
        commit_lost: weight(10, 120),
        connect_fails: weight(10, 150),
        request_lost: weight(10, 60),
        reply_lost: weight(20, 150),
        server_error: weight(10, 60),
        throttle: weight(10, 100),
        refuse: weight(10, 60),
        queue: weight(20, 120),
        slow: weight(10, 80),
        stale_list: weight(50, 400),
        unreadable: weight(20, 300),
        callback_lost: weight(50, 400),
        callback_doubled: weight(20, 200),
        callback_late: weight(20, 150),
        meddling: weight(10, 80),
    }
}

/// Days without and with a clock change, at any hour.
pub fn start(random: &mut Random) -> i64 {
    let day = random.pick(&[
        "2027-06-01T00:00:00Z",
        "2027-03-13T12:00:00Z",
        "2027-11-06T12:00:00Z",
        "2027-04-03T00:00:00Z",
        "2027-10-02T00:00:00Z",
    ]);
    let day: Timestamp = day.parse().expect("a day");
    day.as_millisecond() + random.between(0, 24 * HOUR)
}

pub fn tables(random: &mut Random, start: i64, mutant: Option<Mutant>) -> Tables {
    let campaigns: Vec<Campaign> = (0..=random.below(2)).map(|_| campaign(random)).collect();
    let mut prospects = Vec::new();
    for campaign in 0..campaigns.len() {
        for number in 0..NUMBERS {
            if random.chance(800) {
                let number = usize::try_from(number).expect("few numbers");
                prospects.push(prospect(campaign, number, start));
            }
        }
    }
    let number = PhoneNumber::from_e164_unchecked(number(0));
    Tables {
        tallies: vec![Tally::default(); campaigns.len()],
        campaigns,
        prospects,
        calls: Vec::new(),
        do_not_call: BTreeSet::new(),
        kill_switch: false,
        events: BTreeSet::new(),
        used: BTreeMap::new(),
        money: BTreeMap::new(),
        workspace_money: BTreeMap::new(),
        account_pacing: pacing(random),
        account_pace: Pace::default(),
        workspace_budget: random.chance(300).then(|| budget(random)),
        cap: FrequencyCap::new(random.between(1, 4)).expect("a cap"),
        quote: RateCard::default().quote(&number, TIME_LIMIT, true, false).expect("a rate"),
        mutant,
        changes: 0,
        last_changed: 0,
    }
}

pub fn number(index: usize) -> String {
    format!("+1202555{:04}", 100 + index)
}

pub fn prospect(campaign: usize, number: usize, now: i64) -> Prospect {
    Prospect {
        campaign,
        number,
        standing: Standing {
            status: ProspectStatus::Ready,
            attempts_spent: 0,
            due_at: Some(at(now)),
            disposition: None,
        },
        attempts: 0,
        last_call: None,
    }
}

fn campaign(random: &mut Random) -> Campaign {
    let zones = ["America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "UTC"];
    let hours =
        [("09:00", "17:00"), ("22:00", "06:00"), ("00:00", "24:00"), ("01:30", "02:30"), ("08:00", "21:00")];
    let (start, end) = random.pick(&hours);
    let rules = CampaignRules {
        zone: CampaignZone::parse(random.pick(&zones)).expect("a zone"),
        windows: WeeklyWindows::every_day(DailyWindow::parse(start, end).expect("a window")),
        daily_limit: limit(random),
        retry: retry(random),
        lost_calls: random.pick(&LostCallPolicy::ALL),
        budgets: Budgets {
            total: random.chance(250).then(|| budget(random)),
            per_day: random.chance(250).then(|| budget(random)),
        },
        pacing: random.chance(300).then(|| pacing(random)),
    };
    Campaign { status: CampaignStatus::Active, rules, pace: Pace::default() }
}

fn retry(random: &mut Random) -> RetryPolicy {
    if random.chance(300) {
        return RetryPolicy::default();
    }
    let soon =
        RetryRule::after_minutes(u32::try_from(random.between(1, 90)).expect("minutes")).expect("a rule");
    let outcomes = [
        Disposition::Busy,
        Disposition::NoAnswer,
        Disposition::Failed,
        Disposition::Lost,
        Disposition::Canceled,
    ];
    let attempts = u32::try_from(random.between(1, 5)).expect("attempts");
    RetryPolicy::new(attempts, outcomes.map(|outcome| (outcome, soon))).expect("a policy")
}

pub fn limit(random: &mut Random) -> DailyLimit {
    DailyLimit::new(random.pick(&[1, 2, 3, 5, 50])).expect("a limit")
}

/// A few calls at worst, or a few more.
pub fn budget(random: &mut Random) -> Usd {
    Usd::from_micros(random.between(30_000, 250_000))
}

fn pacing(random: &mut Random) -> Pacing {
    let most = u32::try_from(random.between(1, 6)).expect("few calls");
    Pacing::new(random.pick(&[0.05, 0.5, 1.0, 10.0]), most).expect("a pacing")
}

/// What people can open is open: the campaign runs, without limit and budget.
pub fn open_up(campaign: &mut Campaign) {
    campaign.status = CampaignStatus::Active;
    campaign.rules.daily_limit = DailyLimit::new(1_000).expect("a limit");
    campaign.rules.budgets = Budgets::default();
}
