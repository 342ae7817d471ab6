//! The head of a page: title, one line that sums it up, what can be done.

use maud::{Markup, Render, html};

/// A title with its summary line and actions.
pub fn head(title: &str, lead: impl Render, actions: &Markup) -> Markup {
    html! {
        div.head {
            div { h1 { (title) } p.lead { (lead) } }
            @if !actions.0.is_empty() { div.actions { (actions) } }
        }
    }
}

/// Tabs; the second of each pair is the address, and `current` is the address of the one that is shown.
pub fn tabs(label: &str, tabs: &[(&str, String)], current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (name, address) in tabs {
                a href=(address) aria-current=[(address == current).then_some("page")] { (name) }
            }
        }
    }
}

/// What was just done, said once.
pub fn done(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text { div.notice.good role="status" { p { (text) } } }
    }
}
