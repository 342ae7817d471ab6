//! The queue of a campaign: who is rung next, and why not now.

/// What people do to it.
pub mod changes;

use axum::Json;
use axum::extract::State;
use domain::ids::{CampaignId, ProspectId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::load;
use crate::http::api::prospects::view::{Hold, hold_of};
use crate::http::api::words::maybe_time;
use crate::http::auth::Analyst;
use crate::http::query::{Cursor, Limit, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::queue::{Place, QueueCounts};

/// Which stretch of the queue.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Those who wait, in the order in which they are rung.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    /// First those whose time has come, as the dialer takes them; then the others, as their time comes.
    queue: Vec<QueueItem>,
    counts: CountsView,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Somebody who waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueItem {
    /// `pro_…`
    prospect_id: String,
    first_name: String,
    last_name: String,
    company: String,
    phone: String,
    /// `ready` or `waiting`.
    status: &'static str,
    /// `next`, `high`, `normal` or `low`.
    priority: &'static str,
    /// When their time comes.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// The how-many-eth call their next one will be.
    attempt: u32,
    /// Somebody passed them over until `dueAt`.
    skipped: bool,
    /// Why they are not rung at this instant; null when they may be.
    hold: Option<Hold>,
}

/// How many prospects stand where.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    /// To be rung as soon as may be.
    ready: u64,
    /// Waiting for another attempt.
    waiting: u64,
    /// In a call.
    in_call: u64,
    /// The outcome of the last call is not known yet.
    held: u64,
    /// Passed over for now; counted neither as ready nor as waiting.
    skipped: u64,
}

/// Lists who is rung next, in the very order in which the dialer rings them.
#[utoipa::path(get, path = "/api/campaigns/{id}/queue", tag = "queue",
    params(("id" = String, Path), QueueQuery),
    responses((status = 200, body = QueueView), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<QueueQuery>,
) -> Result<Json<QueueView>, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let (store, now) = (&state.actions.store, state.actions.clock.now());
    let list = ListIdentity {
        endpoint: "queue",
        workspace: &visitor.actor.workspace.to_string(),
        filters: &format!("{id} {}", campaign.dial_order.as_str()),
    };
    let key = &state.server.cursor_key;
    // Every page tells of the line as it was at the first one: nobody moves from the later ones to the due ones between.
    let (as_of, behind) = match Position::<Bookmark>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(bookmark) => bookmark.read().ok_or_else(Problem::invalid_cursor)?,
        Position::Skip(_) => (now, None),
    };
    let limit = asked.limit.rows();
    let mut places = store.line(&campaign, as_of, behind, limit + 1).await?;
    let more = places.len() as u64 > limit;
    places.truncate(limit as usize);
    let last = places.last().filter(|_| more).map(|last| Bookmark::at(as_of, last));
    let next_cursor = last.map(|bookmark| key.seal(&list, &bookmark)).transpose()?;
    let ids: Vec<ProspectId> = places.iter().map(|place| place.prospect).collect();
    let prospects = store.prospects_in_order(&ids).await?;
    let installation = &state.actions.installation;
    let facts = store.hold_facts(&campaign, &prospects, installation.means(), now).await?;
    let item = |prospect| {
        let hold = hold_of(&prospect, &campaign, &facts, &installation.rates);
        QueueItem {
            prospect_id: prospect.id.to_string(),
            skipped: prospect.is_skipped(now),
            first_name: prospect.first_name,
            last_name: prospect.last_name,
            company: prospect.company,
            phone: prospect.phone.to_string(),
            status: prospect.status.as_str(),
            priority: prospect.priority.as_str(),
            due_at: maybe_time(prospect.due_at),
            attempt: prospect.attempts.saturating_add(1),
            hold,
        }
    };
    let queue = prospects.into_iter().map(item).collect();
    let counts = store.queue_counts(id, now).await?.into();
    Ok(Json(QueueView { queue, counts, limit, next_cursor }))
}

/// A place in the line as a cursor keeps it: as of when, whether later, turn, due, who.
#[derive(Serialize, Deserialize)]
struct Bookmark(i64, bool, i64, i64, String);

impl Bookmark {
    fn at(as_of: jiff::Timestamp, place: &Place) -> Self {
        Self(as_of.as_millisecond(), place.later, place.turn, place.due_at, place.prospect.to_string())
    }

    fn read(self) -> Option<(jiff::Timestamp, Option<Place>)> {
        let Self(as_of, later, turn, due_at, prospect) = self;
        let place = Place { later, turn, due_at, prospect: prospect.parse().ok()? };
        Some((jiff::Timestamp::from_millisecond(as_of).ok()?, Some(place)))
    }
}

impl From<QueueCounts> for CountsView {
    fn from(counts: QueueCounts) -> Self {
        let QueueCounts { ready, waiting, in_call, held, skipped } = counts;
        Self { ready, waiting, in_call, held, skipped }
    }
}
