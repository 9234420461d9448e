-- +goose Up
CREATE TABLE firm (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,          -- in case numbers and addresses, e.g. MAN
  trade TEXT NOT NULL DEFAULT '',
  city TEXT NOT NULL DEFAULT '',
  lang TEXT NOT NULL DEFAULT 'pl',
  words TEXT NOT NULL DEFAULT '',     -- names and words to watch, one a line
  settings TEXT NOT NULL DEFAULT '{}',-- mandate and preferences, JSON
  created_at BIGINT NOT NULL,
  archived_at BIGINT NOT NULL DEFAULT 0
);
