//! The schema as literal SQL, and the numbered steps that lead to it. A step is never edited once released: add one.

use crate::audit;
use crate::error::{Backend, Outcome};
use rusqlite::Connection;
use store::StoreError;

/// Written into the file header, so that a foreign SQLite file is recognised ("Sinf").
const APPLICATION_ID: i64 = 0x5369_6e66;

/// Each step takes the schema from its position to the next version.
pub(crate) const MIGRATIONS: &[&str] = &[V1, V2, V3, V4, V5, V6, V7, V8, V9, V10];

/// The version this program writes.
pub(crate) const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

const V1: &str = "
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Resource type names as small numbers, with how many live resources there are.
CREATE TABLE rtype(code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, live INTEGER NOT NULL DEFAULT 0);

-- The current version of every resource; a deleted one stays with method 2 and no body.
-- keys comes before body so that testing a candidate does not read the body's overflow pages.
CREATE TABLE resource(
  rid INTEGER PRIMARY KEY, rtype INTEGER NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  last_updated INTEGER NOT NULL, method INTEGER NOT NULL, patient TEXT, seq INTEGER NOT NULL,
  keys BLOB NOT NULL, body BLOB);
CREATE UNIQUE INDEX resource_id ON resource(rtype, id);
CREATE UNIQUE INDEX resource_seq ON resource(seq);
CREATE INDEX resource_updated ON resource(rtype, last_updated, seq);
CREATE INDEX resource_patient ON resource(patient, rtype) WHERE patient IS NOT NULL AND method <> 2;

-- Superseded versions.
CREATE TABLE resource_history(
  seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, rtype INTEGER NOT NULL, version INTEGER NOT NULL,
  last_updated INTEGER NOT NULL, method INTEGER NOT NULL, patient TEXT, body BLOB);
CREATE UNIQUE INDEX history_version ON resource_history(rid, version);
CREATE INDEX history_updated ON resource_history(rtype, last_updated);

-- Search values: key sorts as the value does.
CREATE TABLE idx(param INTEGER NOT NULL, key BLOB NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY(param, key, rid)) WITHOUT ROWID;

CREATE TABLE instance(
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, definition TEXT NOT NULL,
  business_key TEXT, patient TEXT, status INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER,
  state BLOB NOT NULL);
CREATE INDEX instance_definition ON instance(definition, status, id);
CREATE INDEX instance_status ON instance(status, id);
CREATE INDEX instance_business_key ON instance(business_key, id) WHERE business_key IS NOT NULL;
CREATE INDEX instance_patient ON instance(patient, id) WHERE patient IS NOT NULL;

-- Appended, with a narrow index: keyed by instance itself, every small step would dirty a page of its own.
CREATE TABLE history(
  n INTEGER PRIMARY KEY, instance TEXT NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
  events BLOB NOT NULL);
CREATE UNIQUE INDEX history_instance ON history(instance, revision);
CREATE TABLE timer(due INTEGER NOT NULL, id TEXT NOT NULL, instance TEXT NOT NULL, PRIMARY KEY(due, id)) WITHOUT ROWID;
CREATE TABLE wait(
  kind INTEGER NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, instance TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY(kind, name, key, instance, id)) WITHOUT ROWID;
CREATE TABLE definition(
  n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
  deployed INTEGER NOT NULL, file TEXT NOT NULL, source BLOB NOT NULL);
CREATE TABLE outbox(
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, not_before INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, error TEXT, payload BLOB NOT NULL);
CREATE INDEX outbox_due ON outbox(topic, not_before);
CREATE TABLE cursor(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE record(kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind, key)) WITHOUT ROWID;
CREATE TABLE audit(
  n INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
  patient TEXT, purpose TEXT, outcome TEXT NOT NULL, status INTEGER NOT NULL);
";

/// Parameters for which some resource has held more than one value: where a parameter is not among them, two
/// conditions on it can only be met by the same value, so their ranges may be intersected. Files of version 1 did not
/// keep count: everything they already hold is taken as many-valued.
const V2: &str = "
CREATE TABLE param_many(param INTEGER PRIMARY KEY) WITHOUT ROWID;
INSERT INTO param_many SELECT DISTINCT param FROM idx;
CREATE INDEX audit_patient ON audit(patient) WHERE patient IS NOT NULL;
";

/// Notifications of subscriptions. State 0: ready, 1: behind an earlier one of its lane, 2: dead.
const V3: &str = "
CREATE TABLE delivery(
  n INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL,
  version INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  queued INTEGER NOT NULL, error TEXT);
CREATE INDEX delivery_due ON delivery(subscription, state, due, n);
CREATE INDEX delivery_lane ON delivery(subscription, lane, n) WHERE state < 2;
";

/// Access records are appended a group commit at a time, as one row of JSON lines; see [`crate::audit`]. A row and an
/// index entry for each access cost more than the access itself.
const V4: &str = "
CREATE TABLE audit_batch(n INTEGER PRIMARY KEY, count INTEGER NOT NULL, patients BLOB NOT NULL, entries TEXT NOT NULL);
CREATE TABLE audit_segment(bucket INTEGER NOT NULL, last INTEGER NOT NULL, pairs BLOB NOT NULL,
  PRIMARY KEY(bucket, last)) WITHOUT ROWID;
INSERT INTO audit_batch SELECT n, 1, patient_key(patient), json_object(
  'at', strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06dZ', at % 1000000),
  'actor', actor, 'action', action, 'target', target, 'patient', patient, 'purpose', purpose, 'outcome', outcome,
  'status', status) FROM audit;
DROP TABLE audit;
";

