package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/reports"
)

// allFormats are the formats that need no browser.
func allFormats() string {
	var names []string
	for _, format := range reports.Formats() {
		names = append(names, format.Name)
	}
	return strings.Join(names, ",")
}

// tokensSeen collects the access tokens that requests bear.
type tokensSeen struct {
	sync.Mutex
	tokens map[string]bool
}

func (s *tokensSeen) look(r *http.Request) {
	s.Lock()
	defer s.Unlock()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		s.tokens[token] = true
	}
}

// disguised are the tokens and their parts, of which the last alone is enough to forge one.
func (s *tokensSeen) disguised() []string {
	var list []string
	for token := range s.tokens {
		list = append(append(list, disguises(token)...), strings.Split(token, ".")...)
	}
	return list
}

// TestNoSecretIsWritten scans a tenant with all formats, and looks for the client secret, for
// the tokens that were used and for the signing key in everything that is written or said.
func TestNoSecretIsWritten(t *testing.T) {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := simulator.Load(domicile.Tenants(), "weak", at)
	if err != nil {
		t.Fatal(err)
	}
	seen := &tokensSeen{tokens: map[string]bool{}}
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Before: seen.look})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	config, out := t.TempDir(), t.TempDir()
	if err := server.WriteConfig(config); err != nil {
		t.Fatal(err)
	}
	private, _, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SIGNING_KEY", string(private))
	block, _ := pem.Decode(private)
	seed := string(block.Bytes[len(block.Bytes)-ed25519.SeedSize:])
	_, stdout, stderr := run1(t, "scan", "--config", filepath.Join(config, "domicile.yaml"), "--now", now, "--out", out, "--log", "json", "--format", allFormats(), "--key", "env:SIGNING_KEY")
	if _, err := os.Stat(filepath.Join(out, "evidence", "signature.dsse.json")); err != nil {
		t.Errorf("nothing was signed: %v", err)
	}
	_, secret := tenant.Secret()
	if secret == "" || len(seen.tokens) < 3 {
		t.Fatalf("secret %q and %d tokens to look for, want one and that of each API", secret, len(seen.tokens))
	}
	checkNoSecret(t, out, []string{stdout, stderr}, slices.Concat(seen.disguised(), disguises(secret), disguises(seed), []string{"Bearer ", "PRIVATE KEY"}))
}

// TestNoEchoIsWritten: the same where a service repeats in its errors what it was sent.
func TestNoEchoIsWritten(t *testing.T) {
	seen := &tokensSeen{tokens: map[string]bool{}}
	echo := func(w http.ResponseWriter, r *http.Request) {
		seen.look(r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		said := r.Header.Get("Authorization")
		send(w, map[string]any{"error": map[string]any{"code": said, "message": "refused: " + said + " " + url.QueryEscape(said)}})
	}
	dir := cloud{claims: map[string]any{"roles": []string{"User.Read.All", "Policy.Read.All"}}, users: echo, policy: echo}.start(t)
	out := filepath.Join(dir, "out")
	_, stdout, stderr := run1(t, "scan", "--config", filepath.Join(dir, "domicile.yaml"), "--rule", "GEO1009,CONS1006", "--out", out, "--max-wait", "1s", "--log", "json", "--format", allFormats())
	if len(seen.tokens) == 0 {
		t.Fatalf("no token was echoed:\n%s", stderr)
	}
	checkNoSecret(t, out, []string{stdout, stderr}, append(seen.disguised(), disguises("hunter2")...))
}

// checkNoSecret looks for texts in what was said and in every file of a folder.
func checkNoSecret(t *testing.T, dir string, said, secrets []string) {
	t.Helper()
	check := func(name, text string) {
		for _, form := range secrets {
			if strings.Contains(text, form) {
				t.Errorf("%s contains %q", name, form)
			}
		}
	}
	for _, text := range said {
		check("what was said", text)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		check(path, string(data))
		if filepath.Ext(path) == ".xlsx" {
			check(path, unzipped(t, data))
		}
		return nil
	})
	if err != nil || files < len(reports.Formats()) {
		t.Errorf("looked at %d files, %v; want the whole scan", files, err)
	}
}

// disguises are how a secret may stand in a text. Base64 depends on what stands before it: the
// secret's inner bytes are the same in one of three.
func disguises(secret string) []string {
	list := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret))}
	for shift := range 3 {
		inner := secret[shift : shift+(len(secret)-shift)/3*3]
		list = append(list, base64.StdEncoding.EncodeToString([]byte(inner)), base64.URLEncoding.EncodeToString([]byte(inner)))
	}
	return list
}

// unzipped is the text of all files in an archive.
func unzipped(t *testing.T, data []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range archive.File {
		part, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&text, part); err != nil {
			t.Fatal(err)
		}
		part.Close()
	}
	return text.String()
}
