//! This server among those that share the database: its lease, what becomes of servers that are gone, and whether the
//! clock may be trusted.
//!
//! A call is armed only under a living lease, in the same transaction. Taking a lease away and arming under it exclude
//! each other, so that whoever takes it away sees every call that was armed under it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{CallId, NodeId};
use jiff::Timestamp;

use super::calls::settle::{Changed, settle};
use super::{Actions, Actor, audit};
use crate::clock::{Clock, ClockGuard, ClockHold, Reference, Uptime};
use crate::store::calls::CallRecord;
use crate::store::nodes::{ClockReport, Lease, NewNode, NodeRole};
use crate::store::{StoreError, Tx};

pub use crate::store::nodes::NodeRecord;

/// Servers that ended are shown for this long.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A lease that could not be taken away, because its owner is arming under it, is looked at again after this.
const LEFT_ALONE: Duration = Duration::from_millis(250);
/// A renewal that takes longer shows a database that cannot be written at the moment.
const SLOW_RENEWAL: Duration = Duration::from_secs(3);
const STOPPED_IMPORT: &str =
    "The server stopped during the import. What was added until then stays; import the file again.";

/// How a server takes part.
#[derive(Debug, Clone)]
pub struct Membership {
    /// What it does.
    pub role: NodeRole,
    /// Where it runs, for people.
    pub name: String,
    /// How long its lease holds without being renewed; on SQLite it holds as long as the process lives.
    pub lease: Duration,
    /// Whether its clock is compared with others: every clock of the real world is.
    pub watch_clock: bool,
}

impl Membership {
    /// Of a server that goes by this clock.
    pub fn of(role: NodeRole, name: String, lease: Duration, clock: &Clock) -> Self {
        Self { role, name, lease, watch_clock: clock.can_be_wrong() }
    }
}

/// Why a server arms nothing at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotArmed {
    /// It has no lease: it never joined, or its lease ran out or was taken away.
    Fenced,
    /// Its clock cannot be trusted.
    Clock(ClockHold),
}

/// This server; cheap to clone.
#[derive(Debug, Clone)]
pub struct ThisNode(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    joined: Option<Joined>,
}

#[derive(Debug)]
struct Joined {
    membership: Membership,
    lease: Lease,
    guard: ClockGuard,
    /// The hold that is written down, by its word.
    shown: Option<&'static str>,
    /// The last renewal could not be written, or the history beside the database.
    cannot_write: bool,
}

/// Why a lease ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Lapsed,
    Stopping,
}

/// What renewing found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Renewed {
    /// The lease had been taken away, and was taken up again.
    pub was_fenced: bool,
    /// Why nobody is dialed.
    pub hold: Option<ClockHold>,
    /// That is another reason, or none, than the last time.
    pub hold_changed: bool,
}

/// What renewing writes down.
struct ToWrite {
    membership: Membership,
    lease: Lease,
    hold: Option<ClockHold>,
    hold_changed: bool,
    skew_ms: i64,
    /// On SQLite the mark: never a time that is not trusted.
    now: Timestamp,
}

/// A server whose lease ran out, and how many of its calls are in doubt now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedNode {
    /// Which.
    pub node: NodeId,
    /// Calls that it had armed, and may have sent.
    pub doubted: usize,
}

