-- +goose Up
CREATE TABLE second_engine (                -- a firm's second engine and how it is doing
  firm_id TEXT NOT NULL PRIMARY KEY REFERENCES firm (id),
  enabled BOOLEAN NOT NULL,
  url TEXT NOT NULL,
  model TEXT NOT NULL,
  sealed BYTEA NOT NULL,                    -- key and names to hide
  scope TEXT NOT NULL,                      -- "doubtful" or "all"
  thread BOOLEAN NOT NULL,                  -- whether the post and the answered comment go along
  day_tokens BIGINT NOT NULL,
  month_cost BIGINT NOT NULL,               -- millionths of the currency, like all money here
  price_in BIGINT NOT NULL,                 -- of a million tokens
  price_out BIGINT NOT NULL,
  currency TEXT NOT NULL,
  accepted TEXT NOT NULL DEFAULT '',        -- where data may go: scheme and host the privacy note was accepted for
  accepted_at BIGINT NOT NULL DEFAULT 0,
  accepted_by TEXT NOT NULL DEFAULT '',
  fails BIGINT NOT NULL DEFAULT 0,          -- in a row
  down_since BIGINT NOT NULL DEFAULT 0,
  rest_until BIGINT NOT NULL DEFAULT 0,
  busy_until BIGINT NOT NULL DEFAULT 0,     -- one worker asks for a firm at a time
  troubles TEXT NOT NULL DEFAULT '[]'       -- newest first: code, data, time
);
CREATE TABLE second_use (                   -- what a day's questions took
  firm_id TEXT NOT NULL REFERENCES firm (id),
  day BIGINT NOT NULL,                      -- 20261122
  calls BIGINT NOT NULL,
  cached BIGINT NOT NULL,                   -- answered from memory
  tokens_in BIGINT NOT NULL,
  tokens_out BIGINT NOT NULL,
  cost BIGINT NOT NULL,
  PRIMARY KEY (firm_id, day)
);
CREATE TABLE second_cache (                 -- answers by what was asked
  firm_id TEXT NOT NULL REFERENCES firm (id),
  asked TEXT NOT NULL,                      -- keyed digest of place, model, prompt and redacted text
  answer TEXT NOT NULL,                     -- labels and severity, no text
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, asked)
);
CREATE TABLE second_due (                   -- mentions that wait for a second opinion
  firm_id TEXT NOT NULL REFERENCES firm (id),
  mention_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,          -- answers that were of no use
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, mention_id)
);
