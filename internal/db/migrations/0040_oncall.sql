-- +goose Up
-- Duty entered by hand; the rota is computed, never written out.
CREATE TABLE duty_shift (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX duty_shift_by_end ON duty_shift (firm_id, to_at);

-- Rota and escalation policy of a firm, JSON; a firm without a row has the defaults.
CREATE TABLE duty_setup (
  firm_id TEXT PRIMARY KEY REFERENCES firm (id),
  rota TEXT NOT NULL DEFAULT '{}',
  policy TEXT NOT NULL DEFAULT '{}',
  changed_at BIGINT NOT NULL
);

CREATE TABLE duty_note (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  by_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (firm_id, id)
);

-- How a person can be reached. It belongs to the person, in every firm they watch.
CREATE TABLE contact (
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,                     -- email, ntfy, webhook
  sealed BYTEA NOT NULL,                  -- address and secret: a topic's address is a secret too
  place BIGINT NOT NULL,                  -- order of use
  enabled BOOLEAN NOT NULL DEFAULT TRUE,
  verified_at BIGINT NOT NULL DEFAULT 0,
  code_hash TEXT NOT NULL DEFAULT '',
  code_until BIGINT NOT NULL DEFAULT 0,
  code_tries BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, id)
);
