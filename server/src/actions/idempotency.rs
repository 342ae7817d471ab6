//! `Idempotency-Key`: a repeated request has one effect and gets the first one's answer.

use std::time::Duration;

use domain::ids::WorkspaceId;

use super::Actions;
use crate::store::StoreError;

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What a key means for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key is new: do it, then say how it went.
    Mine,
    /// It was done: this was the answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
    /// The first request is still being worked on.
    InProgress,
    /// The server that worked on the first request is gone, and left no answer: whether it was done is not known.
    OutcomeUnknown,
    /// The key was used for another request.
    Mismatch,
}

impl Actions {
    /// Claims a key for a request with this fingerprint.
    pub async fn claim_key(
        &self,
        of: WorkspaceId,
        key: String,
        fingerprint: [u8; 32],
    ) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        let (claimed, node) = (key.clone(), self.installation.run);
        let mine = self
            .store
            .transaction(move |tx| async move {
                tx.claim_idempotency_key(of, &claimed, &fingerprint, node, now).await
            })
            .await?;
        if mine {
            return Ok(Claim::Mine);
        }
        Ok(match self.store.idempotency_key(of, &key).await? {
            Some(known) if known.fingerprint != fingerprint => Claim::Mismatch,
            Some(known) => match (known.answer, known.node) {
                (Some((status, body)), _) => Claim::Answered { status, body },
                // Its work commits in transactions of its own, before the answer does: it may be done or not.
                (None, Some(node))
                    if node != self.installation.run && !self.store.node_is_living(node).await? =>
                {
                    Claim::OutcomeUnknown
                }
                (None, _) => Claim::InProgress,
            },
            None => Claim::InProgress,
        })
    }

    /// Keeps the answer of a request that had an effect; lets the key go where it had none.
    pub async fn answer_key(
        &self,
        of: WorkspaceId,
        key: String,
        answer: Option<(u16, String)>,
    ) -> Result<(), StoreError> {
        self.store
            .transaction(move |tx| async move {
                match answer {
                    Some((status, body)) => tx.answer_idempotency_key(of, &key, status, &body).await,
                    None => tx.release_idempotency_key(of, &key).await,
                }
            })
            .await
    }
}
