package policies_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/domicile-audit/domicile/internal/plan"
	"github.com/domicile-audit/domicile/policies"
)

// FuzzPlansSayTheSame changes the evidence of a simulated tenant by what the bytes choose and
// compares what every shipped rule says of it by its plan with what OPA's own evaluator says.
func FuzzPlansSayTheSame(f *testing.F) {
	set, compiler := shipped(f), plainCompiler(f)
	type subject struct {
		rule   policies.Rule
		inputs []map[string]any
	}
	var subjects []subject
	var outputs []ast.Ref
	for _, rule := range set.Rules() {
		subjects = append(subjects, subject{rule: rule})
		outputs = append(outputs, outputsOf(compiler, rule)...)
	}
	for _, tenant := range []string{"good", "weak"} {
		bundle, options := collected(f, tenant)
		verdicts, err := set.Evaluate(f.Context(), bundle, options)
		if err != nil {
			f.Fatal(err)
		}
		for i := range subjects {
			input, err := ast.JSON(wholeInput(f, bundle, subjects[i].rule, verdicts))
			if err != nil {
				f.Fatal(err)
			}
			subjects[i].inputs = append(subjects[i].inputs, input.(map[string]any))
		}
	}
	planned, err := plan.Prepare(f.Context(), compiler, outputs)
	if err != nil {
		f.Fatal(err)
	}
	queries := map[string]rego.PreparedEvalQuery{}
	for i := range subjects {
		f.Add([]byte{byte(i), byte(i), 1, byte(i * 7), byte(i * 3), byte(i * 5), byte(i), byte(i * 11), byte(i * 13), byte(i)})
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		c := choices{bytes}
		of := subjects[c.choose(len(subjects))]
		input := maps.Clone(of.inputs[c.choose(len(of.inputs))])
		for range c.choose(8) {
			part := []string{"evidence", "lookup", "group", "gaps"}[c.choose(4)]
			input[part] = c.changed(input[part])
		}
		document, given := ast.NewTerm(ast.MustInterfaceToValue(input)), paged(t, input)
		for _, output := range outputsOf(compiler, of.rule) {
			query, prepared := queries[output.String()]
			if !prepared {
				var err error
				query, err = rego.New(rego.Query("x := "+output.String()), rego.Compiler(compiler), rego.StrictBuiltinErrors(true)).PrepareForEval(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				queries[output.String()] = query
			}
			found, wantErr := query.Eval(t.Context(), rego.EvalParsedInput(document.Value))
			got, err := planned.Eval(t.Context(), time.Unix(0, 0), given, output)
			switch {
			case err != nil:
				continue // unknown; OPA leaves rules out by their index, and may not meet the error
			case wantErr != nil:
				t.Errorf("%s = %v, OPA says %v, of %v", output, got, wantErr, document)
				continue
			}
			plain, err := ast.JSON(got[0].Value)
			if err != nil {
				t.Fatal(err)
			}
			if want := found[0].Bindings["x"]; util.Compare(plain, want) != 0 {
				t.Errorf("%s = %v, OPA says %v, of %v", output, plain, want, document)
			}
		}
	})
}

// paged is an input whose evidence comes as pages do.
func paged(t *testing.T, input map[string]any) *ast.Term {
	t.Helper()
	kinds, ok := input["evidence"].(map[string]any)
	if !ok {
		return ast.NewTerm(ast.MustInterfaceToValue(input))
	}
	var document, evidence [][2]*ast.Term
	for kind, value := range kinds {
		term := ast.NewTerm(ast.MustInterfaceToValue(value))
		if objects, ok := value.([]any); ok {
			page, err := policies.Page(objects)
			if err != nil {
				t.Fatal(err)
			}
			if page != nil {
				term = page
			}
		}
		evidence = append(evidence, ast.Item(ast.StringTerm(kind), term))
	}
	for name, value := range input {
		if name != "evidence" {
			document = append(document, ast.Item(ast.StringTerm(name), ast.NewTerm(ast.MustInterfaceToValue(value))))
		}
	}
	return plan.Object(append(document, ast.Item(ast.StringTerm("evidence"), plan.Object(evidence...)))...)
}

// outputsOf are the paths of what a rule says.
func outputsOf(compiler *ast.Compiler, rule policies.Rule) []ast.Ref {
	var outputs []ast.Ref
	for _, name := range []string{"deny", "not_applicable", "observed", "unknown"} {
		ref := ast.MustParseRef("data.domicile." + strings.ReplaceAll(strings.TrimSuffix(rule.File, ".rego"), "/", ".") + "." + name)
		if len(compiler.GetRulesExact(ref)) > 0 {
			outputs = append(outputs, ref)
		}
	}
	return outputs
}

// choices are bytes that choose; once they are used up the first choice is taken.
type choices struct{ bytes []byte }

func (c *choices) choose(n int) int {
	choice := 0
	for size := 1; size < n && len(c.bytes) > 0; size *= 256 {
		choice, c.bytes = choice<<8|int(c.bytes[0]), c.bytes[1:]
	}
	return choice % n
}

// changed is a value with something in it changed, and shares the rest.
func (c *choices) changed(value any) any {
	stop := c.choose(6) == 5
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 || stop {
			break
		}
		names := slices.Sorted(maps.Keys(value))
		name := names[c.choose(len(names))]
		changed := maps.Clone(value)
		if c.choose(12) == 11 {
			delete(changed, name)
		} else {
			changed[name] = c.changed(value[name])
		}
		return changed
	case []any:
		if len(value) == 0 || stop {
			break
		}
		at := c.choose(len(value))
		changed := slices.Clone(value)
		switch c.choose(12) {
		case 11:
			return slices.Delete(changed, at, at+1)
		case 10:
			return append(changed, value[at])
		case 9:
			return append(changed, c.changed(value[at]))
		}
		changed[at] = c.changed(value[at])
		return changed
	}
	others := []any{
		nil, true, false, 0, -1, 1.5, "", "x", "*", "all", "None", "2020-01-01T00:00:00Z", "9999-99-99", "00000000-0000-0000-0000-000000000000",
		strings.Repeat("x", 1<<16), "\u0000\ufffd%s",
		[]any{},
		[]any{nil},
		map[string]any{},
		map[string]any{"": nil},
		[]any{value},
		[]any{value, value},
		map[string]any{"value": value},
	}
	return others[c.choose(len(others))]
}
