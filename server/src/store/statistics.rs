//! What PostgreSQL knows of the tables when it plans a statement.

use sea_orm::ConnectionTrait as _;

use super::{Store, StoreError, dialect};

impl Store {
    /// After many prospects were added. Until PostgreSQL has looked at the table, a minute later by itself, it takes it for
    /// a small one and sorts everybody who waits to find the first few.
    pub async fn many_prospects_were_added(&self) -> Result<(), StoreError> {
        if !dialect::is_shared(self.write.get_database_backend()) {
            return Ok(());
        }
        // Whoever looks at it already does the same.
        self.write.execute_unprepared("ANALYZE (SKIP_LOCKED) prospects").await?;
        Ok(())
    }
}
