-- +goose Up
CREATE TABLE deed (                         -- one decided deed at a place, or a task for a person
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  decision_id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  option TEXT NOT NULL,                     -- of the decision; empty for a reversal
  verb TEXT NOT NULL,                       -- at the place; of a task: what a person is to do
  item TEXT NOT NULL,                       -- id at the place
  text TEXT NOT NULL,
  state TEXT NOT NULL,                      -- planned, waiting, doing, done, failed, doubtful, undone, manual, cancelled
  exhibit TEXT NOT NULL,                    -- proof taken before
  exhibit_after TEXT NOT NULL DEFAULT '',   -- proof of the result
  number BIGINT NOT NULL DEFAULT 0,         -- of the timer that counts; older ones are ignored
  try BIGINT NOT NULL DEFAULT 0,            -- attempts begun
  looks BIGINT NOT NULL DEFAULT 0,          -- times the place was asked whether it happened
  repeated BOOLEAN NOT NULL DEFAULT FALSE,  -- tried again after a doubtful answer
  due_at BIGINT NOT NULL DEFAULT 0,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  begun_at BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT NOT NULL DEFAULT 0,
  result_ext TEXT NOT NULL DEFAULT '',
  result_url TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',           -- fault code of the last trouble
  error_data TEXT NOT NULL DEFAULT '{}',
  detail TEXT NOT NULL DEFAULT '',          -- the place's own words
  note TEXT NOT NULL DEFAULT '',            -- of the person who did or dropped a task
  reverses TEXT NOT NULL DEFAULT '',        -- deed that this one takes back
  reversal TEXT NOT NULL DEFAULT '',        -- deed that takes this one back
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX deed_by_decision ON deed (firm_id, decision_id) WHERE reverses = '';
CREATE INDEX deed_by_mention ON deed (firm_id, mention_id);
CREATE INDEX deed_tasks ON deed (firm_id, made_at) WHERE state = 'manual';
