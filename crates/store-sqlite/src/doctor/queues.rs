//! Notifications, leases and access records are whole.

use super::Doctor;
use crate::audit;
use crate::error::{Backend, Outcome};
use rusqlite::Connection;

/// Looks at what is waiting to be done; each question gives the lines of what is wrong.
const QUESTIONS: &[&str] = &[
    // Of each lane the earliest is ready: one that is behind nothing would never be sent.
    "SELECT 'notifications of ' || lane || ' to Subscription/' || subscription || ' wait, and none of them is ready'
     FROM delivery GROUP BY subscription, lane HAVING sum(state = 1) > 0 AND sum(state = 0) = 0 LIMIT 100",
    "SELECT 'several notifications of ' || lane || ' to Subscription/' || subscription || ' are ready at once'
     FROM delivery GROUP BY subscription, lane HAVING sum(state = 0) > 1 LIMIT 100",
    "SELECT 'notification ' || n || ' is in an unknown state: ' || state FROM delivery WHERE state NOT IN (0, 1, 2)
     LIMIT 100",
    "SELECT 'notification ' || n || ' is of position ' || seq || ', which was never reached' FROM delivery
     WHERE seq > (SELECT coalesce(max(seq), 0) FROM resource) LIMIT 100",
    "SELECT 'the lease of job ' || id || ' is of the instance ' || instance || ', which does not exist' FROM lease
     WHERE instance NOT IN (SELECT id FROM instance) LIMIT 100",
    "SELECT 'the lease of job ' || id || ' has the fence ' || fence FROM lease WHERE fence < 1 LIMIT 100",
    "SELECT 'the cursor ' || name || ' is at ' || value || ', which was never reached' FROM cursor
     WHERE name LIKE 'hub/%' AND value > (SELECT coalesce(max(seq), 0) FROM resource) LIMIT 100",
];

/// Asks them, and reads the access records.
pub(super) fn check(connection: &Connection, doctor: &mut Doctor) -> Outcome<()> {
    for question in QUESTIONS {
        let mut read = connection.prepare(question).at("looking at what waits")?;
        let lines = read
            .query_map([], |row| row.get::<_, String>(0))
            .at("looking at what waits")?;
        for line in lines {
            doctor.add(line.at("looking at what waits")?);
        }
    }
    for broken in audit::verify(connection)?.broken {
        doctor.add(format!("the chain of the audit: {broken}"));
    }
    audit::examine(connection, |problem| doctor.add(problem))
}
