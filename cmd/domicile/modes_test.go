//go:build unix

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
)

// TestFilesAreTheOwners: whatever is written, its owner alone can read, even where the umask would let
// everybody. The public half of a key is made to be given away.
func TestFilesAreTheOwners(t *testing.T) {
	server := serve(t, "weak")
	root := t.TempDir()
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(root, "written", "here")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	cfg := at(config.FileName)
	t.Setenv("USER", "ada")
	for _, args := range [][]string{
		{"key", "new", "--out", at("key.pem")},
		{"key", "new", "--pseudonyms", "--out", at("pseudonyms.key")},
		{"scan", "--config", cfg, "--now", now, "--out", at("a/b/out"), "--key", at("key.pem"), "--record=" + at("history/h.db"), "--format", allFormats(), "--rule", "CONS101*"},
		{"scan", "--config", cfg, "--now", now, "--out", at("p/out"), "--pseudonymise", "--pseudonym-key", at("pseudonyms.key"), "--rule", "CONS1011"},
		{"evaluate", at("p/out/evidence"), "--out", at("e/out"), "--rule", "CONS1011"},
		{"report", at("a/b/out/result.json"), "--format", "html", "--out", at("r.html")},
		{"pack", at("a/b/out/evidence"), "--out", at("packed.tar.zst")},
		{"unpack", at("packed.tar.zst"), "--out", at("unpacked")},
		{"remediate", "plan", at("a/b/out/result.json"), "--config", cfg, "--out", at("plan.json")},
		{"policy", "new", "--dir", at("rules"), "geo/guests_disabled"},
	} {
		if code, stdout, stderr := run1(t, args...); code == exitUsage || code == exitInternal {
			t.Errorf("%v ended with %d:\n%s%s", args[:2], code, stdout, stderr)
		}
	}
	interrupted(t, at("interrupted"))
	files := 0
	err := filepath.WalkDir(filepath.Join(root, "written"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		switch {
		case entry.IsDir():
			want = 0o700
		case strings.HasSuffix(path, ".pub"):
			return nil
		default:
			files++
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("looked at %d files, %v; want all that was written", files, err)
	}
}

// interrupted leaves what an interrupted collection does.
func interrupted(t *testing.T, dir string) {
	t.Helper()
	writer, err := evidence.Create(dir, evidence.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := writer.Kind(evidence.Entry{Kind: "users", Tier: evidence.API})
	if err == nil {
		err = out.Write(json.RawMessage(`{"id":"1"}`))
	}
	if err == nil {
		err = out.Checkpoint(evidence.Checkpoint{Count: -1})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Abort(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + ".journal"); err != nil {
		t.Error(err)
	}
}
