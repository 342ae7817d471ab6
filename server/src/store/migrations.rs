//! The schema, as steps that only add. Each step is written out here, never derived from today's entities.

use sea_orm_migration::prelude::*;

use super::dialect;

/// All steps in order.
pub struct Steps;

#[async_trait::async_trait]
impl MigratorTrait for Steps {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(SqlStep { name: "0001_spine", sql: include_str!("migrations/0001_spine.sql") }),
            Box::new(SqlStep { name: "0002_totals", sql: include_str!("migrations/0002_totals.sql") }),
        ]
    }
}

/// One file of SQL, shared by both databases: column types are named in braces and filled in per database.
struct SqlStep {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for SqlStep {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlStep {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = dialect::fill_in_types(self.sql, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }
}
