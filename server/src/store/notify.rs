//! Messages between servers on one PostgreSQL. They come or they do not: nothing may depend on them.

use sqlx::postgres::PgListener;

use super::{Store, StoreError};

const CHANNEL: &str = "prospectai";

/// How long a message may be, in bytes; PostgreSQL's bound is 8000.
pub const LONGEST_MESSAGE: usize = 7_900;

/// What comes in.
#[derive(Debug)]
pub enum Heard {
    /// A message, of another server or our own.
    Message(String),
    /// The connection broke and was made anew: messages may have been lost.
    Gap,
}

/// An open ear.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Store {
    /// Tells every server that listens; nothing on a database that only one can have open.
    pub async fn tell_nodes(&self, messages: Vec<String>) -> Result<(), StoreError> {
        if self.is_shared() && !messages.is_empty() {
            // In one statement of its own, never in the transaction that made the change: PostgreSQL lets only one
            // transaction with a notification commit at a time.
            let tell = sqlx::query("SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message")
                .bind(CHANNEL)
                .bind(messages);
            tell.execute(self.write.get_postgres_connection_pool()).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Begins to listen; `None` on a database that only one server can have open.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        if !self.is_shared() {
            return Ok(None);
        }
        let pool = self.read.get_postgres_connection_pool();
        let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(Some(Listener(listener)))
    }
}

impl Listener {
    /// The next message. May be dropped and called again: none is lost by that.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        Ok(match self.0.try_recv().await.map_err(failed)? {
            Some(notification) => Heard::Message(notification.payload().to_owned()),
            None => Heard::Gap,
        })
    }
}

fn failed(error: sqlx::Error) -> StoreError {
    StoreError::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into())))
}
