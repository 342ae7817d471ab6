//! The whole world of one run: tables, servers, carrier, people, and one queue of what happens next in virtual time.

use std::collections::BTreeMap;
use std::fmt::Write;

use domain::campaign::CampaignStatus;

use super::carrier::{CarrierCall, News, Step};
use super::mutant::Mutant;
use super::node::{Mark, Node, Reply, Sending};
use super::oracle::Oracle;
use super::random::Random;
use super::rare::{Rare, Visits};
use super::setting::{self, Faults};
use super::tables::{HOUR, MINUTE, SECOND, Tables, at};

/// More steps than any honest run takes: something goes round in circles.
const MOST_STEPS: u64 = 30_000;

/// What happens at an instant. Between any two, anything else can happen.
#[derive(Debug, Clone)]
pub enum Event {
    /// A dialer reads its snapshot and plans.
    Turn(Mark),
    /// It reserves planned prospects.
    Reserve(Mark, Vec<usize>),
    /// It arms reserved calls.
    Arm(Mark, Vec<usize>),
    /// It looks what became of an arm whose COMMIT reply was lost.
    ReadAgain(Mark, Sending),
    /// It is about to write the first byte of a request.
    FirstByte(Mark, Sending),
    /// A request reaches the carrier.
    Arrives(Mark, Sending),
    /// An answer, or the end of waiting for one, is recorded.
    Record(Mark, Sending, Reply),
    /// A reconciler looks for work.
    Look(Mark),
    /// It asks the carrier about a call, of which it read how often that was done.
    Ask(Mark, usize, u32),
    /// It writes down what the carrier told.
    Told(Mark, usize, News),
    /// It writes down that the carrier did not answer.
    NotTold(Mark, usize, u32),
    /// It writes down that the list shows no trace.
    NoTrace(Mark, usize, u32),
    /// The carrier goes on with a call.
    Carrier(usize, Step),
    /// A callback arrives, after so many tries that failed.
    Callback(News, u32),
    /// A node that died starts again.
    Restart(usize),
    /// A person does something.
    Person,
    /// Somebody does something at the worst moment.
    Meddle,
    /// Something breaks.
    Trouble,
    /// A midnight or the end of a window is near.
    Edge,
    /// Somebody looks at a call on a page, and so many times more.
    LookedAt(usize, u32),
    /// Everything of the carrier's is compared with ours.
    Sweep,
}

pub struct World {
    pub random: Random,
    pub now: i64,
    pub faults: Faults,
    pub tables: Tables,
    pub nodes: Vec<Node>,
    /// When the lease of each process ends; `None` while it renews it.
    pub leases: BTreeMap<u64, Option<i64>>,
    pub carrier: Vec<CarrierCall>,
    pub away_until: i64,
    pub storm_until: i64,
    /// Until then the carrier has a queue of about a minute.
    pub busy_until: i64,
    pub oracle: Oracle,
    pub visits: Visits,
    pub mutant: Option<Mutant>,
    pub calm_at: i64,
    pub next_once: u64,
    pub steps: u64,
    pub broken: Option<String>,
    trace: Option<String>,
    queue: BTreeMap<(i64, u64), Event>,
    scheduled: u64,
}

/// What came of one run.
pub struct Outcome {
    pub broken: Option<String>,
    pub visits: Visits,
    pub steps: u64,
    pub rings: usize,
    pub trace: Option<String>,
}

/// Runs one seed to its end, or to the first broken promise.
pub fn run(seed: u64, mutant: Option<Mutant>, traced: bool) -> Outcome {
    let mut world = World::new(seed, mutant, traced);
    world.start();
    while world.broken.is_none() && !world.is_over() {
        world.step();
    }
    if world.broken.is_none() {
        world.end();
    }
    if let Some(broken) = world.broken.clone() {
        world.note(|| format!("BROKEN: {broken}"));
    }
    let rings = world.carrier.iter().filter(|call| call.ring_began_at.is_some()).count();
    Outcome { broken: world.broken, visits: world.visits, steps: world.steps, rings, trace: world.trace }
}

impl World {
    fn new(seed: u64, mutant: Option<Mutant>, traced: bool) -> Self {
        let mut random = Random::new(seed);
        let start = setting::start(&mut random);
        let tables = setting::tables(&mut random, start, mutant);
        let faults = setting::faults(&mut random);
        let nodes = 1 + random.below(3);
        Self {
            calm_at: start + random.between(12, 40) * HOUR,
            oracle: Oracle::new(&tables),
            random,
            now: start,
            faults,
            tables,
            nodes: (0..nodes).map(Node::new).collect(),
            leases: (0..nodes).map(|run| (run, None)).collect(),
            carrier: Vec::new(),
            away_until: 0,
            storm_until: 0,
            busy_until: 0,
            visits: Visits::default(),
            mutant,
            next_once: 0,
            steps: 0,
            broken: None,
            trace: traced.then(String::new),
            queue: BTreeMap::new(),
            scheduled: 0,
        }
    }

    fn start(&mut self) {
        for node in 0..self.nodes.len() {
            self.nodes[node].skew = self.random.between(-2 * SECOND, 2 * SECOND);
        }
        self.schedule(self.now + MINUTE, Event::Person);
        self.schedule(self.now + 2 * MINUTE, Event::Trouble);
        self.ring();
    }

