//! The schema, as steps that only add. Each step is written out here, never derived from today's entities.
//!
//! Two neighbouring versions may work on one schema: a version that meets steps it does not know goes on, unless the row
//! `schema.oldest_reader` of the settings says that it is too old.

use std::time::Duration;

use sea_orm::{DatabaseConnection, RuntimeErr};
use sea_orm_migration::MigratorTraitSelf;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::Statement;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::connect::OpenError;
use super::{StoreError, dialect};

/// Every step this version knows, in order.
const KNOWN: &[(&str, &str)] = &[
    ("0001_spine", include_str!("migrations/0001_spine.sql")),
    ("0002_totals", include_str!("migrations/0002_totals.sql")),
    ("0003_nodes", include_str!("migrations/0003_nodes.sql")),
    ("0004_queue", include_str!("migrations/0004_queue.sql")),
    ("0005_history", include_str!("migrations/0005_history.sql")),
    ("0006_arming", include_str!("migrations/0006_arming.sql")),
    ("0007_incidents", include_str!("migrations/0007_incidents.sql")),
    ("0008_final_status", include_str!("migrations/0008_final_status.sql")),
    ("0009_imports", include_str!("migrations/0009_imports.sql")),
    ("0010_people", include_str!("migrations/0010_people.sql")),
    ("0011_standings", include_str!("migrations/0011_standings.sql")),
    ("0012_orders", include_str!("migrations/0012_orders.sql")),
    ("0013_call_flows", include_str!("migrations/0013_call_flows.sql")),
    ("0014_recordings", include_str!("migrations/0014_recordings.sql")),
    ("0015_transcripts", include_str!("migrations/0015_transcripts.sql")),
    ("0018_experiments", include_str!("migrations/0018_experiments.sql")),
];

/// Any number, the same for every version: who holds it on PostgreSQL changes the schema, and nobody else meanwhile.
const LOCK: i64 = 0x7072_6f73_7065_6374;

/// For how long a step waits for a table that servers at work use. They wait behind it for as long. When one of them has
/// what the step wants and wants what the step has, the step gives way before PostgreSQL looks for such pairs, which is
/// after a second unless it is set otherwise, and ends either of them.
const WAITS_FOR_A_TABLE: &str = "200ms";
/// A step that gave way is taken anew, for about a minute at most.
const TRIES: usize = 150;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);
/// PostgreSQL's `lock_not_available` and `deadlock_detected`.
const IN_USE: [&str; 2] = ["55P03", "40P01"];

/// Brings the schema up to date.
pub(super) async fn up(db: &DatabaseConnection) -> Result<(), OpenError> {
    let Some(_lock) = lock(db).await? else { return up_alone(db).await };
    up_alone(db).await
}

async fn up_alone(db: &DatabaseConnection) -> Result<(), OpenError> {
    let unknown = steps_of_a_newer_version(db).await.map_err(StoreError::from)?;
    if !unknown.is_empty() {
        refuse_when_too_old(db).await?;
    }
    let steps = Steps { unknown };
    for _ in 0..TRIES {
        match steps.up(db, None).await {
            Err(error) if is_in_use(&error) => tokio::time::sleep(BETWEEN_TRIES).await,
            done => return Ok(done.map_err(StoreError::from)?),
        }
    }
    Err(OpenError::SchemaInUse)
}

/// A step of PostgreSQL did not get a table that others use.
fn is_in_use(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| IN_USE.contains(&&*code))
}

/// Waits until nobody else changes the schema. The lock is the connection's: it ends with it, however this process ends.
async fn lock(db: &DatabaseConnection) -> Result<Option<PgConnection>, StoreError> {
    if !dialect::is_shared(db.get_database_backend()) {
        return Ok(None);
    }
    let failed = |error: sqlx::Error| StoreError::from(DbErr::Conn(RuntimeErr::SqlxError(error.into())));
    // Beside the pool, whose statements may not wait as long as another server's migration takes.
    let options = db.get_postgres_connection_pool().connect_options();
    let options = options.as_ref().clone().options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let mut connection = options.connect().await.map_err(failed)?;
    connection.ping().await.map_err(failed)?;
    let wait = sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK);
    wait.execute(&mut connection).await.map_err(failed)?;
    Ok(Some(connection))
}

async fn steps_of_a_newer_version(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let none = Steps { unknown: Vec::new() };
    let applied = none.get_migration_models(db).await?;
    let known = |version: &str| KNOWN.iter().any(|(name, _)| *name == version);
    Ok(applied.into_iter().map(|step| step.version).filter(|version| !known(version)).collect())
}

async fn refuse_when_too_old(db: &DatabaseConnection) -> Result<(), OpenError> {
    let ask = "SELECT value FROM settings WHERE name = 'schema.oldest_reader'";
    let ask = Statement::from_string(db.get_database_backend(), ask);
    let row = db.query_one_raw(ask).await.map_err(StoreError::from)?;
    let oldest = row.and_then(|row| row.try_get::<String>("", "value").ok());
    let ours = KNOWN.last().map_or("", |(name, _)| *name);
    // The numbers in front are written with four digits, so that names sort as steps do.
    match oldest {
        Some(oldest) if ours < oldest.as_str() => {
            Err(OpenError::NewerSchema { ours: ours.to_owned(), needed: oldest })
        }
        _ => Ok(()),
    }
}

/// The steps, together with those that a newer version has taken: the library refuses a database with steps that it is
/// not told of.
struct Steps {
    unknown: Vec<String>,
}

#[async_trait::async_trait]
impl MigratorTraitSelf for Steps {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let known = KNOWN.iter().map(|(name, sql)| SqlStep { name: (*name).to_owned(), sql });
        let taken = self.unknown.iter().map(|name| SqlStep { name: name.clone(), sql: "" });
        known.chain(taken).map(|step| Box::new(step) as Box<dyn MigrationTrait>).collect()
    }
}

/// One file of SQL, shared by both databases: column types are named in braces and filled in per database.
struct SqlStep {
    name: String,
    sql: &'static str,
}

impl MigrationName for SqlStep {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlStep {
    // On both databases: a step that is killed half-way leaves nothing behind and is taken anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut sql = dialect::fill_in_types(self.sql, backend);
        if dialect::is_shared(backend) {
            // And a large table may take its time.
            let patience =
                format!("SET LOCAL lock_timeout = '{WAITS_FOR_A_TABLE}'; SET LOCAL statement_timeout = 0;");
            sql.insert_str(0, &patience);
        }
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }
}
