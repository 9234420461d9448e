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
