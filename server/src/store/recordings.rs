//! Recordings: what the carrier says of each, and where our copy is.

use std::collections::HashMap;

use domain::ids::{CallId, NodeId, RecordingId, WorkspaceId};
use domain::recording::{RecordingSource, RecordingState};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRecord {
    /// Which one.
    pub id: RecordingId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which call.
    pub call: CallId,
    /// The carrier's name for it.
    pub carrier_sid: String,
    /// Whose words it holds.
    pub source: RecordingSource,
    /// How far it has come.
    pub state: RecordingState,
    /// Its length as the carrier says.
    pub seconds: Option<u32>,
    /// When it was first heard of.
    pub announced_at: Timestamp,
    /// When to ask about it, or to fetch it.
    pub next_look_at: Option<Timestamp>,
    /// So often it was tried to fetch it.
    pub attempts: u32,
    /// The server that fetches it at this moment.
    pub claimed_by: Option<NodeId>,
    /// What was in the way, for people.
    pub trouble: Option<String>,
    /// What lies in our store; stays named after the deletion, until the file is gone.
    pub copy: Option<OurCopy>,
    /// Since when it is stored.
    pub stored_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// When the carrier's copy was deleted.
    pub deleted_at_carrier_at: Option<Timestamp>,
}

/// What lies in our store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurCopy {
    /// Its name in the store.
    pub object: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: [u8; 32],
    /// Its length in milliseconds.
    pub duration_ms: u64,
    /// 1 or 2.
    pub channels: u8,
    /// Loudness, 0 to 255, as often for each channel.
    pub peaks: Vec<u8>,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtHand {
    /// Some server fetches one, or ended while it did.
    pub claimed: bool,
    /// One is to be asked about, or to be fetched.
    pub due: bool,
}

const COLUMNS: [&str; 21] = [
    "id",
    "workspace_id",
    "call_id",
    "carrier_sid",
    "source",
    "state",
    "seconds",
    "announced_at",
    "next_look_at",
    "attempts",
    "claimed_by",
    "trouble",
    "object",
    "bytes",
    "sha256",
    "duration_ms",
    "channels",
    "peaks",
    "stored_at",
    "deleted_at",
    "deleted_at_carrier_at",
];

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    workspace_id: Uuid,
    call_id: Uuid,
    carrier_sid: String,
    source: String,
    state: String,
    seconds: Option<i64>,
    announced_at: i64,
    next_look_at: Option<i64>,
    attempts: i64,
    claimed_by: Option<Uuid>,
    trouble: Option<String>,
    object: Option<String>,
    bytes: Option<i64>,
    sha256: Option<Vec<u8>>,
    duration_ms: Option<i64>,
    channels: Option<i64>,
    peaks: Option<Vec<u8>>,
    stored_at: Option<i64>,
    deleted_at: Option<i64>,
    deleted_at_carrier_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct Moment {
    at: Option<i64>,
}

#[derive(FromQueryResult)]
struct AtHandRow {
    claimed: i64,
    due: i64,
}

#[derive(FromQueryResult)]
struct Name {
    id: Uuid,
    carrier_sid: String,
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM recordings {rest}", COLUMNS.join(", "))
}

impl Store {
    /// Any recording, whoever owns it: for the engine, which works for all workspaces.
    pub async fn any_recording(&self, id: RecordingId) -> Result<Option<RecordingRecord>, StoreError> {
        let row = sql::one(self.reader(), &select("WHERE id = $1"), [id.uuid().into()]).await?;
        row.map(record).transpose()
    }

    /// A recording of this workspace.
    pub async fn recording(
        &self,
        of: WorkspaceId,
        id: RecordingId,
    ) -> Result<Option<RecordingRecord>, StoreError> {
        let wanted = select("WHERE workspace_id = $1 AND id = $2");
        let row = sql::one(self.reader(), &wanted, [of.uuid().into(), id.uuid().into()]).await?;
        row.map(record).transpose()
    }

    /// The recordings of a call, first the one that began first.
    pub async fn recordings_of_call(&self, call: CallId) -> Result<Vec<RecordingRecord>, StoreError> {
        self.recordings_where("WHERE call_id = $1 ORDER BY id", [call.uuid().into()]).await
    }

    /// Those of these recordings that are stored, by the carrier's names.
    pub async fn stored_recordings(&self, sids: &[&str]) -> Result<HashMap<String, RecordingId>, StoreError> {
        let mut found = HashMap::new();
        for some in sids.chunks(given::MOST) {
            let wanted =
                Given::rows(self.reader().get_database_backend(), &["sid"], sql::one_each(some, |sid| *sid));
            let (wanted, values) = wanted.statement(
                "SELECT id, carrier_sid FROM recordings \
                 WHERE state = 'stored' AND carrier_sid IN (SELECT sid FROM given)",
            );
            let rows: Vec<Name> = sql::all(self.reader(), &wanted, values).await?;
            found.extend(rows.into_iter().map(|row| (row.carrier_sid, RecordingId::from_uuid(row.id))));
        }
        Ok(found)
    }

