package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// compiler turns OPA's plan into statements that a machine can do.
type compiler struct {
	strings   []*ast.Term
	planned   map[string]*ir.Func // by name
	functions map[string]*function
	paths     map[string]*function // by the path that a dynamic call names

	// Of the function or query that is being compiled:
	locals int
	result int
	// Of its block that is being compiled; locals below shared are other blocks' as well.
	shared  int
	uses    uses
	idle    map[*ir.AssignVarStmt]bool
	failure error
}

// unreplaced begins the names and paths of functions that are evaluated while nothing is replaced
// "with" something else. OPA plans the others once more for each replacement.
const unreplaced = "g0"

// newCompiler compiles the functions of what OPA planned.
func newCompiler(policy *ir.Policy) *compiler {
	c := &compiler{planned: map[string]*ir.Func{}, functions: map[string]*function{}, paths: map[string]*function{}}
	for _, text := range policy.Static.Strings {
		c.strings = append(c.strings, ast.StringTerm(text.Value))
	}
	for i, fn := range policy.Funcs.Funcs {
		c.planned[fn.Name] = fn
		c.functions[fn.Name] = &function{index: i}
		c.paths[strings.Join(fn.Path, "\x00")] = c.functions[fn.Name]
	}
	nature := natures{planned: c.planned, pure: map[string]bool{}, light: map[string]bool{}}
	for _, fn := range policy.Funcs.Funcs {
		f := c.functions[fn.Name]
		f.pure, f.worthwhile = nature.isPure(fn), !nature.isLight(fn) && len(fn.Params) <= documents+maxArguments
		c.function(fn, f)
	}
	return c
}

// compile makes a plan of what OPA planned.
func compile(policy *ir.Policy) (*Plan, error) {
	c := newCompiler(policy)
	p := &Plan{documents: map[string]*function{}, constants: make([]atomic.Pointer[known], len(c.functions))}
	for name, f := range c.functions {
		if path, plain := strings.CutPrefix(name, unreplaced+"."); plain && f.document() {
			p.documents[path] = f
		}
	}
	return p, c.failure
}

// function compiles a planned function.
func (c *compiler) function(fn *ir.Func, f *function) {
	c.locals = 0
	for _, param := range fn.Params {
		f.params = append(f.params, c.local(param))
	}
	c.result = c.local(fn.Return)
	f.only, f.tiers = c.only(fn), tiers(fn)
	shared := len(fn.Params) + 2 // the parameters, the value, and the value of one rule
	for _, block := range fn.Blocks {
		if ordered, ok := block.Stmts[0].(*ir.BlockStmt); ok && len(block.Stmts) == 1 {
			// A rule and what stands behind its else.
			for _, block := range ordered.Blocks {
				f.bodies = append(f.bodies, c.body(block, shared))
			}
			continue
		}
		f.bodies = append(f.bodies, c.body(block, shared))
	}
	f.locals = c.locals
}

// tiers is how many objects deep a function's value is in which the parts of its rules' names are
// keys. The plan takes an inner one out of the one around it to add to it.
func tiers(fn *ir.Func) int {
	deepest := 0
	for _, block := range fn.Blocks {
		depths := map[ir.Local]int{fn.Return: 0}
		walk([]*ir.Block{block}, func(statement ir.Stmt, _ effects) {
			s, ok := statement.(*ir.DotStmt)
			if !ok {
				return
			}
			if from, ok := s.Source.Value.(ir.Local); ok {
				if depth, ok := depths[from]; ok {
					depths[s.Target] = depth + 1
					deepest = max(deepest, depth+1)
				}
			}
		})
	}
	return deepest
}

// decides says whether an assignment gives a rule, not its default, a value that can't change.
func (c *compiler) decides(s *ir.AssignVarOnceStmt) bool {
	return isConstant(s.Source) && int(s.Target) != c.result
}

func isConstant(source ir.Operand) bool {
	_, varies := source.Value.(ir.Local)
	return !varies
}

