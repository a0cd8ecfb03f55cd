package plan_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/internal/plan"
)

// users is a rule over a collection, with what rules use: look-ups, functions, sets, negation.
const users = `package users

import data.places

deny contains {"id": user.id, "message": message} if {
	some user in input.users
	not user.id in _exempt
	_outside(user)
	message := sprintf("%s is in %s", [_name(user), user.place])
}

observed contains user.place if some user in input.users

first := user.id if {
	some user in input.users
	user.place == "FR"
}

some_outside if {
	some user in input.users
	_outside(user)
}

none := 1 if input.nothing

_exempt := {id | some id in input.exempt}

_outside(user) if not places.area[user.place] == "EU"

_name(user) := user.name if {
	is_string(user.name)
} else := user.id
`

const places = `package places

area := {"DE": "EU", "FR": "EU", "US": "US"}
`

func compile(t testing.TB, modules map[string]string) *ast.Compiler {
	t.Helper()
	compiler, err := ast.CompileModulesWithOpt(modules, ast.CompileOpts{ParserOptions: ast.ParserOptions{RegoVersion: ast.RegoV1}})
	if err != nil {
		t.Fatal(err)
	}
	return compiler
}

func prepare(t testing.TB, names ...string) (*plan.Plan, []ast.Ref, *ast.Compiler) {
	t.Helper()
	compiler := compile(t, map[string]string{"users.rego": users, "places.rego": places})
	var paths []ast.Ref
	for _, name := range names {
		paths = append(paths, ast.MustParseRef("data.users."+name))
	}
	planned, err := plan.Prepare(t.Context(), compiler, paths)
	if err != nil {
		t.Fatal(err)
	}
	return planned, paths, compiler
}

