//! One campaign: its tabs, and what happens to it as a whole.

/// Who did what.
pub mod activity;
/// What became of its calls.
pub mod calls;
/// A new one, and its settings.
pub mod edit;
/// A/B tests.
pub mod experiment;
/// People who come as a file.
pub mod import;
/// What people hear.
pub mod message;
/// Launch, pause, resume, remove.
pub mod moves;
/// What it does at this instant.
pub mod outlook;
/// Whom it rings.
pub mod prospects;
/// Who is rung next.
pub mod queue;
/// When it rings.
pub mod schedule;

use domain::campaign::CampaignStatus;
use maud::{Markup, html};

use self::outlook::Outlook;
use super::page::{Page, Place};
use super::parts::badge;
use super::parts::head::tabs;
use crate::actions::users::Role;
use crate::store::campaigns::CampaignRecord;

/// A page of a campaign, with its head and its tabs; `tab` is the last part of its address, empty for the first one.
pub fn page(outlook: &Outlook, role: Role, tab: &str) -> Page {
    let campaign = &outlook.campaign;
    let base = format!("/campaigns/{}", campaign.id);
    let names = [
        ("Calls", ""),
        ("Prospects", "/prospects"),
        ("Queue", "/queue"),
        ("Schedule", "/schedule"),
        ("Message", "/message"),
        ("Settings", "/settings"),
        ("Activity", "/activity"),
    ];
    let tabs_of = names.map(|(name, end)| (name, format!("{base}{end}")));
    Page::new(campaign.name.clone(), Place::Campaigns)
        .with("head", head(outlook, role))
        .with("tabs", tabs("Campaign", &tabs_of, &format!("{base}{tab}")))
}

fn head(outlook: &Outlook, role: Role) -> Markup {
    let campaign = &outlook.campaign;
    html! {
        p.crumbs { a href="/campaigns" { "Campaigns" } }
        div.head {
            div {
                h1 { (campaign.name) }
                p.lead { (badge::campaign(campaign.status)) " " (outlook.sentence()) }
            }
            @if role >= Role::Operator { div.actions { (moves_of(campaign)) } }
        }
    }
}

/// The ways on from where it stands.
fn moves_of(campaign: &CampaignRecord) -> Markup {
    let base = format!("/campaigns/{}", campaign.id);
    html! {
        @match campaign.status {
            CampaignStatus::Draft => { a.button.primary href={ (base) "/launch" } { "Launch…" } }
            CampaignStatus::Completed => { a.button href={ (base) "/launch" } { "Launch again…" } }
            CampaignStatus::Active => { form method="post" action={ (base) "/pause" } { button type="submit" { "Pause" } } }
            CampaignStatus::Paused => {
                form method="post" action={ (base) "/resume" } { button.primary type="submit" { "Resume" } }
            }
        }
    }
}
