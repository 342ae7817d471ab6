//! The arrows of ARCHITECTURE.md and the habits a compiler does not know, checked over the source text.

use std::fs;
use std::path::{Path, PathBuf};

/// Which of the guarded rooms a room may use. Rooms that are not guarded (clock, config, ids, …) are open to all.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", GUARDED),
    ("lib", GUARDED),
    ("cli", GUARDED),
    ("app", GUARDED),
    ("http", &["actions", "store", "carrier", "media", "speech_services"]),
    ("engine", &["actions", "store", "carrier", "media", "speech_services"]),
    ("actions", &["store"]),
    ("store", &[]),
    ("carrier", &[]),
    ("media", &[]),
    ("speech_services", &[]),
    // Settings are parsed into the types of the parts that they set.
    ("config", &["store", "carrier", "media", "speech_services"]),
];

const GUARDED: &[&str] =
    &["cli", "app", "http", "engine", "actions", "store", "carrier", "media", "speech_services"];

/// Libraries that belong to one room, so that leaving one of them is the work of one room.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("sea_orm", &["store"]),
    ("sea_orm_migration", &["store"]),
    ("sqlx", &["store"]),
    ("object_store", &["media"]),
    ("nanomp3", &["media"]),
    ("lewton", &["media"]),
    ("ogg", &["media"]),
    ("reqwest", &["carrier", "speech_services", "cli"]),
    // app carries the finished router from http to the server, and does nothing with it.
    ("axum", &["http", "app"]),
    ("axum_extra", &["http"]),
    // The time since the machine was started, its name, how many files may be open, how long a client may not read.
    ("rustix", &["clock", "app", "http"]),
];

/// A file of this many lines has more than one subject; the aim is 400.
const MOST_LINES: usize = 450;

#[test]
fn the_server_keeps_the_arrows_and_habits() {
    let found = breaches_in("server/src", server_breaches);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_domain_has_no_io_no_async_and_no_serialisation() {
    let found = breaches_in("domain/src", domain_breaches);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_simulator_knows_nothing_of_ours() {
    let found = breaches_in("simulator/src", simulator_breaches);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn chaos_judges_from_outside_and_never_looks_into_the_database() {
    let found = breaches_in("chaos/src", chaos_breaches);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn one_tls_stack_and_no_c_toolchain_beyond_sqlite_ring_and_mimalloc() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("read Cargo.lock");
    for unwanted in ["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "cmake"] {
        assert!(
            !lock.contains(&format!("name = \"{unwanted}\"\n")),
            "{unwanted} came into the tree; see deny.toml"
        );
    }
}

fn server_breaches(file: &Path, text: &str) -> Vec<String> {
    let room = room_of(file);
    let code = code_of(text);
    let mut found = habit_breaches(text);
    let allowed = ARROWS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, allowed)| allowed);
    for used in rooms_used(&code) {
        if used != room && GUARDED.contains(&used.as_str()) && !allowed.contains(&used.as_str()) {
            found.push(format!("{room} may not use {used}"));
        }
    }
    for (library, homes) in LIBRARIES {
        if names_crate(&code, library) && !homes.contains(&room.as_str()) {
            found.push(format!("{library} belongs in {}", homes.join(" and ")));
        }
    }
    if [".transaction(", ".transaction_of_news("].iter().any(|begins| code.contains(begins))
        && room != "actions"
        && room != "store"
    {
        found.push("a transaction begins only in actions".into());
    }
    if text.contains("SELECT * FROM ") && !text.contains("SELECT * FROM unnest") {
        found.push("a query names its columns: a newer version may add one (store/sql.rs)".into());
    }
    found
}

fn domain_breaches(_: &Path, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut found = habit_breaches(text);
    for library in ["serde", "tokio", "rand", "getrandom", "tracing"] {
        if names_crate(&code, library) {
            found.push(format!("the domain does not use {library}"));
        }
    }
    for outside in ["std::fs", "std::net", "std::env", "std::process", "async fn"] {
        if code.contains(outside) {
            found.push(format!("the domain does not use {outside}"));
        }
    }
    found
}

fn simulator_breaches(_: &Path, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut found = habit_breaches(text);
    for ours in ["domain", "prospectai"] {
        if names_crate(&code, ours) {
            found.push(format!("the simulator is the outside world and does not know {ours}"));
        }
    }
    found
}

fn chaos_breaches(_: &Path, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut found = habit_breaches(text);
    for inside in ["domain", "prospectai", "simulator", "sqlx", "sea_orm"] {
        if names_crate(&code, inside) {
            found.push(format!("chaos is an oracle of its own and does not use {inside}"));
        }
    }
    found
}

fn habit_breaches(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push("the first line says what the file is for (`//! …`)".into());
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{lines} lines: more than one subject?"));
    }
    if text.contains("TODO") || text.contains("FIXME") {
        found.push("work left undone belongs in an issue".into());
    }
    found
}

