-- +goose Up
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,                     -- as written
  email_key TEXT NOT NULL UNIQUE,          -- folded; one account for one address
  password_hash TEXT NOT NULL DEFAULT '',  -- argon2id, PHC string; empty: no password yet
  lang TEXT NOT NULL DEFAULT 'pl',
  theme TEXT NOT NULL DEFAULT '',          -- light, dark; empty: as the system says
  admin BOOLEAN NOT NULL DEFAULT FALSE,
  totp_secret TEXT NOT NULL DEFAULT '',    -- sealed, base64; empty: none
  totp_since BIGINT NOT NULL DEFAULT 0,    -- when it was confirmed; 0: not in use
  totp_step BIGINT NOT NULL DEFAULT 0,     -- last 30-second step that was accepted
  created_at BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE membership (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  user_id TEXT NOT NULL REFERENCES person (id),
  role TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (firm_id, user_id)
);
CREATE INDEX membership_user ON membership (user_id);

CREATE TABLE session (
  token_hash TEXT PRIMARY KEY,             -- SHA-256 of a 256-bit token
  id TEXT NOT NULL UNIQUE,                 -- for the list a person sees
  user_id TEXT NOT NULL REFERENCES person (id),
  pending BOOLEAN NOT NULL DEFAULT FALSE,  -- password accepted, second factor still to come
  created_at BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ip_prefix TEXT NOT NULL DEFAULT '',      -- /24 or /48, never the whole address
  agent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE invitation (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  role TEXT NOT NULL,
  lang TEXT NOT NULL DEFAULT 'pl',
  invited_by TEXT NOT NULL,                -- person id, or system
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id)
);

CREATE TABLE sign_in_link (
  token_hash TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,                   -- first, reset
  user_id TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_code (
  user_id TEXT NOT NULL REFERENCES person (id),
  code_hash TEXT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkey (
  id TEXT PRIMARY KEY,                     -- credential id, base64url
  user_id TEXT NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,
  credential TEXT NOT NULL,                -- public key and counters, JSON
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX passkey_user ON passkey (user_id);

CREATE TABLE passkey_ceremony (
  token_hash TEXT PRIMARY KEY,
  user_id TEXT NOT NULL DEFAULT '',
  data TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE login_attempt (
  subject TEXT PRIMARY KEY,                -- hash of an address, a network or both
  tries BIGINT NOT NULL,
  since BIGINT NOT NULL                    -- when the counting began
);
