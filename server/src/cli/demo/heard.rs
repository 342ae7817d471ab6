//! What people did and what was heard of it: the wait until every recording is stored and the first of them are written down,
//! and what the network, the database and the statistics tell of it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::carrier_event::AnsweredBy;
use domain::reaction::Reaction;
use domain::recording::RecordingState;
use domain::statistics::Tally;
use domain::transcript::TranscriptState;
use simulator::{Recorded, Ring};

use crate::actions::example::OPT_OUT_KEY;
use crate::app::App;
use crate::store::StoreError;
use crate::store::calls::CallRecord;

/// When nothing came further for this long, nothing is going to.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many recordings are waited for until they are written down. It is done one after the other, and an unoptimised build takes a
/// tenth of a second or more for each: with thousands the others follow while somebody looks around.
const WAITED_FOR: u64 = 200;
/// Recordings read at one time.
const PAGE: u64 = 1_000;

/// How far recordings and transcripts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Recordings with sound that the network made.
    pub made: u64,
    /// Stored here and read back.
    pub stored: u64,
    /// Of those, written down and summed up.
    pub written: u64,
}

/// A check in words, and whether it holds.
pub(super) type Check = (String, bool);

/// Waits until every recording is stored and the first are written down, or until nothing comes further.
pub(super) async fn until_written_down(app: &App) -> anyhow::Result<()> {
    let Some(network) = &app.network else { return Ok(()) };
    // The last recordings are announced after the last calls are over.
    let _ = tokio::time::timeout(PATIENCE, network.quiet()).await;
    let mut live = app.actions.live.subscribe(None).changes;
    let (mut before, mut since) = (Progress::default(), Instant::now());
    loop {
        let now = progress(app).await?;
        if now.stored == now.made && now.written >= now.made.min(WAITED_FOR) {
            return Ok(());
        }
        if now != before {
            if since.elapsed() >= Duration::from_secs(2) || before == Progress::default() {
                println!(
                    "{} of {} recordings are stored, {} written down",
                    now.stored, now.made, now.written
                );
            }
            (before, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return Ok(());
        }
        // The next change, but not every one: each look counts all of them.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), live.recv()).await;
        live = live.resubscribe();
    }
}

/// How far they are now.
pub(super) async fn progress(app: &App) -> Result<Progress, StoreError> {
    let made = app.network.as_ref().map_or(0, |network| network.recorded().len() as u64);
    let mut progress = Progress { made, ..Progress::default() };
    let (workspace, _) = app.actions.first_workspace().await?;
    for (recording, transcript, count) in app.actions.store.recordings_by_state(workspace).await? {
        if recording == RecordingState::Stored {
            progress.stored += count;
            progress.written += if transcript == Some(TranscriptState::Done) { count } else { 0 };
        }
    }
    Ok(progress)
}

/// Whether what the network recorded is what is stored here, one by one, and whether what was waited for is written down.
pub(super) async fn recordings(app: &App) -> Result<Vec<Check>, StoreError> {
    let recorded = app.network.as_ref().map(|network| network.recorded()).unwrap_or_default();
    let made: BTreeSet<String> = recorded.into_iter().map(|Recorded { sid, .. }| sid).collect();
    let stored = stored(app).await?;
    let written = progress(app).await?.written;
    let same =
        format!("recordings that the network made = recordings stored ({} = {})", made.len(), stored.len());
    let all = stored.len() as u64;
    let waited_for = all.min(WAITED_FOR);
    let down =
        format!("{waited_for} of {all} stored recordings were to be written down by now ({written} are)");
    Ok(vec![(same, made == stored), (down, written >= waited_for)])
}

/// Who did what, by the network, the database and the statistics.
pub(super) fn deeds(rings: &[(String, Ring)], calls: &[CallRecord], tally: &Tally) -> Vec<Check> {
    let machine = |word: &str| AnsweredBy::parse(word).is_some_and(AnsweredBy::is_machine);
    let check =
        |what: &str, ring: &dyn Fn(&Ring) -> bool, call: &dyn Fn(&CallRecord) -> bool, counted: i64| {
            let told: BTreeSet<&String> = rings.iter().filter(|(_, it)| ring(it)).map(|(id, _)| id).collect();
            let kept: BTreeSet<String> =
                calls.iter().filter(|it| call(it)).map(|it| it.id.to_string()).collect();
            let same = told.iter().copied().eq(kept.iter()) && kept.len() as i64 == counted;
            let what = format!(
                "calls that {what}: in the ledger {}, in the database {}, in the statistics {counted}",
                told.len(),
                kept.len()
            );
            (what, same)
        };
    let did = |reaction| move |call: &CallRecord| call.call.facts.reaction == Some(reaction);
    vec![
        check(
            "reached voicemail",
            &|ring| ring.answered_by.as_deref().is_some_and(machine),
            &|call| call.call.facts.answered_by().is_some_and(AnsweredBy::is_machine),
            tally.answered_by_machine,
        ),
        check("left a message", &|ring| ring.messages > 0, &did(Reaction::LeftMessage), tally.left_message),
        check(
            "opted out",
            &|ring| ring.pressed.contains(OPT_OUT_KEY),
            &did(Reaction::OptedOut),
            tally.opted_out,
        ),
    ]
}

/// The carrier's names of what is stored.
async fn stored(app: &App) -> Result<BTreeSet<String>, StoreError> {
    let (mut stored, mut after) = (BTreeSet::new(), None);
    loop {
        let page = app.actions.store.recordings_behind(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(stored) };
        after = Some(last.id);
        let of_page = page.into_iter().filter(|recording| recording.state == RecordingState::Stored);
        stored.extend(of_page.map(|recording| recording.carrier_sid));
    }
}