    fn step(&mut self) {
        let Some(((due, _), event)) = self.queue.pop_first() else {
            self.break_promise("nothing is left to happen, and somebody still waits".to_owned());
            return;
        };
        self.steps += 1;
        if self.steps > MOST_STEPS {
            let open = self.what_is_open();
            self.break_promise(format!("I11: the servers go round in circles over {open}"));
            return;
        }
        self.now = self.now.max(due);
        if !self.is_calm() && self.now >= self.calm_at {
            self.calm();
        }
        self.happens(event);
        self.check_tables();
    }

    fn happens(&mut self, event: Event) {
        if let Some(mark) = mark_of(&event)
            && !self.can_act(mark, &event)
        {
            return;
        }
        match event {
            Event::Turn(mark) => self.turn(mark),
            Event::Reserve(mark, prospects) => self.reserve(mark, &prospects),
            Event::Arm(mark, calls) => self.arm(mark, &calls),
            Event::ReadAgain(mark, sending) => self.read_again(mark, sending),
            Event::FirstByte(mark, sending) => self.first_byte(mark, sending),
            Event::Arrives(mark, sending) => self.arrives(mark, sending),
            Event::Record(mark, sending, reply) => self.record(mark, sending, reply),
            Event::Look(mark) => self.look(mark),
            Event::Ask(mark, call, asked) => self.ask(mark, call, asked),
            Event::Told(mark, call, news) => self.told(mark, call, &news),
            Event::NotTold(mark, call, asked) => self.not_told(mark, call, asked),
            Event::NoTrace(mark, call, asked) => self.no_trace(mark, call, asked),
            Event::Carrier(sid, step) => self.carrier_steps(sid, step),
            Event::Callback(news, tries) => self.callback(news, tries),
            Event::Restart(node) => self.restart(node),
            Event::Person => self.person(),
            Event::Meddle => self.act(),
            Event::Trouble => self.trouble(),
            Event::Edge => self.edge(),
            Event::LookedAt(call, more) => self.looked_at(call, more),
            Event::Sweep => self.sweep(),
        }
    }

    pub const fn is_calm(&self) -> bool {
        self.calm_at == i64::MIN
    }

    /// Faults stop and every gate that a person can open is opened: now everybody must get a final answer.
    fn calm(&mut self) {
        self.note(|| "calm: faults stop".to_owned());
        self.calm_at = i64::MIN;
        self.faults = Faults::default();
        (self.away_until, self.storm_until, self.busy_until) = (0, 0, 0);
        for node in 0..self.nodes.len() {
            self.nodes[node].stopped_until = 0;
            if !self.nodes[node].alive {
                self.restart(node);
            }
        }
        self.tables.kill_switch = false;
        self.oracle.kill_switch = false;
        self.tables.workspace_budget = None;
        for campaign in 0..self.tables.campaigns.len() {
            setting::open_up(&mut self.tables.campaigns[campaign]);
            self.oracle.paused[campaign] = false;
        }
        self.schedule(self.now + HOUR, Event::Sweep);
        self.ring();
    }

    fn is_over(&self) -> bool {
        self.is_calm()
            && self.tables.prospects.iter().all(|person| person.standing.status.is_final())
            && self.tables.calls.iter().all(|row| !row.call.is_live())
            && self.carrier.iter().all(CarrierCall::is_over)
    }

    fn what_is_open(&self) -> String {
        let calls = self.tables.calls.iter().enumerate().filter(|(_, row)| row.call.is_live());
        let calls: Vec<_> = calls.map(|(call, row)| (call, row.call.placement, row.next_poll_at)).collect();
        let people = self.tables.prospects.iter().map(|person| person.standing);
        let people: Vec<_> = people.filter(|standing| !standing.status.is_final()).collect();
        format!("{calls:?} {people:?}")
    }

    /// Everything is told: the evidence of the carrier's list, and the callbacks that were still on their way.
    fn end(&mut self) {
        self.sweep_all();
        for event in std::mem::take(&mut self.queue).into_values() {
            if let Event::Callback(news, _) = event {
                self.take_in(&news);
                self.check_tables();
            }
        }
        self.check_end();
    }

    pub fn schedule(&mut self, due: i64, event: Event) {
        self.scheduled += 1;
        self.queue.insert((due.max(self.now), self.scheduled), event);
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            writeln!(trace, "{} {}", at(self.now), line()).expect("memory takes every line");
        }
    }

    pub fn visit(&mut self, rare: Rare) {
        self.visits.note(rare);
        self.note(|| format!("rare: {}", rare.words()));
    }

    pub fn break_promise(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    pub fn campaign_is_active(&self, campaign: usize) -> bool {
        self.tables.campaigns[campaign].status == CampaignStatus::Active
    }
}

const fn mark_of(event: &Event) -> Option<Mark> {
    match event {
        Event::Turn(mark)
        | Event::Reserve(mark, _)
        | Event::Arm(mark, _)
        | Event::ReadAgain(mark, _)
        | Event::FirstByte(mark, _)
        | Event::Record(mark, _, _)
        | Event::Look(mark)
        | Event::Ask(mark, _, _)
        | Event::Told(mark, _, _)
        | Event::NotTold(mark, _, _)
        | Event::NoTrace(mark, _, _) => Some(*mark),
        _ => None,
    }
}
