package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/domicile-audit/domicile/internal/plan"
)

// FuzzSameAsOPA writes rules and an input by what the bytes choose, and compares their values by
// their plans with those that OPA's own evaluator gives.
func FuzzSameAsOPA(f *testing.F) {
	for seed := range 64 {
		f.Add(choices(seed))
	}
	f.Fuzz(sameAsOPA)
}

func sameAsOPA(t *testing.T, chosen []byte) {
	w := &writer{chosen: chosen}
	input, modules := w.input(), w.modules()
	compiler, err := ast.CompileModulesWithOpt(modules, ast.CompileOpts{ParserOptions: ast.ParserOptions{RegoVersion: ast.RegoV1}})
	if err != nil {
		return // an unsafe variable, say, or a number where a string must be
	}
	var paths []ast.Ref
	for i := range w.documents {
		paths = append(paths, ast.MustParseRef(fmt.Sprintf("data.all.v%d", i)))
	}
	planned, err := plan.Prepare(t.Context(), compiler, paths)
	if err != nil {
		return // OPA can't plan it, and says so
	}
	for i, path := range paths {
		want, opaErr := topdownEval(t, compiler, path, input)
		for _, input := range []*ast.Term{input, plan.Deferred(input)} {
			got, err := planned.Eval(t.Context(), time.Unix(0, 0), input, path)
			switch {
			case opaErr != nil && err == nil:
				// A plan ends where no more can change the value, and meets fewer errors then.
			case err != nil && !strings.Contains(err.Error(), "panicked"):
				// OPA's evaluator ends in other places.
			case err != nil || !same(got[0], want):
				t.Errorf("%s = %v, %v, OPA says %v, %v\n%s", w.documents[i], got, err, want, opaErr, listed(plan.Made(input), modules))
			}
		}
	}
}

func listed(input *ast.Term, modules map[string]string) string {
	return fmt.Sprintf("input %v\n%s\n%s\n%s", input, modules["p.rego"], modules["lib.rego"], modules["sub.rego"])
}

// topdownEval is the value of a document by OPA's own evaluator, nil for none. It neither leaves
// rules out by its index nor ends early, so that it meets every error.
func topdownEval(t *testing.T, compiler *ast.Compiler, path ast.Ref, input *ast.Term) (*ast.Term, error) {
	t.Helper()
	store := inmem.New()
	var value *ast.Term
	err := storage.Txn(t.Context(), store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		query := ast.NewBody(ast.Equality.Expr(ast.VarTerm("x"), ast.NewTerm(path)))
		found, err := topdown.NewQuery(query).WithCompiler(compiler).WithStore(store).WithTransaction(txn).WithInput(input).
			WithStrictBuiltinErrors(true).WithIndexing(false).WithEarlyExit(false).WithTime(time.Unix(0, 0)).Run(t.Context())
		if err == nil && len(found) == 1 {
			value = found[0]["x"]
		}
		return err
	})
	return value, err
}

// choices are bytes that depend on a seed.
func choices(seed int) []byte {
	state, chosen := uint64(seed)*0x9E3779B97F4A7C15+1, make([]byte, 600)
	for i := range chosen {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		chosen[i] = byte(state >> 32)
	}
	return chosen
}

// writer writes Rego by what the bytes choose; once they are used up the first choice is taken,
// which is the plainest everywhere.
type writer struct {
	chosen    []byte
	vars      []string // in scope
	names     int
	depth     int
	negated   bool
	packages  []string // whole packages that the rules may refer to
	documents []string // paths of the rules so far, which later ones may use
	functions []string
}

func (w *writer) choose(n int) int {
	if len(w.chosen) == 0 {
		return 0
	}
	choice := int(w.chosen[0]) % n
	w.chosen = w.chosen[1:]
	return choice
}

func (w *writer) one(of ...string) string { return of[w.choose(len(of))] }

func (w *writer) fresh() string {
	w.names++
	return fmt.Sprintf("v%d", w.names)
}

