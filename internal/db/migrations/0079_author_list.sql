-- +goose Up
-- The list of accounts: the busiest, the newest, and those with the most grave items, without reading every mention.
CREATE INDEX author_by_mentions ON author (firm_id, mentions);
CREATE INDEX author_by_last ON author (firm_id, last_at);
CREATE INDEX mention_grave_by_author ON mention (firm_id, at, author_key) WHERE own = FALSE AND severity >= 2;
