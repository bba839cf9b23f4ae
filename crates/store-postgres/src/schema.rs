//! The schema as literal SQL, and the numbered steps that lead to it. A step is never edited once released: add one.

use crate::error::{Backend, Outcome};
use crate::session::Session;
use store::StoreError;

/// Each step takes the schema from its position to the next version.
const MIGRATIONS: &[&str] = &[include_str!("../sql/v1.sql"), include_str!("../sql/v2.sql")];

/// The version this program writes.
pub(crate) const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Spreads the tables over the workers of a distributed engine.
const DISTRIBUTE: &str = include_str!("../sql/citus.sql");

/// Session lock under which one node at a time brings the schema and the index up to date ("Sinf").
const LOCK: i64 = 0x5369_6e66;

/// Waits until no other node is at it.
pub(crate) async fn lock(session: &Session) -> Outcome<()> {
    session
        .run(
            "SELECT pg_advisory_lock($1)",
            &[&LOCK],
            "waiting for other nodes to open the database",
        )
        .await
        .map(drop)
}

/// Lets the next node open.
pub(crate) async fn unlock(session: &Session) -> Outcome<()> {
    session
        .run("SELECT pg_advisory_unlock($1)", &[&LOCK], "opening the database")
        .await
        .map(drop)
}

async fn version(session: &Session) -> Outcome<i64> {
    let what = "reading the schema";
    let ours = session
        .row(
            "SELECT to_regclass('meta') IS NOT NULL AND to_regclass('position') IS NOT NULL",
            &[],
            what,
        )
        .await?
        .is_some_and(|row| row.get(0));
    if !ours {
        let theirs: i64 = session
            .row(
                "SELECT count(*) FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace",
                &[],
                what,
            )
            .await?
            .map_or(0, |row| row.get(0));
        if theirs > 0 {
            return Err(StoreError::Schema(
                "the database holds tables of another program; give Sinfonia a database (or a schema) of its own"
                    .into(),
            ));
        }
        return Ok(0);
    }
    let row = session
        .row("SELECT value FROM meta WHERE name = 'schema'", &[], what)
        .await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// Brings the database to [`SCHEMA_VERSION`], each step in its own transaction; refuses foreign and newer ones.
pub(crate) async fn migrate(session: &Session) -> Outcome<()> {
    let version = version(session).await?;
    if version > SCHEMA_VERSION {
        return Err(StoreError::Schema(format!(
            "the database has schema version {version}, this program knows up to {SCHEMA_VERSION}: start the newer program \
             that wrote it, or restore a backup"
        )));
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(version as usize) {
        let next = step + 1;
        let text = format!(
            "BEGIN; {sql}
             INSERT INTO meta VALUES ('schema', {next}) ON CONFLICT (name) DO UPDATE SET value = excluded.value; COMMIT"
        );
        if let Err(error) = session.client().batch_execute(&text).await.at("migrating") {
            let _ = session.client().batch_execute("ROLLBACK").await;
            return Err(StoreError::Schema(format!("migration {next} failed: {error}")));
        }
    }
    if version == 0 {
        distribute(session).await?;
    }
    Ok(())
}

/// Where the distributed engine is there, spreads the tables of a new database.
async fn distribute(session: &Session) -> Outcome<()> {
    let what = "spreading the tables over the workers";
    let citus = session
        .row("SELECT 1 FROM pg_extension WHERE extname = 'citus'", &[], what)
        .await?;
    if citus.is_some() {
        session.client().batch_execute(DISTRIBUTE).await.at(what)?;
        tracing::info!("the tables are spread over the workers of the cluster");
    }
    Ok(())
}
