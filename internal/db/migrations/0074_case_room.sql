-- +goose Up
-- Times a case is measured by. They are only ever recorded, never counted: nights and holidays change nothing.
ALTER TABLE crisis ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0;       -- its first item was published
ALTER TABLE crisis ADD COLUMN round_at BIGINT NOT NULL DEFAULT 0;       -- the present round began; 0: when it was opened
ALTER TABLE crisis ADD COLUMN acked_at BIGINT NOT NULL DEFAULT 0;       -- a person answered its alert, or accepted it
ALTER TABLE crisis ADD COLUMN acted_at BIGINT NOT NULL DEFAULT 0;       -- first deed done, or first decision to observe
ALTER TABLE crisis ADD COLUMN solved_at BIGINT NOT NULL DEFAULT 0;      -- the solved test held, or it was closed
ALTER TABLE crisis ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;        -- the owner knows: said so, or was told by voice
ALTER TABLE crisis ADD COLUMN told_how TEXT NOT NULL DEFAULT '';        -- owner, call, meeting
ALTER TABLE crisis ADD COLUMN told_by TEXT NOT NULL DEFAULT '';
ALTER TABLE crisis ADD COLUMN word_at BIGINT NOT NULL DEFAULT 0;        -- when the owner was promised the next word
ALTER TABLE crisis ADD COLUMN root TEXT NOT NULL DEFAULT '';            -- the case this one was merged into, at the end of the chain
ALTER TABLE crisis ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';     -- the case it was merged into
ALTER TABLE crisis ADD COLUMN merged_was TEXT NOT NULL DEFAULT '';      -- its status before, for taking the merge back
ALTER TABLE crisis ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;        -- when ChOP looks at it again by itself
UPDATE crisis SET acked_at = accepted_at, solved_at = closed_at, look_at = CASE WHEN status = 'closed' THEN 0 ELSE last_at END;
UPDATE crisis SET acted_at = coalesce((SELECT min(e.at) FROM crisis_event e WHERE e.firm_id = crisis.firm_id AND e.crisis_id = crisis.id
  AND (e.what LIKE 'deed.done.%' OR e.what = 'decided.observe')), 0);
CREATE INDEX crisis_look ON crisis (look_at) WHERE look_at > 0;
CREATE INDEX crisis_root ON crisis (firm_id, root) WHERE root <> '';
CREATE INDEX crisis_by_subject ON crisis (firm_id, subject);

CREATE TABLE crisis_task (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  crisis_id TEXT NOT NULL,
  kind TEXT NOT NULL,                       -- hand, or the rule that asked: answer, deed, owner, word
  key TEXT NOT NULL,                        -- what a rule asks for once
  sealed BYTEA NOT NULL,                    -- words and facts
  ref_kind TEXT NOT NULL DEFAULT '',
  ref_id TEXT NOT NULL DEFAULT '',
  who TEXT NOT NULL DEFAULT '',             -- person; empty: nobody yet
  due_at BIGINT NOT NULL DEFAULT 0,
  state TEXT NOT NULL,                      -- open, done, dropped
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  ended_by TEXT NOT NULL DEFAULT '',
  reminded_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX crisis_task_once ON crisis_task (firm_id, crisis_id, key);
CREATE INDEX crisis_task_of ON crisis_task (firm_id, who, due_at) WHERE state = 'open';

CREATE TABLE crisis_note (                  -- for our own eyes; nothing sends it anywhere
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  crisis_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  sealed BYTEA NOT NULL,                    -- words and whom they call
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX crisis_note_of ON crisis_note (firm_id, crisis_id, at);

CREATE TABLE crisis_handover (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  crisis_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  next TEXT NOT NULL DEFAULT '',            -- person; empty: whoever confirms first
  sealed BYTEA NOT NULL,                    -- what goes on, what was promised, what is next
  until BIGINT NOT NULL DEFAULT 0,          -- of what is next
  read_at BIGINT NOT NULL DEFAULT 0,
  read_by TEXT NOT NULL DEFAULT '',
  read_name TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX crisis_handover_of ON crisis_handover (firm_id, crisis_id, at);

CREATE TABLE crisis_watcher (               -- our people who want to hear of a case they do not lead
  firm_id TEXT NOT NULL REFERENCES firm (id),
  crisis_id TEXT NOT NULL,
  who TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, crisis_id, who)
);

CREATE TABLE crisis_link (                  -- related cases, kept once with the older id first
  firm_id TEXT NOT NULL REFERENCES firm (id),
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  why TEXT NOT NULL,
  who TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, a, b)
);

CREATE TABLE crisis_told (                  -- what an alert was raised for, once
  firm_id TEXT NOT NULL,
  crisis_id TEXT NOT NULL,
  what TEXT NOT NULL,                       -- clock or promise, with the round or time it belongs to
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, crisis_id, what)
);

CREATE TABLE crisis_setup (                 -- what a firm asks of the solved test; a firm without a row has the defaults
  firm_id TEXT PRIMARY KEY REFERENCES firm (id),
  quiet BIGINT NOT NULL,                    -- microseconds without a new hostile item
  again BIGINT NOT NULL,                    -- microseconds in which a closed case opens again by itself
  changed_at BIGINT NOT NULL
);
CREATE INDEX mention_answers ON mention (firm_id, parent_ext) WHERE own = TRUE;  -- which questions the firm has answered
