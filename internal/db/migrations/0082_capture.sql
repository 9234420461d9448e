-- +goose Up
-- A page that is kept on purpose. Its address and why it is kept lie sealed under the firm's key.
CREATE TABLE capture_page (
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  mark TEXT NOT NULL,                     -- keyed digest of address and mention: the same page is asked for once
  mention_id TEXT NOT NULL DEFAULT '',    -- what stands on it, if known
  case_id TEXT NOT NULL DEFAULT '',
  sealed BYTEA NOT NULL,                  -- address and reason
  again BOOLEAN NOT NULL DEFAULT FALSE,   -- looked at again after 1 h, 24 h, 7 and 30 days
  made_by TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  first_at BIGINT NOT NULL DEFAULT 0,     -- first time it was sealed as content
  text_mark TEXT NOT NULL DEFAULT '',     -- keyed digest of what could be read then
  PRIMARY KEY (firm_id, id),
  UNIQUE (firm_id, mark)
);
CREATE INDEX capture_page_mention ON capture_page (firm_id, mention_id) WHERE mention_id <> '';

-- One look at a page: waits, runs, and ends sealed or failed.
CREATE TABLE capture_shot (
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  page_id TEXT NOT NULL,
  cause TEXT NOT NULL,                    -- person, serious, decision, gone, recapture:1h ...
  state TEXT NOT NULL,                    -- waiting, running, sealed, failed
  reason TEXT NOT NULL DEFAULT '',        -- kind of obstacle
  detail TEXT NOT NULL DEFAULT '',
  changed BOOLEAN NOT NULL DEFAULT FALSE, -- what can be read differs from the look before
  asked_by TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  begun_at BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT NOT NULL DEFAULT 0,
  tries BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0,
  exhibit_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX capture_shot_page ON capture_shot (firm_id, page_id);
CREATE INDEX capture_shot_asked ON capture_shot (firm_id, asked_at);

-- What a firm wants to be kept as pages by itself.
CREATE TABLE capture_setting (
  firm_id TEXT PRIMARY KEY,
  serious BOOLEAN NOT NULL DEFAULT FALSE, -- serious items with a public address
  deed BOOLEAN NOT NULL DEFAULT FALSE     -- items about which is decided
);
