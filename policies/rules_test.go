package policies_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/format"

	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/policies"
)

func shipped(tb testing.TB) *policies.Set {
	tb.Helper()
	set, err := policies.Load(tb.Context(), policies.Builtin())
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// TestRulesLoad compiles the shipped rules strictly, against the schemas of the evidence,
// and holds each to the contract.
func TestRulesLoad(t *testing.T) {
	set := shipped(t)
	if len(set.Rules()) == 0 {
		t.Fatal("no rule ships")
	}
	for _, rule := range set.Rules() {
		if !slices.Contains(policies.Topics(), rule.Topic) {
			t.Errorf("%s is in the unknown topic %s", rule.ID, rule.Topic)
		}
	}
}

// TestRegoIsFormatted holds every Rego file to OPA's own format.
func TestRegoIsFormatted(t *testing.T) {
	for name, source := range regoFiles(t) {
		formatted, err := format.Source(name, source)
		if err != nil {
			t.Error(err)
			continue
		}
		if bytes.Equal(source, formatted) {
			continue
		}
		if golden.Updating() {
			if err := os.WriteFile(filepath.FromSlash(name), formatted, 0o600); err != nil {
				t.Error(err)
			}
			continue
		}
		t.Errorf("%s is not formatted; run make fmt", name)
	}
}

func regoFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, source := range policies.Builtin() {
		files[name] = []byte(source)
	}
	return files
}

// TestEveryRuleHasItsTests demands a test beside each rule, with a case for pass, fail
// and not knowing.
func TestEveryRuleHasItsTests(t *testing.T) {
	files := regoFiles(t)
	for _, rule := range shipped(t).Rules() {
		source, there := files[strings.TrimSuffix(rule.File, ".rego")+"_test.rego"]
		if !there {
			t.Errorf("%s has no test beside it", rule.File)
			continue
		}
		for _, word := range []string{"pass", "fail", "unknown"} {
			if !regexp.MustCompile(`(?m)^test_\w*` + word).Match(source) {
				t.Errorf("%s has no test whose name says %s", rule.File, word)
			}
		}
	}
}

// TestLibrariesHaveTests demands a test beside each library that has functions.
func TestLibrariesHaveTests(t *testing.T) {
	files := regoFiles(t)
	for name, source := range files {
		if path.Dir(name) != "lib" || strings.HasSuffix(name, "_test.rego") || !bytes.Contains(source, []byte(") if")) && !bytes.Contains(source, []byte(") :=")) {
			continue
		}
		subject, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".rego"), "_")
		if _, there := files["lib/"+subject+"_test.rego"]; !there {
			t.Errorf("%s has no test", name)
		}
	}
}

// TestRulesDocument holds docs/rules.md to the rules.
func TestRulesDocument(t *testing.T) {
	var page bytes.Buffer
	if err := shipped(t).Document(&page); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "../docs/rules.md", page.Bytes())
}

// TestCatalogue compares the shipped rules with the catalogue, where that stands beside
// the project.
func TestCatalogue(t *testing.T) {
	data, err := os.ReadFile("../../shared/rules.md")
	if err != nil {
		t.Skip("the rule catalogue is not beside the project: nothing to compare with")
	}
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]{2,4}\d{4}) \| (.+?) \| (\w+) \| (\w+) \|`).FindAllStringSubmatch(string(data), -1)
	catalogue := map[string][]string{}
	for _, row := range rows {
		catalogue[row[1]] = row[2:]
	}
	shippedIDs := map[string]bool{}
	for _, rule := range shipped(t).Rules() {
		shippedIDs[rule.ID] = true
	}
	for id := range catalogue {
		if !shippedIDs[id] {
			t.Errorf("%s is in the catalogue and does not ship", id)
		}
	}
	for _, rule := range shipped(t).Rules() {
		row, known := catalogue[rule.ID]
		if !known {
			t.Errorf("%s is not in the catalogue", rule.ID)
			continue
		}
		if string(rule.Severity) != row[1] || rule.Scope != row[2] {
			t.Errorf("%s has severity %s and scope %s, and the catalogue says %s and %s", rule.ID, rule.Severity, rule.Scope, row[1], row[2])
		}
	}
}
