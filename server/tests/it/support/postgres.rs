//! New, empty PostgreSQL databases for tests.
//!
//! The server is started by `scripts/test-postgres`, shared by all test processes of this checkout, and stops by
//! itself when idle. `TEST_DATABASE_URL` names a server to use instead; its user must be allowed to create databases.

use std::env;
use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::process::Command;
use tokio::sync::OnceCell;
use url::Url;

static SERVER: OnceCell<Url> = OnceCell::const_new();

/// The `postgres://` URL of a new, empty database that no other test knows. It goes away with the server, or ten
/// minutes after its last use.
///
/// # Panics
/// When there is no server and none can be started; the message says what to install.
pub async fn fresh_database() -> String {
    let (server, mut connection) = connected().await;
    let name = unused_name();
    // `template0`: nobody can be connected to it, which would make the copy fail. The name is our own hexadecimal.
    connection
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0")))
        .await
        .expect("create a test database");
    connection.close().await.expect("close the connection");
    let mut database = server;
    database.set_path(&name);
    database.into()
}

/// A connection to the server. One that was idle for two minutes is gone; then another is started.
async fn connected() -> (Url, PgConnection) {
    let known = SERVER.get_or_init(server_url).await;
    if let Ok(connection) = PgConnection::connect(known.as_str()).await {
        return (known.clone(), connection);
    }
    let server = server_url().await;
    let connection = PgConnection::connect(server.as_str()).await.expect("connect to the test server");
    (server, connection)
}

async fn server_url() -> Url {
    let url = match env::var("TEST_DATABASE_URL") {
        Ok(url) => url,
        Err(_) => start_or_reuse().await,
    };
    Url::parse(url.trim()).expect("the URL of the test server")
}

async fn start_or_reuse() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test-postgres");
    let output = Command::new(script).arg("url").output().await.expect("run scripts/test-postgres");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a URL is text")
}

fn unused_name() -> String {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("random bytes");
    random.iter().fold(String::from("test_"), |mut name, byte| {
        write!(name, "{byte:02x}").expect("writing to a string");
        name
    })
}

#[tokio::test]
async fn two_tests_get_separate_and_empty_databases() {
    let (first, second) = (fresh_database().await, fresh_database().await);
    assert_ne!(first, second);
    let mut first = PgConnection::connect(&first).await.expect("connect to the first");
    let mut second = PgConnection::connect(&second).await.expect("connect to the second");
    first.execute("CREATE TABLE only_here (id BIGINT)").await.expect("create a table in the first");
    let seen_in_second: i64 =
        sqlx::query_scalar("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
            .fetch_one(&mut second)
            .await
            .expect("list the tables of the second");
    assert_eq!(seen_in_second, 0);
}
