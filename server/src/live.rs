//! Changes as they happen, for open pages and streams: a short memory, so that a reader who lost the connection catches up.

pub mod relayed;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use domain::ids::{CallId, CampaignId, ImportId, WorkspaceId};
use tokio::sync::{Notify, broadcast};

/// How many changes are remembered, and how many a slow reader may lag behind before it is told to read everything anew.
const MEMORY: usize = 4_096;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A call, with its status now.
    Call {
        /// Which.
        call: CallId,
        /// Of which campaign.
        campaign: CampaignId,
        /// The status now, as the API writes it.
        status: &'static str,
    },
    /// A campaign.
    Campaign {
        /// Which.
        campaign: CampaignId,
    },
    /// An import: further on, or over.
    Import {
        /// Which.
        import: ImportId,
    },
    /// Something that holds for all campaigns: the switch, the do-not-call list, a limit of the whole team.
    Workspace,
    /// Nobody knows: changes of other servers were missed, and everything must be read anew.
    Missed,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the order of changes of this run of the server.
    pub number: u64,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What.
    pub subject: Subject,
    /// The change as it is sent: its first reader writes it, for all of them.
    pub written: OnceLock<Bytes>,
}

/// The stream of changes.
#[derive(Clone, Debug)]
pub struct Live {
    run: Arc<str>,
    sender: broadcast::Sender<Arc<Change>>,
    memory: Arc<Mutex<Memory>>,
    relay_bell: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Memory {
    last: u64,
    changes: VecDeque<Arc<Change>>,
    /// Changes that other servers have yet to be told of; `None` where there are no others.
    unrelayed: Option<Vec<(WorkspaceId, Subject)>>,
}

/// What a reader gets at the start.
#[derive(Debug)]
pub struct Subscription {
    /// Changes that it missed; `None` when they are forgotten and it must read everything anew.
    pub missed: Option<Vec<Arc<Change>>>,
    /// The number of the last change before the subscription.
    pub last: u64,
    /// The changes from now on.
    pub changes: broadcast::Receiver<Arc<Change>>,
}

impl Live {
    /// An empty stream. `run` names this run of the server: numbers of another run mean nothing here.
    pub fn new(run: &str) -> Self {
        Self {
            run: run.into(),
            sender: broadcast::channel(MEMORY).0,
            memory: Arc::default(),
            relay_bell: Arc::default(),
        }
    }

    /// Tells everybody of a change, those who are connected to other servers too.
    pub fn publish(&self, workspace: WorkspaceId, subject: Subject) {
        if let Some(unrelayed) = &mut self.memory().unrelayed {
            if unrelayed.len() == MEMORY {
                // The database is slow or away: better to say that much was missed than to keep it all.
                *unrelayed = vec![(workspace, Subject::Missed)];
            }
            unrelayed.push((workspace, subject.clone()));
            self.relay_bell.notify_one();
        }
        self.repeat(workspace, subject);
    }

    /// Tells the readers of this server of a change that another one made.
    pub fn repeat(&self, workspace: WorkspaceId, subject: Subject) {
        let mut memory = self.memory();
        memory.last += 1;
        let change = Arc::new(Change { number: memory.last, workspace, subject, written: OnceLock::new() });
        if memory.changes.len() == MEMORY {
            memory.changes.pop_front();
        }
        memory.changes.push_back(change.clone());
        // Nobody listening is no failure.
        let _ = self.sender.send(change);
    }

    /// Changes of other servers may have been missed: every reader is told to read everything anew.
    pub fn gap(&self) {
        self.repeat(WorkspaceId::from_uuid(uuid::Uuid::nil()), Subject::Missed);
    }

    /// From now on other servers are told of changes.
    pub fn relay(&self) {
        self.memory().unrelayed.get_or_insert_default();
    }

    /// Waits for a change that other servers have yet to be told of.
    pub async fn relay_rung(&self) {
        self.relay_bell.notified().await;
    }

    /// The changes that other servers have yet to be told of; they count as told.
    pub fn take_unrelayed(&self) -> Vec<(WorkspaceId, Subject)> {
        self.memory().unrelayed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Begins to listen, behind the event that a reader saw last.
    pub fn subscribe(&self, last_seen: Option<&str>) -> Subscription {
        let memory = self.memory();
        let changes = self.sender.subscribe();
        let missed = match last_seen {
            None => Some(Vec::new()),
            Some(id) => self.number_of(id).and_then(|number| memory.since(number)),
        };
        Subscription { missed, last: memory.last, changes }
    }

    /// How many listen, open pages among them.
    pub fn readers(&self) -> usize {
        self.sender.receiver_count()
    }

    /// The name of a change, by which a reader asks for what follows it.
    pub fn event_id(&self, number: u64) -> String {
        format!("{}-{number}", self.run)
    }

    fn number_of(&self, event_id: &str) -> Option<u64> {
        let (run, number) = event_id.rsplit_once('-')?;
        (run == &*self.run).then_some(())?;
        number.parse().ok()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn since(&self, number: u64) -> Option<Vec<Arc<Change>>> {
        if number > self.last {
            return None;
        }
        let oldest = self.changes.front().map_or(self.last + 1, |change| change.number);
        (number + 1 >= oldest)
            .then(|| self.changes.iter().filter(|change| change.number > number).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> WorkspaceId {
        WorkspaceId::from_uuid(uuid::Uuid::from_u128(1))
    }

    fn some_change() -> Subject {
        Subject::Campaign { campaign: CampaignId::from_uuid(uuid::Uuid::from_u128(2)) }
    }

    #[test]
    fn a_reader_who_comes_back_gets_what_was_missed() {
        let live = Live::new("run");
        for _ in 0..5 {
            live.publish(workspace(), some_change());
        }
        let missed = live.subscribe(Some("run-3")).missed.expect("remembered");
        assert_eq!(missed.iter().map(|change| change.number).collect::<Vec<_>>(), [4, 5]);
        assert!(live.subscribe(Some("run-5")).missed.expect("nothing missed").is_empty());
    }

    #[test]
    fn a_reader_of_another_run_or_of_forgotten_changes_must_start_anew() {
        let live = Live::new("run");
        for _ in 0..MEMORY + 10 {
            live.publish(workspace(), some_change());
        }
        for id in ["other-3", "run-3", "run-999999", "nonsense", ""] {
            assert!(live.subscribe(Some(id)).missed.is_none(), "{id}");
        }
    }
}
