-- +goose Up
-- The folder in which a process keeps the log as tiles; its id lies in the folder. What was written there once must
-- not be missing later.
CREATE TABLE ledger_place (
  id TEXT PRIMARY KEY,
  size BIGINT NOT NULL,           -- of the newest checkpoint written there
  at BIGINT NOT NULL
);

-- What witnesses say of a checkpoint.
CREATE TABLE ledger_cosignature (
  size BIGINT NOT NULL,
  witness TEXT NOT NULL,          -- name in its key
  line TEXT NOT NULL,             -- signature line of the signed note
  at BIGINT NOT NULL,             -- by the witness's clock
  PRIMARY KEY (size, witness)
);

-- How each witness answered last.
CREATE TABLE ledger_witness (
  name TEXT PRIMARY KEY,
  size BIGINT NOT NULL,           -- of the newest checkpoint it cosigned, or says it has seen
  tried_at BIGINT NOT NULL,
  signed_at BIGINT NOT NULL,
  state TEXT NOT NULL,            -- signed, down, refused, ahead
  detail TEXT NOT NULL
);
