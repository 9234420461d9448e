package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/dossier"
	"chop/internal/sign"
	"chop/internal/stamp"
)

// sealFolder is where the installation's sealing certificate lies in the data folder.
const sealFolder = "sign"

// buildLimit is how long one package may take to build: two thousand exhibits on a busy machine.
const buildLimit = time.Hour

// dossiers wires the room of packages for lawyers.
func (r *Rooms) dossiers(c Config) {
	r.Dossiers = &dossier.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Blob: r.Blob, Ledger: r.Ledger, Journal: r.Journal, Firms: r.Firms, Evidence: r.Evidence, Groups: r.Groups,
		Cases: r.Cases, Mentions: r.Mentions, Keeper: sign.Keep(filepath.Join(c.Data, sealFolder), r.DB.Now), Version: r.version, Print: browser.Print,
		Tokens: r.tokensOf}
	if r.Stamps.Serves(stamp.Exhibit) {
		r.Dossiers.Stamp = r.stampSeal
	}
}

// tokensOf is the timestamps of an exhibit that hold, for a package. Those that do not hold have stopped it before.
func (r *Rooms) tokensOf(ctx context.Context, firm, exhibit string) (list []dossier.Token, err error) {
	all, err := r.Evidence.Stamps(access.With(ctx, access.System(firm)), firm, exhibit)
	for _, t := range all.List {
		if t.Holds && t.Over == "" {
			list = append(list, dossier.Token{Response: t.Response, Chain: t.ChainPEM(), At: t.Time, Name: t.Name, Test: t.Development})
		}
	}
	return list, err
}

// stampTime is how long a package waits for an authority to stamp one of its seals.
const stampTime = 30 * time.Second

// stampSeal has the seal of a package stamped by the first authority that answers.
func (r *Rooms) stampSeal(ctx context.Context, digest []byte) (dossier.Token, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, stampTime)
	defer cancel()
	last := errors.New("no authority is set up for exhibits")
	for _, a := range r.Stamps.Authorities {
		if a.Only != "" && a.Only != stamp.Exhibit {
			continue
		}
		t, err := a.Stamp(ctx, digest)
		if err == nil {
			return dossier.Token{Response: t.Response, Chain: t.ChainPEM(), At: t.Time, Name: a.Name, Test: a.Development}, t.Raw, nil
		}
		last = fmt.Errorf("%s: %w", a.Name, err)
	}
	return dossier.Token{}, nil, last
}
