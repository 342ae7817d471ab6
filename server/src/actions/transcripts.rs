//! Transcripts of recordings: asked for, tried one at a time, written down. What they cost is kept with them.
//!
//! Whoever tries a transcript puts it off first, for longer than any try takes. So nothing has to be repaired after a crash: it is
//! tried anew when its time comes.

use std::time::Duration;

use domain::ids::{CallId, RecordingId, WorkspaceId};
use domain::money::Usd;
use domain::sentiment::sentiment;
use domain::transcript::{Speaker, TranscriptState, pause_after};
use jiff::Timestamp;
use tracing::{info, warn};

use super::Actions;
use crate::live::Subject;
use crate::store::StoreError;
use crate::store::transcripts::{Judgement, Piece, TranscriptRecord};

/// Longer than writing down and summing up may take together.
const LONGEST_TRY: Duration = Duration::from_secs(45 * 60);

/// Recordings that came within as long are transcribed without being asked for.
const OF_LATE: Duration = Duration::from_secs(24 * 60 * 60);

/// What was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenDown {
    /// In order.
    pub pieces: Vec<Piece>,
    /// As the service calls it.
    pub language: Option<String>,
    /// Of the audio.
    pub duration_ms: Option<u64>,
    /// What it took.
    pub cost: Usd,
}

/// A summary by a model.
#[derive(Debug, Clone, PartialEq)]
pub struct SummedUp {
    /// One line.
    pub summary: String,
    /// How the person sounded.
    pub judgement: Judgement,
    /// What it took.
    pub cost: Usd,
}

/// A try that was in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InVain {
    /// Why, for people.
    pub why: String,
    /// Whether it is worth trying again.
    pub passes: bool,
    /// For how long at least, where somebody said so.
    pub wait: Option<Duration>,
}

impl Actions {
    /// Asks for the transcript of a recording; asking twice is asking once.
    pub async fn want_transcript(
        &self,
        workspace: WorkspaceId,
        call: CallId,
        recording: RecordingId,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move { tx.want_transcript(workspace, call, recording, now).await })
            .await
    }

    /// Asks for the transcripts of recordings that came lately and have none. Older ones stay as they are: whoever turns
    /// transcription on does not pay for everything that was ever said.
    pub async fn want_transcripts_of_late(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let since = now.checked_sub(OF_LATE).unwrap_or(Timestamp::MIN);
        if self.store.lacks_transcripts(since).await? {
            self.store
                .transaction(move |tx| async move { tx.want_transcripts_since(since, now).await })
                .await?;
        }
        Ok(())
    }

    /// Takes the transcript whose time has come, so that nobody else tries it meanwhile.
    pub async fn take_transcript(&self) -> Result<Option<TranscriptRecord>, StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let Some(due) = tx.due_transcript(now).await? else { return Ok(None) };
                let mut taken = due.clone();
                taken.attempts = due.attempts.saturating_add(1);
                taken.next_try_at = now.checked_add(LONGEST_TRY).ok();
                tx.save_transcript(&due, &taken).await?;
                Ok(Some(taken))
            })
            .await
    }

    /// Keeps what was said; it has yet to be summed up. How the person sounds is judged by the list of words until a model says
    /// something else.
    pub async fn write_down(&self, taken: TranscriptRecord, said: WrittenDown) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut after = taken.clone();
        after.state = TranscriptState::Written;
        (after.attempts, after.next_try_at, after.trouble) = (0, Some(now), None);
        (after.language, after.duration_ms) = (said.language, said.duration_ms);
        after.judgement = judged_by_words(&said.pieces);
        after.cost = taken.cost + said.cost;
        self.store
            .transaction(move |tx| async move {
                if tx.save_transcript(&taken, &after).await? {
                    tx.add_transcript_pieces(taken.recording, &said.pieces).await?;
                }
                Ok(())
            })
            .await
    }

    /// Keeps the summary, if there is one: nothing is left to do.
    pub async fn finish_transcript(
        &self,
        taken: TranscriptRecord,
        summed_up: Option<SummedUp>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut after = taken.clone();
        after.state = TranscriptState::Done;
        (after.next_try_at, after.done_at, after.trouble) = (None, Some(now), None);
        if let Some(summed_up) = summed_up {
            after.summary = Some(summed_up.summary);
            after.judgement = Some(summed_up.judgement);
            after.cost = taken.cost + summed_up.cost;
        }
        self.settle_transcript(taken, after).await
    }

    /// Notes that a try was in vain, and when there will be another one.
    pub async fn transcript_in_vain(&self, taken: TranscriptRecord, vain: InVain) -> Result<(), StoreError> {
        let now = self.clock.now();
        let pause = pause_after(taken.attempts).filter(|_| vain.passes);
        warn!(call_id = %taken.call, why = vain.why, again = pause.is_some(), "a recording could not be written down or summed up");
        let mut after = taken.clone();
        after.trouble = Some(vain.why);
        match pause {
            Some(pause) => after.next_try_at = now.checked_add(pause.max(vain.wait.unwrap_or_default())).ok(),
            None => {
                after.state = taken.state.given_up();
                (after.next_try_at, after.done_at) = (None, Some(now));
            }
        }
        self.settle_transcript(taken, after).await
    }

    async fn settle_transcript(
        &self,
        before: TranscriptRecord,
        after: TranscriptRecord,
    ) -> Result<(), StoreError> {
        let (call, state) = (after.call, after.state);
        let told = self
            .store
            .transaction(move |tx| async move {
                if !tx.save_transcript(&before, &after).await? {
                    return Ok(None);
                }
                tx.call(after.call).await
            })
            .await?;
        if state == TranscriptState::Done {
            info!(call_id = %call, "a recording is written down");
        }
        if let Some(call) = told {
            let status = call.call.status().as_str();
            self.live
                .publish(call.workspace, Subject::Call { call: call.id, campaign: call.campaign, status });
        }
        Ok(())
    }
}

/// By what the person said; by all of it where nobody can be told apart. `None` when nobody said anything.
fn judged_by_words(pieces: &[Piece]) -> Option<Judgement> {
    let counts: Vec<&str> =
        pieces.iter().filter(|piece| piece.speaker != Speaker::Us).map(|piece| piece.said.as_str()).collect();
    if counts.is_empty() {
        return None;
    }
    let found = sentiment(&counts.join("\n"));
    Some(Judgement { tone: found.tone, score: found.score, by_model: false })
}
