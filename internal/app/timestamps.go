package app

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"chop/internal/alert"
	"chop/internal/fetch"
	"chop/internal/stamp"
)

// TimestampsFile is the file of settings in the data folder that is read without being asked for.
const TimestampsFile = "timestamps.yaml"

// timestamps opens the stamp room with the authorities that the administrator set up.
func (r *Rooms) timestamps(c Config, allow []netip.Prefix, version string) (*stamp.Store, error) {
	s, err := c.timestampSettings()
	if err != nil {
		return nil, err
	}
	list, err := s.Open(stamp.Ground{Data: c.Data, Now: r.DB.Now, Call: func(f fetch.Config) *fetch.Client {
		f.Version, f.Allow, f.Clock = version, allow, c.Now
		client := fetch.New(f)
		r.callers = append(r.callers, client)
		return client
	}})
	if err != nil {
		return nil, err
	}
	return stamp.NewStore(stamp.Config{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Ledger: r.Ledger, Authorities: list,
		Every: s.CheckpointEvery, AlarmAfter: s.AlarmAfter}), nil
}

func (c Config) timestampSettings() (stamp.Settings, error) {
	switch c.Timestamps {
	case "none":
		return stamp.Settings{}, nil
	case "development":
		return stamp.DevelopmentSettings(), nil
	case "":
		path := filepath.Join(c.Data, TimestampsFile)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return stamp.Settings{}, nil
		}
		return stamp.ReadSettings(path)
	}
	return stamp.ReadSettings(c.Timestamps)
}

// watchStamps makes silence of the authorities loud (law 8), and calls it off when stamps come again.
func (r *Rooms) watchStamps(ctx context.Context) error {
	h, err := r.Stamps.Health(ctx)
	if err != nil {
		return err
	}
	firms, err := r.Firms.List(ctx)
	if err != nil {
		return err
	}
	able := len(r.Stamps.Standings()) > 0
	for _, f := range firms {
		// The ledger is everybody's: when only its checkpoint waits, everybody's proofs wait.
		late := able && h.Late && (slices.Contains(h.Firms, f.ID) || h.Ledger && len(h.Firms) == 0)
		if err := r.setAlarm(ctx, late, alert.New{Firm: f.ID, Key: "timestamps", Priority: 3, Title: "alert.stamps", URL: "/exhibits",
			Facts: map[string]string{"waiting": strconv.Itoa(h.Waiting)}}); err != nil {
			return err
		}
		ending := able && slices.Contains(h.Ending, f.ID)
		if err := r.setAlarm(ctx, ending, alert.New{Firm: f.ID, Key: "timestamps:ending", Priority: 4, Title: "alert.stamps.ending",
			URL: "/exhibits"}); err != nil {
			return err
		}
	}
	return nil
}

// setAlarm raises a standing alert, or resolves one that may be open: each once, for the database is asked every minute.
func (r *Rooms) setAlarm(ctx context.Context, on bool, a alert.New) error {
	key := a.Firm + " " + a.Key
	was, known := r.alarmed[key]
	switch {
	case on:
		a.Standing = true
		if _, err := r.Alerts.Raise(ctx, a); err != nil {
			return err
		}
	case was || !known:
		if err := r.Alerts.ResolveKey(ctx, a.Firm, a.Key); err != nil {
			return err
		}
	}
	r.alarmed[key] = on
	return nil
}
