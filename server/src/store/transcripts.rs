//! Transcripts of recordings: what is to be done, what was said, and where a word was said.

use domain::ids::{CallId, RecordingId, WorkspaceId};
use domain::money::Usd;
use domain::recording::RecordingState;
use domain::sentiment::Tone;
use domain::transcript::{Speaker, TranscriptState};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// One transcript without its pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct TranscriptRecord {
    /// Of which recording.
    pub recording: RecordingId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which call.
    pub call: CallId,
    /// How far it has come.
    pub state: TranscriptState,
    /// How often the present state was tried to be left.
    pub attempts: u32,
    /// When that is tried the next time; `None` when nothing is left to do.
    pub next_try_at: Option<Timestamp>,
    /// Why the last attempt was in vain.
    pub trouble: Option<String>,
    /// As the service calls it.
    pub language: Option<String>,
    /// Of the audio.
    pub duration_ms: Option<u64>,
    /// By a model.
    pub summary: Option<String>,
    /// How the person sounded.
    pub judgement: Option<Judgement>,
    /// What it took so far.
    pub cost: Usd,
    /// When it was asked for.
    pub wanted_at: Timestamp,
    /// When nothing was left to do.
    pub done_at: Option<Timestamp>,
}

/// How the person sounded, and who says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// In one word.
    pub tone: Tone,
    /// -1 to 1, kept to the millionth.
    pub score: f64,
    /// A model, else the list of words.
    pub by_model: bool,
}

/// A piece of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// By whom.
    pub speaker: Speaker,
    /// Milliseconds from the begin of the recording.
    pub start_ms: u64,
    /// The same, not before its start.
    pub end_ms: u64,
    /// In one line.
    pub said: String,
}

const COLUMNS: &str = "recording_id, workspace_id, call_id, state, attempts, next_try_at, trouble, language, duration_ms, summary, \
                       tone, score_millionths, judged_by, cost_micros, wanted_at, done_at";

/// Recordings that were stored since the value of this name and have no transcript.
fn stored_without(since: &str) -> String {
    format!(
        "FROM recordings WHERE state = 'stored' AND stored_at >= {since} \
         AND NOT EXISTS (SELECT 1 FROM transcripts WHERE recording_id = recordings.id)"
    )
}

#[derive(sea_orm::FromQueryResult)]
struct Row {
    recording_id: Uuid,
    workspace_id: Uuid,
    call_id: Uuid,
    state: String,
    attempts: i64,
    next_try_at: Option<i64>,
    trouble: Option<String>,
    language: Option<String>,
    duration_ms: Option<i64>,
    summary: Option<String>,
    tone: Option<String>,
    score_millionths: Option<i64>,
    judged_by: Option<String>,
    cost_micros: i64,
    wanted_at: i64,
    done_at: Option<i64>,
}

#[derive(sea_orm::FromQueryResult)]
struct PieceRow {
    speaker: String,
    start_ms: i64,
    end_ms: i64,
    said: String,
}

