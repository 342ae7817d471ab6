//! Sends one armed call and records what came of it. Nothing here tries twice.

use std::time::{Duration, Instant};

use domain::gate::CLOSING_GUARD;
use domain::refusal::RefusalMeaning;
use tracing::{error, info, warn};

use super::brake::Brake;
use super::{Parts, rest_news};
use crate::actions::Actor;
use crate::actions::calls::{ArmedCall, Outcome};
use crate::carrier::twilio::message::Message;
use crate::carrier::{CallSpeech, MachineDetection, PlaceCall, PlaceOutcome, Recording};
use crate::speech::{self, ScriptError};
use crate::store::StoreError;

/// A carrier that asks to slow down without saying for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(2);
/// The first wait after a request that never left; doubled with each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(5);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(300);

/// Sends a call that was armed at `armed_at`.
pub(super) async fn send(parts: &Parts, brake: &Brake, armed: ArmedCall, armed_at: Instant) {
    let id = armed.call.id;
    let recorded = match request(&armed) {
        Ok(request) => {
            let outcome = parts.carrier.place(&request, armed_at).await;
            record(parts, brake, &armed, outcome).await
        }
        Err(error) => {
            let outcome = Outcome::Refused {
                meaning: RefusalMeaning::Other,
                code: None,
                message: format!("The script cannot be said to this prospect: {error}. Nobody was called."),
            };
            parts.actions.record_outcome(id, outcome).await
        }
    };
    if let Err(error) = recorded {
        // The call stays armed; the reconciler will find it in doubt and look for it.
        error!(call_id = %id, %error, "what came of a call could not be written down");
    }
}

fn request(armed: &ArmedCall) -> Result<PlaceCall, ScriptError> {
    let ArmedCall { call, campaign, prospect, script } = armed;
    let message = match (&campaign.audio_url, script) {
        (Some(audio), _) => Message::Audio(audio.clone()),
        (None, Some(script)) => Message::Text {
            text: speech::render(&script.body, &prospect.spoken_values())?,
            voice: campaign.voice.clone(),
        },
        (None, None) => {
            return Err(ScriptError { line: 1, why: "the campaign has nothing to say".to_owned() });
        }
    };
    Ok(PlaceCall {
        call_id: call.id,
        prospect_id: call.prospect,
        to: call.to.clone(),
        from: call.from.clone(),
        // A document that is too long to be sent along is fetched by the carrier when somebody picks up.
        speech: message.document().render_inline().map_or(CallSpeech::Url, CallSpeech::Inline),
        ring_timeout: Duration::from_secs(campaign.ring_timeout_seconds.into()),
        time_limit: Duration::from_secs(campaign.time_limit_seconds.into()),
        machine_detection: match campaign.machine_detection.as_str() {
            "enable" => MachineDetection::Enable { asynchronous: false },
            "detect_message_end" => MachineDetection::DetectMessageEnd { asynchronous: false },
            "async" => MachineDetection::Enable { asynchronous: true },
            _ => MachineDetection::Off,
        },
        record: match campaign.recording.as_str() {
            "mono" => Recording::Mono,
            "dual" => Recording::Dual,
            _ => Recording::Off,
        },
    })
}

async fn record(
    parts: &Parts,
    brake: &Brake,
    armed: &ArmedCall,
    outcome: PlaceOutcome,
) -> Result<(), StoreError> {
    let call = &armed.call;
    let now = parts.actions.clock.now();
    let outcome = match outcome {
        PlaceOutcome::Placed(placed) => {
            brake.note_answer();
            let waits = placed.queue_time.unwrap_or_default();
            info!(call_id = %call.id, carrier_sid = %placed.sid, to = ?call.to, "a call was placed");
            parts.actions.take_in(rest_news::of_call(call.id, &placed)).await?;
            if waits > CLOSING_GUARD {
                // It would ring at a time that nobody checked.
                warn!(call_id = %call.id, queue_seconds = waits.as_secs(), "the carrier queues; the call is cancelled");
                let cancelled = parts.actions.end_call(Actor::server(call.workspace), call.id).await;
                if let Err(error) = cancelled {
                    warn!(call_id = %call.id, %error, "a queued call could not be cancelled");
                }
            }
            return Ok(());
        }
        PlaceOutcome::NotSent { why } => {
            let wait = back_off(call.sends);
            warn!(call_id = %call.id, why, "a request never left; the same attempt is made again later");
            if brake.note_not_sent(now) {
                warn!("the carrier cannot be reached: nobody is dialed for a while");
            }
            Outcome::NotSent { again_at: now.checked_add(wait).unwrap_or(now) }
        }
        PlaceOutcome::Throttled { retry_after } => {
            let wait = retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
            info!(call_id = %call.id, wait_seconds = wait.as_secs(), "the carrier asks to slow down");
            brake.note_throttled(now, wait);
            Outcome::NotSent { again_at: now.checked_add(wait + jitter(call.id)).unwrap_or(now) }
        }
        PlaceOutcome::Refused(refusal) => {
            brake.note_answer();
            info!(call_id = %call.id, code = refusal.code, meaning = refusal.meaning.as_str(), "the carrier refused");
            if refusal.meaning == RefusalMeaning::Concurrency {
                brake.note_throttled(now, DEFAULT_RETRY_AFTER);
            }
            Outcome::Refused { meaning: refusal.meaning, code: refusal.code, message: refusal.explain() }
        }
        PlaceOutcome::Unknown { why } => {
            warn!(call_id = %call.id, why, "nobody knows whether a call was made; it is looked for, never sent again");
            Outcome::Unknown
        }
    };
    parts.actions.record_outcome(call.id, outcome).await
}

fn back_off(sends: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(1 << sends.min(6)).min(LONGEST_BACK_OFF)
}

/// Up to a second that differs from call to call, so that held calls do not all come back at once.
fn jitter(call: domain::ids::CallId) -> Duration {
    let [.., last] = *call.uuid().as_bytes();
    Duration::from_millis(u64::from(last) * 4)
}
