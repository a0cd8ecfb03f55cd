package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

// mutation is one entry of mutations.yaml: what makes one rule fail on good.
type mutation struct {
	Rule   string `yaml:"rule"`
	Reason string `yaml:"reason"`
	// Profile and Params go over good's own; a parameter of null counts as not set.
	Profile string         `yaml:"profile"`
	Params  map[string]any `yaml:"params"`
	Edits   []edit         `yaml:"edits"`
	// Companions are the other rules that must fail as well.
	Companions []string `yaml:"companions"`
}

// TestMutations breaks good in one way per rule: the rule fails, its companions fail, and
// nothing else does. A rule that no entry breaks is one that nobody has seen failing.
func TestMutations(t *testing.T) {
	mutations := readMutations(t)
	good := collectGood(t)
	set, err := policies.Load(t.Context(), policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{}, good.failing(t, set, good.bundle, mutation{})); diff != "" {
		t.Fatalf("good itself fails (-want +got):\n%s", diff)
	}
	entries := map[string]bool{}
	for _, m := range mutations {
		if entries[m.Rule] {
			t.Errorf("%s has two entries", m.Rule)
		}
		entries[m.Rule] = true
		t.Run(m.Rule, func(t *testing.T) {
			t.Parallel()
			good.mutate(t, set, m)
		})
	}
	var missing []string
	for _, rule := range set.Rules() {
		if !entries[rule.ID] {
			missing = append(missing, rule.ID)
		}
	}
	if len(missing) > 0 {
		t.Errorf("mutations.yaml has no entry for %s; add the change of good that makes the rule fail", strings.Join(missing, ", "))
	}
}

func readMutations(t *testing.T) []mutation {
	t.Helper()
	data, err := os.ReadFile("../../testdata/mutations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var mutations []mutation
	if err := yaml.UnmarshalWithOptions(data, &mutations, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(mutations, func(a, b mutation) int { return strings.Compare(a.Rule, b.Rule) }) {
		t.Error("the entries of mutations.yaml are not sorted by rule")
	}
	return mutations
}

// healthy is good as the real pipeline read it, with the settings it is judged by.
type healthy struct {
	bundle  *evidence.Bundle
	lines   map[string][]json.RawMessage
	profile string
	params  map[string]any
}

func collectGood(t *testing.T) *healthy {
	t.Helper()
	dir := t.TempDir()
	code, _, stderr := run1(t, "scan", "--demo", "--tenant", "good", "--now", now, "--out", dir, "--format", "json", "--quiet")
	if code != 0 {
		t.Fatalf("scan of good ended with %d\n%s", code, stderr)
	}
	result := resultIn(t, dir)
	bundle, err := evidence.Verify(filepath.Join(dir, "evidence"), nil)
	if err != nil {
		t.Fatal(err)
	}
	good := &healthy{bundle: bundle, lines: map[string][]json.RawMessage{}, profile: result.Profile, params: result.Params}
	for _, entry := range bundle.Manifest.Kinds {
		for line, err := range bundle.Objects(entry.Kind) {
			if err != nil {
				t.Fatal(err)
			}
			good.lines[entry.Kind] = append(good.lines[entry.Kind], bytes.Clone(line))
		}
	}
	return good
}

// mutate holds one entry to its word.
func (h *healthy) mutate(t *testing.T, set *policies.Set, m mutation) {
	t.Helper()
	if m.Reason == "" || len(m.Edits)+len(m.Params) == 0 {
		t.Fatal("the entry gives no reason or changes nothing")
	}
	one, err := set.Select(policies.Selection{Rules: []string{m.Rule}})
	if err != nil {
		t.Fatal(err)
	}
	affected, err := set.Select(policies.Selection{Rules: m.affected(set)})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Edits) > 0 && len(h.failing(t, one, h.bundle, m)) > 0 {
		t.Error("the rule fails by the entry's profile and parameters alone, without the edits")
	}
	want := append([]string{m.Rule}, m.Companions...)
	slices.Sort(want)
	if diff := cmp.Diff(want, h.failing(t, affected, h.changed(t, m.Edits), m)); diff != "" {
		t.Errorf("failing rules (-want +got):\n%s", diff)
	}
}

// affected lists the rules that the entry can make a difference to: a rule sees no kind
// and no parameter but those that it declares, so that every other one says what it says
// of good.
func (m mutation) affected(set *policies.Set) []string {
	ids := []string{m.Rule}
	for _, rule := range set.Rules() {
		reads := slices.ContainsFunc(m.Edits, func(e edit) bool { return slices.Contains(rule.Kinds(), e.Kind) })
		for name := range m.Params {
			_, read := rule.Params[name]
			reads = reads || read
		}
		if reads || m.Profile != "" {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

// failing judges a bundle by good's settings under those of an entry, and returns the
// rules that fail. What they and the entry's own rule say is logged.
func (h *healthy) failing(t *testing.T, set *policies.Set, bundle *evidence.Bundle, m mutation) []string {
	t.Helper()
	profile, params := h.profile, maps.Clone(h.params)
	if m.Profile != "" {
		profile = m.Profile
	}
	maps.Copy(params, expand(t, m.Params).(map[string]any))
	verdicts, err := set.Evaluate(t.Context(), bundle, policies.Options{Profile: profile, Params: params})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, rule := range verdicts.Rules {
		if rule.Outcome == findings.Fail {
			ids = append(ids, rule.ID)
		} else if rule.ID == m.Rule {
			t.Logf("%s: %s %v", rule.ID, rule.Outcome, rule.Reasons)
		}
	}
	for _, finding := range verdicts.Findings {
		t.Logf("%s: %s", finding.Rule, finding.Message)
	}
	return ids
}

// changed writes good's bundle anew with edits. Its manifest is good's, which tells the
// rules no more than which kinds there are and how complete they are.
func (h *healthy) changed(t *testing.T, edits []edit) *evidence.Bundle {
	t.Helper()
	objects := map[string][]map[string]any{}
	for _, e := range edits {
		if _, held := h.bundle.Manifest.Entry(e.Kind); !held {
			t.Fatalf("good has no evidence of the kind %q", e.Kind)
		}
		if objects[e.Kind] == nil {
			objects[e.Kind] = decodeLines(t, h.lines[e.Kind])
		}
		objects[e.Kind] = e.apply(t, objects[e.Kind])
	}
	dir := t.TempDir()
	for _, entry := range h.bundle.Manifest.Kinds {
		file := filepath.Join(dir, entry.File)
		var err error
		if changed, edited := objects[entry.Kind]; edited {
			err = os.WriteFile(file, encodeObjects(t, entry.Kind, changed), 0o600)
		} else {
			err = os.Link(filepath.Join(h.bundle.Dir, entry.File), file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return &evidence.Bundle{Dir: dir, Manifest: h.bundle.Manifest}
}
