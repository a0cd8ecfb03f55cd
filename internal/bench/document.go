package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/policies"
)

// The parts of a generated folder.
const (
	bundleDir  = "evidence"
	inputFile  = "input.json"
	configFile = "domicile.yaml"
)

// approved is an entry of the parameter approved_applications.
type approved struct {
	AppID       string   `json:"app_id"`
	Permissions []string `json:"permissions"`
	Reason      string   `json:"reason"`
	Until       string   `json:"until"`
}

func approvals() []approved {
	return []approved{
		{id("b1", 7), []string{"Mail.ReadWrite", "SecurityIncident.Read.All"}, "The archive", "2026-12-31"},
		{id("b1", 9), []string{"Directory.ReadWrite.All"}, "Joiners and leavers", "2025-12-31"},
	}
}

func allowedCountries() []string { return []string{"DE", "FR", "NL", "BE", "AT", "IE", "IT", "ES"} }

// params are the parameters that the tenant sets.
func params() map[string]any {
	return map[string]any{"allowed_geos": []string{"EU"}, "allowed_countries": allowedCountries(), "approved_applications": approvals()}
}

// generate writes a tenant's bundle, a configuration for domicile, and for OPA and conftest the
// same as one document, with a folder of rules for each set.
func generate(set *policies.Set, dir string, o tenantOptions) error {
	if err := o.write(filepath.Join(dir, bundleDir)); err != nil {
		return err
	}
	bundle, err := evidence.Open(filepath.Join(dir, bundleDir))
	if err != nil {
		return err
	}
	if err := writeConfig(dir); err != nil {
		return err
	}
	for _, rules := range ruleSets(set) {
		if err := writePolicy(filepath.Join(dir, rules.name), rules.rules); err != nil {
			return err
		}
	}
	file, err := os.Create(filepath.Join(dir, inputFile))
	if err != nil {
		return err
	}
	return errors.Join(writeInput(file, set, bundle), file.Close())
}

// writeConfig writes the configuration under which domicile judges the tenant.
func writeConfig(dir string) error {
	text, err := json.MarshalIndent(map[string]any{
		"version": 1, "params": params(),
		"tenants": []any{map[string]any{"name": "generated", "id": tenantID, "cloud": "global", "auth": map[string]any{"method": "azure_cli"}}},
	}, "", "  ") // which is YAML
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, configFile), text, 0o600)
}

// ruleSet is some of the rules, which every program judges by.
type ruleSet struct {
	name  string
	rules []policies.Rule
}

// ruleSets are the sets that are measured: all rules that judge a large kind object by object,
// those of them that hold no large kind whole in memory, and those that the check by hand knows.
func ruleSets(set *policies.Set) []ruleSet {
	all, paged, byHand := ruleSet{name: "all"}, ruleSet{name: "paged"}, ruleSet{name: "byhand"}
	for _, rule := range set.Rules() {
		if !slices.Contains(largeKinds(), rule.Scope) {
			continue
		}
		all.rules = append(all.rules, rule)
		if !holdsWhole(rule) {
			paged.rules = append(paged.rules, rule)
		}
		if checks()[rule.ID] {
			byHand.rules = append(byHand.rules, rule)
		}
	}
	return []ruleSet{all, paged, byHand}
}

func (s ruleSet) byHand() bool { return s.name == "byhand" }

func (s ruleSet) title() string {
	what := map[string]string{
		"all":    "all %d shipped rules that judge a large kind object by object",
		"paged":  "the %d of them that hold no other large kind whole",
		"byhand": "the %d of them that the check by hand knows",
	}
	return fmt.Sprintf(what[s.name], len(s.rules))
}

// holdsWhole says whether a rule is given all objects of a large kind, grouped or not, beside the
// pages of its scope.
func holdsWhole(rule policies.Rule) bool {
	return slices.ContainsFunc(rule.Kinds(), func(kind string) bool {
		_, joined := rule.Lookup[kind]
		return kind != rule.Scope && !joined && slices.Contains(largeKinds(), kind)
	})
}

