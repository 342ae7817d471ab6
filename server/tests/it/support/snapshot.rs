//! Every row of every table as text, to see that nothing changed.

use std::collections::BTreeMap;

use prospectai::store::Location;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

/// Tables that change by themselves: a server says that it lives, and compares lists once a day of its clock.
const RESTLESS: [&str; 2] = ["nodes", "sweeps"];

/// The rows of each table.
pub async fn everything_in(location: &Location) -> BTreeMap<String, String> {
    match location {
        Location::Folder(folder) => {
            let options = SqliteConnectOptions::new().filename(folder.join("prospectai.db")).read_only(true);
            let mut database = options.connect().await.expect("a second look into the database");
            let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
            let names: Vec<String> =
                sqlx::query_scalar(names).fetch_all(&mut database).await.expect("the tables");
            let mut tables = BTreeMap::new();
            for name in names.into_iter().filter(|name| !RESTLESS.contains(&name.as_str())) {
                let columns = format!("SELECT group_concat(quote(name)) FROM pragma_table_info('{name}')");
                let columns: String = sqlx::query_scalar(AssertSqlSafe(columns))
                    .fetch_one(&mut database)
                    .await
                    .expect("the columns");
                let row: Vec<String> = columns
                    .split(',')
                    .map(|column| format!("quote(\"{}\")", column.trim_matches('\'')))
                    .collect();
                let rows = format!(
                    "SELECT coalesce(group_concat(line, char(10)), '') FROM (SELECT {} AS line FROM \"{name}\" ORDER BY 1)",
                    row.join(" || '|' || ")
                );
                let rows = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut database).await;
                tables.insert(name, rows.expect("the rows"));
            }
            tables
        }
        Location::Postgres(url) => {
            let mut database = PgConnection::connect(url).await.expect("a second look into the database");
            let names =
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
            let names: Vec<String> =
                sqlx::query_scalar(names).fetch_all(&mut database).await.expect("the tables");
            let mut tables = BTreeMap::new();
            for name in names.into_iter().filter(|name| !RESTLESS.contains(&name.as_str())) {
                let rows = format!(
                    "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM \"{name}\" t"
                );
                let rows = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut database).await;
                tables.insert(name, rows.expect("the rows"));
            }
            tables
        }
    }
}