    /// Recordings that the carrier announced long enough ago to ask what became of them.
    pub async fn recordings_to_ask_about(
        &self,
        now: Timestamp,
        most: u64,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let due = "WHERE state = 'announced' AND next_look_at <= $1 ORDER BY next_look_at LIMIT $2";
        self.recordings_where(due, [millis(now).into(), (most as i64).into()]).await
    }

    /// What there is to do at this moment: a look that costs next to nothing where nothing is recorded.
    pub async fn recordings_at_hand(&self, now: Timestamp) -> Result<AtHand, StoreError> {
        let one = |of: &str| {
            format!("(SELECT COUNT(*) FROM (SELECT id FROM recordings WHERE {of} LIMIT 1) AS one)")
        };
        let (claimed, due) =
            (one("claimed_by IS NOT NULL"), one("next_look_at <= $1 AND claimed_by IS NULL"));
        let wanted = format!("SELECT {claimed} AS claimed, {due} AS due");
        let found: Option<AtHandRow> = sql::one(self.reader(), &wanted, [millis(now).into()]).await?;
        Ok(found.map_or(AtHand::default(), |row| AtHand { claimed: row.claimed > 0, due: row.due > 0 }))
    }

    /// When the next recording is to be asked about or to be fetched.
    pub async fn next_recording_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let wanted = "SELECT MIN(next_look_at) AS at FROM recordings WHERE next_look_at IS NOT NULL AND claimed_by IS NULL";
        let row: Option<Moment> = sql::one(self.reader(), wanted, []).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }

    /// Stored recordings whose time is over.
    pub async fn recordings_stored_before(
        &self,
        then: Timestamp,
        most: u64,
    ) -> Result<Vec<RecordingId>, StoreError> {
        let wanted = "WHERE state = 'stored' AND stored_at < $1 ORDER BY stored_at LIMIT $2";
        let found = self.recordings_where(wanted, [millis(then).into(), (most as i64).into()]).await?;
        Ok(found.into_iter().map(|recording| recording.id).collect())
    }

    /// Deleted recordings whose files are still there.
    pub async fn recordings_to_erase(&self, most: u64) -> Result<Vec<RecordingRecord>, StoreError> {
        let wanted = "WHERE state = 'deleted' AND object IS NOT NULL ORDER BY deleted_at LIMIT $1";
        self.recordings_where(wanted, [(most as i64).into()]).await
    }

    /// Recordings in this state whose other copy the carrier still has.
    pub async fn recordings_still_at_carrier(
        &self,
        state: RecordingState,
        most: u64,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        // Written out: an index answers for each of the two states that are asked for.
        let state = state.as_str();
        let wanted =
            format!("WHERE state = '{state}' AND deleted_at_carrier_at IS NULL ORDER BY id LIMIT $1");
        self.recordings_where(&wanted, [(most as i64).into()]).await
    }

    /// Recordings by the carrier's names.
    pub async fn recordings_by_sid(&self, sids: &[&str]) -> Result<Vec<RecordingRecord>, StoreError> {
        by_sid(self.reader(), sids, "").await
    }

    /// Recordings behind `after`, in the order of their names; for looking through all of them.
    pub async fn recordings_behind(
        &self,
        after: Option<RecordingId>,
        most: u64,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let behind = after.map_or(Uuid::nil(), RecordingId::uuid);
        let wanted = "WHERE id > $1 ORDER BY id LIMIT $2";
        self.recordings_where(wanted, [behind.into(), (most as i64).into()]).await
    }

    async fn recordings_where(
        &self,
        rest: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<RecordingRecord>, StoreError> {
        let rows: Vec<Row> = sql::all(self.reader(), &select(rest), values).await?;
        rows.into_iter().map(record).collect()
    }
}

impl Tx {
    /// Recordings by the carrier's names, locked in the order of ours.
    pub async fn lock_recordings_by_sid(&self, sids: &[&str]) -> Result<Vec<RecordingRecord>, StoreError> {
        let db = self.connection();
        by_sid(db, sids, dialect::for_update(db.get_database_backend())).await
    }

    /// A recording, locked.
    pub async fn lock_recording(&self, id: RecordingId) -> Result<Option<RecordingRecord>, StoreError> {
        let db = self.connection();
        let wanted = select(&format!("WHERE id = $1{}", dialect::for_update(db.get_database_backend())));
        sql::one(db, &wanted, [id.uuid().into()]).await?.map(record).transpose()
    }

    /// Gives up what this server, or one that is gone, was fetching: it may be fetched at once.
    pub async fn free_recordings(&self, me: NodeId, now: Timestamp) -> Result<u64, StoreError> {
        let change = "UPDATE recordings SET claimed_by = NULL, next_look_at = $1 WHERE claimed_by IS NOT NULL \
                      AND (claimed_by = $2 OR claimed_by NOT IN (SELECT id FROM nodes WHERE stopped_at IS NULL))";
        Ok(sql::run(self.connection(), change, [millis(now).into(), me.uuid().into()]).await?)
    }

