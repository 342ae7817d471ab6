//! Small words for SQL that is written out: placeholders are `$1`, which both databases read.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IdenStatic, Iterable, Statement, Value};

/// The columns of a table that this version knows, by name. An asterisk would mean others as soon as a newer version adds one,
/// and PostgreSQL refuses to run a prepared statement whose result has changed.
pub(super) fn columns<E: EntityTrait>() -> String {
    E::Column::iter().map(|column| column.as_str().to_owned()).collect::<Vec<_>>().join(", ")
}

/// All rows of a query.
pub(super) async fn all<Row: FromQueryResult>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, DbErr> {
    Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .all(db)
        .await
}

/// The one row of a query, if there is one.
pub(super) async fn one<Row: FromQueryResult>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Row>, DbErr> {
    Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .one(db)
        .await
}

/// Runs a change; the number of rows it touched.
pub(super) async fn run(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// Rows of one value each.
pub(super) fn one_each<Item, V: Into<Value>>(items: &[Item], value: impl Fn(&Item) -> V) -> Vec<Vec<Value>> {
    items.iter().map(|item| vec![value(item).into()]).collect()
}

/// `$n, $n+1, …` for a list of `count` values that begins at placeholder `first`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}
