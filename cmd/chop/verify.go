package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"chop/internal/access"
	"chop/internal/dossier/check"
	"chop/internal/lang"
)

type verifyCmd struct {
	place
	Path string `arg:"" optional:"" help:"A package of exhibits (zip or unpacked folder), the zip of one exhibit, or a log directory. Without it: the vault of this installation."`
	Key  string `help:"Public key of the log, or a file that holds it; needed for a log directory, compared otherwise." placeholder:"KEY"`
	Seal string `help:"Fingerprint (SHA-256) of the seal's last certificate, as the operator gave it another way; compared." placeholder:"HEX"`
	Lang string `help:"Language of the receipt: pl, en." default:"pl" enum:"pl,en"`
	JSON bool   `help:"Print the receipt as JSON."`
}

// Run checks a package, an exhibit or a log directory from its bytes alone; without a path the ledger and every exhibit of every
// firm. Exit status 0 only if all of it holds.
func (c *verifyCmd) Run(ctx context.Context) error {
	if c.Path == "" {
		return c.vault(ctx)
	}
	key, err := keyOf(c.Key)
	if err != nil {
		return err
	}
	r, err := check.Verify(c.Path, check.Trust{Seal: c.Seal, Key: key})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			return err
		}
	} else {
		r.Print(os.Stdout, lang.Parse(c.Lang))
	}
	if !r.Holds {
		return errSaid
	}
	return nil
}

// keyOf is a key given as text or as a file.
func keyOf(s string) (string, error) {
	if s == "" || strings.Contains(s, "+") && !strings.ContainsRune(s, filepath.Separator) {
		return s, nil
	}
	raw, err := os.ReadFile(s)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil // a key in base64 may hold a slash
	}
	return strings.TrimSpace(string(raw)), err
}

func (c *verifyCmd) vault(ctx context.Context) error {
	r, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	sum, err := r.VerifyVault(access.With(ctx, access.System("*")))
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(sum); err != nil {
			return err
		}
	} else {
		sum.Print(os.Stdout)
	}
	if !sum.Holds {
		return errSaid
	}
	return nil
}
