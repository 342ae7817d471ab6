//! What credentials of long answers open, asked again and again: once for all answers of one credential.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::auth::{Credential, visitor_of};
use super::state::HttpState;
use crate::actions::users::Visitor;

/// How long an answer counts for everybody else with the same credential.
const FRESH: Duration = Duration::from_millis(500);

/// The latest answers.
#[derive(Debug, Default)]
pub struct Standing(Mutex<HashMap<Credential, Answer>>);

#[derive(Debug, Clone)]
struct Answer {
    at: Instant,
    visitor: Option<Visitor>,
}

impl Standing {
    /// Whom a credential belongs to, or belonged to half a second ago. What cannot be asked belongs to nobody.
    pub async fn visitor_of(&self, state: &HttpState, credential: Credential) -> Option<Visitor> {
        // Held while the database is asked: thousands who ask at the same moment share one question.
        let mut answers = self.0.lock().await;
        if let Some(answer) = answers.get(&credential).filter(|answer| answer.at.elapsed() < FRESH) {
            return answer.visitor.clone();
        }
        answers.retain(|_, answer| answer.at.elapsed() < FRESH);
        let visitor = visitor_of(state, credential).await.ok().flatten();
        answers.insert(credential, Answer { at: Instant::now(), visitor: visitor.clone() });
        visitor
    }
}
