//! A server: it can stand still, die and start again between any two of its parts; and the bell that wakes it.

use domain::call::Placement;
use domain::refusal::RefusalMeaning;

use super::rare::Rare;
use super::tables::{Arming, HOUR, MINUTE, Row, SECOND};
use super::world::{Event, World};

/// How long a lease lasts after its last renewal.
const LEASE: i64 = 10 * SECOND;
/// Without a reason a server looks again after this time.
const IDLE: i64 = 6 * HOUR;
/// A bell is heard within this time.
const BELL: i64 = 200;
/// How often a reconciler looks for armed calls whose process is gone.
const DOUBT_EVERY: i64 = 10 * SECOND;

/// A process on a node; what it had in hand ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub node: usize,
    pub run: u64,
}

/// One armed call in the hands of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    pub call: usize,
    pub arming: Arming,
    /// By the clock that only ever runs on.
    pub armed_at: i64,
}

/// What a request came to, as its sender sees it.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    Placed { sid: usize, queue_millis: i64 },
    NotSent,
    Throttled,
    Refused(RefusalMeaning),
    Unknown,
}

pub struct Node {
    pub run: u64,
    pub alive: bool,
    pub stopped_until: i64,
    /// Its wall clock runs ahead of the database's by this much.
    pub skew: i64,
    turn_at: i64,
    look_at: i64,
}

impl Node {
    pub const fn new(run: u64) -> Self {
        Self { run, alive: true, stopped_until: 0, skew: 0, turn_at: i64::MAX, look_at: i64::MAX }
    }
}

impl World {
    /// The time on a node's wall.
    pub fn wall(&self, mark: Mark) -> i64 {
        self.now + self.nodes[mark.node].skew
    }

    pub fn has_lease(&self, run: u64) -> bool {
        match self.leases.get(&run) {
            Some(None) => true,
            Some(Some(ends_at)) => *ends_at > self.now,
            None => false,
        }
    }

    /// Hands a process its next part of work. Anything can happen before it does it.
    pub fn hand(&mut self, mark: Mark, delay: i64, event: Event) {
        if !self.is_calm() && self.random.chance(self.faults.stop) {
            let pause = self.random.between(SECOND, 120 * SECOND);
            self.stop(mark.node, pause);
        } else if !self.is_calm() && self.random.chance(self.faults.crash) {
            match event {
                Event::Arm(..) => self.visit(Rare::CrashBeforeArm),
                Event::FirstByte(..) => self.visit(Rare::CrashBeforeSend),
                Event::Arrives(..) | Event::Record(..) => self.visit(Rare::CrashBeforeRecord),
                _ => {}
            }
            self.crash(mark.node);
        }
        self.schedule(self.now + delay, event);
    }

    pub fn short_delay(&mut self) -> i64 {
        if self.random.chance(self.faults.slow) {
            self.random.between(SECOND, 200 * SECOND)
        } else {
            self.random.between(1, 60)
        }
    }

    pub fn stop(&mut self, node: usize, pause: i64) {
        self.note(|| format!("node {node} stands still for {pause} ms"));
        let aged = self.random.between(0, 3 * SECOND);
        let node = &mut self.nodes[node];
        node.stopped_until = node.stopped_until.max(self.now + pause);
        self.leases.insert(node.run, Some(self.now + LEASE - aged));
    }

    pub fn crash(&mut self, node: usize) {
        if !self.nodes[node].alive {
            return;
        }
        self.note(|| format!("node {node} dies"));
        let aged = self.random.between(0, 3 * SECOND);
        let back = self.random.between(SECOND, 5 * MINUTE);
        self.nodes[node].alive = false;
        self.leases.insert(self.nodes[node].run, Some(self.now + LEASE - aged));
        self.schedule(self.now + back, Event::Restart(node));
    }

