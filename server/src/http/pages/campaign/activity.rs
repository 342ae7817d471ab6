//! Who did what to a campaign.

use axum::extract::State;
use domain::ids::CampaignId;
use maud::html;

use super::outlook::outlook;
use crate::http::api::campaigns::load;
use crate::http::auth::Analyst;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::{empty, show};
use crate::http::pages::people::Names;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};

/// Deeds that are shown, at most.
const MOST: u64 = 200;

/// Shows the trail, newest first.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    let workspace = visitor.actor.workspace;
    let deeds = state.actions.store.audit_of(workspace, &id.to_string(), MOST).await?;
    let names = Names::of(&state, workspace).await?;
    let zone = &outlook.campaign.rules.zone;
    let content = html! {
        @if deeds.is_empty() { (empty("Nothing was done yet", &html! {})) } @else {
            div.frame.cards {
                table {
                    thead { tr { th { "When" } th { "Who" } th { "What" } th { "Details" } } }
                    tbody {
                        @for deed in &deeds {
                            tr {
                                td data-label="When" { (show::short_time(jiff::Timestamp::from_millisecond(deed.at).unwrap_or_default(), outlook.now(), zone)) }
                                td data-label="Who" { (names.of_actor(&deed.actor)) }
                                td data-label="What" { (in_words(&deed.action)) }
                                td data-label="Details" { @let detail = details(&deed.detail); @if detail.is_empty() { span.muted { "–" } } @else { (detail) } }
                            }
                        }
                    }
                }
            }
            @if deeds.len() as u64 == MOST { p.muted { "The latest " (MOST) " deeds." } }
        }
    };
    Ok(super::page(&outlook, visitor.role, "/activity")
        .with("activity", content)
        .live(Interest::Campaign(id)))
}

/// `queue.skip` as words; a deed that this version does not know keeps its name.
fn in_words(action: &str) -> String {
    let known = match action {
        "campaign.create" => "Made the campaign",
        "campaign.change" => "Changed the settings",
        "campaign.launch" => "Launched",
        "campaign.pause" => "Paused",
        "campaign.resume" => "Resumed",
        "campaign.complete" => "Finished: everybody has an answer",
        "experiment.start" => "Started an A/B test",
        "experiment.end" => "Ended an A/B test",
        "prospects.add" => "Added people",
        "import.start" => "Began an import",
        "import.finish" => "Finished an import",
        "import.undo" => "Undid an import",
        "queue.priority" => "Changed priorities",
        "queue.skip" => "Passed people over",
        "queue.unskip" => "Stopped passing people over",
        "queue.requeue" => "Put people back in line",
        "queue.clear" => "Cleared the queue",
        "queue.restore" => "Restored the queue",
        "calls.place" => "Placed calls by hand",
        "calls.retry" => "Tried failed calls again",
        other => other,
    };
    known.to_owned()
}

fn details(json: &str) -> String {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let told = object.into_iter().filter(|(_, value)| !value.is_null());
    let told = told.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}: {value}")
    });
    told.collect::<Vec<_>>().join(", ")
}
