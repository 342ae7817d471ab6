//! Is it set up right? The telephone, limits of the whole team, servers, people, keys.

use axum::extract::State;
use maud::html;

use super::page::{Page, Place};
use super::parts::head::{head, tabs};
use super::parts::{facts, show};
use crate::http::Problem;
use crate::http::auth::Analyst;
use crate::http::state::HttpState;

/// Shows how the installation is set up.
pub async fn show(State(state): State<HttpState>, Analyst(visitor): Analyst) -> Result<Page, Problem> {
    let rules = state.actions.store.workspace_rules(visitor.actor.workspace).await?;
    let installation = &state.actions.installation;
    let telephone = html! {
        div.card {
            h2 { "The telephone" }
            (facts(&[
                ("Calls go to", if state.server.simulation { html! { "the phone network in the box" } } else { html! { "real phones, through Twilio" } }),
                ("Account", html! { code { (state.server.account_sid) } }),
                ("Number shown", installation.caller_id.as_ref().map_or_else(|| html! { span.muted { "none" } }, |number| show::phone(number, visitor.role))),
                ("Webhooks come to", html! { code { (state.server.public_url.as_str().trim_end_matches('/')) } }),
                ("New calls per second", html! { (installation.pacing.calls_per_second()) " at most, four fifths of it are used" }),
                ("Calls on", html! { (installation.pacing.max_live()) " at most" }),
            ]))
        }
    };
    let limits = html! {
        div.card {
            h2 { "Limits of the whole team" }
            (facts(&[
                ("Rings per number", html! { (rules.frequency_cap.rings()) " in any 24 hours, over all campaigns" }),
                ("Budget of a day", rules.daily_budget.map_or_else(|| html! { span.muted { "none" } }, |budget| html! { (show::sum(budget)) })),
            ]))
        }
    };
    Ok(Page::new("Settings", Place::Settings)
        .with("head", head("Settings", "How this installation is set up.", &html! {}))
        .with("tabs", tabs("Settings", &tabs_of(), "/settings"))
        .with("settings", html! { div.columns { (telephone) (limits) } }))
}

/// The tabs of the settings.
pub fn tabs_of() -> [(&'static str, String); 1] {
    [("Telephone and limits", "/settings".to_owned())]
}
