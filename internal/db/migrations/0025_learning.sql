-- +goose Up
CREATE TABLE judgement (                    -- what a person said of a comment, and what the program had said until then
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  revision BIGINT NOT NULL,                 -- of the mention; its text stands in revision
  kind TEXT NOT NULL,                       -- corrected, confirmed, blind
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  why TEXT NOT NULL,
  labels TEXT NOT NULL,                     -- JSON list
  buyer BOOLEAN NOT NULL,
  severity BIGINT NOT NULL,
  engine TEXT NOT NULL,                     -- name of the engine; empty when none had read it yet
  engine_labels TEXT NOT NULL,              -- JSON list
  engine_buyer BOOLEAN NOT NULL,
  engine_severity BIGINT NOT NULL,
  blind BOOLEAN NOT NULL,                   -- given without seeing what the program thinks
  drawn TEXT NOT NULL DEFAULT '',           -- for blind ones: from all comments (random) or from those with labels (labelled)
  stands BOOLEAN NOT NULL,                  -- it changed the labels; a blind one does so only to raise an alarm
  place TEXT NOT NULL,                      -- where in the thread the text stood, for comparing short ones
  withdrawn_at BIGINT NOT NULL DEFAULT 0,
  withdrawn_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX judgement_by_time ON judgement (firm_id, at);
CREATE INDEX judgement_by_mention ON judgement (firm_id, mention_id);

CREATE TABLE learned (                      -- changes with every judgement and model: tells processes that theirs are old
  firm_id TEXT NOT NULL PRIMARY KEY REFERENCES firm (id),
  judged TEXT NOT NULL DEFAULT '',
  model TEXT NOT NULL DEFAULT ''
);

-- Labels carried over from a text that is nearly the same name the judgement they came from.
ALTER TABLE labelling ADD COLUMN judgement TEXT NOT NULL DEFAULT '';
CREATE INDEX labelling_by_judgement ON labelling (firm_id, judgement) WHERE judgement <> '';

CREATE TABLE firm_model (                   -- weights learned from one firm's judgements
  firm_id TEXT NOT NULL REFERENCES firm (id),
  version BIGINT NOT NULL,
  engine TEXT NOT NULL,                     -- the engine it was made for
  tuning TEXT NOT NULL,                     -- JSON
  report TEXT NOT NULL,                     -- JSON: what it changes on comments it has not seen
  state TEXT NOT NULL,                      -- trial, live, off
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, version)
);

CREATE TABLE blind_sample (                 -- comments drawn to be judged by several people
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, id)
);

CREATE TABLE blind_item (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  sample_id TEXT NOT NULL,
  n BIGINT NOT NULL,                        -- from 1
  mention_id TEXT NOT NULL,
  drawn TEXT NOT NULL,                      -- random, labelled
  PRIMARY KEY (firm_id, sample_id, n)
);
CREATE INDEX blind_item_by_mention ON blind_item (firm_id, mention_id);