/// `src/http/api/calls.rs` and `src/http.rs` are both in the room `http`.
fn room_of(file: &Path) -> String {
    let first = file.components().next().expect("a file has a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The code without comment lines; line breaks stay, so that a group of imports can be followed over them.
fn code_of(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms named after `crate::`, in imports, in groups of imports and in paths inside the code.
fn rooms_used(code: &str) -> Vec<String> {
    let mut rooms: Vec<String> = code
        .match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with('$'))
        .flat_map(|(at, found)| {
            let rest = &code[at + found.len()..];
            if rest.starts_with('{') { heads_of_group(rest) } else { vec![identifier(rest)] }
        })
        .collect();
    rooms.sort();
    rooms.dedup();
    rooms
}

/// `{store::Store, http::{a, b}}` → `store`, `http`.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut expects_head, mut heads) = (0, false, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 1 && matches!(character, '{' | ',') {
            expects_head = true;
        } else if expects_head && character.is_alphabetic() {
            heads.push(identifier(&group[at..]));
            expects_head = false;
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The crate's name stands at the head of a path: `use serde::…`, `::serde::…`, `use serde;`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = &code[..at];
        let rest = &code[at + name.len()..];
        let is_head = !before.trim_end_matches("::").ends_with(is_word);
        is_head && (rest.starts_with("::") || before.ends_with("use ") && rest.starts_with([';', ' ']))
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn breaches_in(folder: &str, check: fn(&Path, &str) -> Vec<String>) -> Vec<String> {
    let whole = root().join(folder);
    let mut found = Vec::new();
    for file in rust_files(&whole) {
        let text = fs::read_to_string(&file).expect("read a source file");
        let inside = file.strip_prefix(&whole).expect("a file below the folder");
        let name = format!("{folder}/{}", inside.display());
        found.extend(check(inside, &text).into_iter().map(|breach| format!("{name}: {breach}")));
    }
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("read a source folder") {
        let path = entry.expect("read a source folder").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rules themselves, tried on sources that break them.
mod tried_on_fixtures {
    use super::*;

    fn server(file: &str, code: &str) -> Vec<String> {
        server_breaches(Path::new(file), &format!("//! A fixture.\n{code}\n"))
    }

    #[test]
    fn a_wrong_import_is_found() {
        assert_eq!(server("http/api/calls.rs", "use crate::engine::wake;"), ["http may not use engine"]);
        assert_eq!(server("engine.rs", "use crate::http::paths;"), ["engine may not use http"]);
        assert_eq!(server("store/calls.rs", "use crate::actions::calls;"), ["store may not use actions"]);
        assert_eq!(server("clock.rs", "use crate::store::Store;"), ["clock may not use store"]);
    }

    #[test]
    fn a_wrong_import_hidden_in_a_group_or_a_path_is_found() {
        let group = "use crate::{\n    clock::Clock,\n    engine::{Dialer, Task},\n    store::Store,\n};";
        assert_eq!(server("http/router.rs", group), ["http may not use engine"]);
        let path = "fn f() { crate::carrier::place() }";
        assert_eq!(server("actions/calls.rs", path), ["actions may not use carrier"]);
    }

    #[test]
    fn right_imports_are_left_alone() {
        let code = "use crate::{actions::calls, clock::Clock};\nuse crate::http::problem::Problem;\n// crate::engine";
        assert!(server("http/api/calls.rs", code).is_empty());
        assert!(server("app.rs", "use crate::{engine, http, store};").is_empty());
    }

    #[test]
    fn a_library_outside_its_room_is_found() {
        assert_eq!(server("actions/calls.rs", "use sea_orm::EntityTrait;"), ["sea_orm belongs in store"]);
        assert_eq!(
            server("engine/dialer.rs", "type C = reqwest::Client;"),
            ["reqwest belongs in carrier and speech_services and cli"]
        );
        assert!(server("http/router.rs", "use axum::Router;\nfn laxum() {}").is_empty());
        assert!(server("app.rs", "use utoipa_axum::router;").is_empty());
    }

    #[test]
    fn a_transaction_outside_actions_is_found() {
        let code = "async fn f() { store.transaction(g).await }";
        assert_eq!(server("http/api/calls.rs", code), ["a transaction begins only in actions"]);
        assert!(server("actions/calls.rs", code).is_empty());
    }

    #[test]
    fn a_query_that_does_not_name_its_columns_is_found() {
        let query = |columns: &str| format!("fn f() {{ \"SELECT {columns} FROM calls\" }}");
        assert_eq!(server("store/calls.rs", &query("*")).len(), 1);
        assert!(server("store/calls.rs", &query("id, status")).is_empty());
    }

    #[test]
    fn a_missing_first_line_a_long_file_and_left_work_are_found() {
        assert_eq!(habit_breaches("use std::fs;").len(), 1);
        assert_eq!(habit_breaches(&"//! Long.\n".repeat(MOST_LINES + 1)).len(), 1);
        assert_eq!(habit_breaches("//! A fixture.\n// TODO: later").len(), 1);
    }

    #[test]
    fn serialisation_in_the_domain_and_our_rules_in_the_simulator_are_found() {
        let derive = "//! A fixture.\n#[derive(serde::Serialize)]\nstruct S;";
        assert_eq!(domain_breaches(Path::new("call.rs"), derive), ["the domain does not use serde"]);
        let import = "//! A fixture.\nuse domain::ids::CallId;";
        assert_eq!(simulator_breaches(Path::new("network.rs"), import).len(), 1);
    }
}
