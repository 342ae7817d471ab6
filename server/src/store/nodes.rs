//! Servers that share the database: their leases, and how one that is gone is ended.
//!
//! The clock of a lease is the database's, so that servers whose own clocks differ agree on when it ends.

use std::time::Duration;

use domain::ids::{CallId, NodeId};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryOrder, QuerySelect};

use super::entities::nodes::{Column, Entity, Model};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// Everything.
    All,
    /// The API and the webhooks; it dials nobody.
    Web,
    /// It dials, and takes webhooks; it has no API.
    Dialer,
    /// A command that works on the data by itself, for as long as it takes.
    Command,
}

impl NodeRole {
    /// The word of settings, API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Web => "web",
            Self::Dialer => "dialer",
            Self::Command => "command",
        }
    }

    /// The role of this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::All, Self::Web, Self::Dialer, Self::Command].into_iter().find(|role| role.as_str() == word)
    }

    /// Whether it arms calls.
    pub const fn dials(self) -> bool {
        matches!(self, Self::All | Self::Dialer)
    }
}

/// The right to arm calls until it ends: whose, and under which epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Whose.
    pub node: NodeId,
    /// Grows whenever the lease changes hands.
    pub epoch: i64,
}

/// A server as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    /// Which run.
    pub id: NodeId,
    /// Where it runs.
    pub name: String,
    /// What it does.
    pub role: NodeRole,
    /// Its version.
    pub version: String,
    /// How often its lease changed hands, from 1.
    pub epoch: i64,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last renewed its lease.
    pub seen_at: Timestamp,
    /// Until when it may arm.
    pub lease_until: Timestamp,
    /// When it stopped, or was taken for dead.
    pub stopped_at: Option<Timestamp>,
    /// How far its clock is ahead of the database's, in milliseconds.
    pub skew_ms: i64,
    /// Why it arms nothing: a word, and what it means.
    pub hold: Option<(String, String)>,
}

impl NodeRecord {
    /// Whether nobody has taken it for dead yet.
    pub const fn is_living(&self) -> bool {
        self.stopped_at.is_none()
    }
}

/// A server that begins.
#[derive(Debug, Clone)]
pub struct NewNode {
    /// Which run.
    pub id: NodeId,
    /// Where it runs.
    pub name: String,
    /// What it does.
    pub role: NodeRole,
    /// Its version.
    pub version: String,
    /// How long its lease holds without being renewed, in milliseconds.
    pub lease_ms: i64,
}

/// What a server says of its clock when it renews its lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockReport {
    /// How far its clock is ahead of the database's, in milliseconds.
    pub skew_ms: i64,
    /// Why it arms nothing: a word, and what it means.
    pub hold: Option<(String, String)>,
}

/// On SQLite the file's lock is the lease: it ends with the process.
const FOR_EVER: i64 = 253_402_300_799_000;

impl Store {
    /// Whether several servers can have this database open.
    pub fn is_shared(&self) -> bool {
        dialect::is_shared(self.read.get_database_backend())
    }

    /// Servers: those that live, then those that ended lately, the newest first. At most 500.
    pub async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        let living_first = Entity::find().order_by_asc(Column::StoppedAt.is_not_null());
        let rows = living_first.order_by_desc(Column::Id).limit(500).all(self.reader()).await?;
        rows.into_iter().map(NodeRecord::try_from).collect()
    }

    /// The database's clock; `now` where it has none of its own.
    pub async fn clock(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let db = self.reader();
        let wanted = format!("SELECT {} AS at", dialect::database_clock(db.get_database_backend(), now));
        let row: Option<AtRow> = sql::one(db, &wanted, []).await?;
        Ok(row.map_or(now, |row| time(row.at)))
    }

    /// The leases of other servers that have run out, and in how many milliseconds the next one will.
    pub async fn lapsed_leases(
        &self,
        not: NodeId,
        now: Timestamp,
    ) -> Result<(Vec<Lease>, Option<i64>), StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
            epoch: i64,
            remaining: i64,
        }
        let db = self.reader();
        let clock = dialect::database_clock(db.get_database_backend(), now);
        let wanted = format!(
            "SELECT id, epoch, lease_until - {clock} AS remaining FROM nodes WHERE stopped_at IS NULL AND id <> $1"
        );
        let rows: Vec<Row> = sql::all(db, &wanted, [not.uuid().into()]).await?;
        let (lapsed, living): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.remaining < 0);
        let lease = |row: Row| Lease { node: NodeId::from_uuid(row.id), epoch: row.epoch };
        let next = living.iter().map(|row| row.remaining).min();
        Ok((lapsed.into_iter().map(lease).collect(), next))
    }

    /// The highest time that any server is known to have seen.
    pub async fn latest_time_seen(&self) -> Result<Option<Timestamp>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            at: Option<i64>,
        }
        let row: Option<Row> = sql::one(self.reader(), "SELECT MAX(seen_at) AS at FROM nodes", []).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }

    /// Whether a server lives, as far as anybody knows.
    pub async fn node_is_living(&self, id: NodeId) -> Result<bool, StoreError> {
        let row = Entity::find_by_id(id.uuid()).one(self.reader()).await?;
        Ok(row.is_some_and(|row| row.stopped_at.is_none()))
    }
}

