-- +goose Up
-- One data key per firm, wrapped by the master key of the installation; firm_id '' is the installation itself.
-- Forgetting a firm puts zeros into wrapped and leaves the row, so that no new key quietly takes its place.
CREATE TABLE seal_key (
  firm_id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  wrapped BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  destroyed_at BIGINT NOT NULL DEFAULT 0
);