func (w *writer) input() *ast.Term {
	var members []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if w.choose(8) < 7 {
			members = append(members, fmt.Sprintf("%q: %s", name, w.json(3)))
		}
	}
	return ast.MustParseTerm("{" + strings.Join(members, ", ") + "}")
}

func (w *writer) json(depth int) string {
	kinds := 6
	if depth > 0 {
		kinds = 10
	}
	switch w.choose(kinds) {
	case 0:
		return w.one("1", "2", "0", "1.0", "10")
	case 1, 2:
		return w.one(`"a"`, `"b"`, `"c"`, `"x"`, `""`)
	case 3:
		return "true"
	case 4:
		return "false"
	case 5:
		return "null"
	case 6, 7:
		var elements []string
		for range w.choose(4) {
			elements = append(elements, w.json(depth-1))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	default:
		members := map[string]string{}
		var list []string
		for range w.choose(4) {
			name := w.one(`"a"`, `"b"`, `"c"`, `"x"`)
			if members[name] == "" {
				members[name] = w.json(depth - 1)
				list = append(list, name+": "+members[name])
			}
		}
		return "{" + strings.Join(list, ", ") + "}"
	}
}

func (w *writer) modules() map[string]string {
	modules := map[string]string{}
	for _, name := range []string{"sub", "lib", "p"} {
		header := map[string]string{"sub": "package lib.sub\n", "lib": "package lib\n", "p": "package p\nimport data.lib\n"}[name]
		pkg := map[string]string{"sub": "lib.sub", "lib": "lib", "p": "p"}[name]
		var text strings.Builder
		text.WriteString(header)
		var documents, functions []string
		for i := range 1 + w.choose(3) {
			rule, function := w.rule(name, i)
			text.WriteString(rule)
			// What stands in a package may be used by those after it.
			if function {
				functions = append(functions, fmt.Sprintf("data.%s.%s", pkg, ruleName(name, i)))
			} else {
				documents = append(documents, fmt.Sprintf("%s.%s", pkg, ruleName(name, i)))
			}
		}
		w.documents, w.functions = append(w.documents, documents...), append(w.functions, functions...)
		w.packages = append(w.packages, "data."+pkg)
		modules[name+".rego"] = text.String()
	}
	all := "package all\n"
	for i, name := range w.documents {
		all += fmt.Sprintf("v%d := data.%s\n", i, name)
	}
	modules["all.rego"] = all
	return modules
}

// ruleName are names that the input's strings have as well.
func ruleName(module string, i int) string {
	if module == "p" {
		return fmt.Sprintf("r%d", i)
	}
	return []string{"a", "b", "c", "x"}[i]
}

// rule writes a rule of several bodies, and says whether it is a function.
func (w *writer) rule(module string, i int) (string, bool) {
	name := ruleName(module, i)
	var text strings.Builder
	kind := w.choose(10)
	constant := w.json(1)
	if kind == 9 && w.choose(2) == 0 || kind < 2 && w.choose(3) == 0 {
		arguments := ""
		if kind == 9 {
			arguments = "(_)"
		}
		fmt.Fprintf(&text, "default %s%s := %s\n", name, arguments, w.json(1))
	}
	for range 1 + w.choose(2) {
		w.vars, w.depth = nil, 0
		switch kind {
		case 0, 1: // a document
			body := w.body()
			value := w.one(constant, "", w.term(), w.term())
			if value != "" {
				value = " := " + value
			}
			fmt.Fprintf(&text, "%s%s if { %s }", name, value, body)
			for range w.choose(2) {
				w.vars = nil
				body := w.body()
				fmt.Fprintf(&text, " else := %s if { %s }", w.term(), body)
			}
		case 2, 3, 4:
			body := w.body()
			fmt.Fprintf(&text, "%s contains %s if { %s }", name, w.term(), body)
		case 5, 6:
			body := w.body()
			fmt.Fprintf(&text, "%s[%s] := %s if { %s }", name, w.key(), w.term(), body)
		case 7:
			body := w.body()
			fmt.Fprintf(&text, "%s[%s] contains %s if { %s }", name, w.key(), w.term(), body)
		case 8:
			body := w.body()
			fmt.Fprintf(&text, "%s.a[%s] := %s if { %s }", name, w.key(), w.term(), body)
		default:
			argument := w.one("u", "u", "[u, _]", `{"a": u}`, `"a"`)
			if strings.Contains(argument, "u") {
				w.vars = []string{"u"}
			}
			body := w.body()
			fmt.Fprintf(&text, "%s(%s) := %s if { %s }", name, argument, w.one(constant, w.term(), w.term()), body)
		}
		text.WriteString("\n")
	}
	return text.String(), kind == 9
}

func (w *writer) key() string {
	if len(w.vars) > 0 && w.choose(4) > 0 {
		return w.vars[w.choose(len(w.vars))]
	}
	return w.one(`"a"`, `"b"`, `"c"`)
}

func (w *writer) body() string {
	statements := []string{w.statement()}
	for range w.choose(4 - min(w.depth, 2)) {
		statements = append(statements, w.statement())
	}
	return strings.Join(statements, "; ")
}

// inner writes what introduces variables that are not in scope outside.
func (w *writer) inner(write func() string) string {
	vars, negated := w.vars, w.negated
	w.depth++
	w.negated = false
	text := write()
	w.vars, w.negated, w.depth = vars, negated, w.depth-1
	return text
}

// nested writes a part of a term.
func (w *writer) nested(write func() string) string {
	w.depth++
	text := write()
	w.depth--
	return text
}

func (w *writer) declare() string {
	name := w.fresh()
	w.vars = append(w.vars[:len(w.vars):len(w.vars)], name)
	return name
}

func (w *writer) statement() string {
	text := w.plain()
	if w.choose(8) == 7 {
		targets := []string{"input.a", "input.b", "input", "data.ext"}
		if len(w.packages) > 1 {
			targets = append(targets, "data.lib.a", "data.lib")
		}
		text += " with " + w.one(targets...) + " as " + w.one(w.term(), w.constant(), `{"a": "b"}`)
	}
	if len(w.functions) > 0 && w.choose(24) == 23 {
		text += fmt.Sprintf(" with %s as %s", w.functions[w.choose(len(w.functions))], w.one(w.constant(), w.functions[w.choose(len(w.functions))], "count"))
	}
	return text
}

func (w *writer) plain() string {
	kinds := 16
	if w.depth > 1 {
		kinds = 10
	}
	switch w.choose(kinds) {
	case 0:
		term := w.term()
		return fmt.Sprintf("%s := %s", w.declare(), term)
	case 1:
		return w.operand() + w.one(" == ", " != ", " < ", " >= ", " in ", " = ") + w.any()
	case 2, 3:
		from := w.operand()
		name := w.declare()
		return fmt.Sprintf("some %s in %s; _ = %s", name, from, name)
	case 4:
		from := w.operand()
		key, value := w.declare(), w.declare()
		return fmt.Sprintf("some %s, %s in %s; _ = [%s, %s]", key, value, from, key, value)
	case 5:
		return "not " + w.negation(w.term)
	case 6:
		return "not " + w.negation(func() string { return w.operand() + w.one(" == ", " in ", " < ", " = ") + w.any() })
	case 7:
		collection := w.collection()
		name := w.declare()
		return fmt.Sprintf("some %s; %s[%s]", name, collection, name)
	case 8:
		collection := w.collection()
		key, name := w.declare(), w.declare()
		return fmt.Sprintf("%s := %s[%s]", name, collection, key)
	case 9:
		return w.operand()
	case 10, 11, 12:
		from := w.operand()
		return w.inner(func() string {
			key, value := w.declare(), w.declare()
			return fmt.Sprintf("every %s, %s in %s { _ = [%s, %s]; %s }", key, value, from, key, value, w.body())
		})
	case 13:
		pattern := w.one("[%s, %s]", `{"a": %s, "b": %s}`, `[1, {"a": [%s, %s]}]`)
		from := w.any()
		return fmt.Sprintf(pattern, w.declare(), w.declare()) + " = " + from
	case 14:
		from := w.operand()
		return fmt.Sprintf("walk(%s, [%s, %s])", from, w.declare(), w.declare())
	default:
		from := w.collection()
		return fmt.Sprintf("walk(%s, %s)", from, w.declare())
	}
}

// negation writes what must not bring variables of its own.
func (w *writer) negation(write func() string) string {
	before := w.negated
	w.negated = true
	text := write()
	w.negated = before
	return text
}

// operand is a term that may stand on either side of an operator.
func (w *writer) operand() string {
	switch w.choose(4) {
	case 0, 1:
		return w.collection()
	case 2:
		return w.one("input.a", "input.b", "input.c", "input.d", "input.e") + "[" + w.collection() + "]"
	default:
		if term := w.term(); !strings.Contains(term, " with ") {
			return "(" + term + ")"
		}
		return w.constant()
	}
}

func (w *writer) constant() string { return w.json(1) }

// collection is a reference that may be gone on with.
func (w *writer) collection() string {
	switch kinds := w.choose(5); {
	case kinds == 0 && len(w.vars) > 0:
		return w.vars[w.choose(len(w.vars))]
	case kinds <= 2 && len(w.documents) > 0:
		return "data." + w.documents[w.choose(len(w.documents))]
	case kinds == 3 && len(w.packages) > 0:
		return w.packages[w.choose(len(w.packages))]
	default:
		return w.one("input.a", "input.b", "input.c", "input.d", "input.e", "input.none", "input")
	}
}

// any is a part of the input, of which nobody knows the type.
func (w *writer) any() string {
	text := w.one("input.a", "input.b", "input.c", "input.d", "input.e", "input.none")
	if w.choose(3) == 2 {
		text += "[" + w.one(`"a"`, `"b"`, w.any()) + "]"
	}
	return text
}

func (w *writer) term() string {
	kinds := 20
	if w.depth > 1 {
		kinds = 8
	}
	switch w.choose(kinds) {
	case 0, 1, 2, 19:
		return w.collection()
	case 3:
		return w.constant()
	case 4, 5:
		return w.collection() + "[" + w.one(w.any(), `"a"`, `"b"`, w.any()) + "]"
	case 6:
		if w.negated {
			return w.constant()
		}
		return w.collection() + "[_]"
	case 7:
		return `$"<{` + w.collection() + `}>"`
	case 8:
		return w.inner(func() string {
			body := w.body()
			return fmt.Sprintf("[%s | %s]", w.term(), body)
		})
	case 9:
		return w.inner(func() string {
			body := w.body()
			return fmt.Sprintf("{%s | %s}", w.term(), body)
		})
	case 10:
		return w.inner(func() string {
			body := w.body()
			return fmt.Sprintf("{%s: %s | %s}", w.term(), w.term(), body)
		})
	case 11:
		return w.nested(func() string {
			return w.one("count", "is_string", "to_number", "type_name", "json.marshal", "abs", "upper", "array.reverse") + "(" + w.any() + ")"
		})
	case 12:
		return w.nested(func() string {
			return fmt.Sprintf("object.get(%s, %s, %s)", w.any(), w.one(`"a"`, `["a", "b"]`, w.any()), w.term())
		})
	case 13:
		return w.nested(func() string {
			return fmt.Sprintf("sprintf(%s, [%s, %s])", w.one(`"%v %v"`, `"%d%s"`), w.term(), w.term())
		})
	case 14:
		return w.nested(func() string { return "[" + w.term() + ", " + w.term() + "]" })
	case 15:
		return w.nested(func() string { return `{"a": ` + w.term() + `, "b": ` + w.term() + "}" })
	case 16:
		return w.nested(func() string { return "{" + w.term() + ", " + w.term() + "}" })
	case 17:
		return w.nested(func() string { return "(" + w.any() + w.one(" | ", " & ", " - ", " + ") + w.any() + ")" })
	default:
		if len(w.functions) == 0 {
			return w.constant()
		}
		return w.nested(func() string { return w.functions[w.choose(len(w.functions))] + "(" + w.term() + ")" })
	}
}
