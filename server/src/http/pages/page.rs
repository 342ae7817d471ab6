//! A page as a handler makes it: a title, where it stands, and its sections. The frame around it comes later
//! (`frame.rs`), or never, when an open page only asks for what changed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::CampaignId;
use maud::{Markup, html};

/// Which part of the product a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What happens now.
    Live,
    /// Campaigns, their prospects and calls.
    Campaigns,
    /// Calls of every campaign.
    Calls,
    /// Whom never to ring.
    DoNotCall,
    /// Comparisons.
    Reports,
    /// How it is set up.
    Settings,
    /// Before somebody signed in.
    Door,
}

/// Whose changes an open page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Everything of the workspace.
    Workspace,
    /// One campaign and its calls.
    Campaign(CampaignId),
}

/// One part of a page that is exchanged by itself.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its name in the document.
    pub id: &'static str,
    /// What it holds.
    pub content: Markup,
}

/// A page without its frame.
#[derive(Debug, Clone)]
pub struct Page {
    /// For the window and the history.
    pub title: String,
    /// Marked in the navigation.
    pub place: Place,
    /// In order.
    pub sections: Vec<Section>,
    /// Kept up to date while it is open. Then it may depend on nothing but its address, the workspace and the role of
    /// whoever looks: readers of one role share it.
    pub interest: Option<Interest>,
    /// The answer's status.
    pub status: StatusCode,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>, place: Place) -> Self {
        Self { title: title.into(), place, sections: Vec::new(), interest: None, status: StatusCode::OK }
    }

    /// Adds a section; ids are unique on a page.
    #[must_use]
    pub fn with(mut self, id: &'static str, content: Markup) -> Self {
        self.sections.push(Section { id, content });
        self
    }

    /// Keeps the page up to date while it is open.
    #[must_use]
    pub fn live(mut self, interest: Interest) -> Self {
        self.interest = Some(interest);
        self
    }

    /// Another status than 200.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Names what the page shows: equal pages have equal versions.
    pub fn version(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for section in &self.sections {
            section.id.hash(&mut hasher);
            section.content.0.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Section {
    /// The section as it stands in the document.
    pub fn markup(&self) -> Markup {
        html! { section id=(self.id) { (self.content) } }
    }
}

impl IntoResponse for Page {
    /// An empty answer that carries the page to the layer which frames it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
