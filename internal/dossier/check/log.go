package check

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"chop/internal/ledger"
)

// isLog tells whether a folder is a log directory: a signed state with tiles beside it.
func isLog(path string) bool {
	_, err1 := os.Stat(filepath.Join(path, ledger.File))
	_, err2 := os.Stat(filepath.Join(path, "tile"))
	return err1 == nil && err2 == nil
}

// log checks a log directory. Without a key given it is checked with the one that lies in it, which a person compares.
func (r *Receipt) log(path string, trust Trust) error {
	r.Kind, r.Key = Log, strings.TrimSpace(trust.Key)
	if r.Key == "" {
		raw, err := os.ReadFile(filepath.Join(path, ledger.KeyFile))
		if err != nil {
			return errors.New("the public key of the log is needed: name it with --key KEY or --key FILE")
		}
		r.Key = strings.TrimSpace(string(raw))
	}
	rep, err := ledger.VerifyDir(path, r.Key)
	if err != nil {
		return err
	}
	r.Size = rep.Newest.Size
	for _, t := range rep.Troubles {
		r.say("log_"+t.Code, strings.TrimSpace(t.Path), fmt.Errorf("at %d", t.At))
	}
	if rep.Holds() {
		r.say("log_whole", "", nil)
	}
	r.conclude()
	return nil
}
