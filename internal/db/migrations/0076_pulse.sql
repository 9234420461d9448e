-- +goose Up
CREATE TABLE pulse_baseline (               -- a firm's own normal, learned anew now and then
  firm_id TEXT NOT NULL REFERENCES firm (id),
  kind TEXT NOT NULL,                       -- hostile, reactions
  at BIGINT NOT NULL,                       -- when it was learned
  data TEXT NOT NULL,                       -- pulse.Baseline or pulse.Usual as JSON
  PRIMARY KEY (firm_id, kind)
);

CREATE TABLE pulse_finding (                -- what went beyond the normal, with its figures
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  kind TEXT NOT NULL,                       -- burst, storm
  subject TEXT NOT NULL,                    -- firm, or the post
  at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,                  -- seen again
  figures TEXT NOT NULL,                    -- pulse.Burst or pulse.Storm as JSON, as first found
  PRIMARY KEY (firm_id, id)
);
CREATE INDEX pulse_finding_by_subject ON pulse_finding (firm_id, kind, subject, last_at);
