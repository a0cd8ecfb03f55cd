package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/evidence"
)

// TestABackupIsNotTouched: a copy that somebody put beside a bundle is not the program's.
func TestABackupIsNotTouched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	write(t, dir+".old")
	write(t, dir)
	write(t, dir)
	if _, err := evidence.Verify(dir+".old", nil); err != nil {
		t.Errorf("the copy beside the bundle is gone: %v", err)
	}
}

// TestAKilledRunLosesNothing: a run that was killed while the new bundle took the place
// of the earlier one left that beside it; the next run puts it back before it reads.
func TestAKilledRunLosesNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "bundle")
	write(t, dir)
	if err := os.Rename(dir, filepath.Join(parent, ".bundle.replaced")); err != nil {
		t.Fatal(err)
	}
	w, err := evidence.Create(dir, evidence.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Verify(dir, nil); err != nil {
		t.Errorf("the earlier bundle is not back: %v", err)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	write(t, dir)
	left, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if name := entry.Name(); name != "bundle" && name != "bundle.lock" {
			t.Errorf("%s was left beside the bundle", name)
		}
	}
}

// TestOpenIsStrict: a manifest with values that no collection writes is not read, even
// where its sum is right.
func TestOpenIsStrict(t *testing.T) {
	tests := []struct{ name, from, to, says string }{
		{"a kind that is the list of requests", "users", "requests", `kind "requests"`},
		{"a kind with a line break", `users`, `users\n`, "kind"},
		{"a kind in capitals", "users", "Users", "kind"},
		{"an unknown tier", `"tier": "api"`, `"tier": "certain"`, `tier "certain"`},
		{"an unknown reason", `"no_permission"`, `"fine"`, `reason "fine"`},
		{"a gap of an odd kind", `"kind": "sites"`, `"kind": "../sites"`, "kind"},
		{"fewer than no objects", `"objects": 2`, `"objects": -2`, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bundle")
			write(t, dir)
			reseal(t, dir, func(manifest string) string {
				changed := strings.ReplaceAll(manifest, tt.from, tt.to)
				if changed == manifest {
					t.Fatalf("the manifest holds no %s", tt.from)
				}
				return changed
			})
			if _, err := evidence.Open(dir); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Open() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
}

// reseal changes a manifest and writes the sum anew, as a forger would.
func reseal(t *testing.T, dir string, change func(string) string) {
	t.Helper()
	path := filepath.Join(dir, "manifest.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := []byte(change(string(data)))
	sum := sha256.Sum256(changed)
	for name, content := range map[string][]byte{path: changed, filepath.Join(dir, "manifest.sha256"): []byte(hex.EncodeToString(sum[:]))} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASymbolicLinkIsNoFileOfABundle: whoever can place one could have other files read.
func TestASymbolicLinkIsNoFileOfABundle(t *testing.T) {
	for _, name := range []string{"users.ndjson", "requests.ndjson", "manifest.json", "manifest.sha256"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bundle")
			write(t, dir)
			path := filepath.Join(dir, name)
			if err := errors.Join(os.Rename(path, dir+".elsewhere"), os.Symlink(dir+".elsewhere", path)); err != nil {
				t.Fatal(err)
			}
			var tampered *evidence.TamperedError
			if _, err := evidence.Verify(dir, nil); !errors.As(err, &tampered) || tampered.File != name {
				t.Errorf("Verify() = %v, want %s named as changed", err, name)
			}
		})
	}
}

// TestAnObjectThatCouldNotBeReadBackIsRefused: a bundle must never be written that
// Verify then refuses.
func TestAnObjectThatCouldNotBeReadBackIsRefused(t *testing.T) {
	w, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"), evidence.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	kind, err := w.Kind(evidence.Entry{Kind: "users"})
	if err != nil {
		t.Fatal(err)
	}
	huge := json.RawMessage(`{"id":"` + strings.Repeat("x", 64<<20) + `"}`)
	if err := kind.Write(huge); !errors.Is(err, evidence.ErrUnfit) {
		t.Errorf("Write() of an object of %d bytes = %v, want it refused", len(huge), err)
	}
}

// TestFoldersThatCanNotBe: what stands in the way is named, and is not an error of the
// system that nobody can act on.
func TestFoldersThatCanNotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "bundle")} {
		_, err := evidence.Create(dir, evidence.Manifest{})
		var path *os.PathError
		if err == nil || errors.As(err, &path) || !strings.Contains(err.Error(), "name another folder") {
			t.Errorf("Create(%s) = %v, want it to ask for another folder", dir, err)
		}
	}
}