impl Tx {
    /// Adds a server with a lease, its first.
    pub async fn add_node(&self, node: &NewNode, now: Timestamp) -> Result<Lease, StoreError> {
        let db = self.connection();
        let clock = dialect::database_clock(db.get_database_backend(), now);
        let until = lease_end(db, &clock, node.lease_ms);
        let add = format!(
            "INSERT INTO nodes (id, name, role, version, epoch, started_at, seen_at, lease_until, skew_ms) \
             VALUES ($1, $2, $3, $4, 1, {clock}, {clock}, {until}, 0)"
        );
        let values = [
            node.id.uuid().into(),
            node.name.clone().into(),
            node.role.as_str().into(),
            node.version.clone().into(),
        ];
        sql::run(db, &add, values).await?;
        Ok(Lease { node: node.id, epoch: 1 })
    }

    /// Holds a lease longer; `false` when it was taken away.
    pub async fn renew_lease(
        &self,
        lease: Lease,
        lease_ms: i64,
        report: &ClockReport,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let db = self.connection();
        let clock = dialect::database_clock(db.get_database_backend(), now);
        let until = lease_end(db, &clock, lease_ms);
        let change = format!(
            "UPDATE nodes SET seen_at = {clock}, lease_until = {until}, skew_ms = $3, hold = $4, hold_detail = $5 \
             WHERE id = $1 AND epoch = $2 AND stopped_at IS NULL"
        );
        let (hold, detail) = report.hold.clone().unzip();
        let values =
            [lease.node.uuid().into(), lease.epoch.into(), report.skew_ms.into(), hold.into(), detail.into()];
        Ok(sql::run(db, &change, values).await? > 0)
    }

