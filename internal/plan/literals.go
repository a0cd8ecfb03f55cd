package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// literal is a collection that a rule writes out, all of it constant. It stands for the statement
// that makes it; for those that fill it there are literals without a value.
type literal struct {
	target ir.Local
	value  *ast.Term
}

// literals finds the collections among statements that are made and filled with constants right
// there, and changed nowhere else: they are made once, when the plan is. The keys are indexes of
// the statements that they stand for.
func (c *compiler) literals(statements []ir.Stmt) map[int]literal {
	found := map[int]literal{}
	for i := 0; i < len(statements); i++ {
		if run := c.constantRun(statements[i:]); run != nil {
			i += run.collect(c, i, found)
		}
	}
	return found
}

// constantRun is a run of statements that make constants.
type constantRun struct {
	constants map[ir.Local]*ast.Term
	made      []madeAt // collections, in the order in which they are made
	changes   map[ir.Local][]int
	parts     map[ir.Local][]ir.Local // collections in collections
	length    int
}

type madeAt struct {
	target ir.Local
	at     int
}

// constantRun reads the run that begins the statements; nil if the first makes no collection.
func (c *compiler) constantRun(statements []ir.Stmt) *constantRun {
	run := &constantRun{constants: map[ir.Local]*ast.Term{}, changes: map[ir.Local][]int{}, parts: map[ir.Local][]ir.Local{}}
	for i, statement := range statements {
		if !run.take(c, i, statement) || len(run.made) == 0 {
			break
		}
		run.length = i + 1
	}
	if run.length == 0 {
		return nil
	}
	return run
}

// take adds a statement to the run, unless it doesn't belong there.
func (r *constantRun) take(c *compiler, at int, statement ir.Stmt) bool {
	switch s := statement.(type) {
	case *ir.MakeArrayStmt:
		r.make(s.Target, at, ast.ArrayTerm())
	case *ir.MakeObjectStmt:
		r.make(s.Target, at, ast.ObjectTerm())
	case *ir.MakeSetStmt:
		r.make(s.Target, at, ast.SetTerm())
	case *ir.MakeNullStmt:
		r.constants[s.Target] = ast.InternedNullTerm
	case *ir.MakeNumberRefStmt:
		r.constants[s.Target] = c.numberRef(s)
	case *ir.ArrayAppendStmt:
		array, value := r.constants[s.Array], r.constant(c, s.Value)
		if array == nil || value == nil {
			return false
		}
		array.Value = array.Value.(*ast.Array).Append(value)
		r.change(s.Array, at, s.Value)
	case *ir.SetAddStmt:
		set, value := r.constants[s.Set], r.constant(c, s.Value)
		if set == nil || value == nil {
			return false
		}
		set.Value.(ast.Set).Add(value)
		r.change(s.Set, at, s.Value)
	case *ir.ObjectInsertStmt:
		object, key, value := r.constants[s.Object], r.constant(c, s.Key), r.constant(c, s.Value)
		if object == nil || key == nil || value == nil {
			return false
		}
		object.Value.(ast.Object).Insert(key, value)
		r.change(s.Object, at, s.Key, s.Value)
	default:
		return false
	}
	return true
}

func (r *constantRun) make(target ir.Local, at int, empty *ast.Term) {
	r.constants[target] = empty
	r.made = append(r.made, madeAt{target, at})
}

func (r *constantRun) constant(c *compiler, source ir.Operand) *ast.Term {
	if local, ok := source.Value.(ir.Local); ok {
		return r.constants[local]
	}
	return c.operand(source).constant
}

func (r *constantRun) change(local ir.Local, at int, parts ...ir.Operand) {
	r.changes[local] = append(r.changes[local], at)
	r.parts[local] = append(r.parts[local], localsIn(parts...)...)
}

// collect adds the run's literals to those found, and returns the index of its last statement.
// A collection that changes elsewhere is none, nor is one that holds such a collection.
func (r *constantRun) collect(c *compiler, from int, found map[int]literal) int {
	whole := map[ir.Local]bool{}
	for i := len(r.made) - 1; i >= 0; i-- { // parts are made after what holds them
		target := r.made[i].target
		whole[target] = int(target) >= c.shared && c.uses.changes[target] == len(r.changes[target])
		for _, part := range r.parts[target] {
			if r.isMade(part) {
				whole[target] = whole[target] && whole[part]
			}
		}
	}
	for _, made := range r.made {
		if !whole[made.target] {
			continue
		}
		found[from+made.at] = literal{made.target, r.constants[made.target]}
		for _, at := range r.changes[made.target] {
			found[from+at] = literal{}
		}
	}
	return r.length - 1
}

func (r *constantRun) isMade(local ir.Local) bool {
	return slices.ContainsFunc(r.made, func(made madeAt) bool { return made.target == local })
}
