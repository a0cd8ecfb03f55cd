package policies_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

// TestPlainOPASaysTheSame gives every shipped rule, through OPA alone, the whole of what a
// bundle holds as encoding/json reads it, all fields and no pages, and compares what it says
// with the verdict: neither pages nor the choice of fields change anything.
func TestPlainOPASaysTheSame(t *testing.T) {
	set := shipped(t)
	compiler := plainCompiler(t)
	for _, tenant := range []string{"good", "weak", "off", "crowded"} {
		t.Run(tenant, func(t *testing.T) {
			bundle, options := collected(t, tenant)
			options.PageSize = 2
			verdicts, err := set.Evaluate(t.Context(), bundle, options)
			if err != nil {
				t.Fatal(err)
			}
			fails := map[string][]string{}
			for _, finding := range verdicts.Findings {
				fails[finding.Rule] = append(fails[finding.Rule], finding.Resource.Kind+" "+finding.Resource.ID)
			}
			for _, ids := range fails {
				slices.Sort(ids)
			}
			asked := 0
			for i, verdict := range verdicts.Rules {
				rule := set.Rules()[i]
				if !complete(&bundle.Manifest, rule) || verdict.Outcome == findings.NotApplicable && verdict.Reasons[0].Reason == string(evidence.NotOffered) {
					continue
				}
				asked++
				said := plainly(t, compiler, rule, wholeInput(t, bundle, rule, verdicts))
				if diff := cmp.Diff(said.fails, fails[rule.ID]); diff != "" {
					t.Errorf("%s fails for others (-plain OPA +verdict):\n%s", rule.ID, diff)
				}
				if diff := cmp.Diff(said.Observed, verdict.Observed, inOrder); diff != "" {
					t.Errorf("%s observes something else (-plain OPA +verdict):\n%s", rule.ID, diff)
				}
				if want := said.outcome(); verdict.Outcome != want {
					t.Errorf("%s is %s, and plain OPA makes it %s", rule.ID, verdict.Outcome, want)
				}
			}
			if asked < len(set.Rules())/2 {
				t.Errorf("only %d rules could be compared", asked)
			}
		})
	}
}

// plainCompiler compiles the shipped rules without their tests.
func plainCompiler(tb testing.TB) *ast.Compiler {
	tb.Helper()
	modules := map[string]*ast.Module{}
	for name, source := range policies.Builtin() {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		module, err := ast.ParseModule(name, source)
		if err != nil {
			tb.Fatal(err)
		}
		modules[name] = module
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		tb.Fatal(compiler.Errors)
	}
	return compiler
}

// inOrder compares observations in one order.
var inOrder = cmpopts.SortSlices(func(a, b findings.Observation) bool { return fmt.Sprint(a) < fmt.Sprint(b) })

// complete says whether every kind that a rule reads was read, so that the rule's own outputs
// alone make the verdict.
func complete(manifest *evidence.Manifest, rule policies.Rule) bool {
	for _, kind := range rule.Kinds() {
		if _, missing := manifest.GapOf(kind); missing {
			return false
		}
	}
	return true
}

// wholeInput is a rule's input document.
func wholeInput(tb testing.TB, bundle *evidence.Bundle, rule policies.Rule, verdicts policies.Verdicts) ast.Value {
	tb.Helper()
	manifest := &bundle.Manifest
	kinds, lookup, group := map[string]any{}, map[string]any{}, map[string]any{}
	for _, kind := range rule.Kinds() {
		all, table, groups := []any{}, map[string]any{}, map[string][]any{}
		for line, err := range bundle.Objects(kind) {
			var object map[string]any
			decoder := json.NewDecoder(bytes.NewReader(line))
			decoder.UseNumber()
			if err != nil || decoder.Decode(&object) != nil {
				tb.Fatal(kind, err)
			}
			all = append(all, object)
			if key, ok := object[rule.Lookup[kind]].(string); ok {
				table[key] = object
			}
			if key, ok := object[rule.Group[kind]].(string); ok {
				groups[key] = append(groups[key], object)
			}
		}
		if _, joined := rule.Lookup[kind]; joined {
			lookup[kind] = table
		}
		if _, grouped := rule.Group[kind]; grouped {
			group[kind] = groups
		}
		kinds[kind] = all
	}
	input, err := ast.InterfaceToValue(map[string]any{
		"tenant":  map[string]any{"id": manifest.Tenant.ID, "name": manifest.Tenant.Name, "cloud": manifest.Tenant.Cloud},
		"now":     manifest.Started.UTC().Format(time.RFC3339),
		"profile": verdicts.Profile, "params": verdicts.Params, "gaps": map[string]any{}, "evidence": kinds, "lookup": lookup, "group": group,
		"reader": map[string]any{"tid": manifest.Reader.TenantID, "appid": manifest.Reader.AppID, "roles": manifest.Reader.Roles, "scp": manifest.Reader.Scopes},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return input
}

// spoken is what a rule says, as OPA gives it.
type spoken struct {
	Deny          []struct{ Resource findings.Resource }
	NotApplicable []findings.Reason `json:"not_applicable"`
	Unknown       []findings.Reason
	Observed      []findings.Observation

	fails []string
}

func (s spoken) outcome() findings.Outcome {
	switch {
	case len(s.Deny) > 0:
		return findings.Fail
	case len(s.Unknown) > 0:
		return findings.Unknown
	case len(s.NotApplicable) > 0:
		return findings.NotApplicable
	default:
		return findings.Pass
	}
}

func plainly(t *testing.T, compiler *ast.Compiler, rule policies.Rule, input ast.Value) spoken {
	t.Helper()
	path := "data.domicile." + strings.ReplaceAll(strings.TrimSuffix(rule.File, ".rego"), "/", ".")
	results, err := rego.New(rego.Query("x := "+path), rego.Compiler(compiler), rego.ParsedInput(input), rego.StrictBuiltinErrors(true)).Eval(t.Context())
	if err != nil || len(results) != 1 {
		t.Fatalf("%s: %v, %v", rule.ID, results, err)
	}
	data, err := json.Marshal(results[0].Bindings["x"])
	if err != nil {
		t.Fatal(err)
	}
	said := spoken{Observed: []findings.Observation{}}
	if err := json.Unmarshal(data, &said); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, deny := range said.Deny {
		key := deny.Resource.Kind + " " + deny.Resource.ID
		if !seen[key] {
			said.fails = append(said.fails, key)
		}
		seen[key] = true
	}
	slices.Sort(said.fails)
	return said
}
