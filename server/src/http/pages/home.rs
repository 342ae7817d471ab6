//! Where somebody begins: the first page that their role may see.

use axum::response::Redirect;

use crate::actions::users::Role;
use crate::http::auth::Listener;

/// Leads everybody to their first page.
pub async fn show(Listener(visitor): Listener) -> Redirect {
    Redirect::to(if visitor.role > Role::Listener { "/live" } else { "/calls" })
}
