-- +goose Up
CREATE TABLE mention_search (
  doc BIGINT PRIMARY KEY,
  firm_id TEXT NOT NULL,
  words TSVECTOR NOT NULL
);
CREATE INDEX mention_search_words ON mention_search USING GIN (words);
