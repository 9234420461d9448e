package app

import (
	"path/filepath"
	"time"

	"chop/internal/browser"
	"chop/internal/dossier"
	"chop/internal/sign"
)

// sealFolder is where the installation's sealing certificate lies in the data folder.
const sealFolder = "sign"

// buildLimit is how long one package may take to build: two thousand exhibits on a busy machine.
const buildLimit = time.Hour

// dossiers wires the room of packages for lawyers.
func (r *Rooms) dossiers(c Config) {
	r.Dossiers = &dossier.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Blob: r.Blob, Ledger: r.Ledger, Journal: r.Journal, Firms: r.Firms, Evidence: r.Evidence,
		Cases: r.Cases, Mentions: r.Mentions, Keeper: sign.Keep(filepath.Join(c.Data, sealFolder), r.DB.Now), Version: r.version, Print: browser.Print}
}
