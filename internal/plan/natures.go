package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// natures finds out what kind of functions the planned ones are.
type natures struct {
	planned map[string]*ir.Func
	pure    map[string]bool
	light   map[string]bool
}

// isPure says whether a function's value depends on its own arguments alone: it reads neither
// input nor data, save to hand them to others that are pure, and calls no built-in function that
// may give another value another time.
func (n natures) isPure(fn *ir.Func) bool {
	if pure, known := n.pure[fn.Name]; known {
		return pure
	}
	document := map[ir.Local]bool{fn.Params[0]: true, fn.Params[1]: true}
	pure := true
	walk(fn.Blocks, func(statement ir.Stmt, effects effects) {
		reads := effects.reads
		switch s := statement.(type) {
		case *ir.CallStmt:
			if other, ok := n.planned[s.Func]; ok {
				pure = pure && n.isPure(other)
				reads = localsIn(s.Args[min(documents, len(s.Args)):]...)
			} else if declared := ast.BuiltinMap[s.Func]; declared == nil || declared.Nondeterministic {
				pure = false
			}
		case *ir.CallDynamicStmt, *ir.WithStmt:
			pure = false
		}
		for _, local := range reads {
			pure = pure && !document[local]
		}
	})
	n.pure[fn.Name] = pure
	return pure
}

// isLight says whether a function does so little that to remember its calls would cost more: it
// has no loop and calls none that has.
func (n natures) isLight(fn *ir.Func) bool {
	if light, known := n.light[fn.Name]; known {
		return light
	}
	light := true
	walk(fn.Blocks, func(statement ir.Stmt, _ effects) {
		switch s := statement.(type) {
		case *ir.ScanStmt, *ir.CallDynamicStmt:
			light = false
		case *ir.CallStmt:
			if other, ok := n.planned[s.Func]; ok {
				light = light && (len(other.Params) == documents || n.isLight(other))
			}
		}
	})
	n.light[fn.Name] = light
	return light
}
