-- Sinfonia on PostgreSQL.
--
-- `compartment` is the distribution column of every table that grows with patients: a 64-bit hash of the patient in whose
-- compartment a row is, or, where there is none, of the row's own name, so that such rows lie spread. It is part of every
-- primary key, as a distributed engine (Citus) demands; it comes last there because walks go by the other columns, and
-- inside a shard the order of a key's columns has nothing to do with distribution. No table refers to another one by a
-- foreign key, and no statement joins two tables.
--
-- Texts compare by their bytes (COLLATE "C"), as everywhere else in the program. Moments are µs since 1970.

-- The one row that every commit locks: what is given out in the order of commits.
CREATE TABLE position(
  one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
  seq BIGINT NOT NULL DEFAULT 0,          -- last place of the change feed
  rid BIGINT NOT NULL DEFAULT 0,          -- last row id of a resource
  n BIGINT NOT NULL DEFAULT 0,            -- last number of a notification, an outbox entry, a definition
  params BIGINT NOT NULL DEFAULT 0,       -- counts changes of the user-defined search parameters
  pruned BIGINT NOT NULL DEFAULT 0,       -- counts removals from the history
  audit BIGINT NOT NULL DEFAULT 0,        -- last row of access records
  audit_head BYTEA NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
) WITH (fillfactor = 10);
INSERT INTO position DEFAULT VALUES;

CREATE TABLE meta(name TEXT COLLATE "C" PRIMARY KEY, value BIGINT NOT NULL);

