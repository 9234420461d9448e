-- +goose Up
CREATE TABLE source (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  settings BYTEA NOT NULL,                 -- sealed JSON
  cursor BYTEA NOT NULL,
  paused BOOLEAN NOT NULL DEFAULT FALSE,
  quiet_after BIGINT NOT NULL,             -- microseconds without an item after which silence is an alarm; 0 never
  poll BIGINT NOT NULL DEFAULT 0,          -- number of the next poll; an older timer is ignored
  every BIGINT NOT NULL DEFAULT 0,         -- present distance of polls, microseconds
  created_at BIGINT NOT NULL,
  checked_at BIGINT NOT NULL DEFAULT 0,    -- last look, successful or not
  ok_at BIGINT NOT NULL DEFAULT 0,
  item_at BIGINT NOT NULL DEFAULT 0,       -- last new item
  next_at BIGINT NOT NULL DEFAULT 0,
  expires_at BIGINT NOT NULL DEFAULT 0,    -- credential
  fails BIGINT NOT NULL DEFAULT 0,         -- looks that failed in a row
  error TEXT NOT NULL DEFAULT '',          -- fault code of the last failure
  error_data TEXT NOT NULL DEFAULT '{}',
  items BIGINT NOT NULL DEFAULT 0,
  removed_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX source_by_id ON source (id);

CREATE TABLE hook_seen (                    -- replay protection of pushed deliveries
  firm_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  hook_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, source_id, hook_id)
);
CREATE INDEX hook_seen_by_time ON hook_seen (at);
