// Package plan evaluates the rules of Rego. OPA parses, compiles and plans them; this package runs
// the plan over OPA's own values, or records and lists that become them when they must, with OPA's
// own built-in functions. What a plan's statements mean is said in
// https://www.openpolicyagent.org/docs/ir.
//
// It gives what OPA's own evaluator gives, to which OPA's conformance cases hold it, several times
// as fast over the pages of a large collection: a plan's variables are slots of a table and its
// loops are loops, where OPA's evaluator unifies terms and goes on in closures.
//
// In go compiled modules and the paths of the rules that are wanted, then an input for each
// evaluation; out come the rules' values. It reads no file, no clock and no network.
package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Plan holds rules that are ready to be evaluated, by several goroutines at once.
type Plan struct {
	documents map[string]*function // by path
	// constants are the values of the documents that depend on nothing, by the function's index.
	constants []atomic.Pointer[known]
}

// Prepare plans rules without arguments, by their paths: data.<package>.<name>. The error is
// OPA's, of a rule that can't be planned, or says which rule isn't there.
func Prepare(ctx context.Context, compiler *ast.Compiler, paths []ast.Ref) (*Plan, error) {
	if len(paths) == 0 {
		return &Plan{}, nil
	}
	query := ast.NewBody()
	for _, path := range paths {
		query.Append(ast.NewExpr(ast.NewTerm(path)))
	}
	policy, err := planQuery(ctx, explicit(compiler), rego.ParsedQuery(query))
	if err != nil {
		return nil, err
	}
	plan, err := compile(policy)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if plan.documents[path.String()] == nil {
			return nil, fmt.Errorf("planning %s: there is no such rule", path)
		}
	}
	return plan, nil
}

// planQuery asks OPA to plan a query.
func planQuery(ctx context.Context, compiler *ast.Compiler, query func(*rego.Rego)) (*ir.Policy, error) {
	register()
	var policy *ir.Policy
	_, err := rego.New(query, rego.Compiler(compiler), rego.Target(target)).
		PrepareForEval(context.WithValue(ctx, planned{}, &policy))
	if err != nil {
		return nil, fmt.Errorf("planning: %w", err)
	}
	return policy, nil
}

// explicit returns the compiler with each `not e` of its rules as `not { e }`, which means the same.
// OPA plans the second so that it asks whether e was ever true. The first it takes for true where
// the plan of e is several blocks, as that of a rule whose name is a variable.
func explicit(compiler *ast.Compiler) *ast.Compiler {
	changed := *compiler
	changed.Modules = map[string]*ast.Module{}
	for name, module := range compiler.Modules {
		changedModule := *module
		changedModule.Rules = slices.Clone(module.Rules)
		for i, rule := range module.Rules {
			if !negates(rule) {
				continue
			}
			changedModule.Rules[i] = rule.Copy()
			ast.WalkExprs(changedModule.Rules[i], func(expr *ast.Expr) bool {
				if expr.Negated {
					expr.Terms, expr.Negated = &ast.Not{Body: ast.NewBody(expr.ComplementNoWith()), Location: expr.Location}, false
				}
				return false
			})
		}
		changed.Modules[name] = &changedModule
	}
	return &changed
}

func negates(rule *ast.Rule) bool {
	found := false
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		found = found || expr.Negated
		return found
	})
	return found
}

// target is the name under which OPA is asked for a plan.
const target = "domicile"

// register makes OPA give its plans away, once a process. It has no other way to get at them
// without writing them as JSON.
var register = sync.OnceFunc(func() { rego.RegisterPlugin("rego.target."+target, receiver{}) })

// planned is the key of the context under which a receiver finds where the plan goes.
type planned struct{}

// receiver takes a plan from OPA.
type receiver struct{}

func (receiver) IsTarget(name string) bool { return name == target }

func (receiver) PrepareForEval(ctx context.Context, policy *ir.Policy, _ ...rego.PrepareOption) (rego.TargetPluginEval, error) {
	*ctx.Value(planned{}).(**ir.Policy) = policy
	return receiver{}, nil
}

func (receiver) Eval(context.Context, *rego.EvalContext, ast.Value) (ast.Value, error) {
	return nil, errors.New("a plan is evaluated by Eval")
}

// Eval evaluates rules of the plan over an input, and returns their values in the same order; nil
// for one that has none. now is the time for built-in functions that ask for it. The error is of
// type *topdown.Error: of a built-in function, of values that are in conflict, or of a cancelled
// context. What panics on a rule's values, as some built-in functions do, is an error as well.
func (p *Plan) Eval(ctx context.Context, now time.Time, input *ast.Term, paths ...ast.Ref) (values []*ast.Term, err error) {
	m := newMachine(ctx, p, now, true)
	defer context.AfterFunc(ctx, m.context.Cancel.Cancel)()
	defer func() {
		if cause := recover(); cause != nil {
			values, err = nil, &topdown.Error{Code: topdown.InternalErr, Message: fmt.Sprintf("the evaluation panicked: %v", cause)}
		}
	}()
	values = make([]*ast.Term, len(paths))
	for i, path := range paths {
		value, s := m.call(p.documents[path.String()], []*ast.Term{input, ast.ObjectTerm()}, documentArguments())
		if s == failed {
			return nil, m.err
		}
		values[i] = Made(value)
	}
	return values, nil
}

// documentArguments are input and data, where they are the first locals.
func documentArguments() []operand { return []operand{{local: int(ir.Input)}, {local: int(ir.Data)}} }
