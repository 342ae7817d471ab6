//! Texts that a service speaks beforehand, one row for each text and voice of a workspace: wanted, spoken or refused.

use domain::ids::{NodeId, SoundId, WorkspaceId};
use domain::voice::ServiceVoice;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};
use crate::speech::{Fingerprint, Sentence};

/// How far a text has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextState {
    /// It has yet to be spoken.
    Wanted,
    /// Its sound is there.
    Spoken,
    /// The service does not speak it, or it was paid for in vain too often.
    Refused,
}

impl TextState {
    const ALL: [Self; 3] = [Self::Wanted, Self::Spoken, Self::Refused];

    /// The word of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Spoken => "spoken",
            Self::Refused => "refused",
        }
    }
}

/// One text in one voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenText {
    /// Whose.
    pub workspace: WorkspaceId,
    /// What is said, by whom.
    pub sentence: Sentence,
    /// How far it has come.
    pub state: TextState,
    /// Until when somebody waits for it.
    pub wanted_until: Timestamp,
    /// Who asks for it now.
    pub claimed_by: Option<NodeId>,
    /// When it may be asked for, or, when it was refused, wanted again.
    pub next_try_at: Timestamp,
    /// Requests that may have been paid for.
    pub attempts: u32,
    /// Why the last request was in vain.
    pub trouble: Option<String>,
    /// Its sound.
    pub sound: Option<SoundId>,
    /// What it took from the quota.
    pub characters: Option<u64>,
    /// When it was last used, to the day.
    pub used_at: Timestamp,
}

const COLUMNS: &str = "t.workspace_id, t.fingerprint, t.voice, t.said, t.state, t.wanted_until, t.claimed_by, t.next_try_at, \
                       t.attempts, t.trouble, t.sound_id, t.characters, t.used_at";

#[derive(sea_orm::FromQueryResult)]
struct Row {
    workspace_id: Uuid,
    fingerprint: Vec<u8>,
    voice: String,
    said: String,
    state: String,
    wanted_until: i64,
    claimed_by: Option<Uuid>,
    next_try_at: i64,
    attempts: i64,
    trouble: Option<String>,
    sound_id: Option<Uuid>,
    characters: Option<i64>,
    used_at: i64,
}

impl Store {
    /// Those of the texts of a workspace that are known.
    pub async fn spoken_texts(
        &self,
        of: WorkspaceId,
        wanted: &[Fingerprint],
    ) -> Result<Vec<SpokenText>, StoreError> {
        known(self.reader(), of, wanted).await
    }

    /// When the next text may be asked for.
    pub async fn next_text_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Next {
            at: Option<i64>,
        }
        let wanted = "SELECT MIN(next_try_at) AS at FROM spoken_texts \
                      WHERE state = 'wanted' AND claimed_by IS NULL AND wanted_until >= $1";
        let row: Option<Next> = sql::one(self.reader(), wanted, [millis(now).into()]).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }
}

impl Tx {
    /// Those of the texts of a workspace that are known.
    pub async fn spoken_texts(
        &self,
        of: WorkspaceId,
        wanted: &[Fingerprint],
    ) -> Result<Vec<SpokenText>, StoreError> {
        known(self.connection(), of, wanted).await
    }

