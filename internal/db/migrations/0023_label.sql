-- +goose Up
CREATE TABLE labelling (                    -- what an engine or a person said of one revision
  firm_id TEXT NOT NULL REFERENCES firm (id),
  mention_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  maker TEXT NOT NULL,                      -- engine name, or "person"
  result TEXT NOT NULL,                     -- classify.Result as JSON
  who TEXT NOT NULL DEFAULT '',             -- the person who corrected
  why TEXT NOT NULL DEFAULT '',
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, mention_id, revision, maker)
);