-- Resource type names as small numbers; how many live resources of each there are.
CREATE TABLE rtype(code BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE tally(code BIGINT PRIMARY KEY, live BIGINT NOT NULL) WITH (fillfactor = 20);

-- The current version of every resource; a deleted one stays with method 2 and no body.
CREATE TABLE resource(
  compartment BIGINT NOT NULL, rid BIGINT NOT NULL, rtype BIGINT NOT NULL, seq BIGINT NOT NULL, version BIGINT NOT NULL,
  last_updated BIGINT NOT NULL, method SMALLINT NOT NULL, id TEXT COLLATE "C" NOT NULL, patient TEXT COLLATE "C",
  keys BYTEA NOT NULL, body BYTEA,
  PRIMARY KEY(rid, compartment)) WITH (fillfactor = 90);
CREATE UNIQUE INDEX resource_id ON resource(rtype, id, compartment);
CREATE INDEX resource_seq ON resource(seq);
CREATE INDEX resource_updated ON resource(rtype, last_updated, seq);
CREATE INDEX resource_patient ON resource(patient, rtype, rid) WHERE patient IS NOT NULL AND method <> 2;

-- Superseded versions.
CREATE TABLE resource_history(
  compartment BIGINT NOT NULL, seq BIGINT NOT NULL, rid BIGINT NOT NULL, rtype BIGINT NOT NULL, version BIGINT NOT NULL,
  last_updated BIGINT NOT NULL, method SMALLINT NOT NULL, id TEXT COLLATE "C" NOT NULL, patient TEXT COLLATE "C", body BYTEA,
  PRIMARY KEY(seq, compartment));
CREATE INDEX history_version ON resource_history(rid, version);
CREATE INDEX history_updated ON resource_history(rtype, last_updated, seq);

-- Search values: key sorts as the value does.
CREATE TABLE idx(
  compartment BIGINT NOT NULL, rid BIGINT NOT NULL, param INTEGER NOT NULL, key BYTEA NOT NULL,
  PRIMARY KEY(param, key, rid, compartment));
-- Parameters for which some resource has held more than one value.
CREATE TABLE param_many(param INTEGER PRIMARY KEY);

-- An instance stays in the compartment it was started in.
CREATE TABLE instance(
  compartment BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, revision BIGINT NOT NULL, started BIGINT NOT NULL, ended BIGINT,
  status SMALLINT NOT NULL, definition TEXT COLLATE "C" NOT NULL, business_key TEXT COLLATE "C", patient TEXT COLLATE "C",
  state BYTEA NOT NULL,
  PRIMARY KEY(id, compartment)) WITH (fillfactor = 75);
CREATE INDEX instance_definition ON instance(definition, status, id);
CREATE INDEX instance_status ON instance(status, id);
CREATE INDEX instance_business_key ON instance(business_key, id) WHERE business_key IS NOT NULL;
CREATE INDEX instance_patient ON instance(patient, id) WHERE patient IS NOT NULL;

CREATE TABLE history(
  compartment BIGINT NOT NULL, revision BIGINT NOT NULL, at BIGINT NOT NULL, instance TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL, events BYTEA NOT NULL,
  PRIMARY KEY(instance, revision, compartment));

CREATE TABLE timer(
  compartment BIGINT NOT NULL, due BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, instance TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY(due, id, compartment));

CREATE TABLE wait(
  compartment BIGINT NOT NULL, kind SMALLINT NOT NULL, name TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL,
  instance TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY(kind, name, key, instance, id, compartment));

CREATE TABLE lease(
  compartment BIGINT NOT NULL, until BIGINT NOT NULL, fence BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL,
  instance TEXT COLLATE "C" NOT NULL, type TEXT COLLATE "C" NOT NULL, data BYTEA NOT NULL,
  PRIMARY KEY(id, compartment));
CREATE INDEX lease_until ON lease(type, until, id);

CREATE TABLE definition(
  n BIGINT PRIMARY KEY, key TEXT COLLATE "C" NOT NULL UNIQUE, kind TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL, deployed BIGINT NOT NULL, file TEXT COLLATE "C" NOT NULL,
  source BYTEA NOT NULL);

CREATE TABLE outbox(
  compartment BIGINT NOT NULL, n BIGINT NOT NULL, not_before BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0,
  id TEXT COLLATE "C" NOT NULL, topic TEXT COLLATE "C" NOT NULL, error TEXT COLLATE "C", payload BYTEA NOT NULL,
  PRIMARY KEY(id, compartment));
CREATE INDEX outbox_due ON outbox(topic, not_before, n);

-- Notifications of subscriptions. State 0: ready, 1: behind an earlier one of its lane, 2: dead.
CREATE TABLE delivery(
  compartment BIGINT NOT NULL, n BIGINT NOT NULL, seq BIGINT NOT NULL, version BIGINT NOT NULL, due BIGINT NOT NULL,
  queued BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, state SMALLINT NOT NULL,
  subscription TEXT COLLATE "C" NOT NULL, lane TEXT COLLATE "C" NOT NULL, error TEXT COLLATE "C",
  PRIMARY KEY(n, compartment));
CREATE INDEX delivery_due ON delivery(subscription, state, due, n);
CREATE INDEX delivery_lane ON delivery(subscription, lane, n) WHERE state < 2;

CREATE TABLE cursor(name TEXT COLLATE "C" PRIMARY KEY, value BIGINT NOT NULL) WITH (fillfactor = 50);

CREATE TABLE record(
  compartment BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL, value BYTEA NOT NULL,
  PRIMARY KEY(kind, key, compartment));

-- Access records: one row for each group commit, chained (see src/audit.rs), and which patients each row names.
CREATE TABLE audit_batch(
  compartment BIGINT NOT NULL, n BIGINT NOT NULL, count BIGINT NOT NULL, patients BYTEA NOT NULL, chain BYTEA NOT NULL,
  entries TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY(n, compartment));
CREATE TABLE audit_patient(
  compartment BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY(compartment, n));

-- User-defined search parameters, and the passes that index again what is stored. State: 0 being built, 1 ready, 2 being
-- taken out of the index, 3 gone (the row keeps its number from being given again).
CREATE TABLE search_param(
  id INTEGER PRIMARY KEY, state SMALLINT NOT NULL, base TEXT COLLATE "C" NOT NULL, code TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL, url TEXT COLLATE "C" NOT NULL, expression TEXT COLLATE "C" NOT NULL,
  targets TEXT COLLATE "C" NOT NULL, source TEXT COLLATE "C" NOT NULL);
CREATE INDEX search_param_source ON search_param(source);
CREATE TABLE reindex(
  rtype TEXT COLLATE "C" PRIMARY KEY, generation BIGINT NOT NULL, cursor TEXT COLLATE "C" NOT NULL, done BIGINT NOT NULL,
  total BIGINT NOT NULL);
