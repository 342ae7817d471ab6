//! Whether a failure is the database being away, which passes, or a fault of ours, which does not.

use sea_orm::{DbErr, RuntimeErr};

use super::StoreError;

impl StoreError {
    /// The database could not be reached, or broke off: the same may succeed later.
    pub fn is_outage(&self) -> bool {
        let Self::Database(error) = self else { return matches!(self, Self::Stopped | Self::Displaced) };
        match &**error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
                matches!(
                    &**error,
                    sqlx::Error::Io(_)
                        | sqlx::Error::PoolTimedOut
                        | sqlx::Error::PoolClosed
                        | sqlx::Error::WorkerCrashed
                )
            }
            _ => false,
        }
    }
}
