package sign_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chop/internal/browser"
	"chop/internal/sign"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func signer(t *testing.T) *sign.Signer {
	t.Helper()
	s, err := sign.Keep(t.TempDir(), func() time.Time { return noon }).Signer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, dir, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run returns what a foreign program says; whether it is content is read from its words, for some end with 0 in any case.
func run(t *testing.T, name string, args ...string) (said string, ok bool) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if _, exit := err.(*exec.ExitError); err != nil && !exit {
		t.Fatalf("%s: %v (scripts/deps.sh installs it)", name, err)
	}
	return string(out), err == nil
}

func TestDetachedSealHoldsForUsAndForOpenssl(t *testing.T) {
	s, dir := signer(t), t.TempDir()
	content := []byte("zażółć gęślą jaźń\n")
	der, err := s.Detached(content, noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := sign.Verify(der, content)
	if err != nil || !seal.At.Equal(noon) || sign.Fingerprint(seal.Chain[0]) != sign.Fingerprint(s.Certificate()) || len(seal.Chain) != 2 {
		t.Fatalf("seal %+v, %v", seal, err)
	}
	file := write(t, dir, "content", content)
	openssl := func(sig, content string) (string, bool) {
		return run(t, "openssl", "cms", "-verify", "-binary", "-cades", "-purpose", "any", "-inform", "PEM", "-in", sig, "-content", content,
			"-CAfile", write(t, dir, "chain.pem", s.ChainPEM()), "-attime", "1795348800", "-out", os.DevNull)
	}
	sig := write(t, dir, "sig", sign.PEM(der))
	if said, ok := openssl(sig, file); !ok || !strings.Contains(said, "CAdES Verification successful") {
		t.Errorf("openssl of a sound seal: %s", said)
	}
	if said, ok := openssl(sig, write(t, dir, "other", []byte("zazolc"))); ok {
		t.Errorf("openssl of another content: %s", said)
	}
}

func TestAnyChangedByteOfASealIsNoticed(t *testing.T) {
	s := signer(t)
	content := []byte("one")
	der, err := s.Detached(content, noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range der {
		for bit := range 8 {
			bad := bytes.Clone(der)
			bad[i] ^= 1 << bit
			if _, err := sign.Verify(bad, content); err == nil {
				t.Fatalf("bit %d of byte %d of %d may change unseen", bit, i, len(der))
			}
		}
	}
	for name, bad := range map[string][]byte{"empty": nil, "cut": der[:len(der)-1], "longer": append(bytes.Clone(der), 0)} {
		if _, err := sign.Verify(bad, content); err == nil {
			t.Errorf("%s is taken for a seal", name)
		}
	}
	if _, err := sign.Verify(der, []byte("two")); err == nil {
		t.Error("the seal holds for other content")
	}
}

func printed(t *testing.T) []byte {
	t.Helper()
	pdf, err := browser.Print(context.Background(), []byte(`<!doctype html><meta charset="utf-8"><title>Pakiet</title><h1>Zażółć gęślą jaźń</h1>
		<p><a href="https://example.com/">link</a></p><p style="break-before:page">dwa</p>`))
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func TestSealedPDFHoldsForPopplerQpdfAndOpenssl(t *testing.T) {
	s, dir, pdf := signer(t), t.TempDir(), printed(t)
	sealed, err := s.PDF(pdf, "Pieczęć pakietu dowodowego", noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(sealed, pdf) {
		t.Error("sealing changed what was printed")
	}
	seal, err := sign.VerifyPDF(sealed)
	if err != nil || sign.Fingerprint(seal.Root()) != sign.Fingerprint(seal.Chain[1]) {
		t.Fatalf("our check: %v", err)
	}
	file := write(t, dir, "sealed.pdf", sealed)
	if said, _ := run(t, "pdfsig", "-nocert", file); !strings.Contains(said, "Signature is Valid.") || !strings.Contains(said, "Total document signed") {
		t.Errorf("pdfsig: %s", said)
	}
	if said, ok := run(t, "qpdf", "--check", file); !ok || !strings.Contains(said, "No syntax or stream encoding errors") {
		t.Errorf("qpdf: %s", said)
	}
	if said, ok := run(t, "pdftotext", file, "-"); !ok || !strings.Contains(said, "Zażółć gęślą jaźń") {
		t.Errorf("pdftotext: %s", said)
	}
	bad := bytes.Replace(sealed, []byte("/Title"), []byte("/TITLE"), 1)
	if bytes.Equal(bad, sealed) {
		t.Fatal("nothing was changed")
	}
	if said, _ := run(t, "pdfsig", "-nocert", write(t, dir, "bad.pdf", bad)); !strings.Contains(said, "Digest Mismatch.") {
		t.Errorf("pdfsig of a changed file: %s", said)
	}
}

func TestChangesOfASealedPDFAreNoticed(t *testing.T) {
	s, pdf := signer(t), printed(t)
	sealed, err := s.PDF(pdf, "why", noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(sealed)/4000)
	for i := 0; i < len(sealed); i += step {
		bad := bytes.Clone(sealed)
		bad[i] ^= 0x21
		if _, err := sign.VerifyPDF(bad); err == nil {
			t.Fatalf("byte %d of %d may change unseen", i, len(sealed))
		}
	}
	for name, bad := range map[string][]byte{"cut": sealed[:len(sealed)-1], "longer": append(bytes.Clone(sealed), "\n%%EOF\n"...), "never sealed": pdf} {
		if _, err := sign.VerifyPDF(bad); err == nil {
			t.Errorf("%s passes for sealed", name)
		}
	}
	if _, err := s.PDF(sealed, "again", noon, nil); err == nil {
		t.Error("a sealed PDF was sealed again: the first seal would no longer cover the file")
	}
	for _, bad := range [][]byte{nil, []byte("%PDF-1.4\n"), []byte("%PDF-1.4\nstartxref\n99999\n%%EOF"), pdf[:len(pdf)/2]} {
		if _, err := s.PDF(bad, "why", noon, nil); err == nil {
			t.Errorf("%d bytes that are no PDF were sealed", len(bad))
		}
	}
}

func TestOwnCertificateIsKeptRenewedAndSaysWhatItIs(t *testing.T) {
	dir, now := t.TempDir(), noon
	get := func() *sign.Signer {
		t.Helper()
		s, err := sign.Keep(dir, func() time.Time { return now }).Signer()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := get()
	if !first.Own() {
		t.Error("a certificate of one's own does not say so")
	}
	if sign.Fingerprint(get().Certificate()) != sign.Fingerprint(first.Certificate()) {
		t.Error("another certificate after a restart")
	}
	now = first.Certificate().NotAfter.Add(-time.Hour)
	renewed := get()
	if sign.Fingerprint(renewed.Certificate()) == sign.Fingerprint(first.Certificate()) {
		t.Error("an ending certificate was not renewed")
	}
	der, err := renewed.Detached([]byte("x"), now, nil)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := sign.Verify(der, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := first.Detached([]byte("x"), noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := sign.Verify(old, []byte("x"))
	if err != nil || sign.Fingerprint(before.Root()) != sign.Fingerprint(seal.Root()) {
		t.Errorf("the authority changed with the renewal: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "own.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info.Mode(), err)
	}
}

// TestAdministratorsCertificate: a certificate made by openssl, as PEM and as PKCS#12, of RSA and of elliptic curves.
func TestAdministratorsCertificate(t *testing.T) {
	for _, kind := range []string{"rsa:2048", "ec"} {
		made := t.TempDir()
		key, cert := filepath.Join(made, "key"), filepath.Join(made, "cert")
		args := []string{"req", "-x509", "-nodes", "-newkey", kind, "-keyout", key, "-out", cert, "-days", "30", "-subj", "/CN=Kancelaria"}
		if kind == "ec" {
			args = append(args, "-pkeyopt", "ec_paramgen_curve:P-256")
		}
		if said, ok := run(t, "openssl", args...); !ok {
			t.Fatal(said)
		}
		p12 := filepath.Join(made, "p12")
		if said, ok := run(t, "openssl", "pkcs12", "-export", "-inkey", key, "-in", cert, "-out", p12, "-passout", "pass:tajne"); !ok {
			t.Fatal(said)
		}
		read := func(path string) []byte {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		asPEM, asP12 := t.TempDir(), t.TempDir()
		write(t, asPEM, sign.FilePEM, append(read(key), read(cert)...))
		write(t, asP12, sign.FileP12, read(p12))
		write(t, asP12, sign.FilePassword, []byte("tajne\n"))
		for _, dir := range []string{asPEM, asP12} {
			s, err := sign.Keep(dir, time.Now).Signer()
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if s.Own() || s.Certificate().Subject.CommonName != "Kancelaria" {
				t.Errorf("%s: %v own %v", kind, s.Certificate().Subject, s.Own())
			}
			der, err := s.Detached([]byte("x"), time.Now(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sign.Verify(der, []byte("x")); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		write(t, asP12, sign.FilePassword, []byte("inne"))
		if _, err := sign.Keep(asP12, time.Now).Signer(); err == nil || !strings.Contains(err.Error(), sign.FilePassword) {
			t.Errorf("a wrong password: %v", err)
		}
		later := func() time.Time { return time.Now().AddDate(0, 3, 0) }
		if _, err := sign.Keep(asPEM, later).Signer(); err == nil || !strings.Contains(err.Error(), "ended") {
			t.Errorf("an ended certificate: %v", err)
		}
		write(t, asPEM, sign.FilePEM, read(cert))
		if _, err := sign.Keep(asPEM, time.Now).Signer(); err == nil {
			t.Error("a certificate without its key was taken")
		}
	}
}
