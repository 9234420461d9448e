-- +goose Up
CREATE TABLE outcome (                      -- what was foreseen when a decision stood, and what followed
  firm_id TEXT NOT NULL REFERENCES firm (id),
  decision_id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  option TEXT NOT NULL,
  class TEXT NOT NULL,                      -- gravest label of the case
  risk DOUBLE PRECISION NOT NULL,           -- forecast for the option as it was shown
  prior DOUBLE PRECISION NOT NULL,          -- the same without the firm's own tuning
  others TEXT NOT NULL,                     -- forecasts of the other options as JSON
  version TEXT NOT NULL,                    -- of the rules and the tuning
  before TEXT NOT NULL,                     -- size of the thread and the author's doing until then, as JSON
  at BIGINT NOT NULL,                       -- when the decision stood
  verdict TEXT NOT NULL DEFAULT '',         -- calm, escalated, unknown; empty until the first look
  cause TEXT NOT NULL DEFAULT '',           -- why nobody can tell
  closed BOOLEAN NOT NULL DEFAULT FALSE,    -- the last look is over or a person has spoken
  why TEXT NOT NULL DEFAULT '',             -- a person's reason for correcting it
  who TEXT NOT NULL DEFAULT '',
  who_name TEXT NOT NULL DEFAULT '',
  corrected_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, decision_id)
);
CREATE INDEX outcome_by_mention ON outcome (firm_id, mention_id);
CREATE INDEX outcome_by_time ON outcome (firm_id, at);

CREATE TABLE outcome_look (                 -- what was seen at one look: after a day, after a week
  firm_id TEXT NOT NULL REFERENCES firm (id),
  decision_id TEXT NOT NULL,
  look TEXT NOT NULL,
  at BIGINT NOT NULL,
  verdict TEXT NOT NULL,
  cause TEXT NOT NULL,
  seen TEXT NOT NULL,                       -- outcome.Seen as JSON
  PRIMARY KEY (firm_id, decision_id, look)
);

CREATE TABLE outcome_tuning (               -- a firm's own escalation risks, accepted by a person
  firm_id TEXT NOT NULL REFERENCES firm (id),
  n BIGINT NOT NULL,
  shifts TEXT NOT NULL,                     -- class -> option -> log-odds, as JSON
  outcomes BIGINT NOT NULL,                 -- how many it rests on
  flips BIGINT NOT NULL,                    -- recommendations of the past that it turns
  replayed BIGINT NOT NULL,                 -- of how many
  why TEXT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,       -- withdrawn, or replaced by the next
  ended_name TEXT NOT NULL DEFAULT '',
  ended_why TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, n)
);
