package plan

import (
	"context"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Deferred is a value whose objects and arrays are records and lists, as far as they can be.
func Deferred(term *ast.Term) *ast.Term {
	if term == nil {
		return nil
	}
	switch value := term.Value.(type) {
	case ast.Object:
		var members [][2]*ast.Term
		for _, name := range value.Keys() {
			if _, ok := name.Value.(ast.String); !ok {
				return term
			}
			members = append(members, ast.Item(name, Deferred(value.Get(name))))
		}
		return Object(members...)
	case *ast.Array:
		var elements []*ast.Term
		value.Foreach(func(element *ast.Term) { elements = append(elements, Deferred(element)) })
		return ast.NewTerm(&list{elements: elements})
	default:
		return term
	}
}

// Query is any query, which OPA's conformance cases are.
type Query struct {
	plan   *Plan
	blocks []block
	locals int
}

// PrepareQuery plans a query.
func PrepareQuery(ctx context.Context, compiler *ast.Compiler, text string) (*Query, error) {
	policy, err := planQuery(ctx, explicit(compiler), rego.Query(text))
	if err != nil {
		return nil, err
	}
	c := newCompiler(policy)
	q := &Query{}
	c.locals = documents
	for _, block := range policy.Plans.Plans[0].Blocks {
		q.blocks = append(q.blocks, c.body(block, documents))
	}
	q.locals = c.locals
	if c.failure != nil {
		return nil, c.failure
	}
	q.plan, err = compile(policy)
	return q, err
}

// Eval returns the bindings of the query's variables: as many objects as it is true in ways. An
// error of a built-in function is undefined unless strict.
func (q *Query) Eval(ctx context.Context, input, data *ast.Term, strict bool) ([]*ast.Term, error) {
	m := newMachine(ctx, q.plan, time.Now(), strict)
	locals := m.push(q.locals)
	locals[ir.Input], locals[ir.Data] = input, data
	for _, block := range q.blocks {
		if block.run(m, locals) == failed {
			return nil, m.err
		}
	}
	return m.results, nil
}
