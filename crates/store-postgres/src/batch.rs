//! Statements that go to the database in one go: the answers are waited for once.

use crate::error::{Backend, Outcome};
use crate::session::Session;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use store::StoreError;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// A parameter that the batch keeps.
pub(crate) type Param = Box<dyn ToSql + Sync + Send>;

/// Statements in their order.
#[derive(Default)]
pub(crate) struct Batch {
    list: Vec<(Statement, Vec<Param>, &'static str)>,
}

/// Makes the parameters of a statement.
#[macro_export]
#[doc(hidden)]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as $crate::batch::Param),*] };
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>>;

impl Batch {
    /// Adds a statement; it is prepared now, so that nothing stands between the others when they are sent.
    pub async fn add(
        &mut self,
        session: &Session,
        sql: &'static str,
        params: Vec<Param>,
        what: &'static str,
    ) -> Outcome<()> {
        let statement = session.client().prepare_cached(sql).await.at(what)?;
        self.list.push((statement, params, what));
        Ok(())
    }

    /// Puts the statements of another batch before these.
    pub fn after(self, mut first: Self) -> Self {
        first.list.extend(self.list);
        first
    }

    /// Sends all of them in their order and waits for the answers; the first error is told.
    pub async fn send(self, session: &Session) -> Outcome<()> {
        self.try_send(session).await.map_err(|(error, _)| error)
    }

    /// The same, with the database's own code of the error.
    pub async fn try_send(self, session: &Session) -> Result<(), (StoreError, Option<SqlState>)> {
        let client = session.client();
        let refs: Vec<Vec<&(dyn ToSql + Sync)>> = self
            .list
            .iter()
            .map(|(_, params, _)| params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect())
            .collect();
        let mut answers: Vec<Option<Answer<'_>>> = self
            .list
            .iter()
            .zip(&refs)
            .map(|((statement, ..), params)| Some(Box::pin(client.execute(statement, params)) as Answer<'_>))
            .collect();
        let mut failed: Option<(usize, tokio_postgres::Error)> = None;
        // Each is polled in its order: the first poll is what sends it.
        poll_fn(|context| {
            let mut waiting = false;
            for (at, slot) in answers.iter_mut().enumerate() {
                let Some(answer) = slot else { continue };
                match answer.as_mut().poll(context) {
                    Poll::Pending => waiting = true,
                    Poll::Ready(result) => {
                        *slot = None;
                        if let Err(error) = result
                            && failed.as_ref().is_none_or(|(first, _)| at < *first)
                        {
                            failed = Some((at, error));
                        }
                    }
                }
            }
            if waiting { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        match failed {
            Some((at, error)) => {
                let code = error.code().cloned();
                Err(error).at(self.list[at].2).map_err(|error| (error, code))
            }
            None => Ok(()),
        }
    }
}
