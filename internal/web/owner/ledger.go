package owner

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"chop/internal/fault"
	"chop/internal/ledger"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Record is the state of the record of evidence, for the firm's own papers: whoever keeps it can show later that the
// record was set back.
type Record struct {
	Firm      string // id
	FirmName  string
	Newest    ledger.Checkpoint
	Words     string
	Key       string
	Witnesses []ledger.Standing
	Asked     string // number of entries on an older paper
	Then      string // words for it
	ThenRoot  string
	ThenErr   string
}

// record is the newest state; empty before the first.
func (d Deps) record(ctx context.Context, firm, name string) (v Record, err error) {
	v = Record{Firm: firm, FirmName: name, Key: d.Ledger.VerifierKey()}
	if v.Newest, err = d.Ledger.Latest(ctx); err != nil || v.Newest.Size == 0 {
		return v, err
	}
	v.Words = ledger.Words(v.Newest.Root)
	v.Witnesses, err = d.Ledger.Witnesses(ctx)
	return v, err
}

// onPaper is a time in full: a print is read years later, and by strangers.
func onPaper(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// paper is the page to print; with ?size= it tells what an older paper must say.
func (d Deps) paper(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	id, _, err := choose(ctx, r.FormValue("firm"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	f, err := d.Firms.Find(ctx, id)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v, err := d.record(ctx, f.ID, f.Name)
	if err == nil {
		err = d.then(ctx, &v, strings.Join(strings.Fields(r.FormValue("size")), ""))
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, paperPage(v))
}

func (d Deps) then(ctx context.Context, v *Record, asked string) error {
	if v.Asked = asked; asked == "" {
		return nil
	}
	n, err := strconv.ParseInt(asked, 10, 64)
	if err != nil || n < 1 {
		v.ThenErr = page.T(ctx, "owner.record.size.bad")
		return nil
	}
	root, err := d.Ledger.RootAt(ctx, n)
	if fault.Is(err, fault.NotFound) {
		v.ThenErr = page.T(ctx, "owner.record.size.back", "N", page.Int(ctx, int(v.Newest.Size)))
		return nil
	}
	v.Then, v.ThenRoot = ledger.Words(root), root.String()
	return err
}
