//! What to call those who do something.

use std::collections::HashMap;

use domain::ids::{ApiKeyId, UserId, WorkspaceId};

use crate::http::Problem;
use crate::http::state::HttpState;

/// The names of a workspace's users and keys.
pub struct Names(HashMap<String, String>);

impl Names {
    /// Reads them.
    pub async fn of(state: &HttpState, workspace: WorkspaceId) -> Result<Self, Problem> {
        let store = &state.actions.store;
        let users = store.users(workspace).await?.into_iter();
        let users = users.map(|user| (UserId::from_uuid(user.id).to_string(), user.email));
        let keys = store.api_keys(workspace).await?.into_iter();
        let keys =
            keys.map(|key| (ApiKeyId::from_uuid(key.id).to_string(), format!("API key “{}”", key.name)));
        Ok(Self(users.chain(keys).collect()))
    }

    /// What to call an actor of the audit trail.
    pub fn of_actor<'a>(&'a self, actor: &'a str) -> &'a str {
        match actor {
            "server" => "The server itself",
            "console" => "The command line",
            other => self.0.get(other).map_or(other, String::as_str),
        }
    }
}
