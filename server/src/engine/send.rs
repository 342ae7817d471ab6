//! Sends one armed call and records what came of it. Nothing here tries twice.

use std::time::Duration;

use domain::call_flow::{LARGEST_DOCUMENT, LONGEST_ADDRESS, document_of_text};
use domain::campaign::LaunchBlocker;
use domain::gate::LONGEST_QUEUE;
use domain::recording_consent::RecordingRuling;
use domain::refusal::RefusalMeaning;
use domain::sentences;
use tracing::{error, info, warn};

use super::{Parts, rest_news, task};
use crate::actions::Actor;
use crate::actions::calls::{ArmedCall, Outcome};
use crate::carrier::twilio::message::{self, Said};
use crate::carrier::{CallSpeech, CarrierCall, MachineDetection, PlaceCall, PlaceOutcome, Recording};
use crate::clock::Uptime;
use crate::crash_point::{self, CrashPoint};
use crate::speech::{self, ScriptError};
use crate::store::StoreError;
use crate::supervised::PanicPoint;

/// The longest wait in the carrier's queue that counts as none.
const QUEUE_IS_EMPTY: Duration = Duration::from_secs(1);

/// Sends a call that was armed at `armed_at`.
pub(super) async fn send(parts: &Parts, armed: ArmedCall, armed_at: Uptime) {
    let (id, sends) = (armed.call.id, armed.call.sends);
    let mut recorded = task::turn(send_and_record(parts, armed, armed_at)).await;
    if let Err(StoreError::Panicked(panicked)) = recorded {
        // Whether the request had left by then, nobody can say.
        error!(call_id = %id, error = %panicked, "a call is looked for, never sent again");
        recorded = parts.actions.record_outcome(id, sends, Outcome::Unknown).await.map(|_| ());
    }
    if let Err(error) = recorded {
        // The call stays armed; the reconciler will find it in doubt and look for it.
        error!(call_id = %id, %error, "what came of a call could not be written down");
    }
}

async fn send_and_record(parts: &Parts, armed: ArmedCall, armed_at: Uptime) -> Result<(), StoreError> {
    let id = armed.call.id;
    parts.actions.panics.reached(PanicPoint::Send);
    if let Some(lack) = unlawful(&armed) {
        let message = format!("{} Nobody was called.", lack.explain());
        let outcome = Outcome::Refused { meaning: RefusalMeaning::SetUp, code: None, message };
        return parts.actions.record_outcome(id, armed.call.sends, outcome).await.map(|_| ());
    }
    match request(parts, &armed) {
        Ok(request) => {
            crash_point::reached(CrashPoint::BeforeFirstByte);
            let placing = parts.carrier.place(&request, armed_at);
            let outcome = crash_point::within(CrashPoint::AfterWrite, placing).await;
            crash_point::reached(CrashPoint::AfterReply);
            let recorded = record(parts, &armed, outcome).await;
            crash_point::reached(CrashPoint::AfterRecordCommit);
            recorded
        }
        Err(error) => {
            let outcome = Outcome::Refused {
                meaning: RefusalMeaning::Other,
                code: None,
                message: format!("The script cannot be said to this prospect: {error}. Nobody was called."),
            };
            parts.actions.record_outcome(id, armed.call.sends, outcome).await.map(|_| ())
        }
    }
}

/// What the words lack that people must hear. They may have changed since the launch.
fn unlawful(armed: &ArmedCall) -> Option<LaunchBlocker> {
    let disclosure = &armed.campaign.disclosure;
    let lacks = match &armed.script {
        Some(script) => disclosure.lacks_of(&script.words),
        None => disclosure.lacks_of_a_sound(),
    };
    lacks.first().copied()
}

fn request(parts: &Parts, armed: &ArmedCall) -> Result<PlaceCall, ScriptError> {
    let ArmedCall { call, campaign, script, .. } = armed;
    let speaks_to_machines = script.as_ref().is_some_and(|script| script.words.voicemail.is_some());
    Ok(PlaceCall {
        call_id: call.id,
        prospect_id: call.prospect,
        to: call.to.clone(),
        from: call.from.clone(),
        speech: speech_of(parts, armed)?,
        ring_timeout: Duration::from_secs(campaign.ring_timeout_seconds.into()),
        time_limit: Duration::from_secs(campaign.time_limit_seconds.into()),
        machine_detection: match campaign.machine_detection.as_str() {
            "enable" => MachineDetection::Enable { asynchronous: false },
            "detect_message_end" => MachineDetection::DetectMessageEnd { asynchronous: false },
            // Beside the call it is the end of a greeting that words for machines wait for.
            "async" if speaks_to_machines => MachineDetection::DetectMessageEnd { asynchronous: true },
            "async" => MachineDetection::Enable { asynchronous: true },
            _ => MachineDetection::Off,
        },
        record: match campaign.recording.as_str() {
            _ if !call.recording_ruling.is_some_and(RecordingRuling::records) => Recording::Off,
            "mono" => Recording::Mono,
            "dual" => Recording::Dual,
            _ => Recording::Off,
        },
    })
}

