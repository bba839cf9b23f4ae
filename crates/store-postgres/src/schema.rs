//! The schema as literal SQL, and the numbered steps that lead to it. A step is never edited once released: add one.
//!
//! A step has two halves, so that nodes of the program of before and of after it can work side by side. **Expand** is done by the
//! first node of the newer program that starts: it adds only what the older program does not mind (tables, columns that may be
//! empty, indexes). **Contract** takes away what only the older program needs; `sinfonia schema --contract` does it, once no
//! older program is connected ([`crate::upgrade`]). The table `meta` holds both ends: `schema`, up to where it is expanded, and
//! `least`, the least version of a program that can still work with it.

use crate::error::{Backend, Outcome};
use crate::session::Session;
use store::StoreError;

/// One step.
pub(crate) struct Step {
    /// Takes the schema from the step's position to the next version; the program of before goes on working.
    pub expand: &'static str,
    /// Takes away what the program of before needed.
    pub contract: Option<&'static str>,
}

/// The steps.
pub(crate) const STEPS: &[Step] = &[
    only_expands(include_str!("../sql/v1.sql")),
    only_expands(include_str!("../sql/v2.sql")),
    only_expands(include_str!("../sql/v3.sql")),
    only_expands(include_str!("../sql/v4.sql")),
];

const fn only_expands(expand: &'static str) -> Step {
    Step { expand, contract: None }
}

/// The version this program writes.
pub(crate) const SCHEMA_VERSION: i64 = STEPS.len() as i64;

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

/// Up to where the schema is expanded, 0: not there; and the least version of a program that can work with it.
pub(crate) async fn versions(session: &Session) -> Outcome<(i64, i64)> {
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
        return Ok((0, 0));
    }
    let sql = "SELECT coalesce(max(value) FILTER (WHERE name = 'schema'), 0),
                      coalesce(max(value) FILTER (WHERE name = 'least'), max(value) FILTER (WHERE name = 'schema'), 0) FROM meta";
    let row = session.row(sql, &[], what).await?;
    Ok(row.map_or((0, 0), |row| (row.get(0), row.get(1))))
}

/// Expands the schema to [`SCHEMA_VERSION`], each step in its own transaction. One that is ahead is taken as it is, where it
/// says that this program can; foreign ones are refused.
pub(crate) async fn migrate(session: &Session) -> Outcome<()> {
    let before = expand(session, STEPS).await?;
    if before == 0 {
        distribute(session).await?;
    }
    Ok(())
}

/// Expands by these steps; where the schema was before.
async fn expand(session: &Session, steps: &[Step]) -> Outcome<i64> {
    let (version, least) = versions(session).await?;
    let known = steps.len() as i64;
    if least > known {
        return Err(StoreError::Schema(format!(
            "the database has schema version {version} for programs that know version {least} or later, this program knows up to \
             {known}: start the newer program that wrote it, or restore a backup"
        )));
    }
    if version > known {
        tracing::warn!(
            version,
            known,
            "the database was expanded for a newer program; this one works with it still"
        );
    }
    for (step, Step { expand, .. }) in steps.iter().enumerate().skip(version as usize) {
        apply(session, expand, "schema", step as i64 + 1).await?;
    }
    Ok(version)
}

/// Takes away what only older programs need; from which least version on to which.
pub(crate) async fn contract(session: &Session, steps: &[Step]) -> Outcome<(i64, i64)> {
    let (version, least) = versions(session).await?;
    let known = steps.len() as i64;
    if version != known {
        return Err(StoreError::Schema(format!(
            "the database has schema version {version}, this program knows {known}: only a program of the database's own version \
             takes away what older ones need"
        )));
    }
    for (step, Step { contract, .. }) in steps.iter().enumerate().skip(least.max(0) as usize) {
        apply(session, contract.unwrap_or_default(), "least", step as i64 + 1).await?;
    }
    Ok((least, known))
}

