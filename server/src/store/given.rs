//! Many rows for one statement whose text stays the same however many there are, so that both databases prepare it once.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait, Value};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{dialect, sql};

/// Rows for one statement, at most.
pub(super) const MOST: usize = 256;

/// Rows that a statement reads as its table `given`.
pub(super) struct Given {
    backend: DbBackend,
    with: String,
    values: Vec<Value>,
}

impl Given {
    /// At least one row and, on SQLite, at most `MOST`, each with a value per column. Rows may be given twice: whoever reads them
    /// must not mind.
    ///
    /// PostgreSQL gets an array per column. SQLite has none and gets the rows, the last one again and again up to the
    /// next power of two: a handful of texts instead of one for every number of rows.
    pub fn rows(backend: DbBackend, columns: &[&str], mut rows: Vec<Vec<Value>>) -> Self {
        let names = columns.join(", ");
        if backend == DbBackend::Sqlite {
            let last = rows.last().cloned().unwrap_or_default();
            rows.resize(rows.len().next_power_of_two(), last);
            let row = dialect::value_row(backend, 1, columns.len());
            let with =
                format!("WITH given ({names}) AS (VALUES {})", vec![row.as_str(); rows.len()].join(", "));
            return Self { backend, with, values: rows.into_iter().flatten().collect() };
        }
        let arrays: Vec<String> = (0..columns.len())
            .map(|column| {
                let kind = rows.first().and_then(|row| row.get(column)).map_or("TEXT", dialect::type_of);
                format!("CAST(CAST(${} AS TEXT) AS {kind}[])", column + 1)
            })
            .collect();
        let values = (0..columns.len())
            .map(|column| dialect::array_text(rows.iter().filter_map(|row| row.get(column))).into())
            .collect();
        let with = format!("WITH given ({names}) AS (SELECT * FROM unnest({}))", arrays.join(", "));
        Self { backend, with, values }
    }

    /// These columns of rows as they are stored.
    pub fn models<Row: ModelTrait>(
        backend: DbBackend,
        columns: &[<Row::Entity as EntityTrait>::Column],
        models: &[Row],
    ) -> Self {
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let rows = models.iter().map(|model| columns.iter().map(|column| model.get(*column)).collect());
        Self::rows(backend, &names, rows.collect())
    }

    /// The placeholder of one more value; they stand behind the rows, in the order in which they are asked for.
    pub fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        dialect::placeholder(self.backend, self.values.len())
    }

    /// The whole statement and its values; `statement` reads from `given`.
    pub fn statement(self, statement: &str) -> (String, Vec<Value>) {
        (format!("{} {statement}", self.with), self.values)
    }
}

/// Rows of a table by id, in id order, locked in that order by what `lock` writes behind a `SELECT`.
///
/// The ids are sorted before they are divided into statements, and each statement sorts before it locks: two
/// transactions that want some of the same rows meet at the first of them and cannot wait for each other.
pub(super) async fn lock_by_id<E: EntityTrait>(
    db: &impl ConnectionTrait,
    mut ids: Vec<Uuid>,
    lock: fn(DbBackend) -> &'static str,
) -> Result<Vec<E::Model>, DbErr>
where
    E::Model: DeserializeOwned,
{
    let backend = db.get_database_backend();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(MOST) {
        let wanted = Given::rows(backend, &["id"], sql::one_each(some, |id| *id));
        let from = format!("FROM {} WHERE id IN (SELECT id FROM given)", E::default().table_name());
        found.extend(match backend {
            DbBackend::Sqlite => rows_in_one_text::<E>(db, wanted, &from).await?,
            _ => {
                let (columns, lock) = (sql::columns::<E>(), lock(backend));
                let (wanted, values) =
                    wanted.statement(&format!("SELECT {columns} {from} ORDER BY id{lock}"));
                sql::all(db, &wanted, values).await?
            }
        });
    }
    Ok(found)
}

/// SQLite locks no rows, and hands out one text far quicker than dozens of columns for each row.
async fn rows_in_one_text<E: EntityTrait>(
    db: &impl ConnectionTrait,
    wanted: Given,
    from: &str,
) -> Result<Vec<E::Model>, DbErr>
where
    E::Model: DeserializeOwned,
{
    #[derive(sea_orm::FromQueryResult)]
    struct Text {
        found: Option<String>,
    }
    let columns: Vec<String> =
        E::Column::iter().map(|column| dialect::in_json(wanted.backend, column)).collect();
    let row = dialect::json_array(wanted.backend, &columns);
    let (wanted, values) =
        wanted.statement(&format!("SELECT '[' || string_agg({row}, ',' ORDER BY id) || ']' AS found {from}"));
    let text = sql::one::<Text>(db, &wanted, values).await?.and_then(|text| text.found);
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text))
        .map_err(|error| DbErr::Type(format!("{}: {error}", E::default().table_name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_rows() -> Vec<Vec<Value>> {
        let text = |text: &str| Value::from(Some(text.to_owned()));
        vec![
            vec![1_i64.into(), text(r#"a "b" \c, {d}"#)],
            vec![2_i64.into(), Value::String(None)],
            vec![Value::BigInt(None), text("NULL")],
        ]
    }

    #[test]
    fn sqlite_gets_the_rows_and_few_different_texts() {
        let mut given = Given::rows(DbBackend::Sqlite, &["n", "t"], three_rows());
        assert_eq!(given.value(7_i64), "?");
        let (text, values) = given.statement("SELECT n FROM given");
        assert_eq!(text, "WITH given (n, t) AS (VALUES (?, ?), (?, ?), (?, ?), (?, ?)) SELECT n FROM given");
        assert_eq!(values.len(), 9);
        assert_eq!(values[4..6], values[6..8], "the last row fills up");
    }

    #[test]
    fn postgres_gets_an_array_per_column() {
        let mut given = Given::rows(DbBackend::Postgres, &["n", "t"], three_rows());
        assert_eq!(given.value(7_i64), "$3");
        let (text, values) = given.statement("SELECT n FROM given");
        assert_eq!(
            text,
            "WITH given (n, t) AS (SELECT * FROM unnest(CAST(CAST($1 AS TEXT) AS BIGINT[]), \
             CAST(CAST($2 AS TEXT) AS TEXT[]))) SELECT n FROM given"
        );
        assert_eq!(values[0], Value::from("{\"1\",\"2\",NULL}"));
        assert_eq!(values[1], Value::from(r#"{"a \"b\" \\c, {d}",NULL,"NULL"}"#));
    }
}