/// What is said, along with the call where it is all that is said. What depends on who picks up, on their keys, or is too
/// long is fetched by the carrier when somebody picks up.
fn speech_of(parts: &Parts, armed: &ArmedCall) -> Result<CallSpeech, ScriptError> {
    let ArmedCall { campaign, prospect, script, .. } = armed;
    let (urls, now) = (&parts.keeping.public, parts.actions.clock.now());
    let kept = |sound| urls.url(sound, campaign.workspace, now);
    let broken = |why: String| ScriptError { line: 1, why };
    let played = campaign.sound.map(kept).or_else(|| campaign.audio_url.clone());
    let document = match (played, script) {
        (Some(address), _) => Some(message::sound(address)),
        (None, None) => return Err(broken("the campaign has nothing to say".to_owned())),
        (None, Some(script)) => {
            let flow = script.words.flow().map_err(|error| broken(error.to_string()))?;
            if flow.transfers() && campaign.transfer_to.is_none() {
                return Err(broken(
                    "it puts people through, and the campaign does not say to whom".to_owned(),
                ));
            }
            let values = prospect.spoken_values();
            let said = |text: &str| speech::render(text, &values);
            // Where it is spoken beforehand, an address may stand in place of each sentence.
            let written = |text: &str| {
                let text = said(text)?;
                let narrated = campaign.needs_narration();
                let addresses = if narrated { sentences::split(&text).len() * LONGEST_ADDRESS } else { 0 };
                Ok(text + &" ".repeat(addresses))
            };
            // Nothing that comes later in the call may turn out to be unspeakable then.
            let mut bytes = flow.largest_document(written)?;
            for beside in script.words.beside_the_flow() {
                bytes = bytes.max(document_of_text(&written(beside)?));
            }
            if bytes > LARGEST_DOCUMENT {
                return Err(broken(format!(
                    "with this person's values up to {bytes} bytes are said in one go, and Twilio takes \
                     {LARGEST_DOCUMENT}; shorten the texts or the values"
                )));
            }
            let words = |text: &str| said(text).map(|text| vec![Said::Words(text)]);
            let whole = message::last_leg(&flow.beginning(), campaign.carrier_voice(), words, kept)?;
            // What was spoken beforehand is looked up, sound by sound, when somebody picks up.
            whole.filter(|_| script.words.voicemail.is_none() && !campaign.needs_narration())
        }
    };
    let notice = armed.call.recording_ruling.and_then(|ruling| ruling.notice(&campaign.recording_consent));
    let document = document.map(|document| message::begun_with(document, notice, campaign.carrier_voice()));
    let along = document.and_then(|document| document.render_inline().ok());
    Ok(along.map_or(CallSpeech::Url, CallSpeech::Inline))
}

async fn record(parts: &Parts, armed: &ArmedCall, outcome: PlaceOutcome) -> Result<(), StoreError> {
    let call = &armed.call;
    let outcome = match outcome {
        PlaceOutcome::Placed(placed) => return record_placed(parts, armed, &placed).await,
        PlaceOutcome::NotSent { why } => {
            warn!(call_id = %call.id, why, "a request never left; the same attempt is made again later");
            Outcome::NotSent
        }
        PlaceOutcome::Throttled { retry_after } => {
            let wait_seconds = retry_after.map(|wait| wait.as_secs());
            info!(call_id = %call.id, wait_seconds, "the carrier asks to slow down");
            Outcome::Throttled(retry_after)
        }
        PlaceOutcome::Refused(refusal) => {
            info!(call_id = %call.id, code = refusal.code, meaning = refusal.meaning.as_str(), "the carrier refused");
            Outcome::Refused { meaning: refusal.meaning, code: refusal.code, message: refusal.explain() }
        }
        PlaceOutcome::Unknown { why } => {
            warn!(call_id = %call.id, why, "nobody knows whether a call was made; it is looked for, never sent again");
            Outcome::Unknown
        }
    };
    if parts.actions.record_outcome(call.id, call.sends, outcome).await? {
        warn!("the carrier is in trouble: nobody is dialed for a while");
    }
    Ok(())
}

async fn record_placed(parts: &Parts, armed: &ArmedCall, placed: &CarrierCall) -> Result<(), StoreError> {
    let call = &armed.call;
    let waits = placed.queue_time.unwrap_or_default();
    info!(call_id = %call.id, carrier_sid = %placed.sid, to = ?call.to, "a call was placed");
    parts.actions.take_in(rest_news::of_call(call.id, placed)).await?;
    let queued = waits > QUEUE_IS_EMPTY;
    if queued || armed.carrier_was_troubled {
        parts.actions.note_carrier_took_call(queued).await?;
    }
    // Somebody may have said stop between the arm and the answer; a call that is not dialed yet can still be taken back.
    parts.actions.end_if_stopped(call).await?;
    if waits > LONGEST_QUEUE {
        // It would ring at a time that nobody checked.
        warn!(call_id = %call.id, queue_seconds = waits.as_secs(), "the carrier queues; the call is cancelled");
        if let Err(error) = parts.actions.end_call(Actor::server(call.workspace), call.id).await {
            warn!(call_id = %call.id, %error, "a queued call could not be cancelled");
        }
    }
    Ok(())
}
