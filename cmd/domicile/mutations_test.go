package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

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

// edit changes the objects of one kind. Fields are named by paths of names, indices, * for
// every member of a map or list, and name=value for those elements that have it.
type edit struct {
	Kind string `yaml:"kind"`
	// Match chooses the objects to change; without it all are.
	Match  map[string]any `yaml:"match"`
	Set    map[string]any `yaml:"set"`
	Append map[string]any `yaml:"append"`
	Remove []string       `yaml:"remove"`
	Delete bool           `yaml:"delete"`
	// Add are objects that come after the others.
	Add []map[string]any `yaml:"add"`
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
	file, err := os.Open(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	result, err := findings.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Verify(filepath.Join(dir, "evidence"))
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

// apply returns the objects as the edit leaves them. An edit that finds nothing to change
// is an error.
func (e edit) apply(t *testing.T, objects []map[string]any) []map[string]any {
	t.Helper()
	kept := []map[string]any{}
	matched := 0
	for _, object := range objects {
		fits := e.fits(t, object)
		if fits {
			matched++
			e.change(t, object)
		}
		if !fits || !e.Delete {
			kept = append(kept, object)
		}
	}
	if matched == 0 && (e.Delete || len(e.Set)+len(e.Append)+len(e.Remove) > 0) {
		t.Errorf("no %s fits %v", e.Kind, e.Match)
	}
	for _, object := range e.Add {
		kept = append(kept, expand(t, object).(map[string]any))
	}
	return kept
}

// fits says whether an object has every field that the edit matches.
func (e edit) fits(t *testing.T, object map[string]any) bool {
	t.Helper()
	for path, want := range e.Match {
		equal := false
		at(object, strings.Split(path, "/"), func(got any) (any, bool) {
			equal = equal || fmt.Sprint(got) == fmt.Sprint(expand(t, want))
			return got, true
		})
		if !equal {
			return false
		}
	}
	return true
}

func (e edit) change(t *testing.T, object map[string]any) {
	t.Helper()
	do := func(path string, how func(any) (any, bool)) {
		if _, found := at(object, strings.Split(path, "/"), how); !found {
			t.Errorf("%s has nothing at %s", e.Kind, path)
		}
	}
	for path, value := range e.Set {
		do(path, func(any) (any, bool) { return expand(t, value), true })
	}
	for path, value := range e.Append {
		do(path, func(list any) (any, bool) {
			items, _ := list.([]any)
			return append(items, expand(t, value)), true
		})
	}
	for _, path := range e.Remove {
		do(path, func(any) (any, bool) { return nil, false })
	}
}

// at puts in place of what stands at a path what how makes of it, or drops it where how
// says that nothing is to stay. It returns the changed value, and whether there was a
// place for it.
func at(value any, path []string, how func(any) (any, bool)) (changed any, found bool) {
	visit := func(item any) (any, bool) {
		if len(path) == 1 {
			found = true
			return how(item)
		}
		item, deeper := at(item, path[1:], how)
		found = found || deeper
		return item, true
	}
	switch value := value.(type) {
	case map[string]any:
		names := []string{path[0]}
		if path[0] == "*" {
			names = slices.Sorted(maps.Keys(value))
		}
		for _, name := range names {
			item, there := value[name]
			if !there && len(path) > 1 {
				continue
			}
			if item, stays := visit(item); stays {
				value[name] = item
			} else {
				delete(value, name)
			}
		}
	case []any:
		kept := []any{}
		for i, item := range value {
			stays := true
			if meant(i, item, path[0]) {
				item, stays = visit(item)
			}
			if stays {
				kept = append(kept, item)
			}
		}
		return kept, found
	}
	return value, found
}

// meant says whether an element of a list is one that a part of a path means.
func meant(i int, item any, part string) bool {
	name, want, named := strings.Cut(part, "=")
	if named {
		fields, _ := item.(map[string]any)
		return fmt.Sprint(fields[name]) == want
	}
	return part == "*" || part == strconv.Itoa(i)
}

var day = regexp.MustCompile(`^now([+-]\d+)d$`)

// expand returns a copy of value in which now-40d is the start of that day, as in the
// simulated tenants.
func expand(t *testing.T, value any) any {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range value {
			out[name] = expand(t, item)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range value {
			out = append(out, expand(t, item))
		}
		return out
	case string:
		m := day.FindStringSubmatch(value)
		if m == nil {
			return value
		}
		days, _ := strconv.Atoi(m[1])
		from, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		return from.Truncate(24*time.Hour).AddDate(0, 0, days).Format(time.RFC3339)
	default:
		return value
	}
}

func decodeLines(t *testing.T, lines []json.RawMessage) []map[string]any {
	t.Helper()
	objects := []map[string]any{}
	for _, line := range lines {
		var object map[string]any
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

// encodeObjects writes the objects of a kind as lines, each held against the kind's
// schema: a rule that fails on what no collector could have read proves nothing.
func encodeObjects(t *testing.T, kind string, objects []map[string]any) []byte {
	t.Helper()
	schema, err := evidence.SchemaOf(kind)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(kind, opened(schema.Root)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(kind)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for _, object := range objects {
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(instance); err != nil {
			t.Errorf("%s does not fit its schema: %v\n%s", kind, err, line)
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	return lines.Bytes()
}

// opened returns a schema that lets fields be that it doesn't list: a bundle keeps what the
// service said besides, and rules don't see it.
func opened(schema any) any {
	switch schema := schema.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range schema {
			if closed, ok := item.(bool); name != "additionalProperties" || !ok || closed {
				out[name] = opened(item)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range schema {
			out = append(out, opened(item))
		}
		return out
	default:
		return schema
	}
}
