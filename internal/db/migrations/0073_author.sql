-- +goose Up
-- Behaviour profiles (PPA). What is said about an account lies sealed with the firm's key; what decisions read of it, and
-- when it ends, stands beside it. Nothing here points from one firm to another.
CREATE TABLE author_profile (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  key TEXT NOT NULL,                        -- account
  version BIGINT NOT NULL,
  state TEXT NOT NULL,                      -- draft, confirmed, replaced, expired, withdrawn, erased
  sealed BYTEA NOT NULL,                    -- author.Document as JSON; empty once erased
  motive TEXT NOT NULL,                     -- as confirmed
  escalation BIGINT NOT NULL,
  reach BIGINT NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,     -- when made or rated, before decay
  last_item_at BIGINT NOT NULL,             -- the decay counts from here
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  confirmed_at BIGINT NOT NULL DEFAULT 0,
  confirmed_by TEXT NOT NULL DEFAULT '',
  valid_until BIGINT NOT NULL DEFAULT 0,
  retain_until BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX author_profile_version ON author_profile (firm_id, key, version);
CREATE UNIQUE INDEX author_profile_draft ON author_profile (firm_id, key) WHERE state = 'draft';
CREATE UNIQUE INDEX author_profile_confirmed ON author_profile (firm_id, key) WHERE state = 'confirmed';

CREATE TABLE author_rating (                -- how one person rates the scales; the others see it once two have rated
  firm_id TEXT NOT NULL REFERENCES firm (id),
  profile_id TEXT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  blind BOOLEAN NOT NULL,                   -- had seen neither the profile nor another rating
  scales TEXT NOT NULL,                     -- numbers and the motive as JSON; no text
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, profile_id, who)
);

CREATE TABLE author_flag (                  -- why an account is not profiled
  firm_id TEXT NOT NULL REFERENCES firm (id),
  key TEXT NOT NULL,
  kind TEXT NOT NULL,                       -- minor, distress, whistleblower, objection
  found TEXT NOT NULL,                      -- what was seen: a code
  ref_id TEXT NOT NULL DEFAULT '',          -- mention
  sealed BYTEA NOT NULL,                    -- the person's own words
  who TEXT NOT NULL,
  at BIGINT NOT NULL,
  owner TEXT NOT NULL DEFAULT '',           -- whistleblower: who of the firm looked
  owner_at BIGINT NOT NULL DEFAULT 0,
  lawyer TEXT NOT NULL DEFAULT '',
  lawyer_at BIGINT NOT NULL DEFAULT 0,
  lifted_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, key, kind)
);

CREATE TABLE author_fact (                  -- what a person told about an account, because ChOP cannot see it
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  sealed BYTEA NOT NULL,                    -- field, value, source
  seen_at BIGINT NOT NULL,
  who TEXT NOT NULL,
  who_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX author_fact_by_key ON author_fact (firm_id, key, at);

CREATE TABLE author_deed (                  -- our deeds towards an account and what followed
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,                         -- decision
  key TEXT NOT NULL,
  mention_id TEXT NOT NULL,
  option TEXT NOT NULL,
  at BIGINT NOT NULL,
  after TEXT NOT NULL DEFAULT '',           -- what the account did within a week, see signal.After
  items BIGINT NOT NULL DEFAULT 0,          -- it wrote in that week
  first_at BIGINT NOT NULL DEFAULT 0,       -- its first item after the deed
  seen_at BIGINT NOT NULL DEFAULT 0,        -- when that was looked at last
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX author_deed_by_key ON author_deed (firm_id, key, at);

CREATE TABLE author_contest (               -- the subject's objection or correction
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  sealed BYTEA NOT NULL,                    -- what was said, and why it was settled so
  made_at BIGINT NOT NULL,
  who TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT '',         -- upheld, partly, rejected
  settled_at BIGINT NOT NULL DEFAULT 0,
  settled_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX author_contest_by_key ON author_contest (firm_id, key, made_at);

CREATE TABLE author_link (                  -- two accounts that may belong together: suggested, and only a person says so
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  a TEXT NOT NULL,                          -- the smaller key
  b TEXT NOT NULL,
  state TEXT NOT NULL,                      -- suggested, confirmed, rejected
  score DOUBLE PRECISION NOT NULL,
  sealed BYTEA NOT NULL,                    -- grounds, and the person's reason
  grounds TEXT NOT NULL,                    -- digests of the grounds a person has seen: new ones are news
  at BIGINT NOT NULL,
  who TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX author_link_pair ON author_link (firm_id, a, b);
CREATE INDEX author_link_by_b ON author_link (firm_id, b);

CREATE TABLE author_reading (               -- who looked at a profile, per hour
  firm_id TEXT NOT NULL REFERENCES firm (id),
  key TEXT NOT NULL,
  who TEXT NOT NULL,
  purpose TEXT NOT NULL,                    -- profile, blind, advice, legal, export
  hour BIGINT NOT NULL,
  who_name TEXT NOT NULL,
  n BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, key, who, purpose, hour)
);

CREATE TABLE author_tombstone (             -- what remains of an erased account: a keyed digest that names nobody
  firm_id TEXT NOT NULL REFERENCES firm (id),
  mark TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (firm_id, mark)
);

CREATE INDEX reaction_by_parent ON reaction (firm_id, source_id, parent_ext);
CREATE INDEX mention_by_parent ON mention (firm_id, source_id, parent_ext) WHERE parent_ext <> '';
ALTER TABLE author ADD COLUMN fold TEXT NOT NULL DEFAULT ''; -- folded name, to find the same name elsewhere
CREATE INDEX author_by_fold ON author (firm_id, fold) WHERE fold <> '';
