//! What credentials of long answers open, asked again and again: once for all answers of one credential.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::ids::WorkspaceId;
use tokio::sync::Mutex;

use super::auth::{Credential, visitor_of};
use super::state::HttpState;

/// How long an answer counts for everybody else with the same credential.
const FRESH: Duration = Duration::from_millis(500);

/// The latest answers.
#[derive(Debug, Default)]
pub struct Standing(Mutex<HashMap<Credential, Answer>>);

#[derive(Debug, Clone, Copy)]
struct Answer {
    at: Instant,
    workspace: Option<WorkspaceId>,
}

impl Standing {
    /// The workspace that a credential opens, or opened half a second ago. What cannot be asked opens none.
    pub async fn workspace_of(&self, state: &HttpState, credential: Credential) -> Option<WorkspaceId> {
        // Held while the database is asked: thousands who ask at the same moment share one question.
        let mut answers = self.0.lock().await;
        if let Some(answer) = answers.get(&credential).filter(|answer| answer.at.elapsed() < FRESH) {
            return answer.workspace;
        }
        answers.retain(|_, answer| answer.at.elapsed() < FRESH);
        let visitor = visitor_of(state, credential).await.ok().flatten();
        let workspace = visitor.map(|visitor| visitor.actor.workspace);
        answers.insert(credential, Answer { at: Instant::now(), workspace });
        workspace
    }
}
