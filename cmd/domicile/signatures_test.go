package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
)

// TestAKilledSignerLeavesAWholeBundleOrNone: wherever the program is killed while it
// writes a signed bundle, none stands there, or one that is whole and signed.
func TestAKilledSignerLeavesAWholeBundleOrNone(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key.pem")
	if code, _, stderr := run1(t, "key", "new", "--out", key, "--quiet"); code != 0 {
		t.Fatal(stderr)
	}
	trust, err := config.ReadTrust(key+".pub", "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../testdata/tenants/good/imports/tenant-context.json")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "tenant-context.json")
	text := strings.NewReplacer("now-5d", "2026-03-01T08:00:00Z", "$tenant", "3f0c1d7e-0000-4000-8000-000000000001").Replace(string(page))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	collect := func(out string) []string {
		return []string{"collect", "--import", file, "--cloud", "global", "--out", out, "--key", key, "--quiet"}
	}
	replaced := filepath.Join(dir, "replaced")
	begun := time.Now()
	if code, _, stderr := run1(t, collect(replaced)...); code != 0 {
		t.Fatalf("collect ended with %d: %s", code, stderr)
	}
	took, kills := time.Since(begun), 0
	whole := func(out string) bool {
		bundle, err := evidence.Verify(out, trust)
		return err == nil && len(bundle.Signers) == 1
	}
	for round := range 30 {
		out := replaced
		if round%2 == 0 {
			out = filepath.Join(dir, fmt.Sprint("new", round))
		}
		cmd, said := child(t, collect(out)...)
		time.Sleep(took * time.Duration(round) / 5)
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			kills++
		}
		if _, err := os.Stat(out); os.IsNotExist(err) || whole(out) {
			continue
		}
		t.Errorf("round %d left a bundle that is not whole and signed: %s", round, said)
	}
	// What stood under a sibling's name for a moment is back with the next run.
	if code, _, stderr := run1(t, collect(replaced)...); code != 0 || !whole(replaced) {
		t.Errorf("after the kills collect ended with %d: %s", code, stderr)
	}
	if kills == 0 {
		t.Error("no run was killed")
	}
}
