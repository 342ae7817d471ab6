//! How many more calls a campaign's own pace and that of its caller id leave room for.
//!
//! Asked before anybody is chosen: whoever is reserved for a narrow campaign and cannot go stands in the way of the
//! others. What counts is asked again when the call is armed.

use std::time::Duration;

use domain::pacing::{Pacing, Start};
use jiff::Timestamp;

use crate::actions::Actions;
use crate::store::StoreError;
use crate::store::campaigns::CampaignRecord;
use crate::store::pace::PaceScope;

/// Calls of a campaign that wait for their words at one time: nobody pays for words of people who are rung much later.
const LOOK_AHEAD: usize = 10;
/// When so many are chosen, the next ones are as soon as these are on their way.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Room for calls of one campaign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// So many may be chosen now.
    pub calls: usize,
    /// When there is room for one more, where time alone makes it.
    pub again_at: Option<Timestamp>,
}

/// The room of a campaign, up to `most`.
pub(super) async fn of(
    actions: &Actions,
    campaign: &CampaignRecord,
    now: Timestamp,
    most: usize,
) -> Result<Room, StoreError> {
    let caller_id = campaign.caller_id.as_ref().or(actions.installation.caller_id.as_ref());
    let of_caller_id = actions.installation.caller_id_pacing.zip(caller_id);
    let of_caller_id = of_caller_id.map(|(limits, number)| (PaceScope::CallerId(number.clone()), limits));
    let of_campaign = campaign.rules.pacing.map(|limits| (PaceScope::Campaign(campaign.id), limits));
    let mut room = Room { calls: most, again_at: None };
    for (scope, limits) in of_campaign.into_iter().chain(of_caller_id) {
        let narrow = in_scope(actions, &scope, limits, now, most).await?;
        if narrow.calls <= room.calls {
            room.again_at = room.again_at.max(narrow.again_at);
        }
        room.calls = room.calls.min(narrow.calls);
    }
    if campaign.needs_narration() {
        let taken = actions.store.taken_in(&PaceScope::Campaign(campaign.id)).await?;
        let ahead = LOOK_AHEAD.saturating_sub(taken.reserved);
        if ahead < room.calls {
            room = Room { calls: ahead, again_at: now.checked_add(BETWEEN_LOOKS).ok() };
        }
    }
    Ok(room)
}

async fn in_scope(
    actions: &Actions,
    scope: &PaceScope,
    limits: Pacing,
    now: Timestamp,
    most: usize,
) -> Result<Room, StoreError> {
    let taken = actions.store.taken_in(scope).await?;
    let below_ceiling = (limits.max_live() as usize).saturating_sub(taken.on + taken.reserved);
    let pace = actions.store.pace(scope).await?;
    let startable = pace.startable(limits, now, most);
    let again_at = match pace.after(startable, limits, now).may_start(limits, now) {
        Start::At(at) if below_ceiling > 0 => Some(at),
        Start::Held(hold) if below_ceiling > 0 => Some(hold.until),
        // The end of a call rings the bell.
        _ => None,
    };
    Ok(Room { calls: startable.saturating_sub(taken.reserved).min(below_ceiling), again_at })
}
