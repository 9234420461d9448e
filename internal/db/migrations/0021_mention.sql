-- +goose Up
CREATE TABLE delivery (                     -- what came over the wire, as it was
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  url TEXT NOT NULL,
  status BIGINT NOT NULL,
  header TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size BIGINT NOT NULL,
  body BYTEA NOT NULL,                      -- compressed, then sealed with the firm's key
  leaf BIGINT NOT NULL,                     -- index of its commitment in the ledger
  salt BYTEA NOT NULL,
  PRIMARY KEY (firm_id, id)
);

CREATE TABLE post (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  url TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX post_by_ext ON post (firm_id, source_id, ext_id);

CREATE TABLE mention (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  doc BIGINT NOT NULL,                      -- number in the full-text index, newer is larger
  source_id TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  post_id TEXT NOT NULL,
  parent_ext TEXT NOT NULL,
  author_key TEXT NOT NULL,                 -- account at its place: kind of source, then id, e-mail or name
  author_name TEXT NOT NULL,
  text TEXT NOT NULL,
  url TEXT NOT NULL,
  lang TEXT NOT NULL,
  at BIGINT NOT NULL,                       -- when written, as the place says
  seen_at BIGINT NOT NULL,                  -- when we first saw it
  changed_at BIGINT NOT NULL,               -- last change of text or state that we saw
  state TEXT NOT NULL,
  rating BIGINT NOT NULL,
  own BOOLEAN NOT NULL,
  revision BIGINT NOT NULL,
  gone_at BIGINT NOT NULL DEFAULT 0,
  delivery_id TEXT NOT NULL,
  meta BYTEA NOT NULL,                      -- sealed JSON of what the place needs back; empty when none
  -- summary of the findings, kept by later rooms through Summarise
  labels TEXT NOT NULL DEFAULT '',          -- ",threat,insult,"
  severity BIGINT NOT NULL DEFAULT 0,
  sentiment DOUBLE PRECISION NOT NULL DEFAULT 0,
  buyer BOOLEAN NOT NULL DEFAULT FALSE,
  status TEXT NOT NULL DEFAULT 'new',       -- new, open, quiet, done, snoozed
  due_at BIGINT NOT NULL DEFAULT 0,         -- until when a person should have decided
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX mention_by_ext ON mention (firm_id, source_id, ext_id);
CREATE UNIQUE INDEX mention_by_doc ON mention (doc);
CREATE INDEX mention_by_firm ON mention (firm_id, doc);
CREATE INDEX mention_by_post ON mention (firm_id, post_id, at);
CREATE INDEX mention_by_time ON mention (firm_id, at, own, labels); -- holds all that the pulse counts
CREATE INDEX mention_by_author ON mention (firm_id, author_key, at);
CREATE INDEX mention_open ON mention (firm_id, severity, at) WHERE status = 'open';

-- One index for each label: its list newest first. The condition is that of mention.Filter, word for word.
CREATE INDEX mention_threat ON mention (firm_id, doc) WHERE labels LIKE '%,threat,%';
CREATE INDEX mention_extortion ON mention (firm_id, doc) WHERE labels LIKE '%,extortion,%';
CREATE INDEX mention_hate ON mention (firm_id, doc) WHERE labels LIKE '%,hate,%';
CREATE INDEX mention_personal_data ON mention (firm_id, doc) WHERE labels LIKE '%,personal_data,%';
CREATE INDEX mention_health_safety ON mention (firm_id, doc) WHERE labels LIKE '%,health_safety,%';
CREATE INDEX mention_distress ON mention (firm_id, doc) WHERE labels LIKE '%,distress,%';
CREATE INDEX mention_insult ON mention (firm_id, doc) WHERE labels LIKE '%,insult,%';
CREATE INDEX mention_complaint ON mention (firm_id, doc) WHERE labels LIKE '%,complaint,%';
CREATE INDEX mention_claim ON mention (firm_id, doc) WHERE labels LIKE '%,claim,%';
CREATE INDEX mention_discouragement ON mention (firm_id, doc) WHERE labels LIKE '%,discouragement,%';
CREATE INDEX mention_boycott ON mention (firm_id, doc) WHERE labels LIKE '%,boycott,%';
CREATE INDEX mention_question ON mention (firm_id, doc) WHERE labels LIKE '%,question,%';
CREATE INDEX mention_opinion ON mention (firm_id, doc) WHERE labels LIKE '%,opinion,%';
CREATE INDEX mention_employment ON mention (firm_id, doc) WHERE labels LIKE '%,employment,%';
CREATE INDEX mention_trolling ON mention (firm_id, doc) WHERE labels LIKE '%,trolling,%';
CREATE INDEX mention_spam ON mention (firm_id, doc) WHERE labels LIKE '%,spam,%';
CREATE INDEX mention_satire ON mention (firm_id, doc) WHERE labels LIKE '%,satire,%';
CREATE INDEX mention_praise ON mention (firm_id, doc) WHERE labels LIKE '%,praise,%';
CREATE INDEX mention_neutral ON mention (firm_id, doc) WHERE labels LIKE '%,neutral,%';
CREATE INDEX mention_fake_review ON mention (firm_id, doc) WHERE labels LIKE '%,fake_review,%';

CREATE TABLE revision (
  firm_id TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  n BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  PRIMARY KEY (firm_id, mention_id, n)
);

CREATE TABLE reaction (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  source_id TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  post_id TEXT NOT NULL,
  parent_ext TEXT NOT NULL,
  author_key TEXT NOT NULL,
  author_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  gone_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, source_id, ext_id)
);
CREATE INDEX reaction_by_post ON reaction (firm_id, post_id, at);

CREATE TABLE saved_view (
  firm_id TEXT NOT NULL,                    -- empty: over all firms of its owner
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, id)
);

CREATE TABLE author (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  handle TEXT NOT NULL,
  url TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  mentions BIGINT NOT NULL,
  hostile BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, key)
);
