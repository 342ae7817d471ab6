//! What pages are made of.

/// Words with a colour and a shape for where things stand.
pub mod badge;
/// Pictures of figures, each with a table behind it.
pub mod chart;
/// Labelled inputs with their hints and mistakes.
pub mod field;
/// The head of a page: title, summary, what can be done.
pub mod head;
/// Pages of a list.
pub mod pager;
/// Times, durations, money and numbers as people read them.
pub mod show;
/// A text that was spoken, to hear.
pub mod spoken;
/// Loudness, drawn.
pub mod waveform;

use maud::{Markup, html};

/// What stands where there is nothing yet, and what to do about it.
pub fn empty(title: &str, what_next: &Markup) -> Markup {
    html! { div.card.empty { h2 { (title) } (what_next) } }
}

/// A row of figures.
pub fn tiles(tiles: &[(&str, Markup)]) -> Markup {
    html! {
        dl.tiles {
            @for (name, value) in tiles { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// Names and values, one below the other.
pub fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts { dt { (name) } dd { (value) } }
        }
    }
}

/// A button that does one thing, with JavaScript and without.
pub fn act(action: &str, label: &str, class: &str) -> Markup {
    html! { form method="post" action=(action) { button class=(class) type="submit" { (label) } } }
}