impl Store {
    /// Transcripts of a call, in the order in which its recordings were made.
    pub async fn transcripts_of_call(&self, call: CallId) -> Result<Vec<TranscriptRecord>, StoreError> {
        let wanted = format!("SELECT {COLUMNS} FROM transcripts WHERE call_id = $1 ORDER BY recording_id");
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, [call.uuid().into()]).await?;
        rows.into_iter().map(TranscriptRecord::try_from).collect()
    }

    /// What was said in a recording, in order.
    pub async fn transcript_pieces(&self, recording: RecordingId) -> Result<Vec<Piece>, StoreError> {
        let wanted = "SELECT speaker, start_ms, end_ms, said FROM transcript_pieces WHERE recording_id = $1 \
                      ORDER BY place";
        let rows: Vec<PieceRow> = sql::all(self.reader(), wanted, [recording.uuid().into()]).await?;
        rows.into_iter().map(Piece::try_from).collect()
    }

    /// Transcripts of a workspace in which a text was said, latest first, behind `after`. Case does not matter.
    pub async fn transcripts_with(
        &self,
        of: WorkspaceId,
        text: &str,
        after: Option<RecordingId>,
        most: u64,
    ) -> Result<Vec<TranscriptRecord>, StoreError> {
        let behind = after.map_or(Uuid::max(), RecordingId::uuid);
        let wanted = format!(
            "SELECT {COLUMNS} FROM transcripts WHERE workspace_id = $1 AND recording_id < $2 AND folded LIKE $3 ESCAPE '\\' \
             ORDER BY recording_id DESC LIMIT $4"
        );
        let values = [of.uuid().into(), behind.into(), containing(text).into(), (most as i64).into()];
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, values).await?;
        rows.into_iter().map(TranscriptRecord::try_from).collect()
    }

    /// Whether a recording that was stored since an instant has no transcript, not even a wanted one.
    pub async fn lacks_transcripts(&self, since: Timestamp) -> Result<bool, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Lacking {
            lacking: i64,
        }
        let wanted =
            format!("SELECT COUNT(*) AS lacking FROM (SELECT id {} LIMIT 1) AS found", stored_without("$1"));
        let found: Option<Lacking> = sql::one(self.reader(), &wanted, [millis(since).into()]).await?;
        Ok(found.is_some_and(|found| found.lacking > 0))
    }

    /// How many recordings of a workspace stand where, by the states of recording and transcript.
    pub async fn recordings_by_state(
        &self,
        of: WorkspaceId,
    ) -> Result<Vec<(RecordingState, Option<TranscriptState>, u64)>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            recording: String,
            transcript: Option<String>,
            count: i64,
        }
        let wanted = "SELECT recordings.state AS recording, transcripts.state AS transcript, COUNT(*) AS count \
                      FROM recordings LEFT JOIN transcripts ON transcripts.recording_id = recordings.id \
                      WHERE recordings.workspace_id = $1 GROUP BY recordings.state, transcripts.state";
        let rows: Vec<Row> = sql::all(self.reader(), wanted, [of.uuid().into()]).await?;
        let known = |row: Row| {
            let recording = RecordingState::parse(&row.recording)
                .ok_or(StoreError::CorruptRow { table: "recordings", column: "state" })?;
            let transcript = row.transcript.as_deref();
            let transcript =
                transcript.map(|word| TranscriptState::parse(word).ok_or(corrupt("state"))).transpose()?;
            Ok((recording, transcript, row.count.unsigned_abs()))
        };
        rows.into_iter().map(known).collect()
    }

    /// When a transcript is to be tried the next time.
    pub async fn next_transcript_at(&self) -> Result<Option<Timestamp>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Next {
            at: Option<i64>,
        }
        let wanted = "SELECT min(next_try_at) AS at FROM transcripts WHERE state IN ('wanted', 'written')";
        let row: Option<Next> = sql::one(self.reader(), wanted, []).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }
}

impl Tx {
    /// Asks for a transcript; one that was asked for before stays as it is.
    pub async fn want_transcript(
        &self,
        workspace: WorkspaceId,
        call: CallId,
        recording: RecordingId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO transcripts (recording_id, workspace_id, call_id, state, next_try_at, wanted_at) \
                      VALUES ($1, $2, $3, 'wanted', $4, $4) ON CONFLICT DO NOTHING";
        let (recording, workspace, call) = (recording.uuid(), workspace.uuid(), call.uuid());
        let values = [recording.into(), workspace.into(), call.into(), millis(now).into()];
        sql::run(self.connection(), insert, values).await?;
        Ok(())
    }

    /// Asks for the transcripts of recordings that were stored since an instant and have none.
    pub async fn want_transcripts_since(&self, since: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        // Without the cast PostgreSQL takes the time for text.
        let insert = format!(
            "INSERT INTO transcripts (recording_id, workspace_id, call_id, state, next_try_at, wanted_at) \
             SELECT id, workspace_id, call_id, 'wanted', CAST($1 AS BIGINT), CAST($1 AS BIGINT) {} \
             ON CONFLICT DO NOTHING",
            stored_without("$2")
        );
        Ok(sql::run(self.connection(), &insert, [millis(now).into(), millis(since).into()]).await?)
    }