/// Runs SQL and notes the version it leads to, in one transaction.
async fn apply(session: &Session, sql: &str, name: &str, to: i64) -> Outcome<()> {
    let text = format!(
        "BEGIN; {sql};
         INSERT INTO meta VALUES ('{name}', {to}) ON CONFLICT (name) DO UPDATE SET value = excluded.value; COMMIT"
    );
    if let Err(error) = session.client().batch_execute(&text).await.at("migrating") {
        let _ = session.client().batch_execute("ROLLBACK").await;
        return Err(StoreError::Schema(format!("migration {to} failed: {error}")));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, connect};
    use postgres_fixture::Database;

    const OLD: &[Step] = &[
        only_expands(include_str!("../sql/v1.sql")),
        only_expands(include_str!("../sql/v2.sql")),
        only_expands(include_str!("../sql/v3.sql")),
        only_expands(include_str!("../sql/v4.sql")),
        only_expands("CREATE TABLE tried(name TEXT PRIMARY KEY)"),
    ];
    /// A column takes the place of another: both are there until nobody writes the old one.
    const NEW: &[Step] = &[
        only_expands(include_str!("../sql/v1.sql")),
        only_expands(include_str!("../sql/v2.sql")),
        only_expands(include_str!("../sql/v3.sql")),
        only_expands(include_str!("../sql/v4.sql")),
        only_expands("CREATE TABLE tried(name TEXT PRIMARY KEY)"),
        Step {
            expand: "ALTER TABLE tried ADD COLUMN title TEXT",
            contract: Some(
                "UPDATE tried SET title = name WHERE title IS NULL; ALTER TABLE tried ALTER COLUMN title SET NOT NULL;
                 ALTER TABLE tried DROP COLUMN name",
            ),
        },
    ];

    async fn session(database: &Database) -> Session {
        let pool = connect::readers(&database.address(), &Options::default()).unwrap();
        Session::plain(connect::take(&pool).await.unwrap())
    }

    #[tokio::test]
    async fn the_program_of_before_works_on_an_expanded_schema_and_not_on_a_contracted_one() {
        let Some(database) = Database::new() else { return };
        let (old, new) = (session(&database).await, session(&database).await);
        assert_eq!(expand(&old, OLD).await.unwrap(), 0);
        let writes = "INSERT INTO tried(name) VALUES ($1)";
        old.run(writes, &[&"before"], "a write").await.unwrap();
        assert_eq!(expand(&new, NEW).await.unwrap(), 5);
        old.run(writes, &[&"beside"], "a write").await.unwrap();
        assert_eq!(
            expand(&old, OLD).await.unwrap(),
            6,
            "it starts again, and changes nothing"
        );
        assert!(
            contract(&old, OLD).await.is_err(),
            "only the newer program knows what is to go"
        );
        assert_eq!(contract(&new, NEW).await.unwrap(), (2, 6));
        let refused = expand(&old, OLD).await.unwrap_err().to_string();
        assert!(
            refused.contains("version 6") && refused.contains("up to 5"),
            "{refused}"
        );
        assert_eq!(
            database.run("SELECT string_agg(title, ' ' ORDER BY title) FROM tried"),
            "before beside"
        );
        assert_eq!(contract(&new, NEW).await.unwrap(), (6, 6), "nothing is left to do");
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_the_schema_where_it_was() {
        let Some(database) = Database::new() else { return };
        let session = session(&database).await;
        expand(&session, OLD).await.unwrap();
        let steps: Vec<Step> = OLD
            .iter()
            .map(|step| only_expands(step.expand))
            .chain([only_expands("CREATE TABLE half(x INT); SELECT 1/0")])
            .collect();
        let told = expand(&session, &steps).await.unwrap_err().to_string();
        assert!(told.contains("migration 6 failed"), "{told}");
        assert_eq!(database.run("SELECT to_regclass('half') IS NULL"), "t");
        assert_eq!(versions(&session).await.unwrap(), (5, 2));
    }
}
