//! The last trip of a group: what is left of it and its commit, which are sent together and waited for once.

use super::group::{BEGIN, Failure};
use crate::batch::Batch;
use crate::error::Backend;
use crate::session::Session;
use std::sync::Arc;
use store::StoreError;
use tokio_postgres::error::SqlState;

/// How a group stands before its last trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing was sent, and nothing was asked.
    Nothing,
    /// Rows were sent, and nothing was asked.
    Ahead,
    /// It has the lock and was checked against what is stored.
    Asked,
}

/// Sends the statements and the commit.
pub(super) async fn send(session: Arc<Session>, batch: Batch, before: Before) -> Result<(), Failure> {
    let begin = async {
        match before {
            Before::Nothing => session.client().batch_execute(BEGIN).await,
            Before::Ahead | Before::Asked => Ok(()),
        }
    };
    // Sent in this order, since the first poll of each sends it.
    let commit = session.client().batch_execute("COMMIT");
    let (begun, written, committed) = futures::join!(begin, batch.try_send(&session), commit);
    begun.at("beginning")?;
    // After a refused statement COMMIT rolls back.
    written.map_err(|(error, code)| refused(error, code.as_ref(), before))?;
    let Err(error) = committed else { return Ok(()) };
    let known = error.as_db_error().is_some();
    let error = Err::<(), _>(error).at("committing").expect_err("an error");
    Err(if known {
        Failure::Nothing(error)
    } else {
        Failure::Unknown(StoreError::Unreachable(format!(
            "{error}; the connection broke during the commit: whether it was written must be read"
        )))
    })
}

/// Whether what the database refused may go when it is begun anew with questions: two nodes waited for each other; or, where
/// nothing was asked, the position was another one, an instance or a row was there, another node has the lock.
pub(super) fn refused(error: StoreError, code: Option<&SqlState>, before: Before) -> Failure {
    let believed = [
        SqlState::DIVISION_BY_ZERO,
        SqlState::UNIQUE_VIOLATION,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::IN_FAILED_SQL_TRANSACTION,
    ];
    match code {
        Some(code) if *code == SqlState::T_R_DEADLOCK_DETECTED => Failure::Stale,
        Some(code) if before != Before::Asked && believed.contains(code) => Failure::Stale,
        _ => Failure::Nothing(error),
    }
}
