-- +goose Up
CREATE TABLE wave (                         -- one decision over many items of one firm
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  state TEXT NOT NULL,                      -- weighing, ready, running, paused, stopped, ended, cancelled, dropped
  plan TEXT NOT NULL,                       -- macro.Plan as JSON: what is done with each item
  option TEXT NOT NULL,                     -- of the plan, for counting
  macro_id TEXT NOT NULL DEFAULT '',
  macro_version BIGINT NOT NULL DEFAULT 0,
  origin TEXT NOT NULL,                     -- wave.Origin as JSON: how the items were chosen, never changed
  found BIGINT NOT NULL,                    -- items that fitted when the list was frozen; more than total when it was cut
  total BIGINT NOT NULL,
  why BYTEA NOT NULL,                       -- the one reason, sealed; empty until it starts
  number BIGINT NOT NULL DEFAULT 0,         -- of the timer that counts
  who TEXT NOT NULL,                        -- in whose name it is decided: rights are asked again at every step
  who_name TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  ready_at BIGINT NOT NULL DEFAULT 0,
  started_at BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT NOT NULL DEFAULT 0,
  stop TEXT NOT NULL DEFAULT '',            -- why it stopped by itself
  back TEXT NOT NULL DEFAULT '',            -- taking the whole wave back: underway, done
  back_who TEXT NOT NULL DEFAULT '',
  back_name TEXT NOT NULL DEFAULT '',
  back_at BIGINT NOT NULL DEFAULT 0,
  back_why BYTEA,
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX wave_by_time ON wave (firm_id, made_at);

CREATE TABLE wave_item (                    -- the frozen list; an item is in a wave once
  firm_id TEXT NOT NULL,
  wave_id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  n BIGINT NOT NULL,                        -- place in the list, from 1
  state TEXT NOT NULL,                      -- new, weighed, waiting, left, done, skipped, failed
  verdict TEXT NOT NULL DEFAULT '',         -- how it stood in the preview
  code TEXT NOT NULL DEFAULT '',            -- why not: a guard, or the fault that came in the way
  differs BOOLEAN NOT NULL DEFAULT FALSE,   -- from what was recommended for this item
  final BOOLEAN NOT NULL DEFAULT FALSE,     -- cannot be taken back at the place
  seen TEXT NOT NULL DEFAULT '',            -- digest of what the preview was judged on
  advice_id TEXT NOT NULL DEFAULT '',       -- what was shown
  best TEXT NOT NULL DEFAULT '',            -- what was recommended for this item
  decision_id TEXT NOT NULL DEFAULT '',
  exhibit TEXT NOT NULL DEFAULT '',
  tries BIGINT NOT NULL DEFAULT 0,
  at BIGINT NOT NULL DEFAULT 0,
  back TEXT NOT NULL DEFAULT '',            -- taken, kept
  back_code TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, wave_id, mention_id)
);
CREATE INDEX wave_item_by_place ON wave_item (firm_id, wave_id, n);

CREATE TABLE macro (                        -- several steps in one click; versions never change
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  version BIGINT NOT NULL,                  -- from 1
  latest BOOLEAN NOT NULL,
  live BOOLEAN NOT NULL,                    -- offered to people
  owner TEXT NOT NULL,                      -- the one person it is for; empty: for everybody of the firm
  name TEXT NOT NULL,
  key TEXT NOT NULL,                        -- one digit, or empty
  labels TEXT NOT NULL,                     -- codes with commas: offered where one of them is; empty: everywhere
  plan TEXT NOT NULL,                       -- macro.Plan as JSON
  why TEXT NOT NULL,                        -- why it was changed
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, id, version)
);
CREATE UNIQUE INDEX macro_latest ON macro (firm_id, id) WHERE latest;

CREATE TABLE macro_use (                    -- how often a macro was used, and on what
  firm_id TEXT NOT NULL,
  macro_id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (firm_id, macro_id, mention_id, at)
);