    /// The transcript that has waited the longest of those whose time has come, for the one who takes it in this transaction.
    pub async fn due_transcript(&self, now: Timestamp) -> Result<Option<TranscriptRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT {COLUMNS} FROM transcripts WHERE state IN ('wanted', 'written') AND next_try_at <= $1 \
             ORDER BY next_try_at LIMIT 1{}",
            dialect::for_update_skip_locked(db.get_database_backend())
        );
        let row: Option<Row> = sql::one(db, &wanted, [millis(now).into()]).await?;
        row.map(TranscriptRecord::try_from).transpose()
    }

    /// Writes a transcript back as it is now, unless somebody else tried it since it was read as `before`; whether it did.
    pub async fn save_transcript(
        &self,
        before: &TranscriptRecord,
        now: &TranscriptRecord,
    ) -> Result<bool, StoreError> {
        let change = "UPDATE transcripts SET state = $1, attempts = $2, next_try_at = $3, trouble = $4, language = $5, \
                      duration_ms = $6, summary = $7, tone = $8, score_millionths = $9, judged_by = $10, \
                      cost_micros = $11, done_at = $12 WHERE recording_id = $13 AND state = $14 AND attempts = $15";
        let judged = now.judgement;
        let values: [Value; 15] = [
            now.state.as_str().into(),
            i64::from(now.attempts).into(),
            now.next_try_at.map(millis).into(),
            now.trouble.clone().into(),
            now.language.clone().into(),
            now.duration_ms.map(|duration| duration as i64).into(),
            now.summary.clone().into(),
            judged.map(|judged| judged.tone.as_str().to_owned()).into(),
            judged.map(|judged| (judged.score * 1e6).round() as i64).into(),
            judged.map(|judged| if judged.by_model { "model" } else { "words" }.to_owned()).into(),
            now.cost.micros().into(),
            now.done_at.map(millis).into(),
            now.recording.uuid().into(),
            before.state.as_str().into(),
            i64::from(before.attempts).into(),
        ];
        Ok(sql::run(self.connection(), change, values).await? > 0)
    }

    /// Keeps what was said, and lets it be searched.
    pub async fn add_transcript_pieces(&self, of: RecordingId, pieces: &[Piece]) -> Result<(), StoreError> {
        let db = self.connection();
        let numbered: Vec<(usize, &Piece)> = pieces.iter().enumerate().collect();
        for some in numbered.chunks(given::MOST) {
            let row = |(place, piece): &(usize, &Piece)| {
                vec![
                    of.uuid().into(),
                    (*place as i64).into(),
                    piece.speaker.as_str().into(),
                    (piece.start_ms as i64).into(),
                    (piece.end_ms as i64).into(),
                    piece.said.as_str().into(),
                ]
            };
            let columns = ["recording_id", "place", "speaker", "start_ms", "end_ms", "said"];
            let new = Given::rows(db.get_database_backend(), &columns, some.iter().map(row).collect());
            let names = columns.join(", ");
            let (insert, values) = new.statement(&format!(
                "INSERT INTO transcript_pieces ({names}) SELECT {names} FROM given WHERE TRUE ON CONFLICT DO NOTHING"
            ));
            sql::run(db, &insert, values).await?;
        }
        let folded: Vec<String> = pieces.iter().map(|piece| piece.said.to_lowercase()).collect();
        let change = "UPDATE transcripts SET folded = $1 WHERE recording_id = $2";
        sql::run(db, change, [folded.join("\n").into(), of.uuid().into()]).await?;
        Ok(())
    }
}

/// The pattern of a text somewhere, in which nothing else is a pattern.
fn containing(text: &str) -> String {
    let text = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{text}%")
}

const fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "transcripts", column }
}

impl TryFrom<Row> for TranscriptRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let judgement = match (row.tone, row.score_millionths) {
            (Some(tone), Some(score)) => Some(Judgement {
                tone: Tone::parse(&tone).ok_or(corrupt("tone"))?,
                score: score as f64 / 1e6,
                by_model: row.judged_by.as_deref() == Some("model"),
            }),
            _ => None,
        };
        Ok(Self {
            recording: RecordingId::from_uuid(row.recording_id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            call: CallId::from_uuid(row.call_id),
            state: TranscriptState::parse(&row.state).ok_or(corrupt("state"))?,
            attempts: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
            next_try_at: row.next_try_at.map(time),
            trouble: row.trouble,
            language: row.language,
            duration_ms: row.duration_ms.and_then(|duration| u64::try_from(duration).ok()),
            summary: row.summary,
            judgement,
            cost: Usd::from_micros(row.cost_micros),
            wanted_at: time(row.wanted_at),
            done_at: row.done_at.map(time),
        })
    }
}

impl TryFrom<PieceRow> for Piece {
    type Error = StoreError;

    fn try_from(row: PieceRow) -> Result<Self, StoreError> {
        let wrong = StoreError::CorruptRow { table: "transcript_pieces", column: "speaker" };
        Ok(Self {
            speaker: Speaker::parse(&row.speaker).ok_or(wrong)?,
            start_ms: u64::try_from(row.start_ms).unwrap_or_default(),
            end_ms: u64::try_from(row.end_ms).unwrap_or_default(),
            said: row.said,
        })
    }
}
