//! A connection on loan, with helpers for statements that stay prepared.

use crate::error::{Backend, Outcome};
use deadpool_postgres::Object;
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Parameters of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection; ends what it had begun and goes back to its pool when dropped.
pub(crate) struct Session {
    object: Option<Object>,
    handle: Handle,
    open: bool,
}

impl Session {
    /// A connection with no transaction: each statement is its own.
    pub fn plain(object: Object) -> Self {
        Self {
            object: Some(object),
            handle: Handle::current(),
            open: false,
        }
    }

    /// A connection inside a transaction, which is rolled back when the session is dropped.
    pub fn begun(object: Object) -> Self {
        let mut session = Self::plain(object);
        session.open = true;
        session
    }

    /// The transaction was ended.
    pub fn ended(&mut self) {
        self.open = false;
    }

    /// Where its work is driven.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The connection.
    pub fn client(&self) -> &Object {
        self.object
            .as_ref()
            .expect("a session has its connection until it is dropped")
    }

    /// Rows of a prepared statement.
    pub async fn rows(&self, sql: &str, params: Params<'_>, what: &str) -> Outcome<Vec<Row>> {
        let statement = self.client().prepare_cached(sql).await.at(what)?;
        self.client().query(&statement, params).await.at(what)
    }

    /// The row of a prepared statement, if there is one.
    pub async fn row(&self, sql: &str, params: Params<'_>, what: &str) -> Outcome<Option<Row>> {
        Ok(self.rows(sql, params, what).await?.into_iter().next())
    }

    /// Runs a prepared statement; how many rows it changed.
    pub async fn run(&self, sql: &str, params: Params<'_>, what: &str) -> Outcome<u64> {
        let statement = self.client().prepare_cached(sql).await.at(what)?;
        self.client().execute(&statement, params).await.at(what)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if !self.open {
            return;
        }
        // A connection whose transaction cannot be ended does not go back.
        self.handle.spawn(async move {
            if object.batch_execute("ROLLBACK").await.is_err() {
                drop(Object::take(object));
            }
        });
    }
}
