-- +goose Up
-- One log for the whole installation: salted commitments only, so nothing here belongs to a firm.
-- Leaves wait in the queue until the next checkpoint gives them a place; nobody's transaction waits for the head.
CREATE TABLE ledger_queue (
  ticket BIGINT PRIMARY KEY,      -- what the caller keeps to find its leaf again
  leaf BYTEA NOT NULL,
  at BIGINT NOT NULL              -- when the leaf was handed in
);

CREATE TABLE ledger_leaf (
  idx BIGINT PRIMARY KEY,
  ticket BIGINT NOT NULL UNIQUE,
  leaf BYTEA NOT NULL,
  at BIGINT NOT NULL
);

-- Every node of the tree, numbered as tlog.StoredHashIndex does.
CREATE TABLE ledger_hash (
  idx BIGINT PRIMARY KEY,
  hash BYTEA NOT NULL
);

CREATE TABLE ledger_head (
  id BIGINT PRIMARY KEY,
  size BIGINT NOT NULL
);
INSERT INTO ledger_head (id, size) VALUES (1, 0);

CREATE TABLE ledger_checkpoint (
  size BIGINT PRIMARY KEY,
  note TEXT NOT NULL,             -- signed note: origin, size, root hash
  at BIGINT NOT NULL
);
