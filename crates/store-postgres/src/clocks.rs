//! The clocks of the nodes beside the database's. What is recorded bears the time of the node that recorded it; the database is the
//! one place where all of them can be compared.

use crate::PostgresStore;
use crate::error::Outcome;
use jiff::Timestamp;
use store::StoreError;

/// A node that said what time it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeClock {
    /// Its name, which is new with each start.
    pub name: String,
    /// The network address that the database knows it by; `local`: a socket of the same machine.
    pub address: String,
    /// How far its clock is ahead of the database's, in milliseconds; negative: behind.
    pub ahead_ms: i64,
}

/// Milliseconds of the database's clock, now and not when the transaction began.
const HERE: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

impl PostgresStore {
    /// How far `now`, this machine's time, is ahead of the database's in milliseconds; negative: behind. The way to the database
    /// is within it: a slow network looks like a clock that is behind by as much.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn clock_ahead(&self, now: impl Fn() -> Timestamp) -> Result<i64, StoreError> {
        // The connection is there before the time is taken.
        let session = self.session().await?;
        let sql = format!("SELECT $1 - {HERE}");
        let row = session
            .row(&sql, &[&now().as_millisecond()], "comparing clocks")
            .await?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    /// As [`PostgresStore::clock_ahead`], noted for all nodes to see.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn note_clock(&self, now: impl Fn() -> Timestamp) -> Result<i64, StoreError> {
        let ahead = self.clock_ahead(now).await?;
        let session = self.session().await?;
        let sql = "WITH gone AS (DELETE FROM node WHERE seen < clock_timestamp() - interval '1 day' AND name <> $1)
             INSERT INTO node(name, address, ahead_ms, seen)
             VALUES ($1, coalesce(host(inet_client_addr()), 'local'), $2, clock_timestamp())
             ON CONFLICT (name) DO UPDATE SET address = excluded.address, ahead_ms = excluded.ahead_ms, seen = excluded.seen";
        session
            .run(sql, &[&self.node_name(), &ahead], "noting the clock")
            .await?;
        Ok(ahead)
    }

    /// The nodes that noted their clocks within the last `seconds`, by the database's clock.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn clocks(&self, seconds: i64) -> Result<Vec<NodeClock>, StoreError> {
        let sql = "SELECT name, address, ahead_ms FROM node WHERE seen > clock_timestamp() - $1 * interval '1 second' ORDER BY 2, 1";
        let rows = self
            .session()
            .await?
            .rows(sql, &[&(seconds as f64)], "reading the clocks of the nodes")
            .await?;
        let clocks = rows.iter().map(|row| NodeClock {
            name: row.get(0),
            address: row.get(1),
            ahead_ms: row.get(2),
        });
        Outcome::Ok(clocks.collect())
    }
}
