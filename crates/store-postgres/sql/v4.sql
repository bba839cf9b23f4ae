-- Who works with the database, and how far the clock of each is ahead of the database's: times are recorded by the clocks of the
-- nodes, and only here can they be compared. Rows of who is gone go after a day.
CREATE TABLE node(
  name TEXT COLLATE "C" PRIMARY KEY, address TEXT COLLATE "C" NOT NULL, ahead_ms BIGINT NOT NULL, seen TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 20);