/// Why a clock is not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmRefused {
    /// The database's clock says otherwise, and it is what every server goes by.
    #[error("{}", .0.explain())]
    Skewed(ClockHold),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ThisNode {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { joined: None })))
    }

    /// Why nobody is dialed by this server; its lease is asked about only when calls are armed.
    pub fn clock_hold(&self) -> Option<ClockHold> {
        self.state().joined.as_ref().and_then(|joined| joined.guard.hold())
    }

    /// Whether the lease could be written when it was last renewed, and the history beside the database.
    pub fn can_write(&self) -> bool {
        !self.state().joined.as_ref().is_some_and(|joined| joined.cannot_write)
    }

    fn note_writing(&self, works: bool) {
        if let Some(joined) = &mut self.state().joined {
            joined.cannot_write = !works;
        }
    }

    /// What this server does; `None` when it has not joined.
    pub fn role(&self) -> Option<NodeRole> {
        self.state().joined.as_ref().map(|joined| joined.membership.role)
    }

    /// The first thing in a transaction that arms: whether this server may. The lease then holds until its end.
    pub(super) async fn may_arm(&self, tx: &Tx, clock: &Clock) -> Result<Result<(), NotArmed>, StoreError> {
        let Some(lease) = self.state().joined.as_ref().map(|joined| joined.lease) else {
            return Ok(Err(NotArmed::Fenced));
        };
        let asked = clock.now();
        let Some(said) = tx.holds_lease(lease, asked).await? else { return Ok(Err(NotArmed::Fenced)) };
        let reference = if tx.is_shared() { Reference::Database { said, asked } } else { Reference::Alone };
        self.look(clock.now(), reference);
        Ok(self.clock_hold().map_or(Ok(()), |hold| Err(NotArmed::Clock(hold))))
    }

    fn look(&self, now: Timestamp, reference: Reference) {
        if let Some(joined) = &mut self.state().joined
            && joined.membership.watch_clock
        {
            joined.guard.look(now, Uptime::now(), reference);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Actions {
    /// Joins the servers of this database, with a lease.
    pub async fn join(&self, membership: Membership) -> Result<(), StoreError> {
        let now = self.clock.now();
        // Before our own row is there: what an earlier run has seen.
        let seen = if self.store.is_shared() { None } else { self.store.latest_time_seen().await? };
        let node = self.new_node(&membership);
        let shared = self.store.is_shared();
        let lease = self
            .store
            .transaction(move |tx| async move {
                if !shared {
                    tx.end_all_other_nodes(node.id, now).await?;
                }
                let lease = tx.add_node(&node, now).await?;
                tx.fail_abandoned_imports(STOPPED_IMPORT, now).await?;
                Ok::<_, StoreError>(lease)
            })
            .await?;
        let guard = ClockGuard::new(seen.unwrap_or(now), Uptime::now());
        self.node.state().joined =
            Some(Joined { membership, lease, guard, shown: None, cannot_write: false });
        if !shared {
            self.node.look(now, Reference::Alone);
        }
        Ok(())
    }

    /// Renews the lease, and compares the clock. A lease that was taken away is taken up again under a new epoch: what
    /// was armed under the old one is doubted already. On SQLite nobody waits for it, and it shows that the disk can be
    /// written.
    pub async fn renew_lease(&self) -> Result<Renewed, StoreError> {
        let mut renewing = std::pin::pin!(self.renew());
        let renewed = match tokio::time::timeout(SLOW_RENEWAL, &mut renewing).await {
            Ok(renewed) => renewed,
            Err(_) => {
                self.node.note_writing(false);
                renewing.await
            }
        };
        let beside = self.history.write_what_failed().await;
        self.node.note_writing(renewed.is_ok() && beside.is_ok());
        renewed
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        let asked = self.clock.now();
        let reference = if self.store.is_shared() {
            Reference::Database { said: self.store.clock(asked).await?, asked }
        } else {
            Reference::Alone
        };
        self.node.look(self.clock.now(), reference);
        let Some(to_write) = self.to_write() else { return Ok(Renewed::default()) };
        let ToWrite { membership, lease, hold, hold_changed, skew_ms, now } = to_write;
        let node = self.new_node(&membership);
        let hold_in_words = hold.map(|hold| (hold.as_str().to_owned(), hold.explain()));
        let report = ClockReport { skew_ms, hold: hold_in_words };
        let renewed = self
            .store
            .transaction(move |tx| async move {
                if tx.renew_lease(lease, node.lease_ms, &report, now).await? {
                    return Ok(lease);
                }
                tx.take_up_lease(&node, now).await
            })
            .await?;
        if let Some(joined) = &mut self.node.state().joined {
            if renewed == lease {
                joined.shown = hold.map(ClockHold::as_str);
            }
            joined.lease = renewed;
        }
        Ok(Renewed { was_fenced: renewed != lease, hold, hold_changed })
    }

    fn to_write(&self) -> Option<ToWrite> {
        let state = self.node.state();
        let joined = state.joined.as_ref()?;
        let hold = joined.guard.hold();
        let hold_changed = hold.map(ClockHold::as_str) != joined.shown;
        Some(ToWrite {
            membership: joined.membership.clone(),
            lease: joined.lease,
            hold,
            hold_changed,
            skew_ms: joined.guard.skew_ms(),
            now: joined.guard.mark(),
        })
    }

    /// Ends servers whose lease ran out, and doubts what they had armed; those that this server ended, and after how long
    /// to look again if nobody renews the next lease.
    pub async fn end_lapsed_nodes(&self) -> Result<(Vec<EndedNode>, Option<Duration>), StoreError> {
        let id = self.installation.run;
        let (lapsed, next) = self.store.lapsed_leases(id, self.clock.now()).await?;
        let (leases, mut ended) = (lapsed.len(), Vec::new());
        for lease in lapsed {
            if let Some(changed) = self.end_node(lease, Ending::Lapsed).await? {
                ended.push(EndedNode { node: lease.node, doubted: changed });
            }
        }
        let next = next.map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let left_alone = (ended.len() < leases).then_some(LEFT_ALONE);
        Ok((ended, next.into_iter().chain(left_alone).min()))
    }

    /// Leaves: what this server had armed and did not write down is in doubt at once, and nothing more is armed by it.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let joined = self.node.state().joined.take();
        if let Some(Joined { lease, .. }) = joined {
            self.end_node(lease, Ending::Stopping).await?;
        }
        Ok(())
    }

    /// Ends a server and doubts its armed calls in one transaction; how many, or `None` when somebody else was first or
    /// the lease holds.
    async fn end_node(&self, lease: Lease, ending: Ending) -> Result<Option<usize>, StoreError> {
        let now = self.clock.now();
        let changed = self
            .store
            .transaction(move |tx| async move {
                let ended = match ending {
                    Ending::Lapsed => tx.take_away_lapsed(lease, now).await?,
                    Ending::Stopping => tx.give_up_lease(lease, now).await?,
                };
                if !ended {
                    return Ok(None);
                }
                tx.fail_abandoned_imports(STOPPED_IMPORT, now).await?;
                let armed = tx.armed_by(lease.node).await?;
                doubt(&tx, &armed, now).await.map(Some)
            })
            .await?;
        let Some(changed) = changed else { return Ok(None) };
        self.tell(&changed);
        self.wake.reconciler();
        self.wake.dialer();
        Ok(Some(changed.len()))
    }

    /// Somebody with a right clock says that ours is right: dialing goes on.
    pub async fn confirm_clock(&self, actor: Actor) -> Result<(), ConfirmRefused> {
        let hold = self.node.clock_hold();
        if let Some(hold @ ClockHold::Skewed(_)) = hold {
            return Err(ConfirmRefused::Skewed(hold));
        }
        let now = self.clock.now();
        let detail = serde_json::json!({ "was": hold.map(ClockHold::as_str), "clock": now.to_string() });
        self.store
            .transaction(move |tx| async move {
                tx.forget_times_after(now).await?;
                audit::note(&tx, &actor, "dialing.confirm_clock", actor.workspace, detail, now).await
            })
            .await?;
        if let Some(joined) = &mut self.node.state().joined {
            joined.guard.confirm(now, Uptime::now());
        }
        self.renew_lease().await?;
        self.wake.dialer();
        Ok(())
    }

    fn new_node(&self, membership: &Membership) -> NewNode {
        NewNode {
            id: self.installation.run,
            name: membership.name.clone(),
            role: membership.role,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lease_ms: i64::try_from(membership.lease.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// Calls that may have been sent, by a server that is gone.
pub(super) async fn doubt(tx: &Tx, ids: &[CallId], now: Timestamp) -> Result<Vec<CallRecord>, StoreError> {
    let mut changes: Vec<Changed> = tx.lock_calls(ids).await?.into_iter().map(Changed::from).collect();
    for change in &mut changes {
        change.after.call.doubt();
    }
    settle(tx, changes, now).await
}
