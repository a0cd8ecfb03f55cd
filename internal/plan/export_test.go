package plan

import (
	"context"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
)

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
