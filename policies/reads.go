package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// checkReads holds what a rule and the libraries it calls read of the input against what
// its METADATA declares: every kind and parameter must be declared, and a kind that is
// declared as a look-up or as grouped is read through input.lookup or input.group alone,
// unless it is the rule's scope.
func checkReads(rule Rule, reads reads) error {
	var errs []error
	kinds := rule.Kinds()
	for _, kind := range slices.Sorted(maps.Keys(reads.kinds)) {
		switch {
		case !slices.Contains(kinds, kind):
			errs = append(errs, fmt.Errorf("%s reads evidence kind %s and does not declare it", rule.ID, kind))
		case kind != rule.Scope && rule.Lookup[kind] != "":
			errs = append(errs, fmt.Errorf("%s declares %s as a look-up and reads input.evidence.%s, which is empty then; read input.lookup.%s", rule.ID, kind, kind, kind))
		case kind != rule.Scope && rule.Group[kind] != "":
			errs = append(errs, fmt.Errorf("%s declares %s as grouped and reads input.evidence.%s, which is empty then; read input.group.%s", rule.ID, kind, kind, kind))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(reads.lookups)) {
		if _, declared := rule.Lookup[kind]; !declared {
			errs = append(errs, fmt.Errorf("%s reads input.lookup.%s and does not declare it", rule.ID, kind))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(reads.groups)) {
		if _, declared := rule.Group[kind]; !declared {
			errs = append(errs, fmt.Errorf("%s reads input.group.%s and does not declare it", rule.ID, kind))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(reads.gaps)) {
		if !slices.Contains(kinds, kind) {
			errs = append(errs, fmt.Errorf("%s reads input.gaps.%s and does not declare the kind", rule.ID, kind))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reads.params)) {
		if _, declared := rule.Params[name]; !declared {
			errs = append(errs, fmt.Errorf("%s reads parameter %s and does not declare it", rule.ID, name))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("reading the METADATA of %s: %w", rule.File, errors.Join(errs...))
	}
	return nil
}

// reads are the parts of the input that a rule reads, directly or through functions that
// take the input as an argument, and every string that stands in what it reads them with,
// and in which files.
type reads struct {
	kinds, lookups, groups, gaps, params, words map[string]bool
	files                                       []string
}

// readsOf walks a rule's package and every rule that it can reach.
func readsOf(rule Rule, compiler *ast.Compiler) reads {
	found := reads{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, nil}
	seen := map[*ast.Rule]bool{}
	var visit func(*ast.Rule)
	visit = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		addWords(found.words, r)
		found.files = append(found.files, r.Location.File)
		scope := scopeOf(r)
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			found.note(ref, scope)
			return false
		})
		ast.WalkExprs(r, func(expr *ast.Expr) bool {
			found.noteGet(expr, scope)
			return false
		})
		for dependency := range compiler.Graph.Dependencies(r) {
			if next, ok := dependency.(*ast.Rule); ok {
				visit(next)
			}
		}
	}
	for _, output := range rule.outputs {
		for _, r := range compiler.GetRulesExact(output) {
			visit(r)
		}
	}
	return found
}

// scope knows which variables of a rule stand for the whole input (input itself, and a
// library function's arguments, any of which may be given it), and which for a part of
// it, by the part's name.
type scope struct {
	whole []ast.Var
	parts map[ast.Var]string
}

func scopeOf(r *ast.Rule) scope {
	s := scope{whole: []ast.Var{"input"}, parts: map[ast.Var]string{}}
	for _, argument := range r.Head.Args {
		if name, ok := argument.Value.(ast.Var); ok {
			s.whole = append(s.whole, name)
		}
	}
	ast.WalkExprs(r, func(expr *ast.Expr) bool {
		if expr.IsEquality() || expr.IsAssignment() {
			s.alias(expr.Operand(0), expr.Operand(1))
			s.alias(expr.Operand(1), expr.Operand(0))
		}
		return false
	})
	return s
}

// alias notes params = input.params.
func (s scope) alias(name, value *ast.Term) {
	variable, ok := name.Value.(ast.Var)
	if part, isPart := s.part(value); ok && isPart {
		s.parts[variable] = part
	}
}

// part says which part of the input a term is: the evidence, say.
func (s scope) part(term *ast.Term) (string, bool) {
	switch value := term.Value.(type) {
	case ast.Var:
		part, ok := s.parts[value]
		return part, ok
	case ast.Ref:
		head, ok := value[0].Value.(ast.Var)
		if !ok || len(value) != 2 || !slices.Contains(s.whole, head) {
			return "", false
		}
		part, ok := value[1].Value.(ast.String)
		return string(part), ok
	default:
		return "", false
	}
}

// note takes input.evidence.<kind> and its like from a reference.
func (f *reads) note(ref ast.Ref, s scope) {
	for _, length := range []int{1, 2} {
		if len(ref) <= length {
			continue
		}
		term := ast.NewTerm(ref[:length])
		if length == 1 {
			term = ref[0]
		}
		name, named := ref[length].Value.(ast.String)
		if part, ok := s.part(term); ok && named {
			f.add(part, string(name))
		}
	}
}

// noteGet takes object.get(input.params, "name", ...) and its like from a call.
func (f *reads) noteGet(expr *ast.Expr, s scope) {
	if !expr.IsCall() || expr.Operator().String() != ast.ObjectGet.Name || len(expr.Operands()) < 2 {
		return
	}
	part, ok := s.part(expr.Operand(0))
	name, named := expr.Operand(1).Value.(ast.String)
	if ok && named {
		f.add(part, string(name))
	}
}

func (f *reads) add(part, name string) {
	switch part {
	case "evidence":
		f.kinds[name] = true
	case "lookup":
		f.lookups[name] = true
	case "group":
		f.groups[name] = true
	case "gaps":
		f.gaps[name] = true
	case "params":
		f.params[name] = true
	}
}
