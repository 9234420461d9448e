-- +goose Up
CREATE TABLE reply_fact (                   -- what the firm says of itself: hours, terms, telephone
  firm_id TEXT NOT NULL REFERENCES firm (id),
  key TEXT NOT NULL,                        -- as it stands in {{fakt:key}}
  text TEXT NOT NULL,
  valid_until BIGINT NOT NULL DEFAULT 0,    -- 0: until it is changed
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, key)
);

CREATE TABLE saved_reply (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  owner TEXT NOT NULL,                      -- person it belongs to; empty: shared by the firm's people
  name TEXT NOT NULL,
  lang TEXT NOT NULL,
  labels TEXT NOT NULL,                     -- ",complaint,": what it is for; empty: for anything
  variants TEXT NOT NULL,                   -- JSON list of texts with variables
  approved BOOLEAN NOT NULL,                -- the firm's owner wrote it so or agreed to it
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, id)
);

CREATE TABLE reply_use (                    -- what was answered under which post
  firm_id TEXT NOT NULL REFERENCES firm (id),
  thread TEXT NOT NULL,
  decision_id TEXT NOT NULL,
  saved TEXT NOT NULL,                      -- saved reply it was made from; empty: none
  variant BIGINT NOT NULL,
  text TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, thread, decision_id)
);
CREATE INDEX reply_use_recent ON reply_use (firm_id, at);

CREATE TABLE reply_draft (                  -- what a person has written and not sent
  firm_id TEXT NOT NULL REFERENCES firm (id),
  mention_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  text BYTEA NOT NULL,                      -- sealed
  typed BIGINT NOT NULL,                    -- words the person typed, without what was put in
  typed_at BIGINT NOT NULL,                 -- when the last of them came
  given BIGINT NOT NULL,                    -- words that were put in
  saved TEXT NOT NULL,                      -- saved reply it was made from; empty: none
  variant BIGINT NOT NULL,
  grounded TEXT NOT NULL,                   -- digest of the text as it was put in from what the firm had approved
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, mention_id, user_id)
);

CREATE TABLE reply_lease (                  -- who is writing an answer now
  firm_id TEXT NOT NULL REFERENCES firm (id),
  mention_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  who_name TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (firm_id, mention_id)
);

ALTER TABLE decision ADD COLUMN send_at BIGINT NOT NULL DEFAULT 0; -- a reply that waits for its time
ALTER TABLE decision ADD COLUMN checks TEXT NOT NULL DEFAULT '[]'; -- JSON: what the checks of a reply said when it was decided
