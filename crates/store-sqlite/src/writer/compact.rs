//! Writing the file anew, so that nothing of what was removed is left in its free places.

use super::batch::Answer;
use crate::error::Backend;
use crate::pool::Pool;
use rusqlite::Connection;
use store::Committed;

/// How often the log is folded in before it is left for later: a reader that began before may still hold it.
const TRIES: u32 = 20;

/// Rows keep their numbers, so what the writer and the cache remember stays true. Readers go on seeing what they saw. `seq` of
/// the answer is 1 when the log is empty as well, 0 when a reader still holds it.
pub(super) fn run(connection: &Connection, readers: &Pool) -> Answer {
    connection.execute_batch("VACUUM").at("writing the file anew")?;
    for _ in 0..TRIES {
        readers.release();
        let busy: i64 = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .at("folding the log in")?;
        if busy == 0 {
            return Ok(Committed { seq: 1 });
        }
    }
    Ok(Committed { seq: 0 })
}