/// Jobs in the hands of workers outside. The key of a job's wait is its rank among the jobs of its type (see
/// `orchestrator`): jobs of before get the middle one.
const V5: &str = "
CREATE TABLE lease(
  id TEXT PRIMARY KEY, instance TEXT NOT NULL, type TEXT NOT NULL, until INTEGER NOT NULL, fence INTEGER NOT NULL,
  data BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX lease_until ON lease(type, until);
UPDATE OR IGNORE wait SET key = '1000000' WHERE kind = 2 AND key = '';
";

/// User-defined search parameters, one row for each type they are on, and the passes that index again what is stored.
/// State: 0 being built, 1 ready, 2 being taken out of the index, 3 gone (the row keeps its number from being given
/// again). `source` is the id of the SearchParameter resource.
const V6: &str = "
CREATE TABLE search_param(
  id INTEGER PRIMARY KEY, base TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL, url TEXT NOT NULL,
  expression TEXT NOT NULL, targets TEXT NOT NULL, source TEXT NOT NULL, state INTEGER NOT NULL);
CREATE UNIQUE INDEX search_param_code ON search_param(base, code) WHERE state < 2;
CREATE INDEX search_param_source ON search_param(source);
CREATE TABLE reindex(
  rtype TEXT PRIMARY KEY, generation INTEGER NOT NULL, cursor TEXT NOT NULL, done INTEGER NOT NULL,
  total INTEGER NOT NULL) WITHOUT ROWID;
";

/// How far the index is (see [`crate::recent`]): every row of what was written up to `merged` is there.
const V7: &str = "
INSERT INTO meta VALUES ('merged', (SELECT coalesce(max(seq), 0) FROM resource)), ('epoch', 0);
";

/// Each row of access records carries the hash of the row before it and of itself; see [`crate::audit`]. Older rows have none.
const V8: &str = "
ALTER TABLE audit_batch ADD COLUMN chain BLOB;
";

/// Where the chain of access records begins, once old ones were removed; see [`crate::upkeep`].
const V9: &str = "
CREATE TABLE audit_anchor(n INTEGER PRIMARY KEY, chain BLOB, at TEXT NOT NULL);
";

/// Bodies and packed keys are written shrunk ([`crate::shrunk`]), which older programs cannot read. What is there stays as it is
/// until its resource is written again.
const V10: &str = "SELECT 1";

/// Brings the file to [`SCHEMA_VERSION`], each step in its own transaction; refuses foreign and newer files.
pub(crate) fn migrate(connection: &mut Connection) -> Outcome<()> {
    migrate_to(connection, MIGRATIONS.len())
}

/// As [`migrate`], up to the first `target` steps (tests build old files with it).
pub(crate) fn migrate_to(connection: &mut Connection, target: usize) -> Outcome<()> {
    let version: i64 = pragma(connection, "user_version")?;
    let application: i64 = pragma(connection, "application_id")?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .at("reading the schema (is this an SQLite file?)")?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(StoreError::Schema(
            "the file is an SQLite database of another program; choose another path".into(),
        ));
    }
    if version > SCHEMA_VERSION {
        return Err(StoreError::Schema(format!(
            "the file has schema version {version}, this program knows up to {SCHEMA_VERSION}: start the newer program \
             that wrote it, or restore a backup"
        )));
    }
    audit::register(connection)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().take(target).skip(version as usize) {
        let failed = |error: rusqlite::Error| StoreError::Schema(format!("migration {} failed: {error}", step + 1));
        let transaction = connection.transaction().map_err(failed)?;
        transaction.execute_batch(sql).map_err(failed)?;
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed)?;
        transaction
            .pragma_update(None, "user_version", step as i64 + 1)
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> Outcome<i64> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .at("reading the file header (is this an SQLite file?)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_is_refused_with_both_versions_named() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection
            .pragma_update(None, "user_version", SCHEMA_VERSION + 1)
            .unwrap();
        let message = migrate(&mut connection).unwrap_err().to_string();
        assert!(
            message.contains(&format!("version {}", SCHEMA_VERSION + 1)),
            "{message}"
        );
    }

    #[test]
    fn a_foreign_database_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs(x)").unwrap();
        assert!(
            migrate(&mut connection)
                .unwrap_err()
                .to_string()
                .contains("another program")
        );
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn an_old_file_is_brought_forward_with_its_data() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_to(&mut connection, 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO idx VALUES (7, x'0161', 1); INSERT INTO wait VALUES (2, 'mail', '', 'i', 'i.1');
                 INSERT INTO audit VALUES
                   (1, 1700000000123456, 'Practitioner/a', 'GET', '/fhir/Patient/p', 'p', NULL, 'permit', 200),
                   (2, 1700000001000000, 'anonymous', 'GET', '/fhir', NULL, 'TREAT', 'deny', 401)",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let many: i64 = connection
            .query_row("SELECT param FROM param_many", [], |row| row.get(0))
            .unwrap();
        assert_eq!(many, 7);
        let kept = audit::page(&connection, &store::AuditFilter::newest(None, 9))
            .unwrap()
            .entries();
        assert_eq!(kept.iter().map(|entry| entry.status).collect::<Vec<_>>(), [401, 200]);
        let of_patient = audit::page(&connection, &store::AuditFilter::newest(Some("p"), 9))
            .unwrap()
            .entries();
        assert_eq!(of_patient.len(), 1);
        assert_eq!(of_patient[0].at.as_microsecond(), 1_700_000_000_123_456);
        let rank: String = connection
            .query_row("SELECT key FROM wait", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rank, "1000000");
        assert_eq!(pragma(&connection, "user_version").unwrap(), SCHEMA_VERSION);
        migrate(&mut connection).expect("running it again changes nothing");
    }
}
