-- +goose Up
CREATE TABLE dossier (                      -- a package of exhibits for a lawyer: the order and what became of it
  firm_id TEXT NOT NULL REFERENCES firm (id),
  id TEXT NOT NULL,
  number BIGINT NOT NULL,                   -- P-001 is 1
  sealed BYTEA NOT NULL,                    -- dossier.Order as JSON, under the firm's key
  crisis_id TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,                      -- waiting, building, ready, failed, gone
  step TEXT NOT NULL DEFAULT '',
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  trouble TEXT NOT NULL DEFAULT '',         -- code of the fault that stopped it
  about TEXT NOT NULL DEFAULT '',           -- number of the exhibit it was about
  made_by TEXT NOT NULL,
  made_name TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  built_at BIGINT NOT NULL DEFAULT 0,
  size BIGINT NOT NULL DEFAULT 0,
  sha256 TEXT NOT NULL DEFAULT '',
  file TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (firm_id, id),
  UNIQUE (firm_id, number)
);

CREATE TABLE dossier_exhibit (              -- what is in a package
  firm_id TEXT NOT NULL,
  dossier_id TEXT NOT NULL,
  exhibit_id TEXT NOT NULL,
  PRIMARY KEY (firm_id, dossier_id, exhibit_id)
);
CREATE INDEX dossier_by_exhibit ON dossier_exhibit (firm_id, exhibit_id);

CREATE TABLE dossier_piece (                -- the file, in sealed pieces
  firm_id TEXT NOT NULL,
  dossier_id TEXT NOT NULL,
  n BIGINT NOT NULL,
  blob TEXT NOT NULL,
  PRIMARY KEY (firm_id, dossier_id, n)
);
