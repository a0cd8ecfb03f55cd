package evidence_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// TestChain: every bundle has its place after the one that it names, or what is wrong is
// named.
func TestChain(t *testing.T) {
	root := t.TempDir()
	bundles := map[string]*evidence.Bundle{}
	add := func(name string, s sealed) string {
		dir := filepath.Join(root, name)
		digest := seal(t, dir, s)
		bundle, err := evidence.Verify(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		bundles[name] = bundle
		return digest.Digest()
	}
	day := func(n int) time.Time { return started.AddDate(0, 0, n) }
	one := add("one", sealed{started: day(1), users: `{"id":"1"}`, previous: strings.Repeat("0", 64)})
	two := add("two", sealed{started: day(2), users: `{"id":"2"}`, previous: one})
	three := add("three", sealed{started: day(3), users: `{"id":"2"}`, previous: two}) // nothing changed
	add("four", sealed{started: day(4), users: `{"id":"4"}`, previous: three})
	add("foreign", sealed{started: day(3), tenant: "u", previous: two})
	add("swapped", sealed{started: day(3), users: `{"id":"9"}`, previous: two})
	add("alone", sealed{started: day(4)})
	add("early", sealed{started: day(0), users: `{"id":"4"}`, previous: three})

	tests := []struct {
		newest string
		others []string
		length int
		says   string // of the error; empty for none
	}{
		{"four", []string{"one", "two", "three"}, 4, ""},
		{"four", []string{"three", "two"}, 3, ""},
		{"one", nil, 0, "the bundle that it names before it, with the digest " + strings.Repeat("0", 64) + ", is not there"},
		{"alone", nil, 1, ""},
		{"four", []string{"one"}, 0, "one has " + one},
		{"four", []string{"swapped", "two", "one"}, 0, "swapped has "},
		{"four", []string{"foreign", "two", "one"}, 0, "of u in global"},
		{"three", []string{"four", "two", "one"}, 0, "four is newer"},
		{"alone", []string{"three"}, 0, "names no bundle before it"},
	}
	for _, tt := range tests {
		t.Run(tt.newest+" after "+strings.Join(tt.others, ","), func(t *testing.T) {
			var others []*evidence.Bundle
			for _, name := range tt.others {
				others = append(others, bundles[name])
			}
			chain, err := evidence.Chain(bundles[tt.newest], others)
			var tampered *evidence.TamperedError
			if tt.says == "" && (err != nil || len(chain) != tt.length) || tt.says != "" && (!errors.As(err, &tampered) || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("Chain() = %d bundles, %v, want %d and an error that says %q", len(chain), err, tt.length, tt.says)
			}
		})
	}
	if err := bundles["early"].Follows(bundles["three"]); err == nil || !strings.Contains(err.Error(), "is to be before it") {
		t.Errorf("Follows() of a bundle of an earlier time = %v, want an error", err)
	}
}
