//! Writes recordings down and sums them up, one at a time, through the services that the operator turned on.

mod audio;
mod tracks;

pub use audio::audio_in;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::RecordingId;
use domain::money::Usd;
use domain::transcript::{ListeningPrices, Speaker, TranscriptState};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::task;
use crate::actions::Actions;
use crate::actions::transcripts::{InVain, SummedUp, WrittenDown};
use crate::speech_services::openai::{OpenAi, OpenAiSettings};
use crate::speech_services::{NoHttps, ServiceError};
use crate::store::StoreError;
use crate::store::transcripts::{Judgement, Piece, TranscriptRecord};

/// New recordings are looked for as often.
const LOOKS_AGAIN: Duration = Duration::from_secs(15);

/// The bytes of a stored recording; `None` when there are none any more, else what stands in the way at the moment.
pub type AudioOf = Arc<
    dyn Fn(RecordingId) -> Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, String>> + Send>>
        + Send
        + Sync,
>;

/// What the task works with.
#[derive(Clone)]
pub struct Listening {
    /// Who writes down and sums up.
    pub service: Arc<OpenAi>,
    /// Where recordings are.
    pub audio: AudioOf,
    /// What the service charges.
    pub prices: ListeningPrices,
}

impl Listening {
    /// Through the service that the operator named; `audio` brings what is to be listened to.
    ///
    /// # Errors
    /// [`NoHttps`].
    pub fn through(settings: &OpenAiSettings, audio: AudioOf) -> Result<Self, NoHttps> {
        Ok(Self { service: Arc::new(OpenAi::new(settings)?), audio, prices: settings.prices })
    }
}

/// Waits for recordings until it is time to stop.
pub async fn run(actions: Actions, listening: Listening, stop: CancellationToken) {
    loop {
        let turn = tokio::select! {
            biased;
            // What is under way may be paid for already, but nobody waits ten minutes for it: it is tried anew after the start.
            () = stop.cancelled() => return,
            turn = task::turn(turn(&actions, &listening)) => turn,
        };
        let now = actions.clock.now();
        // A recording that was just stored rings no bell here.
        let soon = now.checked_add(LOOKS_AGAIN).ok();
        let turn = turn.map(|next| next.into_iter().chain(soon).min());
        let until = task::next_look("transcriber", turn, now);
        if !task::wait(&actions.clock, until, std::future::pending(), &stop).await {
            return;
        }
    }
}

/// Takes one step with one transcript; when to look again.
pub async fn turn(actions: &Actions, listening: &Listening) -> Result<Option<Timestamp>, StoreError> {
    actions.want_transcripts_of_late().await?;
    let Some(taken) = actions.take_transcript().await? else {
        return actions.store.next_transcript_at().await;
    };
    match taken.state {
        TranscriptState::Wanted => match write_down(listening, taken.recording).await {
            Ok(said) => actions.write_down(taken, said).await?,
            Err(vain) => actions.transcript_in_vain(taken, vain).await?,
        },
        TranscriptState::Written => match sum_up(actions, listening, &taken).await? {
            Ok(summed_up) => actions.finish_transcript(taken, summed_up).await?,
            Err(vain) => actions.transcript_in_vain(taken, vain).await?,
        },
        TranscriptState::Done | TranscriptState::Failed => {}
    }
    Ok(Some(actions.clock.now()))
}

async fn write_down(listening: &Listening, recording: RecordingId) -> Result<WrittenDown, InVain> {
    let audio = (listening.audio)(recording).await.map_err(|why| InVain { why, passes: true, wait: None })?;
    let gone = || InVain { why: "the recording is gone".to_owned(), passes: false, wait: None };
    let audio = audio.ok_or_else(gone)?;
    let tracks = tracks::of(&audio);
    let (mut pieces, mut language, mut duration_ms, mut cost) = (Vec::new(), None, None, Usd::ZERO);
    for (nth, track) in tracks.iter().enumerate() {
        let transcript = listening.service.transcribe(track.file()).await.map_err(in_vain)?;
        let transcript = transcript.ok_or_else(|| InVain {
            why: "no model is set up that writes down; name one in OPENAI_TRANSCRIPTION_MODEL".to_owned(),
            passes: false,
            wait: None,
        })?;
        let speaker = Speaker::on_track(nth, tracks.len());
        let end = transcript.segments.iter().map(|segment| segment.end_ms).max().unwrap_or_default();
        cost = cost + listening.prices.of_audio(transcript.duration_ms.unwrap_or(end));
        duration_ms = duration_ms.max(transcript.duration_ms);
        language = language.or(transcript.language);
        pieces.extend(transcript.segments.into_iter().map(|segment| Piece {
            speaker,
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            said: segment.text,
        }));
    }
    pieces.sort_by_key(|piece| piece.start_ms);
    Ok(WrittenDown { pieces, language, duration_ms, cost })
}

/// `None` inside when there is nothing to sum up, or nobody who does.
async fn sum_up(
    actions: &Actions,
    listening: &Listening,
    taken: &TranscriptRecord,
) -> Result<Result<Option<SummedUp>, InVain>, StoreError> {
    let pieces = actions.store.transcript_pieces(taken.recording).await?;
    if pieces.is_empty() {
        return Ok(Ok(None));
    }
    let note = match listening.service.note(&conversation(&pieces)).await {
        Ok(note) => note,
        Err(error) => return Ok(Err(in_vain(error))),
    };
    Ok(Ok(note.map(|note| SummedUp {
        summary: note.summary,
        judgement: Judgement { tone: note.tone, score: note.score, by_model: true },
        cost: note.tokens.map_or(Usd::ZERO, |(read, written)| listening.prices.of_summary(read, written)),
    })))
}

fn conversation(pieces: &[Piece]) -> String {
    let line = |piece: &Piece| match piece.speaker {
        Speaker::Person => format!("Called person: {}", piece.said),
        Speaker::Us => format!("Caller: {}", piece.said),
        Speaker::Either => piece.said.clone(),
    };
    pieces.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn in_vain(error: ServiceError) -> InVain {
    let wait = match &error {
        ServiceError::Busy { retry_after, .. } => *retry_after,
        _ => None,
    };
    // A quota comes back and a key is put right, so those are tried for a day as well.
    let passes = error.passes() || matches!(error, ServiceError::Key { .. } | ServiceError::Quota { .. });
    InVain { why: error.to_string(), passes, wait }
}
