//! Sounds that are played to people: uploaded, or spoken by a voice.

use std::str::FromStr;

use domain::ids::{SoundId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// One sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundRecord {
    /// Which one.
    pub id: SoundId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What people call it.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is sent as, such as `audio/wav`.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Its length in milliseconds.
    pub duration_ms: u64,
    /// Loudness, 0 to 255.
    pub peaks: Vec<u8>,
    /// Its name in the store of sound files; none when it was deleted and is gone from there.
    pub object: Option<String>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Whoever made it, as the audit trail names them.
    pub made_by: String,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// Where a sound comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody sent it.
    Uploaded,
    /// A voice spoke it.
    Spoken {
        /// Everything that its sound depends on; unique among the sounds of a workspace that are not deleted.
        fingerprint: [u8; 32],
        /// Characters that were paid for.
        characters: u64,
    },
}

/// Where a sound comes from, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundKind {
    /// Somebody sent it.
    Uploaded,
    /// A voice spoke it.
    Spoken,
}

impl SoundKind {
    /// As it is written down.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Spoken => "spoken",
        }
    }
}

impl FromStr for SoundKind {
    type Err = NoSuchKind;

    fn from_str(text: &str) -> Result<Self, NoSuchKind> {
        [Self::Uploaded, Self::Spoken].into_iter().find(|kind| kind.as_str() == text).ok_or(NoSuchKind)
    }
}

/// The word for no kind of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected uploaded or spoken")]
pub struct NoSuchKind;

impl Origin {
    /// In a word.
    pub const fn kind(self) -> SoundKind {
        match self {
            Self::Uploaded => SoundKind::Uploaded,
            Self::Spoken { .. } => SoundKind::Spoken,
        }
    }
}

const COLUMNS: [&str; 15] = [
    "id",
    "workspace_id",
    "name",
    "kind",
    "content_type",
    "bytes",
    "sha256",
    "duration_ms",
    "peaks",
    "object",
    "created_at",
    "made_by",
    "fingerprint",
    "characters",
    "deleted_at",
];

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    workspace_id: Uuid,
    name: String,
    kind: String,
    content_type: String,
    bytes: i64,
    sha256: Vec<u8>,
    duration_ms: i64,
    peaks: Vec<u8>,
    object: Option<String>,
    created_at: i64,
    made_by: String,
    fingerprint: Option<Vec<u8>>,
    characters: Option<i64>,
    deleted_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM sounds {rest}", COLUMNS.join(", "))
}

/// One of this workspace that is there.
const ONE: &str = "WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL";

impl Store {
    /// A sound of this workspace that was not deleted.
    pub async fn sound(&self, of: WorkspaceId, id: SoundId) -> Result<Option<SoundRecord>, StoreError> {
        one(self.reader(), ONE, [of.uuid().into(), id.uuid().into()]).await
    }

    /// The sound with this fingerprint that was not deleted.
    pub async fn sound_by_fingerprint(
        &self,
        of: WorkspaceId,
        fingerprint: [u8; 32],
    ) -> Result<Option<SoundRecord>, StoreError> {
        let wanted = "WHERE workspace_id = $1 AND fingerprint = $2 AND deleted_at IS NULL";
        one(self.reader(), wanted, [of.uuid().into(), fingerprint.to_vec().into()]).await
    }

    /// The newest sounds of this kind that were not deleted, before `before` where that is given.
    pub async fn sounds(
        &self,
        of: WorkspaceId,
        kind: SoundKind,
        before: Option<SoundId>,
        most: u64,
    ) -> Result<Vec<SoundRecord>, StoreError> {
        let before = before.map_or(Uuid::max(), SoundId::uuid);
        let wanted = "WHERE workspace_id = $1 AND kind = $2 AND deleted_at IS NULL AND id < $3 \
                      ORDER BY id DESC LIMIT $4";
        let values = [of.uuid().into(), kind.as_str().into(), before.into(), (most as i64).into()];
        self.sounds_where(wanted, values).await
    }

    /// Sounds behind `after`, in the order of their names; for looking through all of them.
    pub async fn sounds_behind(
        &self,
        after: Option<SoundId>,
        most: u64,
    ) -> Result<Vec<SoundRecord>, StoreError> {
        let behind = after.map_or(Uuid::nil(), SoundId::uuid);
        self.sounds_where("WHERE id > $1 ORDER BY id LIMIT $2", [behind.into(), (most as i64).into()]).await
    }

    /// Deleted sounds whose files are still there.
    pub async fn sounds_to_erase(&self, most: u64) -> Result<Vec<SoundRecord>, StoreError> {
        let wanted = "WHERE deleted_at IS NOT NULL AND object IS NOT NULL ORDER BY deleted_at LIMIT $1";
        self.sounds_where(wanted, [(most as i64).into()]).await
    }