    pub fn restart(&mut self, node: usize) {
        if self.nodes[node].alive {
            return;
        }
        let run = u64::try_from(self.leases.len()).expect("few processes");
        self.note(|| format!("node {node} starts as process {run}"));
        let skew = self.nodes[node].skew;
        self.nodes[node] = Node { skew, ..Node::new(run) };
        self.leases.insert(run, None);
        self.ring();
    }

    /// Whether a process can do its part now: it lives, and does not stand still.
    pub fn can_act(&mut self, mark: Mark, event: &Event) -> bool {
        let node = &mut self.nodes[mark.node];
        if node.run != mark.run || !node.alive {
            if let Event::FirstByte(_, sending) | Event::ReadAgain(_, sending) = event {
                self.oracle.never(sending.arming);
            }
            return false;
        }
        if node.stopped_until > self.now {
            let resumes = node.stopped_until;
            let delay = self.random.between(0, 300);
            match event {
                Event::Turn(_) => self.nodes[mark.node].turn_at = resumes + delay,
                Event::Look(_) => self.nodes[mark.node].look_at = resumes + delay,
                _ => {}
            }
            self.schedule(resumes + delay, event.clone());
            return false;
        }
        // Whoever moves again renews its lease with its next heartbeat; what was doubted meanwhile stays doubted.
        match event {
            Event::Turn(_) => {
                let wanted = node.turn_at == self.now;
                if wanted {
                    node.turn_at = i64::MAX;
                    self.leases.insert(mark.run, None);
                }
                wanted
            }
            Event::Look(_) => {
                let wanted = node.look_at == self.now;
                if wanted {
                    node.look_at = i64::MAX;
                    self.leases.insert(mark.run, None);
                }
                wanted
            }
            _ => true,
        }
    }

    /// Something changed that may let somebody be rung: every dialer and reconciler looks again.
    pub fn ring(&mut self) {
        for node in 0..self.nodes.len() {
            // Who looks in a moment anyway sees this too.
            if self.nodes[node].turn_at > self.now + BELL {
                let delay = self.random.between(5, BELL);
                self.turn_by(node, self.now + delay);
            }
        }
        self.ring_reconcilers();
    }

    /// Something changed that is asked about later.
    pub fn ring_reconcilers(&mut self) {
        let armed = |row: &Row| row.call.placement == Placement::Armed;
        let doubt = self.tables.calls.iter().any(armed).then_some(self.now + DOUBT_EVERY);
        let poll = self.tables.calls.iter().filter_map(|row| row.next_poll_at).min();
        let look = [doubt, poll].into_iter().flatten().min().unwrap_or(self.now + IDLE);
        for node in 0..self.nodes.len() {
            let delay = self.random.between(5, BELL);
            let due = (look - self.nodes[node].skew).max(self.now) + delay;
            if self.nodes[node].look_at > due + BELL {
                self.look_by(node, due);
            }
        }
    }

    /// A dialer's next turn comes at this time or sooner.
    pub fn turn_by(&mut self, node: usize, due: i64) {
        let due = due.clamp(self.now + 1, self.now + IDLE);
        let Node { run, alive, turn_at, .. } = self.nodes[node];
        if alive && due < turn_at {
            self.nodes[node].turn_at = due;
            self.schedule(due, Event::Turn(Mark { node, run }));
        }
    }

    pub fn look_by(&mut self, node: usize, due: i64) {
        let due = due.clamp(self.now + 1, self.now + IDLE);
        let Node { run, alive, look_at, .. } = self.nodes[node];
        if alive && due < look_at {
            self.nodes[node].look_at = due;
            self.schedule(due, Event::Look(Mark { node, run }));
        }
    }

    /// How a COMMIT comes out: seen, not committed, or committed with its reply lost.
    pub fn commit(&mut self) -> Commit {
        if !self.random.chance(self.faults.commit_lost) {
            Commit::Seen
        } else if self.random.chance(500) {
            Commit::NotMade
        } else {
            Commit::ReplyLost
        }
    }
}

/// How a COMMIT came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    Seen,
    NotMade,
    ReplyLost,
}
