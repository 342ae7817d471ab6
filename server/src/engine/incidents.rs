//! Does what follows from incidents, after the commit that noted them.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Parts, task};
use crate::store::StoreError;

const MOST_PER_TURN: u64 = 100;

/// Waits for incidents until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    loop {
        let turn = task::turn(turn(&parts)).await;
        let clock = &parts.actions.clock;
        let until = task::next_look("incidents", turn, clock.now());
        if !task::wait(clock, until, parts.actions.wake.incident_rung(), &stop).await {
            return;
        }
    }
}

async fn turn(parts: &Parts) -> Result<Option<Timestamp>, StoreError> {
    let noted = parts.actions.store.incidents_to_handle(MOST_PER_TURN).await?;
    let more = noted.len() as u64 == MOST_PER_TURN;
    for incident in noted {
        parts.actions.handle_incident(incident).await?;
    }
    Ok(more.then(|| parts.actions.clock.now()))
}