    async fn sounds_where(
        &self,
        rest: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<SoundRecord>, StoreError> {
        let rows: Vec<Row> = sql::all(self.reader(), &select(rest), values).await?;
        rows.into_iter().map(record).collect()
    }
}

impl Tx {
    /// A sound of this workspace that was not deleted, locked: it is not deleted before the transaction ends.
    pub async fn lock_sound(&self, of: WorkspaceId, id: SoundId) -> Result<Option<SoundRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!("{ONE}{}", dialect::for_update(db.get_database_backend()));
        one(db, &wanted, [of.uuid().into(), id.uuid().into()]).await
    }

    /// The first of these sounds that is not there; those that are stay until the transaction ends.
    pub async fn missing_sound(
        &self,
        of: WorkspaceId,
        sounds: &[SoundId],
    ) -> Result<Option<SoundId>, StoreError> {
        let mut sounds = sounds.to_vec();
        // In one order, so that no two transactions wait for each other.
        sounds.sort_unstable();
        sounds.dedup();
        for id in sounds {
            if self.lock_sound(of, id).await?.is_none() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Names of campaigns that play a sound, a handful at most.
    pub async fn campaigns_that_play(&self, of: WorkspaceId, id: SoundId) -> Result<Vec<String>, StoreError> {
        let wanted =
            "SELECT name FROM campaigns WHERE workspace_id = $1 AND audio_id = $2 ORDER BY id LIMIT 5";
        let rows: Vec<Name> =
            sql::all(self.connection(), wanted, [of.uuid().into(), id.uuid().into()]).await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }

    /// Adds a sound whose file is durable; a conflict when one with its fingerprint is there.
    pub async fn add_sound(&self, new: &SoundRecord) -> Result<(), StoreError> {
        let (names, places) = (COLUMNS.join(", "), sql::placeholders(1, COLUMNS.len()));
        sql::run(self.connection(), &format!("INSERT INTO sounds ({names}) VALUES ({places})"), values(new))
            .await?;
        Ok(())
    }

    /// Deletes a sound that was locked; its file stays named.
    pub async fn delete_sound(&self, id: SoundId, now: Timestamp) -> Result<(), StoreError> {
        let delete = "UPDATE sounds SET deleted_at = $1 WHERE id = $2 AND deleted_at IS NULL";
        sql::run(self.connection(), delete, [millis(now).into(), id.uuid().into()]).await?;
        // A sentence without its sound has yet to be spoken.
        let forget = "DELETE FROM spoken_texts WHERE sound_id = $1";
        sql::run(self.connection(), forget, [id.uuid().into()]).await?;
        Ok(())
    }

    /// Notes that the file of a deleted sound is gone.
    pub async fn sound_is_erased(&self, id: SoundId) -> Result<(), StoreError> {
        let erase = "UPDATE sounds SET object = NULL WHERE id = $1 AND deleted_at IS NOT NULL";
        sql::run(self.connection(), erase, [id.uuid().into()]).await?;
        Ok(())
    }
}

async fn one(
    db: &impl ConnectionTrait,
    rest: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<SoundRecord>, StoreError> {
    let row: Option<Row> = sql::one(db, &select(rest), values).await?;
    row.map(record).transpose()
}

fn values(sound: &SoundRecord) -> Vec<Value> {
    let (fingerprint, characters) = match sound.origin {
        Origin::Uploaded => (None, None),
        Origin::Spoken { fingerprint, characters } => (Some(fingerprint.to_vec()), Some(characters as i64)),
    };
    vec![
        sound.id.uuid().into(),
        sound.workspace.uuid().into(),
        sound.name.as_str().into(),
        sound.origin.kind().as_str().into(),
        sound.content_type.as_str().into(),
        (sound.bytes as i64).into(),
        sound.sha256.to_vec().into(),
        (sound.duration_ms as i64).into(),
        sound.peaks.clone().into(),
        sound.object.clone().into(),
        millis(sound.created_at).into(),
        sound.made_by.as_str().into(),
        fingerprint.into(),
        characters.into(),
        sound.deleted_at.map(millis).into(),
    ]
}

fn record(row: Row) -> Result<SoundRecord, StoreError> {
    let unknown = |column| StoreError::CorruptRow { table: "sounds", column };
    let origin = match (row.kind.as_str(), row.fingerprint) {
        ("uploaded", None) => Origin::Uploaded,
        ("spoken", Some(fingerprint)) => Origin::Spoken {
            fingerprint: fingerprint.try_into().map_err(|_| unknown("fingerprint"))?,
            characters: row.characters.unwrap_or(0).unsigned_abs(),
        },
        _ => return Err(unknown("kind")),
    };
    Ok(SoundRecord {
        id: SoundId::from_uuid(row.id),
        workspace: WorkspaceId::from_uuid(row.workspace_id),
        name: row.name,
        origin,
        content_type: row.content_type,
        bytes: row.bytes.try_into().map_err(|_| unknown("bytes"))?,
        sha256: row.sha256.try_into().map_err(|_| unknown("sha256"))?,
        duration_ms: row.duration_ms.unsigned_abs(),
        peaks: row.peaks,
        object: row.object,
        created_at: time(row.created_at),
        made_by: row.made_by,
        deleted_at: row.deleted_at.map(time),
    })
}
