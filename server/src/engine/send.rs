//! Sends one armed call and records what came of it. Nothing here tries twice.

use std::time::Duration;

use domain::gate::LONGEST_QUEUE;
use domain::recording_consent::RecordingRuling;
use domain::refusal::RefusalMeaning;
use tracing::{error, info, warn};

use super::{Parts, rest_news, task};
use crate::actions::Actor;
use crate::actions::calls::{ArmedCall, Outcome};
use crate::carrier::twilio::message;
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
    match request(&armed) {
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

fn request(armed: &ArmedCall) -> Result<PlaceCall, ScriptError> {
    let ArmedCall { call, campaign, .. } = armed;
    Ok(PlaceCall {
        call_id: call.id,
        prospect_id: call.prospect,
        to: call.to.clone(),
        from: call.from.clone(),
        speech: speech_of(armed)?,
        ring_timeout: Duration::from_secs(campaign.ring_timeout_seconds.into()),
        time_limit: Duration::from_secs(campaign.time_limit_seconds.into()),
        machine_detection: match campaign.machine_detection.as_str() {
            "enable" => MachineDetection::Enable { asynchronous: false },
            "detect_message_end" => MachineDetection::DetectMessageEnd { asynchronous: false },
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
fn speech_of(armed: &ArmedCall) -> Result<CallSpeech, ScriptError> {
    let ArmedCall { campaign, prospect, script, .. } = armed;
    let broken = |why: String| ScriptError { line: 1, why };
    let document = match (&campaign.audio_url, script) {
        (Some(audio), _) => Some(message::sound(audio.clone())),
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
            // Nothing that comes later in the call may turn out to be unspeakable then.
            flow.texts()
                .chain(script.words.voicemail.as_deref())
                .try_for_each(|text| said(text).map(drop))?;
            let whole = message::last_leg(&flow.beginning(), campaign.voice.as_deref(), said)?;
            whole.filter(|_| script.words.voicemail.is_none())
        }
    };
    let notice = armed.call.recording_ruling.and_then(|ruling| ruling.notice(&campaign.recording_consent));
    let document = document.map(|document| message::begun_with(document, notice, campaign.voice.as_deref()));
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
