-- +goose Up
CREATE TABLE alert (
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  key TEXT NOT NULL,                      -- what gathers repeats while the alert is not resolved
  priority BIGINT NOT NULL,               -- 1 most urgent, 4 least
  title TEXT NOT NULL,                    -- message id, or plain text
  facts TEXT NOT NULL DEFAULT '{}',
  ref_kind TEXT NOT NULL DEFAULT '',
  ref_id TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL DEFAULT '',           -- path within ChOP
  state TEXT NOT NULL,                    -- open, acknowledged, unanswered, resolved
  trouble TEXT NOT NULL DEFAULT '',       -- nobody: there was nobody to wake
  count BIGINT NOT NULL DEFAULT 1,
  raised_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  wave BIGINT NOT NULL,                   -- pagings begun so far
  wave_at BIGINT NOT NULL,                -- when the present one began
  stage BIGINT NOT NULL,                  -- next stage of the plan
  timer BIGINT NOT NULL,                  -- number of the only timer that counts
  next_at BIGINT NOT NULL,                -- when it goes off; 0: none
  acked_at BIGINT NOT NULL DEFAULT 0,
  acked_by TEXT NOT NULL DEFAULT '',      -- whoever acknowledged last
  forgotten BIGINT NOT NULL DEFAULT 0,    -- times it was acknowledged and then forgotten
  resolved_at BIGINT NOT NULL DEFAULT 0,
  resolved_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX alert_one_open ON alert (firm_id, key) WHERE state <> 'resolved';
CREATE INDEX alert_by_id ON alert (id);
CREATE INDEX alert_open ON alert (firm_id, priority, raised_at) WHERE state <> 'resolved';
CREATE INDEX alert_by_time ON alert (firm_id, raised_at);

-- One message to one person by one contact at one stage.
CREATE TABLE notice (
  firm_id TEXT NOT NULL,
  id TEXT NOT NULL,
  alert_id TEXT NOT NULL,
  wave BIGINT NOT NULL,
  stage BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  contact_id TEXT NOT NULL,
  kind TEXT NOT NULL,                     -- of the channel
  state TEXT NOT NULL,                    -- pending, sent, delivered, failed, withdrawn
  tries BIGINT NOT NULL DEFAULT 0,
  detail TEXT NOT NULL DEFAULT '',        -- receipt, or fault code of the last failure
  detail_data TEXT NOT NULL DEFAULT '{}',
  created_at BIGINT NOT NULL,
  tried_at BIGINT NOT NULL DEFAULT 0,
  sent_at BIGINT NOT NULL DEFAULT 0,
  delivered_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (firm_id, id),
  UNIQUE (firm_id, alert_id, wave, stage, user_id, contact_id)
);

-- Links of one tap; a second try of the same message has a second one.
CREATE TABLE alert_link (
  token_hash TEXT PRIMARY KEY,
  firm_id TEXT NOT NULL,
  notice_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX alert_link_by_time ON alert_link (expires_at);
