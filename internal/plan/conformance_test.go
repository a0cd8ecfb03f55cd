package plan_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/test/cases/testdata"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/domicile-audit/domicile/internal/plan"
)

// exceptions are the cases that no plan of OPA's can meet, and why.
func exceptions() map[string]string {
	const integers = "plans don't find members of data whose names are integers: https://github.com/open-policy-agent/opa/issues/3711"
	return map[string]string{
		"data/toplevel integer": integers,
		"data/nested integer":   integers,
		"time/time caching":     "it needs test.sleep, which is built into OPA's own tests alone",
	}
}

// TestConformance holds the evaluation of plans against the cases that OPA gives to those who
// write evaluators for Rego.
func TestConformance(t *testing.T) {
	ran := 0
	for _, tt := range conformanceCases(t) {
		t.Run(tt.Note, func(t *testing.T) {
			if why, excepted := exceptions()[tt.Note]; excepted {
				t.Skip(why)
			}
			ran++
			for name, value := range tt.Env {
				t.Setenv(name, value)
			}
			for _, given := range []func(*ast.Term) *ast.Term{plan.Made, plan.Deferred} {
				got, err := evaluate(t, tt, given)
				switch {
				case tt.WantErrorCode != nil || tt.WantError != nil:
					checkError(t, tt, err)
				case err != nil:
					t.Fatal(err)
				case tt.WantResult != nil:
					if want := wanted(*tt.WantResult); want.Compare(got) != 0 {
						t.Errorf("%s = %v, want %v", tt.Query, got, want)
					}
				}
			}
		})
	}
	if ran < 2000 {
		t.Errorf("%d cases ran, want thousands", ran)
	}
}

func conformanceCases(t *testing.T) []cases.TestCase {
	t.Helper()
	var all []cases.TestCase
	err := fs.WalkDir(testdata.V1, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(testdata.V1, path)
		if err != nil {
			return err
		}
		var set cases.Set
		if err := util.Unmarshal(text, &set); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		all = append(all, set.Cases...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// evaluate plans and evaluates a case, with input and data as they are given, and returns its
// bindings as a set of objects.
func evaluate(t *testing.T, tt cases.TestCase, given func(*ast.Term) *ast.Term) (ast.Set, error) {
	t.Helper()
	modules := map[string]string{}
	for i, module := range tt.Modules {
		modules[fmt.Sprintf("test-%d.rego", i)] = module
	}
	options := ast.CompileOpts{ParserOptions: ast.ParserOptions{RegoVersion: ast.RegoV1}}
	if tt.ExperimentalKeywords {
		options.ParserOptions.Capabilities = ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(true))
	}
	compiler, err := ast.CompileModulesWithOpt(modules, options)
	if err != nil {
		return nil, err
	}
	planned, err := plan.PrepareQuery(t.Context(), compiler, tt.Query)
	if err != nil {
		return nil, err
	}
	data := ast.ObjectTerm()
	if tt.Data != nil {
		data = ast.NewTerm(ast.MustInterfaceToValue(*tt.Data))
	}
	var input *ast.Term
	switch {
	case tt.InputTerm != nil:
		input = ast.MustParseTerm(*tt.InputTerm)
	case tt.Input != nil:
		input = ast.NewTerm(ast.MustInterfaceToValue(*tt.Input))
	}
	bindings, err := planned.Eval(t.Context(), given(input), given(data), tt.StrictError)
	if err != nil {
		return nil, err
	}
	got := ast.NewSet()
	for _, binding := range bindings {
		object := ast.NewObject()
		err := binding.Value.(ast.Object).Iter(func(name, value *ast.Term) error {
			plain, err := ast.JSON(value.Value)
			if list, ok := plain.([]any); ok && tt.SortBindings {
				slices.SortFunc(list, util.Compare)
			}
			if !strings.HasPrefix(string(name.Value.(ast.String)), "^") { // a name that OPA makes up
				object.Insert(name, ast.NewTerm(ast.MustInterfaceToValue(plain)))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got.Add(ast.NewTerm(object))
	}
	return got, nil
}

func wanted(bindings []map[string]any) ast.Set {
	want := ast.NewSet()
	for _, binding := range bindings {
		want.Add(ast.NewTerm(ast.MustInterfaceToValue(binding)))
	}
	return want
}

func checkError(t *testing.T, tt cases.TestCase, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	var of *topdown.Error
	if tt.WantErrorCode != nil && (!errors.As(err, &of) || of.Code != *tt.WantErrorCode) {
		t.Errorf("the error is %v, want the code %s", err, *tt.WantErrorCode)
	}
}
