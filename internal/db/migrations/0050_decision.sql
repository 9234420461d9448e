-- +goose Up
CREATE TABLE advice (                       -- what was shown to a person, as it was shown
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  digest TEXT NOT NULL,                     -- of all below; the same advice is kept once
  revision BIGINT NOT NULL,                 -- of the mention
  thread_n BIGINT NOT NULL,                 -- decisions in the thread until then
  inputs TEXT NOT NULL,                     -- decision.Case as JSON
  result TEXT NOT NULL,                     -- decision.Result as JSON
  version TEXT NOT NULL,                    -- of the rules
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX advice_once ON advice (firm_id, mention_id, digest);

CREATE TABLE decision_thread (              -- serialises the decisions of a thread and numbers them
  firm_id TEXT NOT NULL,
  thread TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (firm_id, thread)
);

CREATE TABLE decision (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  thread TEXT NOT NULL,                     -- post of the mention, or the mention itself
  n BIGINT NOT NULL,                        -- number in the thread, from 1
  author_key TEXT NOT NULL,
  revision BIGINT NOT NULL,                 -- of the mention that was decided about
  option TEXT NOT NULL,
  text TEXT NOT NULL,                       -- for the public or for the letter
  words TEXT NOT NULL,                      -- digest of the folded text: the same words are never written twice
  why TEXT NOT NULL,
  differs BOOLEAN NOT NULL,                 -- from what was recommended
  state TEXT NOT NULL,                      -- second, made, refused, undone
  advice_id TEXT NOT NULL,
  shown_at BIGINT NOT NULL,
  inputs TEXT NOT NULL,
  result TEXT NOT NULL,
  version TEXT NOT NULL,
  exhibit TEXT NOT NULL,                    -- exhibit id; empty for observing
  until BIGINT NOT NULL DEFAULT 0,          -- observe: when to look again
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  second TEXT NOT NULL DEFAULT '',          -- the other person, who confirmed or refused
  second_name TEXT NOT NULL DEFAULT '',
  second_why TEXT NOT NULL DEFAULT '',
  second_at BIGINT NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',         -- how its deed goes: underway, manual, done, failed, dropped
  result_ext TEXT NOT NULL DEFAULT '',      -- id at the place of what the deed made (a reply)
  undone_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX decision_by_thread ON decision (firm_id, thread, n);
CREATE INDEX decision_by_mention ON decision (firm_id, mention_id, n);
CREATE INDEX decision_by_author ON decision (firm_id, author_key);
CREATE INDEX decision_waiting ON decision (firm_id, at) WHERE state = 'second';

CREATE TABLE decision_fact (                -- what only the client can know about an item
  firm_id TEXT NOT NULL REFERENCES firm (id),
  mention_id TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, mention_id, field)
);
