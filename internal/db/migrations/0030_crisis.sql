-- +goose Up
CREATE TABLE crisis (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  number TEXT NOT NULL,                     -- MAN-2026-014
  title TEXT NOT NULL,                      -- message id, or plain text of a person
  facts TEXT NOT NULL DEFAULT '{}',         -- values for the title
  subject TEXT NOT NULL,                    -- what keeps further items in the same case while it is open, e.g. post:ID
  status TEXT NOT NULL,                     -- detected, accepted, contained, closed
  resolution TEXT NOT NULL DEFAULT '',
  severity BIGINT NOT NULL,
  priority BIGINT NOT NULL,
  lead TEXT NOT NULL DEFAULT '',            -- user id
  opened_at BIGINT NOT NULL,
  accepted_at BIGINT NOT NULL DEFAULT 0,
  contained_at BIGINT NOT NULL DEFAULT 0,
  closed_at BIGINT NOT NULL DEFAULT 0,
  last_at BIGINT NOT NULL,                  -- last item or deed
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX crisis_by_number ON crisis (firm_id, number);
CREATE UNIQUE INDEX crisis_open_subject ON crisis (firm_id, subject) WHERE status <> 'closed';

CREATE TABLE crisis_item (
  firm_id TEXT NOT NULL,
  crisis_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  who TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, crisis_id, kind, ref_id)
);
CREATE INDEX crisis_item_by_ref ON crisis_item (firm_id, kind, ref_id);

CREATE TABLE crisis_event (
  firm_id TEXT NOT NULL,
  crisis_id TEXT NOT NULL,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  what TEXT NOT NULL,                       -- message id "timeline.<what>"
  who TEXT NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}',
  ref_kind TEXT NOT NULL DEFAULT '',
  ref_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, crisis_id, id)
);

CREATE TABLE triage_effect (                -- what rules asked for, once
  firm_id TEXT NOT NULL,
  key TEXT NOT NULL,                        -- rule and subject
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, key)
);