    /// A recording that is due to be fetched and that nobody else fetches, locked.
    pub async fn due_recording(&self, now: Timestamp) -> Result<Option<RecordingRecord>, StoreError> {
        let db = self.connection();
        let lock = dialect::for_update_skip_locked(db.get_database_backend());
        let wanted = select(&format!(
            "WHERE state = 'awaited' AND claimed_by IS NULL AND next_look_at <= $1 ORDER BY next_look_at LIMIT 1{lock}"
        ));
        sql::one(db, &wanted, [millis(now).into()]).await?.map(record).transpose()
    }

    /// Adds a recording of which this is the first that is heard.
    pub async fn add_recording(&self, new: &RecordingRecord) -> Result<(), StoreError> {
        let (names, places) = (COLUMNS.join(", "), sql::placeholders(1, COLUMNS.len()));
        let add = format!("INSERT INTO recordings ({names}) VALUES ({places})");
        sql::run(self.connection(), &add, values(new)).await?;
        Ok(())
    }

    /// Writes a recording that was locked.
    pub async fn save_recording(&self, changed: &RecordingRecord) -> Result<(), StoreError> {
        let set = COLUMNS.iter().enumerate().map(|(nth, name)| format!("{name} = ${}", nth + 1));
        let set = set.collect::<Vec<_>>().join(", ");
        // Its own name is the first of its values.
        sql::run(self.connection(), &format!("UPDATE recordings SET {set} WHERE id = $1"), values(changed))
            .await?;
        Ok(())
    }
}

async fn by_sid(
    db: &impl ConnectionTrait,
    sids: &[&str],
    lock: &str,
) -> Result<Vec<RecordingRecord>, StoreError> {
    let mut found = Vec::new();
    for some in sids.chunks(given::MOST) {
        let wanted = Given::rows(db.get_database_backend(), &["sid"], sql::one_each(some, |sid| *sid));
        let (wanted, values) = wanted
            .statement(&select(&format!("WHERE carrier_sid IN (SELECT sid FROM given) ORDER BY id{lock}")));
        let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
        for row in rows {
            found.push(record(row)?);
        }
    }
    Ok(found)
}

fn values(recording: &RecordingRecord) -> Vec<Value> {
    let copy = recording.copy.as_ref();
    let moment = |at: Option<Timestamp>| Value::from(at.map(millis));
    vec![
        recording.id.uuid().into(),
        recording.workspace.uuid().into(),
        recording.call.uuid().into(),
        recording.carrier_sid.as_str().into(),
        recording.source.as_str().into(),
        recording.state.as_str().into(),
        recording.seconds.map(i64::from).into(),
        millis(recording.announced_at).into(),
        moment(recording.next_look_at),
        i64::from(recording.attempts).into(),
        recording.claimed_by.map(NodeId::uuid).into(),
        recording.trouble.clone().into(),
        copy.map(|copy| copy.object.clone()).into(),
        copy.map(|copy| copy.bytes as i64).into(),
        copy.map(|copy| copy.sha256.to_vec()).into(),
        copy.map(|copy| copy.duration_ms as i64).into(),
        copy.map(|copy| i64::from(copy.channels)).into(),
        copy.map(|copy| copy.peaks.clone()).into(),
        moment(recording.stored_at),
        moment(recording.deleted_at),
        moment(recording.deleted_at_carrier_at),
    ]
}

fn record(row: Row) -> Result<RecordingRecord, StoreError> {
    let unknown = |column| StoreError::CorruptRow { table: "recordings", column };
    let copy = row.object.map(|object| {
        Ok::<_, StoreError>(OurCopy {
            object,
            bytes: row.bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(unknown("bytes"))?,
            sha256: row.sha256.and_then(|hash| hash.try_into().ok()).ok_or(unknown("sha256"))?,
            duration_ms: row.duration_ms.unwrap_or(0).unsigned_abs(),
            channels: row.channels.and_then(|count| count.try_into().ok()).ok_or(unknown("channels"))?,
            peaks: row.peaks.unwrap_or_default(),
        })
    });
    Ok(RecordingRecord {
        id: RecordingId::from_uuid(row.id),
        workspace: WorkspaceId::from_uuid(row.workspace_id),
        call: CallId::from_uuid(row.call_id),
        carrier_sid: row.carrier_sid,
        source: RecordingSource::parse(&row.source).ok_or(unknown("source"))?,
        state: RecordingState::parse(&row.state).ok_or(unknown("state"))?,
        seconds: row.seconds.and_then(|seconds| seconds.try_into().ok()),
        announced_at: time(row.announced_at),
        next_look_at: row.next_look_at.map(time),
        attempts: row.attempts.try_into().map_err(|_| unknown("attempts"))?,
        claimed_by: row.claimed_by.map(NodeId::from_uuid),
        trouble: row.trouble,
        copy: copy.transpose()?,
        stored_at: row.stored_at.map(time),
        deleted_at: row.deleted_at.map(time),
        deleted_at_carrier_at: row.deleted_at_carrier_at.map(time),
    })
}
