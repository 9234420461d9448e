-- +goose Up
CREATE TABLE own_rule (                     -- versions of the label rules that a firm wrote itself; a version never changes
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  version BIGINT NOT NULL,                  -- from 1
  name TEXT NOT NULL,
  words TEXT NOT NULL,                      -- phrases between commas
  unless TEXT NOT NULL,                     -- phrases that silence it in the same sentence
  does TEXT NOT NULL,                       -- add, take, raise
  label TEXT NOT NULL,
  severity BIGINT NOT NULL,                 -- for raise
  channel TEXT NOT NULL,                    -- only in channels of this kind; empty: in all
  stars BIGINT NOT NULL,                    -- only of reviews with at most so many; 0: of all texts
  under_question BOOLEAN NOT NULL,          -- only of replies under a question
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,                      -- draft, live, off
  moved_name TEXT NOT NULL DEFAULT '',      -- who put it live or off
  moved_at BIGINT NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',             -- why it went live
  tried_at BIGINT NOT NULL DEFAULT 0,
  tried TEXT NOT NULL DEFAULT '',           -- JSON: what it would do to the comments of the last 90 days
  examples TEXT NOT NULL DEFAULT '',        -- JSON: some of them, without their words
  asked_at BIGINT NOT NULL DEFAULT 0,       -- when the comments of the last 90 days were to be labelled anew
  reworked_at BIGINT NOT NULL DEFAULT 0,    -- when that was done
  reworked BIGINT NOT NULL DEFAULT 0,       -- how many changed
  PRIMARY KEY (firm_id, id, version)
);
CREATE UNIQUE INDEX own_rule_live ON own_rule (firm_id, id) WHERE state = 'live';

ALTER TABLE learned ADD COLUMN rules TEXT NOT NULL DEFAULT '';