    /// Wants texts to be spoken, until somebody waits for them no more. One that is spoken stays as it is; one that was refused
    /// is wanted anew when its rest is over.
    pub async fn want_texts(
        &self,
        of: WorkspaceId,
        wanted: &[Sentence],
        until: Timestamp,
        urgent: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let db = self.connection();
        // In one order everywhere, so that no two transactions wait for each other.
        let mut wanted: Vec<&Sentence> = wanted.iter().collect();
        wanted.sort_by_key(|sentence| sentence.fingerprint);
        wanted.dedup_by_key(|sentence| sentence.fingerprint);
        for sentence in wanted {
            let want = "INSERT INTO spoken_texts AS t (workspace_id, fingerprint, voice, said, state, urgent, wanted_until, \
                        next_try_at, used_at) VALUES ($1, $2, $3, $4, 'wanted', $5, $6, $7, $7) \
                        ON CONFLICT (workspace_id, fingerprint) DO UPDATE SET \
                        urgent = t.urgent OR excluded.urgent, \
                        wanted_until = CASE WHEN t.wanted_until < excluded.wanted_until THEN excluded.wanted_until \
                        ELSE t.wanted_until END, \
                        state = CASE WHEN t.state = 'refused' AND t.next_try_at <= $7 THEN 'wanted' ELSE t.state END, \
                        attempts = CASE WHEN t.state = 'refused' AND t.next_try_at <= $7 THEN 0 ELSE t.attempts END \
                        WHERE t.state <> 'spoken'";
            let values: [Value; 7] = [
                of.uuid().into(),
                sentence.fingerprint.0.to_vec().into(),
                sentence.voice.as_str().into(),
                sentence.said.as_str().into(),
                urgent.into(),
                millis(until).into(),
                millis(now).into(),
            ];
            sql::run(db, want, values).await?;
        }
        Ok(())
    }

    /// Notes that texts were used.
    pub async fn use_texts(
        &self,
        of: WorkspaceId,
        used: &[Fingerprint],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut used = used.to_vec();
        used.sort_unstable();
        for fingerprint in used {
            let change = "UPDATE spoken_texts SET used_at = $1 WHERE workspace_id = $2 AND fingerprint = $3";
            let values = [millis(now).into(), of.uuid().into(), fingerprint.0.to_vec().into()];
            sql::run(self.connection(), change, values).await?;
        }
        Ok(())
    }

    /// Gives up what this server was asking for, and what servers were that are gone.
    pub async fn free_texts(&self, me: NodeId) -> Result<u64, StoreError> {
        let change = "UPDATE spoken_texts SET claimed_by = NULL WHERE claimed_by IS NOT NULL \
                      AND (claimed_by = $1 OR claimed_by NOT IN (SELECT id FROM nodes WHERE stopped_at IS NULL))";
        Ok(sql::run(self.connection(), change, [me.uuid().into()]).await?)
    }

    /// Texts that somebody waits for and that nobody asks for, locked: what pages wait for first.
    pub async fn due_texts(&self, now: Timestamp, most: usize) -> Result<Vec<SpokenText>, StoreError> {
        let db = self.connection();
        let lock = dialect::for_update_skip_locked(db.get_database_backend());
        let wanted = format!(
            "SELECT {COLUMNS} FROM spoken_texts t WHERE t.state = 'wanted' AND t.claimed_by IS NULL \
             AND t.next_try_at <= $1 AND t.wanted_until >= $1 \
             ORDER BY CASE WHEN t.urgent THEN 0 ELSE 1 END, t.next_try_at, t.fingerprint LIMIT $2{lock}"
        );
        let rows: Vec<Row> = sql::all(db, &wanted, [millis(now).into(), (most as i64).into()]).await?;
        rows.into_iter().map(SpokenText::try_from).collect()
    }

    /// Writes a text back as it is now, if `before` says who asked for it the last time; whether it did.
    pub async fn save_text(&self, before: &SpokenText, now: &SpokenText) -> Result<bool, StoreError> {
        let change = "UPDATE spoken_texts SET state = $1, claimed_by = $2, next_try_at = $3, attempts = $4, trouble = $5, \
                      sound_id = $6, characters = $7, used_at = $8 \
                      WHERE workspace_id = $9 AND fingerprint = $10 AND state = 'wanted' \
                      AND claimed_by IS NOT DISTINCT FROM $11";
        let values: [Value; 11] = [
            now.state.as_str().into(),
            now.claimed_by.map(NodeId::uuid).into(),
            millis(now.next_try_at).into(),
            i64::from(now.attempts).into(),
            now.trouble.clone().into(),
            now.sound.map(SoundId::uuid).into(),
            now.characters.map(|characters| characters as i64).into(),
            millis(now.used_at).into(),
            now.workspace.uuid().into(),
            now.sentence.fingerprint.0.to_vec().into(),
            before.claimed_by.map(NodeId::uuid).into(),
        ];
        Ok(sql::run(self.connection(), change, values).await? > 0)
    }

