//! From one program to the next while both work: what the schema is, who is connected, and the end of the older one's time.

use crate::error::Outcome;
use crate::schema::{self, SCHEMA_VERSION, STEPS};
use crate::session::Session;
use crate::{Options, connect};
use store::StoreError;

/// What a connection's name ends with: the version of the schema that its program writes.
const MARK: &str = "/schema-";

/// The name under which this program's connections are known to the database.
pub(crate) fn known_as(given: Option<&str>) -> String {
    format!("{}{MARK}{SCHEMA_VERSION}", given.unwrap_or("sinfonia"))
}

/// Where an upgrade stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The version that this program writes.
    pub known: i64,
    /// Up to where the schema is expanded.
    pub schema: i64,
    /// The least version of a program that can work with it.
    pub least: i64,
    /// Programs that are connected under the same user, by the name of their connections: how many connections, and the version
    /// that they write; `None`: a program of before connections said so, or another one.
    pub connected: Vec<(String, i64, Option<i64>)>,
}

impl Upgrade {
    /// Who is connected and older than this program, or may be.
    pub fn older(&self) -> Vec<&str> {
        let older = |version: &Option<i64>| version.is_none_or(|version| version < self.known);
        let found = self.connected.iter().filter(|(_, _, version)| older(version));
        found.map(|(name, ..)| name.as_str()).collect()
    }
}

/// Looks; changes nothing.
///
/// # Errors
/// The database cannot be reached, or is another program's.
pub async fn look(address: &str) -> Result<Upgrade, StoreError> {
    let pool = connect::readers(address, &Options::default())?;
    let session = Session::plain(connect::take(&pool).await?);
    seen(&session).await
}

/// Takes away what only older programs need: nothing of them works with the database any more.
///
/// # Errors
/// [`StoreError::InUse`] while an older program is connected; [`StoreError::Schema`] when this program is not of the
/// database's version; what the database refuses.
pub async fn contract(address: &str) -> Result<(i64, i64), StoreError> {
    let pool = connect::writers(address, &Options::default())?;
    let session = Session::plain(connect::take(&pool).await?);
    // A program that starts waits for this lock, and is seen while it does.
    schema::lock(&session).await?;
    let done = contract_locked(&session).await;
    schema::unlock(&session).await?;
    done
}

/// How many connections of other programs there are that read and write; those that wait to open the database do not yet.
pub(crate) async fn at_work(session: &Session) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user AND backend_type = 'client backend'
           AND pid <> pg_backend_pid() AND (application_name = 'sinfonia' OR application_name LIKE $1)
           AND (wait_event_type, wait_event) IS DISTINCT FROM ('Lock', 'advisory')";
    let ours = format!("%{MARK}%");
    let row = session.row(sql, &[&ours], "looking who is connected").await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

async fn contract_locked(session: &Session) -> Outcome<(i64, i64)> {
    let upgrade = seen(session).await?;
    let older = upgrade.older();
    if !older.is_empty() {
        return Err(StoreError::InUse(format!(
            "programs that are older than schema version {}, or do not say which they write, are connected to the database: {}; \
             end them first",
            upgrade.known,
            older.join(", ")
        )));
    }
    schema::contract(session, STEPS).await
}

async fn seen(session: &Session) -> Outcome<Upgrade> {
    let (schema, least) = schema::versions(session).await?;
    let sql = "SELECT application_name, count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user AND backend_type = 'client backend'
           AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1";
    let rows = session.rows(sql, &[], "looking who is connected").await?;
    let connected = rows.iter().map(|row| {
        let name: String = row.get(0);
        let version = name.rsplit_once(MARK).and_then(|(_, version)| version.parse().ok());
        (name, row.get(1), version)
    });
    Ok(Upgrade {
        known: SCHEMA_VERSION,
        schema,
        least,
        connected: connected.collect(),
    })
}