// only is the constant that all rules of a function give, or nil.
func (c *compiler) only(fn *ir.Func) *ast.Term {
	var only *ast.Term
	same := true
	walk(fn.Blocks, func(statement ir.Stmt, _ effects) {
		s, ok := statement.(*ir.AssignVarOnceStmt)
		switch {
		case !ok || s.Target == fn.Return:
		case !c.decides(s):
			same = false
		default:
			value := c.operand(s.Source).constant
			same = same && (only == nil || equal(only, value))
			only = value
		}
	})
	if !same {
		return nil
	}
	return only
}

// body compiles a block that shares the locals below a number with others.
func (c *compiler) body(source *ir.Block, shared int) block {
	c.shared, c.uses = shared, usesOf(source, nil)
	c.idle = c.uses.idle(source, ir.Local(shared))
	return c.block(source)
}

func (c *compiler) block(source *ir.Block) block {
	compiled := block{}
	constants := c.literals(source.Stmts)
	for i, statement := range source.Stmts {
		if literal, ok := constants[i]; ok {
			if literal.value != nil {
				compiled = append(compiled, assign(operand{constant: literal.value}, c.local(literal.target)))
			}
			continue
		}
		if s, ok := statement.(*ir.AssignVarStmt); ok && c.idle[s] {
			continue
		}
		compiled = append(compiled, c.statement(statement))
	}
	return compiled
}

func (c *compiler) blocks(sources []*ir.Block) []block {
	var compiled []block
	for _, source := range sources {
		compiled = append(compiled, c.block(source))
	}
	return compiled
}

// local is the slot of a local.
func (c *compiler) local(local ir.Local) int {
	c.locals = max(c.locals, int(local)+1)
	return int(local)
}

// operand is a local or a constant.
type operand struct {
	local    int
	constant *ast.Term
}

// of is the operand's value in a call, nil for none.
func (o operand) of(locals []*ast.Term) *ast.Term { return Made(o.as(locals)) }

// as is the operand's value as it is, which may be a record or list.
func (o operand) as(locals []*ast.Term) *ast.Term {
	if o.constant != nil {
		return o.constant
	}
	return locals[o.local]
}

func (c *compiler) operand(source ir.Operand) operand {
	switch value := source.Value.(type) {
	case ir.StringIndex:
		return operand{constant: c.strings[value]}
	case ir.Bool:
		return operand{constant: ast.InternedTerm(bool(value))}
	case ir.Local:
		return operand{local: c.local(value)}
	default:
		c.failure = fmt.Errorf("operand %v is unknown", source)
		return operand{}
	}
}

func (c *compiler) operands(sources []ir.Operand) []operand {
	var operands []operand
	for _, source := range sources {
		operands = append(operands, c.operand(source))
	}
	return operands
}

