//! Undoing an import: whoever it added, was never rung and is still as they came, is taken out again.
//!
//! They are deleted, not marked: no call names them, so no statistic knows them, and the corrected file adds them anew.

use domain::ids::ImportId;

use crate::actions::{Actions, Actor, audit};
use crate::live::Subject;
use crate::store::imports::{ImportRecord, ImportStatus};
use crate::store::{StoreError, Tx};

/// Why an import is not undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoRefused {
    /// The import is not there.
    #[error("there is no such import")]
    NotFound,
    /// It still adds people.
    #[error("the import is still running; wait for its end and undo it then")]
    Running,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Undoes an import; the import as it is then. Undoing it again changes nothing.
    ///
    /// In many transactions, so that nobody waits for all of them. One that is broken off is finished by the next.
    pub async fn undo_import(&self, actor: Actor, id: ImportId) -> Result<ImportRecord, UndoRefused> {
        let import = self.store.import(actor.workspace, id).await?.ok_or(UndoRefused::NotFound)?;
        if import.status == ImportStatus::Running {
            return Err(UndoRefused::Running);
        }
        if import.undone_at.is_some() {
            return Ok(import);
        }
        let (actions, workspace) = (self.clone(), actor.workspace);
        // A client that hangs up does not break it off.
        let undoing = tokio::spawn(async move { actions.undo_to_the_end(actor, import).await });
        undoing.await.map_err(|_| StoreError::Stopped)??;
        self.store.import(workspace, id).await?.ok_or(UndoRefused::NotFound)
    }

    async fn undo_to_the_end(&self, actor: Actor, import: ImportRecord) -> Result<(), StoreError> {
        loop {
            let work = move |tx: Tx| async move {
                let ids = tx.untouched_of(import.id).await?;
                // In the order in which everybody locks them; who was rung meanwhile stays.
                tx.lock_prospects(&ids).await?;
                if !ids.is_empty() {
                    tx.take_out_untouched(import.id, &ids).await?;
                }
                Ok::<_, StoreError>(ids.is_empty())
            };
            let nobody_is_left = self.store.transaction(work).await?;
            self.live.publish(import.workspace, Subject::Import { import: import.id });
            if nobody_is_left {
                break;
            }
        }
        let now = self.clock.now();
        let work = move |tx: Tx| async move {
            if !tx.close_undo(import.id, now).await? {
                return Ok(());
            }
            let taken_out = tx.taken_out_of(import.id).await?;
            let kept = import.added.saturating_sub(taken_out);
            let detail = serde_json::json!({
                "import": import.id.to_string(), "takenOut": taken_out, "kept": kept
            });
            audit::note(&tx, &actor, "import.undo", import.campaign, detail, now).await
        };
        self.store.transaction::<_, StoreError, _, _>(work).await?;
        self.live.publish(import.workspace, Subject::Import { import: import.id });
        self.wake.dialer();
        Ok(())
    }
}
