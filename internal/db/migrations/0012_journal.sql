-- +goose Up
-- Who did what to what and why; firm_id '' holds what concerns the installation.
CREATE TABLE journal (
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  by_id TEXT NOT NULL,            -- person id, 'system', or '' when nobody was signed in
  verb TEXT NOT NULL,
  ref_kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,          -- salt and the whole line, under the firm's key
  ticket BIGINT NOT NULL,         -- of the commitment handed to the ledger
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX journal_ref ON journal (firm_id, ref_kind, ref_id, id);
