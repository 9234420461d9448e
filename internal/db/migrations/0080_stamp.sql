-- +goose Up
-- Timestamps of independent authorities (RFC 3161). firm_id '' is the installation: checkpoints of the ledger.
CREATE TABLE stamp_want (                   -- asked for and not received yet
  firm_id TEXT NOT NULL,
  ref_kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  over TEXT NOT NULL,                       -- id of the token that is stamped anew; empty: the thing itself
  digest BYTEA NOT NULL,                    -- SHA-256 of what is stamped
  asked_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,                  -- not before; a process that works on it moves it ahead
  tries BIGINT NOT NULL DEFAULT 0,
  flaw TEXT NOT NULL DEFAULT '',            -- of the last try
  PRIMARY KEY (firm_id, ref_kind, ref_id, over)
);
CREATE INDEX stamp_want_due ON stamp_want (next_at);

CREATE TABLE stamp (
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  ref_kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  over TEXT NOT NULL,
  at BIGINT NOT NULL,                       -- the authority's time
  ends_at BIGINT NOT NULL,                  -- when its certificates end
  sealed BYTEA NOT NULL,                    -- the answer as received, its roots, and what is known of the authority
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX stamp_of ON stamp (firm_id, ref_kind, ref_id);
CREATE INDEX stamp_ends ON stamp (ends_at);
