//! Pages of a list: what is shown of how many, and where the rest is.

use maud::{Markup, html};

/// Links to the first and the next page; `next` is the address of the next one, where there is one.
pub fn pager(shown: usize, total: &str, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        nav.pages aria-label="Pages" {
            span { (shown) " shown of " (total) }
            div.actions {
                @if let Some(first) = first { a.button.small href=(first) { "First page" } }
                @if let Some(next) = next { a.button.small href=(next) rel="next" { "Next page" } }
            }
        }
    }
}

/// An address with its query; empty values are left out.
pub fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        pairs.append_pair(name, value);
    }
    let query = pairs.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
