package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"chop/internal/blob"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/witness"
)

// VaultReport is what `chop verify` found in the whole installation.
type VaultReport struct {
	Holds    bool                `json:"holds"`
	Ledger   ledger.Report       `json:"ledger"`
	Folder   ledger.Report       `json:"folder"` // the log as files in the data folder
	Firms    []evidence.Report   `json:"firms"`
	Exhibits int                 `json:"exhibits"`
	Taken    []int64             `json:"taken"`   // entries of the ledger whose row was taken away
	Journal  map[string][]string `json:"journal"` // lines of the journal that were changed, by firm
}

// VerifyVault recomputes the ledger and every exhibit of every firm. For the system principal.
func (r *Rooms) VerifyVault(ctx context.Context) (v VaultReport, err error) {
	if v.Ledger, err = r.Ledger.Verify(ctx); err != nil {
		return v, err
	}
	if v.Folder, err = r.Ledger.Dir(ctx); err != nil {
		return v, err
	}
	v.Holds, v.Journal = v.Ledger.Holds() && v.Folder.Holds(), map[string][]string{}
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
	if v.Taken, err = r.unclaimed(ctx); err != nil {
		return v, fmt.Errorf("look for rows that were taken away: %w", err)
	}
	v.Holds = v.Holds && len(v.Taken) == 0
	for _, f := range append([]string{""}, firms...) { // "" is the installation's own journal
		_, unsound, err := r.Journal.Verify(ctx, f)
		if err != nil {
			return v, err
		}
		if len(unsound) > 0 {
			v.Journal[f], v.Holds = unsound, false
		}
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

// continues looks at every start whether the log is the one that was seen last. A log that was set back is no reason to
// leave firms without their watch, so the program goes on, and says it: to the person at the terminal, in the program's
// log and in the journal of the installation.
func (r *Rooms) continues(ctx context.Context, say io.Writer) error {
	if err := r.Blob.Check(ctx); err != nil {
		slog.Error("the store of files cannot be used now", "error", err)
		fmt.Fprintf(say, "WARNING: the store of files cannot be used now: %v\n", err)
	}
	rep, err := r.Ledger.Consistent(ctx)
	if err != nil {
		return fmt.Errorf("look at the log: %w", err)
	}
	for _, t := range rep.Troubles {
		slog.Error("the log does not continue what was seen", "trouble", t.Code, "at", t.At)
		fmt.Fprintf(say, "WARNING: %s (%s, %d). docs/operations.md says what to do.\n", lang.EN.T("ledger.trouble."+t.Code), t.Code, t.At)
		if err := r.Journal.Record(ctx, journal.Entry{Verb: "ledger.broken", Data: map[string]string{"trouble": t.Code, "at": fmt.Sprint(t.At)}}); err != nil {
			return err
		}
	}
	return nil
}

// retain erases what is past its time in the firms that switched that on.
func (r *Rooms) retain(ctx context.Context) error {
	list, err := r.Firms.List(ctx)
	if err != nil {
		return err
	}
	var firms []string
	for _, f := range list {
		firms = append(firms, f.ID)
	}
	return r.Retention.Sweep(ctx, firms)
}

// unclaimed lists entries of the ledger that belong to no line of the journal, no exhibit and no delivery, at most 100. The
// ledger cannot lose an entry unnoticed, so a row that was taken away leaves its entry without an owner.
func (r *Rooms) unclaimed(ctx context.Context) (list []int64, err error) {
	err = r.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT idx FROM ledger_leaf WHERE ticket IN (SELECT ticket FROM ledger_leaf EXCEPT SELECT ticket FROM journal
			EXCEPT SELECT ticket FROM exhibit EXCEPT SELECT leaf FROM delivery) ORDER BY idx LIMIT 100`, nil, func(scan func(...any) error) error {
			var i int64
			err := scan(&i)
			list = append(list, i)
			return err
		})
	})
	return list, err
}

// witnesses reads the witnesses of the configuration.
func witnesses(list []string) (out []*witness.Client, err error) {
	for _, text := range list {
		if strings.TrimSpace(text) == "" {
			continue
		}
		c, err := witness.NewClient(text)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// files is where sealed files are kept: the data folder, or a bucket that takes over from it.
func files(c Config) (blob.Store, error) {
	disk, err := blob.New(filepath.Join(c.Data, "blobs"))
	if err != nil || c.Blob == "" {
		return disk, err
	}
	bucket, err := blob.NewS3(c.Blob, os.Getenv("CHOP_S3_KEY"), os.Getenv("CHOP_S3_SECRET"))
	if err != nil {
		return nil, err
	}
	return blob.Moving{New: bucket, Old: disk}, nil
}

// Print writes the receipt for a person.
func (v VaultReport) Print(w io.Writer) {
	fmt.Fprintf(w, "ledger: %d entries, %d signatures, %s\n", v.Ledger.Leaves, v.Ledger.Checkpoints, word(v.Ledger.Holds()))
	fmt.Fprintf(w, "folder of the log: %d entries, %s\n", v.Folder.Leaves, word(v.Folder.Holds()))
	for _, t := range append(slices.Clone(v.Ledger.Troubles), v.Folder.Troubles...) {
		fmt.Fprintf(w, "  %s (%s %d %s)\n", lang.EN.T("ledger.trouble."+t.Code), t.Code, t.At, t.Path)
	}
	for _, c := range v.Ledger.Cosigned {
		fmt.Fprintf(w, "  confirmed by %s at %s\n", c.Name, c.At.Format(time.RFC3339))
	}
	for _, i := range v.Taken {
		fmt.Fprintf(w, "  entry %d of the ledger belongs to nothing that is kept: a line of the journal, an exhibit or a delivery was taken away\n", i)
	}
	for firm, ids := range v.Journal {
		fmt.Fprintf(w, "  journal of firm %q: %d lines were changed, the first is %s\n", firm, len(ids), ids[0])
	}
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
