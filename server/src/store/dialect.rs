//! The few places where the two databases differ, each with why.

use sea_orm::DbBackend;

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

/// Behind a `SELECT` of work that anybody may do: rows that another server has in hand are left to it.
pub(super) const fn for_update_of_free_rows(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => " FOR UPDATE SKIP LOCKED",
    }
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
