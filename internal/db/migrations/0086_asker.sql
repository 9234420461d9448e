-- +goose Up
CREATE TABLE pulse_asker (                  -- potential customers whose question was ambushed, and what became of them
  firm_id TEXT NOT NULL REFERENCES firm (id),
  question_id TEXT NOT NULL,                -- mention
  asker_key TEXT NOT NULL,                  -- account that asked
  asked_at BIGINT NOT NULL,
  ambushed_at BIGINT NOT NULL,              -- when it was found
  answered_at BIGINT NOT NULL DEFAULT 0,    -- when an answer of ours was first seen
  back_at BIGINT NOT NULL DEFAULT 0,        -- when the asker wrote again
  gone_at BIGINT NOT NULL DEFAULT 0,        -- when the question disappeared
  outcome TEXT NOT NULL DEFAULT '',         -- answered, back, lost; empty while it is open
  PRIMARY KEY (firm_id, question_id)
);
CREATE INDEX pulse_asker_open ON pulse_asker (outcome, ambushed_at);

CREATE TABLE pulse_setup (                  -- what a firm calls an ambush, where it is not the default
  firm_id TEXT NOT NULL REFERENCES firm (id),
  accounts BIGINT NOT NULL,
  within BIGINT NOT NULL,                   -- microseconds
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (firm_id)
);

CREATE INDEX mention_buyer ON mention (firm_id, post_id, at) WHERE buyer = TRUE; -- the questions under a post
