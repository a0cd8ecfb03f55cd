package policies_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/internal/plan"
	"github.com/domicile-audit/domicile/policies"
)

// unplannable is a test that replaces a function by a variable, while the rule looks another one up
// by a name that is a variable. OPA's plans can't; no rule of ours does.
const unplannable = "data.domicile.consent.acceptance_on_record_test.test_row_6_unknown_when_the_record_is_invalid"

// TestPlansPassTheRulesTests runs the rules' own tests, which OPA's runner evaluates, by their
// plans, which is how a tenant is judged.
func TestPlansPassTheRulesTests(t *testing.T) {
	modules := map[string]*ast.Module{}
	tree := policies.Builtin()
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		module, err := ast.ParseModuleWithOpts(name, tree[name], ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		modules[name] = module
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	var tests []ast.Ref
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		for _, rule := range modules[name].Rules {
			if path := rule.Ref(); strings.HasPrefix(rule.Head.Name.String(), "test_") && !containsRef(tests, path) {
				tests = append(tests, path)
			}
		}
	}
	planned, err := plan.Prepare(t.Context(), compiler, tests)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		if test.String() == unplannable {
			continue
		}
		got, err := planned.Eval(t.Context(), time.Unix(0, 0), nil, test)
		if err != nil || got[0] == nil || !got[0].Equal(ast.InternedTerm(true)) {
			t.Errorf("%s = %v, %v, want true", test, got, err)
		}
	}
	if len(tests) < 1000 {
		t.Errorf("there are %d tests, want all", len(tests))
	}
}

func containsRef(refs []ast.Ref, ref ast.Ref) bool {
	return slices.ContainsFunc(refs, func(other ast.Ref) bool { return other.Equal(ref) })
}
