-- +goose Up
CREATE TABLE found_group (                  -- accounts that act together, as one thing that people speak of: G-07
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  number BIGINT NOT NULL,                   -- counts from one in a firm, never used twice
  source_id TEXT NOT NULL,                  -- the place it was found at
  level BIGINT NOT NULL,                    -- group.Level shown: the machine's, or 4 by a person's word
  state TEXT NOT NULL,                      -- suggested, confirmed, rejected, split, merged
  version BIGINT NOT NULL,                  -- newest finding
  revision BIGINT NOT NULL,                 -- counts every change, by machine or person
  made_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  decided_at BIGINT NOT NULL DEFAULT 0,
  decided_by TEXT NOT NULL DEFAULT '',
  decided_name TEXT NOT NULL DEFAULT '',
  signed_at BIGINT NOT NULL DEFAULT 0,      -- somebody signed off level 4
  signed_by TEXT NOT NULL DEFAULT '',
  signed_name TEXT NOT NULL DEFAULT '',
  origin TEXT NOT NULL DEFAULT '',          -- the group it was split from
  became TEXT NOT NULL DEFAULT '',          -- the group it was merged into
  case_id TEXT NOT NULL DEFAULT '',         -- the case it was handed to
  exhibit_id TEXT NOT NULL DEFAULT '',      -- the whole group as it was confirmed last
  told BIGINT NOT NULL DEFAULT 0,           -- the highest level that was told of
  lost_at BIGINT NOT NULL DEFAULT 0,        -- since when runs do not find it any more
  frozen_at BIGINT NOT NULL,                -- the members of the forecast are those of then
  proof TEXT NOT NULL DEFAULT '',           -- group.Proof as JSON: what came on new posts
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX found_group_by_number ON found_group (firm_id, number);
CREATE INDEX found_group_by_source ON found_group (firm_id, source_id, state);

CREATE TABLE group_member (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  group_id TEXT NOT NULL,
  account TEXT NOT NULL,                    -- author key
  name TEXT NOT NULL,                       -- as it showed itself last
  state TEXT NOT NULL,                      -- in, out, uncertain
  frozen BOOLEAN NOT NULL,                  -- in the forecast on new posts
  added_at BIGINT NOT NULL,
  decided_at BIGINT NOT NULL DEFAULT 0,     -- a person's word, which the machine does not change
  decided_by TEXT NOT NULL DEFAULT '',
  decided_name TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, group_id, account)
);
CREATE INDEX group_member_by_account ON group_member (firm_id, account);

CREATE TABLE group_version (                -- the machine's findings, never changed once written
  firm_id TEXT NOT NULL REFERENCES firm (id),
  group_id TEXT NOT NULL,
  n BIGINT NOT NULL,
  at BIGINT NOT NULL,
  input TEXT NOT NULL,                      -- digest of what was read
  finding TEXT NOT NULL,                    -- group.Finding as JSON
  kept BOOLEAN NOT NULL DEFAULT FALSE,      -- a person acted on it, or it was told of: never cleared away
  PRIMARY KEY (firm_id, group_id, n)
);
CREATE INDEX group_version_by_input ON group_version (firm_id, input);

CREATE TABLE group_input (                  -- what a run read, to make its findings again
  firm_id TEXT NOT NULL REFERENCES firm (id),
  digest TEXT NOT NULL,                     -- SHA-256 of the content
  source_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  actions BIGINT NOT NULL,
  sealed BYTEA NOT NULL,                    -- compressed, under the firm's key
  PRIMARY KEY (firm_id, digest)
);

CREATE TABLE group_refused (                -- pairs that a person said do not belong together, and what was known then
  firm_id TEXT NOT NULL REFERENCES firm (id),
  a TEXT NOT NULL,                          -- the smaller key
  b TEXT NOT NULL,
  shared BIGINT NOT NULL,                   -- posts of both that the person could see
  p DOUBLE PRECISION NOT NULL,              -- of the pair then
  seen_at BIGINT NOT NULL,                  -- posts published later are new evidence
  group_id TEXT NOT NULL,
  PRIMARY KEY (firm_id, a, b)
);

CREATE TABLE group_exhibit (                -- what was sealed of a link
  firm_id TEXT NOT NULL REFERENCES firm (id),
  group_id TEXT NOT NULL,
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  exhibit_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, group_id, a, b)
);

CREATE TABLE known_account (                -- accounts that are left out: the firm's own, customers with an order
  firm_id TEXT NOT NULL REFERENCES firm (id),
  account TEXT NOT NULL,
  kind TEXT NOT NULL,                       -- own, customer
  sealed BYTEA NOT NULL,                    -- the person's reason
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, account)
);

CREATE TABLE group_run (                    -- where the runs of a place stand
  firm_id TEXT NOT NULL REFERENCES firm (id),
  source_id TEXT NOT NULL,
  asked BIGINT NOT NULL DEFAULT 0,          -- counts new actions told of
  done BIGINT NOT NULL DEFAULT 0,           -- what asked stood at when the last run began
  waits BOOLEAN NOT NULL DEFAULT FALSE,     -- a run is on its way
  full_waits BOOLEAN NOT NULL DEFAULT FALSE, -- and a full one
  ran_at BIGINT NOT NULL DEFAULT 0,
  took BIGINT NOT NULL DEFAULT 0,           -- microseconds of the last run
  full_at BIGINT NOT NULL DEFAULT 0,        -- last full recomputation
  input TEXT NOT NULL DEFAULT '',           -- digest of the last run
  actions BIGINT NOT NULL DEFAULT 0,
  posts BIGINT NOT NULL DEFAULT 0,
  tested BIGINT NOT NULL DEFAULT 0,
  pairs BIGINT NOT NULL DEFAULT 0,
  synchronous BIGINT NOT NULL DEFAULT 0,    -- accounts that were only early together: no accusation
  PRIMARY KEY (firm_id, source_id)
);

CREATE INDEX reaction_by_time ON reaction (firm_id, source_id, at);
