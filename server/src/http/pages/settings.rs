//! Is it set up right? The telephone and the limits of the whole team, voices, users, keys, servers, and one's own account: a tab
//! each, and each only for those who may see it.

/// One's own account.
pub mod account;
/// API keys.
pub mod keys;
/// Servers, their clocks, and what must not happen and did.
pub mod servers;
/// The telephone, and limits of the whole team.
pub mod telephone;
/// Users and their roles.
pub mod users;
/// Voices, how they sound, and what they took.
pub mod voices;

use domain::calling_window::CampaignZone;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Place};
use super::parts::head::{head, tabs};
use super::parts::show;
use crate::actions::users::Role;
use crate::http::Problem;

/// What was just done, as it stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

/// The beginning of a tab.
fn tab(role: Role, current: &str) -> Page {
    let lead =
        if role > Role::Listener { "How this installation is set up." } else { "What concerns only you." };
    let title = if role > Role::Listener { "Settings" } else { "My account" };
    Page::new(title, Place::Settings)
        .with("head", head(title, lead, &html! {}))
        .with("tabs", tabs("Settings", &tabs_of(role), current))
}

fn tabs_of(role: Role) -> Vec<(&'static str, String)> {
    let all = [
        ("Telephone and limits", "/settings", Role::Analyst),
        ("Voices", "/settings/voices", Role::Analyst),
        ("Users", "/settings/users", Role::Admin),
        ("API keys", "/settings/keys", Role::Admin),
        ("Servers and incidents", "/settings/servers", Role::Analyst),
        ("My account", "/settings/account", Role::Listener),
    ];
    let seen = all.into_iter().filter(|(.., from)| role >= *from);
    seen.map(|(name, address, _)| (name, address.to_owned())).collect()
}

/// Roles up to one's own, each with what it may do, the least first.
fn roles_up_to(own: Role) -> Vec<(&'static str, String)> {
    let given = Role::ALL.into_iter().filter(|role| *role <= own);
    given.map(|role| (role.as_str(), format!("{}: {}", word(role), may(role)))).collect()
}

/// A role as it is written in a sentence of its own.
const fn word(role: Role) -> &'static str {
    match role {
        Role::Listener => "Listener",
        Role::Analyst => "Analyst",
        Role::Operator => "Operator",
        Role::Admin => "Admin",
        Role::Owner => "Owner",
    }
}

/// What a role may do, in a few words; each may also do what those before it may.
const fn may(role: Role) -> &'static str {
    match role {
        Role::Listener => "sees calls, with numbers hidden",
        Role::Analyst => "reads everything but users, keys and servers",
        Role::Operator => "also runs campaigns",
        Role::Admin => "also changes settings, users and keys",
        Role::Owner => "everything, and makes owners",
    }
}

/// A role of the database in a table.
fn role_of(stored: &str) -> &str {
    match Role::parse(stored) {
        Some(role) => word(role),
        None => stored,
    }
}

fn stored_time(millis: i64, now: Timestamp) -> Markup {
    show::short_time(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX), now, &CampaignZone::utc())
}

/// Why something was not done that is no mistake in a form.
fn refused(problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            div.notice.danger role="alert" { p { strong { "This was not done. " } (problem.detail()) } }
        }
    }
}