// statement compiles one statement of a plan.
func (c *compiler) statement(source ir.Stmt) statement {
	switch s := source.(type) {
	case *ir.ReturnLocalStmt:
		return returnLocal(c.local(s.Source))
	case *ir.CallStmt:
		return c.call(s)
	case *ir.CallDynamicStmt:
		return c.dynamicCall(s)
	case *ir.BlockStmt:
		return inner(c.blocks(s.Blocks))
	case *ir.BreakStmt:
		return leave(signal(s.Index) + undefined)
	case *ir.DotStmt:
		return dot(c.operand(s.Source), c.operand(s.Key), c.local(s.Target))
	case *ir.LenStmt:
		return length(c.operand(s.Source), c.local(s.Target))
	case *ir.ScanStmt:
		return c.scan(s)
	case *ir.NotStmt:
		return c.not(s)
	case *ir.AssignIntStmt:
		return assign(operand{constant: number(s.Value)}, c.local(s.Target))
	case *ir.AssignVarStmt:
		return assign(c.operand(s.Source), c.local(s.Target))
	case *ir.AssignVarOnceStmt:
		return assignOnce(c.operand(s.Source), c.local(s.Target), c.decides(s))
	case *ir.ResetLocalStmt:
		return reset(c.local(s.Target))
	case *ir.MakeNullStmt:
		return assign(operand{constant: ast.InternedNullTerm}, c.local(s.Target))
	case *ir.MakeNumberIntStmt:
		return assign(operand{constant: number(s.Value)}, c.local(s.Target))
	case *ir.MakeNumberRefStmt:
		return assign(operand{constant: c.numberRef(s)}, c.local(s.Target))
	case *ir.MakeArrayStmt:
		return makeArray(c.local(s.Target))
	case *ir.MakeObjectStmt:
		return makeObject(c.local(s.Target))
	case *ir.MakeSetStmt:
		return makeSet(c.local(s.Target))
	case *ir.EqualStmt:
		return compare(c.operand(s.A), c.operand(s.B), true)
	case *ir.NotEqualStmt:
		return compare(c.operand(s.A), c.operand(s.B), false)
	case *ir.IsArrayStmt:
		return is(isArray, c.operand(s.Source))
	case *ir.IsObjectStmt:
		return is(isObject, c.operand(s.Source))
	case *ir.IsSetStmt:
		return is(isA[ast.Set], c.operand(s.Source))
	case *ir.IsDefinedStmt:
		return defined(c.local(s.Source), true)
	case *ir.IsUndefinedStmt:
		return defined(c.local(s.Source), false)
	case *ir.ArrayAppendStmt:
		return arrayAppend(c.local(s.Array), c.operand(s.Value))
	case *ir.ObjectInsertStmt:
		return objectInsert(c.local(s.Object), c.operand(s.Key), c.operand(s.Value))
	case *ir.ObjectInsertOnceStmt:
		return objectInsertOnce(c.local(s.Object), c.operand(s.Key), c.operand(s.Value))
	case *ir.ObjectMergeStmt:
		return objectMerge(c.local(s.A), c.local(s.B), c.local(s.Target))
	case *ir.SetAddStmt:
		return setAdd(c.local(s.Set), c.operand(s.Value))
	case *ir.WithStmt:
		return c.with(s)
	case *ir.NopStmt:
		return leave(next)
	case *ir.ResultSetAddStmt:
		return addResult(c.local(s.Value))
	default:
		c.failure = fmt.Errorf("statement %T of the plan is unknown", source)
		return nil
	}
}

func number(value int64) *ast.Term { return ast.InternedTerm(int(value)) }

func (c *compiler) numberRef(s *ir.MakeNumberRefStmt) *ast.Term {
	return ast.NumberTerm(json.Number(c.strings[s.Index].Value.(ast.String)))
}

// call compiles a call: of a planned function, or else of one that is built in.
func (c *compiler) call(s *ir.CallStmt) statement {
	arguments, result := c.operands(s.Args), c.local(s.Result)
	if f, ok := c.functions[s.Func]; ok {
		if len(arguments) != len(f.params) {
			return leave(undefined) // a package's rules are gone through, and a function has no value
		}
		return callFunction(f, arguments, result)
	}
	declared := ast.BuiltinMap[s.Func]
	f := topdown.GetBuiltin(s.Func)
	if declared == nil || f == nil {
		c.failure = fmt.Errorf("built-in function %s is unknown", s.Func)
		return nil
	}
	switch {
	case declared.Relation:
		return callRelation(f, arguments, result)
	case declared.Decl.Result() == nil:
		return callVoid(f, arguments)
	}
	call := callBuiltin(f, arguments, result)
	if fast := inline(s.Func, arguments, result, call); fast != nil {
		return fast
	}
	return call
}

// dynamicCall compiles a call of the function at a path that is known when it is called.
func (c *compiler) dynamicCall(s *ir.CallDynamicStmt) statement {
	var arguments []operand
	for _, argument := range s.Args {
		arguments = append(arguments, operand{local: c.local(argument)})
	}
	path, result, paths := c.operands(s.Path), c.local(s.Result), c.paths
	return func(m *machine, locals []*ast.Term) signal {
		var names []string
		for _, part := range path {
			name, ok := part.of(locals).Value.(ast.String)
			if !ok {
				return undefined
			}
			names = append(names, string(name))
		}
		f := paths[strings.Join(names, "\x00")]
		switch {
		case f == nil, !f.document() && names[0] == unreplaced:
			return undefined // there is none, or it is a function, which has no value
		case !f.document():
			// OPA's plan doesn't say what the replacement is here.
			return m.fail(&topdown.Error{Code: topdown.InternalErr, Message: "a rule whose name is a variable can't be evaluated while a function is replaced by a variable"})
		}
		value, s := m.call(f, locals, arguments)
		if s != next {
			return s
		}
		if value == nil {
			// The plan has a block for each case: this leaves them all.
			return 4
		}
		locals[result] = value
		return next
	}
}

