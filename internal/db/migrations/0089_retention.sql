-- +goose Up
-- Each exhibit has a data key of its own, wrapped by the firm's key; zeros once the exhibit was erased. Exhibits from
-- before are sealed with the firm's key: theirs is empty.
ALTER TABLE exhibit ADD COLUMN own_key BYTEA NOT NULL DEFAULT '';
-- When somebody last said that the legal hold is still needed.
ALTER TABLE exhibit ADD COLUMN reviewed_at BIGINT NOT NULL DEFAULT 0;

-- How long a firm keeps each kind of thing, where it differs from the default.
CREATE TABLE retention_rule (
  firm_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  days BIGINT NOT NULL,
  why TEXT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, kind)
);

-- What a case's proof is kept for, when somebody said so.
CREATE TABLE retention_path (
  firm_id TEXT NOT NULL,
  case_id TEXT NOT NULL,
  path TEXT NOT NULL,             -- private, civil
  why TEXT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, case_id)
);
