//! One call from the first dialled digit to its end, on its own clock: planned durations add up exactly, so the same
//! seed gives the same ledger however busy the machine is.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Begun, Network};
use crate::answer_model::Outcome;
use crate::callee::Callee;
use crate::network::status::Status;
use crate::timeline::later;

/// What a mailbox records before it hangs up.
const MAILBOX_SECONDS: u64 = 120;

/// Lives the call, or as much of it as whoever hangs up in between allows.
pub(super) async fn live(network: Arc<Network>, begun: Begun) {
    let over = begun.over.clone();
    over.run_until_cancelled(dialled(network, begun)).await;
}

async fn dialled(network: Arc<Network>, begun: Begun) {
    let (index, answer) = (begun.index, begun.answer.clone());
    let connected = later(begun.at, answer.connect);
    if let Outcome::Failed { sip } = answer.outcome {
        let at = later(connected, answer.ring);
        network.timeline.sleep_until(at).await;
        return network.end(index, Status::Failed, sip, at);
    }
    network.timeline.sleep_until(connected).await;
    network.ring(index, connected);

    let patience = begun.order.timeout;
    if answer.outcome == Outcome::NoAnswer || answer.ring >= patience {
        let at = later(connected, patience);
        network.timeline.sleep_until(at).await;
        return network.end(index, Status::NoAnswer, 487, at);
    }
    let picked_up = later(connected, answer.ring);
    network.timeline.sleep_until(picked_up).await;
    match answer.outcome {
        Outcome::Human { talk_seconds } => answered(network, begun, picked_up, talk_seconds.into()).await,
        Outcome::Voicemail => answered(network, begun, picked_up, MAILBOX_SECONDS).await,
        _ => network.end(index, Status::Busy, 486, picked_up),
    }
}

async fn answered(network: Arc<Network>, begun: Begun, at: Timestamp, stays: u64) {
    if !network.answer(begun.index, at) {
        return;
    }
    let until = later(at, begun.order.time_limit.min(Duration::from_secs(stays)));
    let index = begun.index;
    let ended = Callee::new(Arc::clone(&network), begun, at, until).on_the_line().await;
    network.end(index, Status::Completed, 200, ended);
}
