package app

import (
	"context"
	"fmt"
	"io"

	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/ledger"
)

// VaultReport is what `chop verify` found in the whole installation.
type VaultReport struct {
	Holds    bool              `json:"holds"`
	Ledger   ledger.Report     `json:"ledger"`
	Firms    []evidence.Report `json:"firms"`
	Exhibits int               `json:"exhibits"`
}

// VerifyVault recomputes the ledger and every exhibit of every firm. For the system principal.
func (r *Rooms) VerifyVault(ctx context.Context) (v VaultReport, err error) {
	if v.Ledger, err = r.Ledger.Verify(ctx); err != nil {
		return v, err
	}
	v.Holds = v.Ledger.Holds()
	var firms []string
	err = r.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id FROM firm ORDER BY id`, nil, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			firms = append(firms, id)
			return err
		})
	})
	if err != nil {
		return v, err
	}
	for _, f := range firms {
		rep, err := r.Evidence.VerifyAll(ctx, f)
		if err != nil {
			return v, fmt.Errorf("verify the vault of firm %s: %w", f, err)
		}
		v.Firms = append(v.Firms, rep)
		v.Exhibits += rep.Exhibits
		v.Holds = v.Holds && rep.Holds()
	}
	return v, nil
}

// Print writes the receipt for a person.
func (v VaultReport) Print(w io.Writer) {
	fmt.Fprintf(w, "ledger: %s\n", word(v.Ledger.Holds()))
	for _, f := range v.Firms {
		fmt.Fprintf(w, "firm %s: %d exhibits, %d waiting for a checkpoint, %s\n", f.Firm, f.Exhibits, f.Waiting, word(f.Holds()))
		for _, rc := range f.Failed {
			fmt.Fprintf(w, "  %s does not hold:", rc.Code)
			for _, c := range rc.Checks {
				if c.State == evidence.Fails {
					fmt.Fprintf(w, " %s %s", c.Code, c.File)
				}
			}
			fmt.Fprintln(w)
		}
		for _, n := range f.Missing {
			fmt.Fprintf(w, "  exhibit number %d is missing\n", n)
		}
	}
	fmt.Fprintf(w, "%d exhibits: %s\n", v.Exhibits, word(v.Holds))
}

func word(holds bool) string {
	if holds {
		return "everything holds"
	}
	return "SOMETHING DOES NOT HOLD"
}