    /// Takes up the lease again that was taken away, under a new epoch.
    pub async fn take_up_lease(&self, node: &NewNode, now: Timestamp) -> Result<Lease, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            epoch: i64,
        }
        let db = self.connection();
        let clock = dialect::database_clock(db.get_database_backend(), now);
        let until = lease_end(db, &clock, node.lease_ms);
        let change = format!(
            "UPDATE nodes SET epoch = epoch + 1, stopped_at = NULL, seen_at = {clock}, lease_until = {until} \
             WHERE id = $1 RETURNING epoch"
        );
        match sql::one::<Row>(db, &change, [node.id.uuid().into()]).await? {
            Some(row) => Ok(Lease { node: node.id, epoch: row.epoch }),
            // Forgotten meanwhile: it was away for days.
            None => self.add_node(node, now).await,
        }
    }

    /// The database's clock when the lease holds; `None` when it does not. It then holds until this transaction ends:
    /// whoever wants to take it away waits or leaves it.
    pub async fn holds_lease(&self, lease: Lease, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let db = self.connection();
        let backend = db.get_database_backend();
        let clock = dialect::database_clock(backend, now);
        let wanted = format!(
            "SELECT {clock} AS at FROM nodes WHERE id = $1 AND epoch = $2 AND stopped_at IS NULL \
             AND lease_until > {clock}{}",
            dialect::for_key_share(backend)
        );
        let row: Option<AtRow> =
            sql::one(db, &wanted, [lease.node.uuid().into(), lease.epoch.into()]).await?;
        Ok(row.map(|row| time(row.at)))
    }

    /// Takes a lease away that has run out; `false` when it has not, or somebody else was first, or its owner is arming
    /// under it at this moment.
    pub async fn take_away_lapsed(&self, lease: Lease, now: Timestamp) -> Result<bool, StoreError> {
        let clock = dialect::database_clock(self.connection().get_database_backend(), now);
        self.end_lease(lease, &format!("lease_until < {clock}"), now).await
    }

    /// Gives a lease up; `false` when it was taken away before.
    pub async fn give_up_lease(&self, lease: Lease, now: Timestamp) -> Result<bool, StoreError> {
        self.end_lease(lease, "TRUE", now).await
    }

    async fn end_lease(&self, lease: Lease, condition: &str, now: Timestamp) -> Result<bool, StoreError> {
        let db = self.connection();
        let backend = db.get_database_backend();
        let which = format!("id = $1 AND epoch = $2 AND stopped_at IS NULL AND {condition}");
        let locked =
            format!("SELECT id FROM nodes WHERE {which}{}", dialect::for_update_skip_locked(backend));
        let values = || [lease.node.uuid().into(), lease.epoch.into()];
        let found: Option<IdRow> = sql::one(db, &locked, values()).await?;
        if found.is_none() {
            return Ok(false);
        }
        let clock = dialect::database_clock(backend, now);
        let change = format!(
            "UPDATE nodes SET epoch = epoch + 1, stopped_at = {clock}, lease_until = {clock} \
             WHERE id = $1 AND epoch = $2"
        );
        Ok(sql::run(db, &change, values()).await? > 0)
    }

    /// Ends every other server: for a database that only one can have open.
    pub async fn end_all_other_nodes(&self, but: NodeId, now: Timestamp) -> Result<u64, StoreError> {
        let change = "UPDATE nodes SET epoch = epoch + 1, stopped_at = $2, lease_until = $2 \
                      WHERE id <> $1 AND stopped_at IS NULL";
        Ok(sql::run(self.connection(), change, [but.uuid().into(), millis(now).into()]).await?)
    }

    /// Forgets servers that ended longer ago than `kept_for`.
    pub async fn forget_ended_nodes(&self, kept_for: Duration, now: Timestamp) -> Result<u64, StoreError> {
        let db = self.connection();
        let clock = dialect::database_clock(db.get_database_backend(), now);
        let change = format!("DELETE FROM nodes WHERE stopped_at < {clock} - {}", kept_for.as_millis());
        Ok(sql::run(db, &change, []).await?)
    }

    /// Lowers every time that was seen to `now`: somebody says that the clock is right now, and was wrong before.
    pub async fn forget_times_after(&self, now: Timestamp) -> Result<(), StoreError> {
        let change = "UPDATE nodes SET seen_at = $1 WHERE seen_at > $1";
        sql::run(self.connection(), change, [millis(now).into()]).await?;
        Ok(())
    }

    /// The calls that a server armed and whose outcome it has not written down.
    pub async fn armed_by(&self, node: NodeId) -> Result<Vec<CallId>, StoreError> {
        let wanted = "SELECT id FROM calls WHERE placement = 'armed' AND armed_by = $1 ORDER BY id";
        let rows: Vec<IdRow> = sql::all(self.connection(), wanted, [node.to_string().into()]).await?;
        Ok(rows.into_iter().map(|row| CallId::from_uuid(row.id)).collect())
    }
}

fn lease_end(db: &impl ConnectionTrait, clock: &str, lease_ms: i64) -> String {
    if dialect::is_shared(db.get_database_backend()) {
        format!("{clock} + {lease_ms}")
    } else {
        FOR_EVER.to_string()
    }
}

#[derive(sea_orm::FromQueryResult)]
struct AtRow {
    at: i64,
}

#[derive(sea_orm::FromQueryResult)]
struct IdRow {
    id: uuid::Uuid,
}

impl TryFrom<Model> for NodeRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let unknown = StoreError::CorruptRow { table: "nodes", column: "role" };
        Ok(Self {
            id: NodeId::from_uuid(row.id),
            name: row.name,
            role: NodeRole::parse(&row.role).ok_or(unknown)?,
            version: row.version,
            epoch: row.epoch,
            started_at: time(row.started_at),
            seen_at: time(row.seen_at),
            lease_until: time(row.lease_until),
            stopped_at: row.stopped_at.map(time),
            skew_ms: row.skew_ms,
            hold: row.hold.zip(row.hold_detail),
        })
    }
}