// not compiles a negation. Its block's last statement asks whether a local was set on the way,
// which is asked here however the block ends: OPA plans a reference to a rule whose name is a
// variable as several blocks, and then looks in data, where that may be undefined.
func (c *compiler) not(s *ir.NotStmt) statement {
	last := len(s.Block.Stmts) - 1
	if last < 0 {
		return not(nil)
	}
	asks, ok := s.Block.Stmts[last].(*ir.IsDefinedStmt)
	if !ok {
		return not(c.block(s.Block))
	}
	body := &ir.Block{Stmts: s.Block.Stmts[:last]}
	if setAtEnd(asks.Source, body) {
		return not(c.block(&ir.Block{Stmts: body.Stmts[:last-1]}))
	}
	found := c.local(asks.Source)
	return not(block{reset(found), inner([]block{c.block(body)}), defined(found, true)})
}

// setAtEnd says whether a block sets a local in its last statement alone.
func setAtEnd(local ir.Local, in *ir.Block) bool {
	sets := 0
	walk([]*ir.Block{in}, func(_ ir.Stmt, effects effects) {
		if slices.Contains(effects.sets, local) {
			sets++
		}
	})
	if sets != 1 {
		return false
	}
	last, ok := in.Stmts[len(in.Stmts)-1].(*ir.AssignVarStmt)
	return ok && last.Target == local
}

// scan compiles a loop. One that only sets something once it has found an element that fits ends
// there.
func (c *compiler) scan(s *ir.ScanStmt) statement {
	body := c.block(s.Block)
	if c.searches(s) {
		body = append(body, leave(2))
	}
	key := -1
	if c.uses.reads[s.Key] > 0 {
		key = c.local(s.Key)
	}
	return scan(c.local(s.Source), loop{key, c.local(s.Value), body})
}

// searches says whether a loop's only lasting effect is to set a local to a constant at its end.
func (c *compiler) searches(s *ir.ScanStmt) bool {
	last, ok := s.Block.Stmts[len(s.Block.Stmts)-1].(*ir.AssignVarStmt)
	if !ok || !isConstant(last.Source) {
		return false
	}
	within := usesOf(s.Block, c.idle)
	only := within.reads[last.Target] == 0
	made := map[ir.Local]bool{}
	walk([]*ir.Block{s.Block}, func(statement ir.Stmt, effects effects) {
		switch statement.(type) {
		case *ir.MakeArrayStmt, *ir.MakeObjectStmt, *ir.MakeSetStmt:
			made[effects.sets[0]] = true
		case *ir.AssignVarOnceStmt, *ir.ReturnLocalStmt, *ir.ResultSetAddStmt, *ir.WithStmt:
			only = false
		}
		for _, local := range effects.changes {
			only = only && made[local]
		}
		for _, local := range effects.sets {
			only = only && (local == last.Target || c.uses.reads[local] == within.reads[local])
		}
	})
	return only
}

// with compiles the evaluation of a block over a changed input or data.
func (c *compiler) with(s *ir.WithStmt) statement {
	local, value, body := c.local(s.Local), c.operand(s.Value), c.block(s.Block)
	var path []*ast.Term
	for _, part := range s.Path {
		path = append(path, c.strings[part])
	}
	return func(m *machine, locals []*ast.Term) signal {
		saved, remembered := locals[local], m.memo
		locals[local], m.memo = replaced(Made(saved), path, value.of(locals)), newMemo(len(m.plan.constants))
		s := body.run(m, locals)
		locals[local], m.memo = saved, remembered
		if s == undefined {
			return undefined // unlike a block: nothing after it counts if it isn't defined
		}
		return s.outside()
	}
}
