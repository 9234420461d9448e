-- +goose Up
-- An import of a file of mentions. The file lies in the data folder until the run has ended; row is the number of the
-- last row of the file that is behind us, so a run that was cut off goes on exactly there.
CREATE TABLE import_run (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  source_id TEXT NOT NULL DEFAULT '',      -- empty until it was started
  name TEXT NOT NULL,                      -- of the file
  size BIGINT NOT NULL,                    -- bytes
  sha256 TEXT NOT NULL,
  mapping TEXT NOT NULL,                   -- JSON
  channel TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,                     -- draft, running, done, failed, stopped
  by_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT NOT NULL DEFAULT 0,
  row_no BIGINT NOT NULL DEFAULT 0,
  bytes_read BIGINT NOT NULL DEFAULT 0,
  imported BIGINT NOT NULL DEFAULT 0,
  changed BIGINT NOT NULL DEFAULT 0,       -- known before, with another text now
  known BIGINT NOT NULL DEFAULT 0,
  problems BIGINT NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',          -- fault code that ended it
  error_data TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX import_run_by_id ON import_run (id);

CREATE TABLE import_problem (
  firm_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  row_no BIGINT NOT NULL,
  code TEXT NOT NULL,                      -- fault code
  data TEXT NOT NULL,                      -- JSON, places of its message
  PRIMARY KEY (firm_id, run_id, row_no)
);

CREATE TABLE import_preset (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  name TEXT NOT NULL,
  mapping TEXT NOT NULL,                   -- JSON
  created_at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, name)
);
