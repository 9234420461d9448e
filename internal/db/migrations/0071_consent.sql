-- +goose Up
CREATE TABLE consent (                      -- a question to the firm's own people, and their answer
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  key TEXT NOT NULL,                        -- the same question is open once
  role TEXT NOT NULL,                       -- who answers: owner, lawyer
  kind TEXT NOT NULL,                       -- names the messages: decision, legal, safety, close, deed
  ref_kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  state TEXT NOT NULL,                      -- open, yes, no, lapsed, withdrawn, told
  sealed BYTEA NOT NULL,                    -- what is asked, with the words of the item
  url TEXT NOT NULL,                        -- path within ChOP
  asked_by TEXT NOT NULL,
  asked_name TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  reached_at BIGINT NOT NULL DEFAULT 0,     -- when the first channel took a message
  answered_by TEXT NOT NULL DEFAULT '',
  answered_name TEXT NOT NULL DEFAULT '',
  answered_at BIGINT NOT NULL DEFAULT 0,
  words BYTEA NOT NULL,                     -- of the answer, sealed; empty for none
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX consent_one_open ON consent (firm_id, key) WHERE state = 'open';
CREATE INDEX consent_by_key ON consent (firm_id, key, asked_at);
CREATE INDEX consent_by_ref ON consent (firm_id, ref_kind, ref_id);
CREATE INDEX consent_by_time ON consent (firm_id, asked_at);

CREATE TABLE consent_notice (               -- one message to one person by one contact
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  consent_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  contact_id TEXT NOT NULL,
  kind TEXT NOT NULL,                       -- of the channel
  state TEXT NOT NULL,                      -- pending, sent, failed, withdrawn
  tries BIGINT NOT NULL DEFAULT 0,
  detail TEXT NOT NULL DEFAULT '',          -- fault code of the last failure
  created_at BIGINT NOT NULL,
  tried_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id),
  UNIQUE (firm_id, consent_id, user_id, contact_id)
);

CREATE TABLE consent_link (                 -- one person's link to one question; only the hash is kept
  token_hash TEXT PRIMARY KEY,
  firm_id TEXT NOT NULL,
  consent_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX consent_link_by_time ON consent_link (expires_at);

CREATE TABLE draft (                        -- "may I publish this?": a text that a firm wants looked at first
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  sealed BYTEA NOT NULL,                    -- the text
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,                      -- waiting, fine, wait
  answer BYTEA NOT NULL,                    -- sealed; empty for none
  answered_by TEXT NOT NULL DEFAULT '',
  answered_name TEXT NOT NULL DEFAULT '',
  answered_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX draft_by_time ON draft (firm_id, at);

ALTER TABLE decision ADD COLUMN consent TEXT NOT NULL DEFAULT '';    -- question it waits for or waited for
ALTER TABLE decision ADD COLUMN needs TEXT NOT NULL DEFAULT '';      -- whose words it still needs, in order: lawyer, owner
ALTER TABLE decision ADD COLUMN silence TEXT NOT NULL DEFAULT '';    -- what no answer means: nothing, hide, holding
ALTER TABLE decision ADD COLUMN deadline BIGINT NOT NULL DEFAULT 0;  -- of the question
ALTER TABLE decision ADD COLUMN after_id TEXT NOT NULL DEFAULT '';   -- decision whose question nobody answered
CREATE INDEX decision_in_consent ON decision (firm_id, at) WHERE state = 'consent';
CREATE INDEX decision_fact_formal ON decision_fact (firm_id, field, mention_id) WHERE field = 'formal_step';
