-- What a copy from the embedded store may bring: access records of before there was a chain, and a chain whose first rows
-- were removed at the end of their time.
ALTER TABLE audit_batch ALTER COLUMN chain DROP NOT NULL;
CREATE TABLE audit_anchor(n BIGINT PRIMARY KEY, chain BYTEA, at TEXT COLLATE "C" NOT NULL);