    /// Adds a text whose sound was put together from those of its sentences; `false` when it is there already.
    pub async fn add_joined_text(&self, new: &SpokenText) -> Result<bool, StoreError> {
        let add = "INSERT INTO spoken_texts (workspace_id, fingerprint, voice, said, state, urgent, wanted_until, next_try_at, \
                   sound_id, characters, used_at) VALUES ($1, $2, $3, $4, 'spoken', $5, $6, $6, $7, 0, $6) ON CONFLICT DO NOTHING";
        let values: [Value; 7] = [
            new.workspace.uuid().into(),
            new.sentence.fingerprint.0.to_vec().into(),
            new.sentence.voice.as_str().into(),
            new.sentence.said.as_str().into(),
            false.into(),
            millis(new.used_at).into(),
            new.sound.map(SoundId::uuid).into(),
        ];
        Ok(sql::run(self.connection(), add, values).await? > 0)
    }

    /// Takes texts away that nobody used since then, whatever became of them; those with a sound say which.
    pub async fn forget_texts(
        &self,
        unused_since: Timestamp,
        most: usize,
    ) -> Result<Vec<SoundId>, StoreError> {
        let db = self.connection();
        let lock = dialect::for_update_skip_locked(db.get_database_backend());
        let wanted = format!(
            "SELECT {COLUMNS} FROM spoken_texts t WHERE t.used_at < $1 AND t.claimed_by IS NULL AND t.wanted_until < $1 \
             ORDER BY t.used_at LIMIT $2{lock}"
        );
        let values = [millis(unused_since).into(), (most as i64).into()];
        let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
        for row in &rows {
            let forget = "DELETE FROM spoken_texts WHERE workspace_id = $1 AND fingerprint = $2";
            sql::run(db, forget, [row.workspace_id.into(), row.fingerprint.clone().into()]).await?;
        }
        Ok(rows.into_iter().filter_map(|row| row.sound_id).map(SoundId::from_uuid).collect())
    }
}

async fn known(
    db: &impl ConnectionTrait,
    of: WorkspaceId,
    wanted: &[Fingerprint],
) -> Result<Vec<SpokenText>, StoreError> {
    let mut found = Vec::with_capacity(wanted.len());
    for some in wanted.chunks(given::MOST) {
        let rows = sql::one_each(some, |fingerprint| fingerprint.0.to_vec());
        let mut given = Given::rows(db.get_database_backend(), &["fingerprint"], rows);
        let workspace = given.value(of.uuid());
        let (wanted, values) = given.statement(&format!(
            "SELECT {COLUMNS} FROM spoken_texts t WHERE t.fingerprint IN (SELECT fingerprint FROM given) \
             AND t.workspace_id = {workspace}"
        ));
        let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
        for row in rows {
            found.push(SpokenText::try_from(row)?);
        }
    }
    Ok(found)
}

const fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "spoken_texts", column }
}

impl TryFrom<Row> for SpokenText {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let fingerprint = row.fingerprint.try_into().map_err(|_| corrupt("fingerprint"))?;
        let state = TextState::ALL.into_iter().find(|state| state.as_str() == row.state);
        Ok(Self {
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            sentence: Sentence {
                fingerprint: Fingerprint(fingerprint),
                voice: ServiceVoice::parse(&row.voice).map_err(|_| corrupt("voice"))?,
                said: row.said,
            },
            state: state.ok_or(corrupt("state"))?,
            wanted_until: time(row.wanted_until),
            claimed_by: row.claimed_by.map(NodeId::from_uuid),
            next_try_at: time(row.next_try_at),
            attempts: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
            trouble: row.trouble,
            sound: row.sound_id.map(SoundId::from_uuid),
            characters: row.characters.and_then(|characters| u64::try_from(characters).ok()),
            used_at: time(row.used_at),
        })
    }
}
