package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MasterFile is the name of the master key's file in the data folder: 64 hexadecimal digits. Whoever has it and the
// database can read everything; whoever loses it can read nothing.
const MasterFile = "master.key"

const keySize = 32 // AES-256

// readMaster reads the master key; fs.ErrNotExist when there is none yet.
func readMaster(dir string) ([]byte, error) {
	path := filepath.Join(dir, MasterFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("master key: %s is not a file", path)
	}
	if p := info.Mode().Perm(); p&0o077 != 0 {
		return nil, fmt.Errorf("master key: others can read %s (mode %04o); run: chmod 600 %s", path, p, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(raw)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("master key: %s must hold %d hexadecimal digits; restore it from the backup", path, 2*keySize)
	}
	return key, nil
}

// makeMaster writes a new master key, whole or not at all. Of two processes that try at once one wins and both read
// the winner's key.
func makeMaster(dir string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	key := make([]byte, keySize)
	rand.Read(key)
	if err := writeOnce(dir, MasterFile, []byte(hex.EncodeToString(key)+"\n")); err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	return readMaster(dir)
}

// writeOnce puts a file in place only if there is none: a hard link fails where a rename would overwrite.
func writeOnce(dir, name string, raw []byte) (err error) {
	f, err := os.CreateTemp(dir, name+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(f.Name(), filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
