-- +goose Up
-- An exhibit: its manifest lies sealed in the row, its files as sealed blobs. A removed exhibit leaves its number,
-- its times and its commitment behind, and nothing that names a person.
CREATE TABLE exhibit (
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  number BIGINT NOT NULL,                 -- D-001 is 1
  ref_kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  cause TEXT NOT NULL,
  prev TEXT NOT NULL DEFAULT '',          -- earlier exhibit of the same thing
  mark TEXT NOT NULL,                     -- keyed digest of what was captured; the exhibit's id once removed or broken
  sealed BYTEA NOT NULL,                  -- salt and manifest, under the firm's key; empty once removed
  ticket BIGINT NOT NULL,                 -- of the commitment handed to the ledger
  held_at BIGINT NOT NULL DEFAULT 0,
  removed_at BIGINT NOT NULL DEFAULT 0,
  checked_at BIGINT NOT NULL DEFAULT 0,
  checked TEXT NOT NULL DEFAULT '',       -- state at the last verification: holds, waits, fails
  PRIMARY KEY (firm_id, id),
  UNIQUE (firm_id, number),
  UNIQUE (firm_id, ref_kind, ref_id, mark)
);

CREATE TABLE exhibit_file (
  firm_id TEXT NOT NULL,
  exhibit_id TEXT NOT NULL,
  n BIGINT NOT NULL,                      -- place in the manifest's list, from 0
  blob TEXT NOT NULL,                     -- address of the sealed bytes
  PRIMARY KEY (firm_id, exhibit_id, n)
);

CREATE TABLE exhibit_counter (
  firm_id TEXT PRIMARY KEY,
  last BIGINT NOT NULL
);
