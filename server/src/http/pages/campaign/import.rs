//! People who come as a file.

use axum::extract::State;
use domain::ids::CampaignId;
use maud::html;

use super::outlook::outlook;
use crate::http::api::campaigns::load;
use crate::http::auth::Operator;
use crate::http::pages::page::Page;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};

/// Asks for a file.
pub async fn ask(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    let content = html! { div.card { h2 { "Import" } } };
    Ok(super::page(&outlook, visitor.role, "/prospects").with("import", content))
}
