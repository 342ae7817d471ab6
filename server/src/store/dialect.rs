//! The few places where the two databases differ, each with why.

use std::fmt::Write as _;

use sea_orm::{ColumnTrait, ColumnType, DbBackend, Value};

/// Fills the column types into a migration.
///
/// SQLite's STRICT tables know only INTEGER, TEXT and BLOB (and then really check them); PostgreSQL has the precise
/// types. Everything else in a migration is the same text for both.
pub(super) fn fill_in_types(sql: &str, backend: DbBackend) -> String {
    let types: [(&str, &str); 6] = match backend {
        DbBackend::Sqlite => [
            ("{uuid}", "BLOB"),
            ("{int}", "INTEGER"),
            ("{bool}", "INTEGER"),
            ("{text}", "TEXT"),
            ("{bytes}", "BLOB"),
            ("{strict}", "STRICT"),
        ],
        _ => [
            ("{uuid}", "UUID"),
            ("{int}", "BIGINT"),
            ("{bool}", "BOOLEAN"),
            ("{text}", "TEXT"),
            ("{bytes}", "BYTEA"),
            ("{strict}", ""),
        ],
    };
    types.iter().fold(sql.to_owned(), |sql, (name, filled)| sql.replace(name, filled))
}

/// Behind a `SELECT` whose rows are about to be changed.
///
/// PostgreSQL needs the row locks, taken in id order so that two transactions cannot wait for each other. SQLite has
/// one writer, whose transaction began with BEGIN IMMEDIATE: nobody else can change anything meanwhile, and it does not
/// know the words.
pub(super) const fn for_update(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => " FOR UPDATE",
    }
}

/// Behind a `SELECT` of rules that must hold until the transaction has ended, and that others may read meanwhile.
pub(super) const fn for_share(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => " FOR SHARE",
    }
}

/// As [`for_update`], but rows that somebody else is changing are left out instead of waited for.
pub(super) const fn for_update_skip_locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => " FOR UPDATE SKIP LOCKED",
    }
}

/// Behind a `SELECT` of a row that must stay as it is until the transaction ends.
///
/// `KEY SHARE` excludes those who lock the row to take it away ([`for_update`]) and lets its ordinary changes through: a
/// long transaction that arms calls does not keep its own node from renewing the lease.
pub(super) const fn for_key_share(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => " FOR KEY SHARE",
    }
}

/// The instant at which a statement looks at a lease, in milliseconds.
///
/// Several servers need one clock, which only PostgreSQL's own can be; it is read when the row is, not when the
/// transaction began. A SQLite file has one server, whose clock is `now`.
pub(super) fn database_clock(backend: DbBackend, now: jiff::Timestamp) -> String {
    match backend {
        DbBackend::Sqlite => now.as_millisecond().to_string(),
        _ => "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT".to_owned(),
    }
}

/// Whether several servers can have this database open.
pub(super) const fn is_shared(backend: DbBackend) -> bool {
    !matches!(backend, DbBackend::Sqlite)
}

/// The `number`-th value of a long statement, from 1, which must be the `number`-th in its text.
///
/// SQLite knows `$7` as a name, and looks names up one by one: a statement with thousands of them takes milliseconds
/// only to be given its values. A bare question mark is the next value and costs nothing.
pub(super) fn placeholder(backend: DbBackend, number: usize) -> String {
    match backend {
        DbBackend::Sqlite => "?".to_owned(),
        _ => format!("${number}"),
    }
}

/// `($7, $8, $9)`: `count` values from the `first` on, of which the same is true.
pub(super) fn value_row(backend: DbBackend, first: usize, count: usize) -> String {
    let mut row = String::with_capacity(count * 7 + 2);
    for number in first..first + count {
        row.push_str(if number == first { "(" } else { ", " });
        row.push_str(&placeholder(backend, number));
    }
    row.push(')');
    row
}

/// Expressions as one text: a JSON array of their values.
///
/// A value that leaves SQLite is copied by sqlx, each into memory of its own, and given back by another thread: for a page
/// of wide rows that takes far longer than finding them. One text is copied once.
pub(super) fn json_array(backend: DbBackend, expressions: &[String]) -> String {
    let expressions = expressions.join(", ");
    match backend {
        DbBackend::Sqlite => format!("json_array({expressions})"),
        _ => format!("CAST(json_build_array({expressions}) AS TEXT)"),
    }
}

/// A column as JSON can have it: SQLite's identifiers are bytes, for which there is no JSON.
pub(super) fn in_json(backend: DbBackend, column: impl ColumnTrait) -> String {
    match (backend, column.def().get_column_type()) {
        (DbBackend::Sqlite, ColumnType::Uuid) => format!("hex({})", column.as_str()),
        _ => column.as_str().to_owned(),
    }
}

/// PostgreSQL's type of the column that a value is for.
pub(super) const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Uuid(_) => "UUID",
        Value::Bool(_) => "BOOLEAN",
        Value::BigInt(_) => "BIGINT",
        Value::Bytes(_) => "BYTEA",
        _ => "TEXT",
    }
}

/// Values as PostgreSQL writes an array: `{"1",NULL,"3"}`. As text, because an array with gaps cannot be given to it in
/// any other way through SeaORM.
pub(super) fn array_text<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut text = String::from("{");
    for value in values {
        if text.len() > 1 {
            text.push(',');
        }
        let start = text.len();
        text.push('"');
        // Writing to a string cannot fail.
        let written = match value {
            Value::Uuid(Some(id)) => write!(text, "{id}").ok(),
            Value::Bool(Some(truth)) => write!(text, "{truth}").ok(),
            Value::BigInt(Some(number)) => write!(text, "{number}").ok(),
            Value::Bytes(Some(bytes)) => {
                text.push_str(r"\\x");
                for byte in bytes {
                    text.extend(
                        [byte >> 4, byte & 0xF]
                            .map(|half| char::from(b"0123456789abcdef"[usize::from(half)])),
                    );
                }
                Some(())
            }
            Value::String(Some(words)) => {
                let mut plain = 0;
                for (at, marked) in words.match_indices(['"', '\\']) {
                    text.push_str(&words[plain..at]);
                    text.push('\\');
                    text.push_str(marked);
                    plain = at + 1;
                }
                text.push_str(&words[plain..]);
                Some(())
            }
            _ => None,
        };
        if written.is_some() {
            text.push('"');
        } else {
            text.truncate(start);
            text.push_str("NULL");
        }
    }
    text.push('}');
    text
}