// writePolicy writes the rules as they ship, their libraries, and a package main that gathers
// their findings, which is what conftest asks for and what OPA is asked as well.
func writePolicy(dir string, rules []policies.Rule) error {
	var gather strings.Builder
	gather.WriteString("package main\n")
	wanted := map[string]bool{}
	for _, rule := range rules {
		wanted[rule.File] = true
		path := strings.ReplaceAll(strings.TrimSuffix(rule.File, ".rego"), "/", ".")
		fmt.Fprintf(&gather, "\ndeny contains {\"msg\": found.message, \"rule\": %q, \"id\": found.resource.id} if some found in data.domicile.%s.deny\n", rule.ID, path)
	}
	files := policies.Tree{"main.rego": gather.String()}
	for name, source := range policies.Builtin() {
		if wanted[name] || strings.HasPrefix(name, "lib/") && !strings.HasSuffix(name, "_test.rego") {
			files[name] = source
		}
	}
	for name, source := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeInput writes a bundle as the one document that all rules together read: every kind whole,
// and the look-ups and groups beside it.
func writeInput(w io.Writer, set *policies.Set, bundle *evidence.Bundle) error {
	values := map[string]any{}
	for name, param := range set.Params() {
		if len(param.Default) > 0 {
			values[name] = param.Default
		}
	}
	for name, value := range params() {
		values[name] = value
	}
	manifest := bundle.Manifest
	kinds, lookups, groups := map[string]bool{}, map[string]string{}, map[string]string{}
	gaps := map[string]any{}
	for _, rule := range ruleSets(set)[0].rules {
		for _, kind := range rule.Kinds() {
			kinds[kind] = true
			if gap, missing := manifest.GapOf(kind); missing {
				gaps[kind] = map[string]any{"reason": gap.Reason, "status": gap.Status, "code": gap.Code}
			}
			if key, joined := rule.Lookup[kind]; joined {
				lookups[kind] = key
			}
			if key, grouped := rule.Group[kind]; grouped {
				groups[kind] = key
			}
		}
	}
	head, err := json.Marshal(map[string]any{
		"tenant": manifest.Tenant, "now": manifest.Started.UTC().Format(time.RFC3339), "profile": policies.CurrentProfile,
		"params": values, "reader": manifest.Reader, "gaps": gaps,
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprint(out, strings.TrimSuffix(string(head), "}"))
	separator := `,"evidence":{`
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(out, "%s%q:[", separator, kind)
		if err := writeObjects(out, bundle, kind, ""); err != nil {
			return err
		}
		separator = "],"
	}
	separator = `]},"lookup":{`
	for _, kind := range slices.Sorted(maps.Keys(lookups)) {
		fmt.Fprintf(out, "%s%q:{", separator, kind)
		if err := writeObjects(out, bundle, kind, lookups[kind]); err != nil {
			return err
		}
		separator = "},"
	}
	separator = `}},"group":{`
	for _, kind := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(out, "%s%q:", separator, kind)
		if err := writeGroups(out, bundle, kind, groups[kind]); err != nil {
			return err
		}
		separator = ","
	}
	fmt.Fprint(out, "}}\n")
	return out.Flush() // which gives the first error of all that was written
}

// writeObjects writes the objects of a kind as the elements of an array, or, with the name of a
// field, as the members of an object, keyed by it.
func writeObjects(out *bufio.Writer, bundle *evidence.Bundle, kind, key string) error {
	separator := ""
	for object, err := range bundle.Objects(kind) {
		if err != nil {
			return err
		}
		line := []byte(separator)
		separator = ",\n"
		if key != "" {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(object, &fields); err != nil {
				return err
			}
			line = append(append(line, fields[key]...), ':')
		}
		if _, err := out.Write(append(line, object...)); err != nil {
			return err
		}
	}
	return nil
}

// writeGroups writes the objects of a kind as arrays, by the string that they have in a field.
func writeGroups(out io.Writer, bundle *evidence.Bundle, kind, key string) error {
	groups := map[string][]json.RawMessage{}
	for object, err := range bundle.Objects(kind) {
		if err != nil {
			return err
		}
		var fields map[string]any
		if err := json.Unmarshal(object, &fields); err != nil {
			return err
		}
		if name, ok := fields[key].(string); ok {
			groups[name] = append(groups[name], slices.Clone(object))
		}
	}
	return json.NewEncoder(out).Encode(groups)
}