func input(t testing.TB, users int) *ast.Term {
	t.Helper()
	var list []string
	for i := range users {
		list = append(list, fmt.Sprintf(`{"id": "u%d", "name": %s, "place": %q}`, i, []string{`"Ada"`, "null"}[i%2], []string{"DE", "FR", "US"}[i%3]))
	}
	term, err := ast.ParseTerm(`{"exempt": ["u2"], "users": [` + strings.Join(list, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func TestEval(t *testing.T) {
	planned, paths, _ := prepare(t, "deny", "observed", "some_outside", "none")
	got, err := planned.Eval(t.Context(), time.Unix(0, 0), input(t, 6), paths...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{{"id": "u5", "message": "u5 is in US"}}`, `{"DE", "FR", "US"}`, `true`,
	} {
		if want := ast.MustParseTerm(want); got[i].Value.Compare(want.Value) != 0 {
			t.Errorf("%s = %v, want %v", paths[i], got[i], want)
		}
	}
	if got[3] != nil {
		t.Errorf("%s = %v, want no value", paths[3], got[3])
	}
}

func TestPrepareNamesTheRuleThatIsMissing(t *testing.T) {
	compiler := compile(t, map[string]string{"users.rego": users, "places.rego": places})
	_, err := plan.Prepare(t.Context(), compiler, []ast.Ref{ast.MustParseRef("data.users.denied")})
	if err == nil || !strings.Contains(err.Error(), "data.users.denied") {
		t.Errorf("Prepare = %v, want an error that names data.users.denied", err)
	}
}

func TestConflictsAreErrors(t *testing.T) {
	planned, paths, _ := prepare(t, "first")
	_, err := planned.Eval(t.Context(), time.Unix(0, 0), input(t, 6), paths...)
	var of *topdown.Error
	if !errors.As(err, &of) || of.Code != topdown.ConflictErr {
		t.Errorf("Eval = %v, want a conflict: two users are in FR", err)
	}
}

// areas is a package that others look names up in, with what OPA's planner has trouble with.
const areas = `package areas

DE := "EU"

US := false

outside(place) if not place in {"DE"}

members[area][place] := true if some area, place in {"EU": "DE"}

members.EU.FR := true

names[area] contains place if some area, place in {"EU": "DE"}

names.EU contains "FR"
`

// TestWherePlansGoWrong has what OPA plans in a way that gives something else than its evaluator,
// or nothing that could be evaluated.
func TestWherePlansGoWrong(t *testing.T) {
	tests := map[string]struct{ body, input, want string }{
		"negated, a rule that is true":       {`p if not data.areas[input.place]`, `{"place": "DE"}`, ""},
		"negated, a rule that is false":      {`p if not data.areas[input.place]`, `{"place": "US"}`, "true"},
		"negated, no rule":                   {`p if not data.areas[input.place]`, `{"place": "JP"}`, "true"},
		"negated, a function":                {`p if not data.areas[input.place]`, `{"place": "outside"}`, "true"},
		"negated, a member of no rule":       {`p if not data.areas[input.place].name`, `{"place": "JP"}`, "true"},
		"negated, a member of a string":      {`p if not data.areas[input.place].name`, `{"place": "DE"}`, "true"},
		"negated, in an object":              {`p if not data.areas.members[input.area]`, `{"area": "EU"}`, ""},
		"negated, objects of different size": {`p if not {input.place: 1} = {"DE": 1, "US": 2}`, `{"place": "DE"}`, "true"},
		"negated, with another package":      {`p if not data.areas[input.place] with data.areas as {"JP": 1}`, `{"place": "JP"}`, ""},
		"negated, in a loop": {
			"import future.keywords.not\n" + `p contains user.id if { some user in input.users; not { some area in user.areas; area == "US" } }`,
			`{"users": [{"id": 1, "areas": ["US"]}, {"id": 2, "areas": ["EU"]}]}`, "{2}",
		},
		"all rules of a package":  {`p := {name | some name; data.areas[name]}`, `{}`, `{"DE", "members", "names"}`},
		"objects of two tiers":    {`p := count({data.areas.members, {"EU": {"DE": true, "FR": true}}})`, `{}`, "1"},
		"sets in an object":       {`p := count({data.areas.names, {"EU": {"DE", "FR"}}})`, `{}`, "1"},
		"keys with the same hash": {`p[key] := 1 if { some _ in [1, 2]; some key in [[], [0], [1, 0], [0, 1]] }`, `{}`, "{[]: 1, [0]: 1, [1, 0]: 1, [0, 1]: 1}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			compiler := compile(t, map[string]string{"p.rego": "package p\n" + tt.body, "areas.rego": areas})
			path := ast.MustParseRef("data.p.p")
			planned, err := plan.Prepare(t.Context(), compiler, []ast.Ref{path})
			if err != nil {
				t.Fatal(err)
			}
			got, err := planned.Eval(t.Context(), time.Unix(0, 0), ast.MustParseTerm(tt.input), path)
			if err != nil {
				t.Fatal(err)
			}
			var want *ast.Term
			if tt.want != "" {
				want = ast.MustParseTerm(tt.want)
			}
			if !same(got[0], want) {
				t.Errorf("%s = %v, want %v", tt.body, got[0], want)
			}
		})
	}
}

// TestPanicsAreErrors has a built-in function of OPA's panic.
func TestPanicsAreErrors(t *testing.T) {
	compiler := compile(t, map[string]string{"p.rego": "package p\np := bits.lsh(1, input.bits)"})
	path := ast.MustParseRef("data.p.p")
	planned, err := plan.Prepare(t.Context(), compiler, []ast.Ref{path})
	if err != nil {
		t.Fatal(err)
	}
	got, err := planned.Eval(t.Context(), time.Unix(0, 0), ast.MustParseTerm(`{"bits": 1000000000000000000}`), path)
	var of *topdown.Error
	if !errors.As(err, &of) || of.Code != topdown.InternalErr || got != nil {
		t.Errorf("Eval = %v, %v, want an internal error", got, err)
	}
	got, err = planned.Eval(t.Context(), time.Unix(0, 0), ast.MustParseTerm(`{"bits": 3}`), path)
	if err != nil || !same(got[0], ast.IntNumberTerm(8)) {
		t.Errorf("Eval = %v, %v, want 8", got, err)
	}
}

func same(a, b *ast.Term) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Value.Compare(b.Value) == 0
}

// TestEvaluationEnds shows that a rule which would take for ever ends with its context.
func TestEvaluationEnds(t *testing.T) {
	compiler := compile(t, map[string]string{"long.rego": `package long

many := {[a, b, c, d] |
	some a in numbers.range(1, 1000)
	some b in numbers.range(1, 1000)
	some c in numbers.range(1, 1000)
	some d in numbers.range(1, 1000)
	a < 0
}`})
	paths := []ast.Ref{ast.MustParseRef("data.long.many")}
	planned, err := plan.Prepare(t.Context(), compiler, paths)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = planned.Eval(ctx, time.Unix(0, 0), ast.ObjectTerm(), paths...)
	if !topdown.IsCancel(err) {
		t.Fatalf("Eval = %v, want that it was cancelled", err)
	}
	// What was found by then of rules that depend on nothing isn't kept.
	_, err = planned.Eval(ctx, time.Unix(0, 0), ast.ObjectTerm(), paths...)
	if !topdown.IsCancel(err) {
		t.Errorf("Eval once more = %v, want that it was cancelled", err)
	}
}

// TestSeveralAtOnce evaluates one plan in several goroutines, for the race detector.
func TestSeveralAtOnce(t *testing.T) {
	planned, paths, _ := prepare(t, "deny", "observed")
	shared := input(t, 600)
	want, err := planned.Eval(t.Context(), time.Unix(0, 0), shared, paths...)
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			got, err := planned.Eval(t.Context(), time.Unix(0, 0), shared, paths...)
			if err == nil && got[0].Value.Compare(want[0].Value) != 0 {
				err = fmt.Errorf("deny = %v, want %v", got[0], want[0])
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// BenchmarkEval compares the evaluation of a page by its plan and by OPA's own evaluator.
func BenchmarkEval(b *testing.B) {
	planned, paths, compiler := prepare(b, "deny", "observed")
	page := input(b, 1000)
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := planned.Eval(b.Context(), time.Unix(0, 0), page, paths...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("topdown", func(b *testing.B) {
		query, err := rego.New(rego.Query("x = [data.users.deny, data.users.observed]"), rego.Compiler(compiler)).PrepareForEval(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := query.Eval(b.Context(), rego.EvalParsedInput(page.Value)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
