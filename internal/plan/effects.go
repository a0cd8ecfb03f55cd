package plan

import "github.com/open-policy-agent/opa/v1/ir"

// effects are the locals that a statement reads, sets, and changes the collections of, without
// those of the blocks in it.
type effects struct {
	reads, sets, changes []ir.Local
	blocks               []*ir.Block
}

// effectsOf says what a statement does. One that isn't listed does nothing with locals.
func effectsOf(statement ir.Stmt) effects {
	switch s := statement.(type) {
	case *ir.ReturnLocalStmt:
		return effects{reads: []ir.Local{s.Source}}
	case *ir.CallStmt:
		return effects{reads: localsIn(s.Args...), sets: []ir.Local{s.Result}}
	case *ir.CallDynamicStmt:
		return effects{reads: append(localsIn(s.Path...), s.Args...), sets: []ir.Local{s.Result}}
	case *ir.BlockStmt:
		return effects{blocks: s.Blocks}
	case *ir.DotStmt:
		return effects{reads: localsIn(s.Source, s.Key), sets: []ir.Local{s.Target}}
	case *ir.LenStmt:
		return effects{reads: localsIn(s.Source), sets: []ir.Local{s.Target}}
	case *ir.ScanStmt:
		return effects{reads: []ir.Local{s.Source}, sets: []ir.Local{s.Key, s.Value}, blocks: []*ir.Block{s.Block}}
	case *ir.NotStmt:
		return effects{blocks: []*ir.Block{s.Block}}
	case *ir.AssignIntStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.AssignVarStmt:
		return effects{reads: localsIn(s.Source), sets: []ir.Local{s.Target}}
	case *ir.AssignVarOnceStmt:
		return effects{reads: append(localsIn(s.Source), s.Target), sets: []ir.Local{s.Target}}
	case *ir.ResetLocalStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.MakeNullStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.MakeNumberIntStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.MakeNumberRefStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.MakeArrayStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.MakeObjectStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.MakeSetStmt:
		return effects{sets: []ir.Local{s.Target}}
	case *ir.EqualStmt:
		return effects{reads: localsIn(s.A, s.B)}
	case *ir.NotEqualStmt:
		return effects{reads: localsIn(s.A, s.B)}
	case *ir.IsArrayStmt:
		return effects{reads: localsIn(s.Source)}
	case *ir.IsObjectStmt:
		return effects{reads: localsIn(s.Source)}
	case *ir.IsSetStmt:
		return effects{reads: localsIn(s.Source)}
	case *ir.IsDefinedStmt:
		return effects{reads: []ir.Local{s.Source}}
	case *ir.IsUndefinedStmt:
		return effects{reads: []ir.Local{s.Source}}
	case *ir.ArrayAppendStmt:
		return effects{reads: localsIn(s.Value), changes: []ir.Local{s.Array}}
	case *ir.ObjectInsertStmt:
		return effects{reads: localsIn(s.Key, s.Value), changes: []ir.Local{s.Object}}
	case *ir.ObjectInsertOnceStmt:
		return effects{reads: localsIn(s.Key, s.Value), changes: []ir.Local{s.Object}}
	case *ir.ObjectMergeStmt:
		return effects{reads: []ir.Local{s.A, s.B}, sets: []ir.Local{s.Target}}
	case *ir.SetAddStmt:
		return effects{reads: localsIn(s.Value), changes: []ir.Local{s.Set}}
	case *ir.WithStmt:
		return effects{reads: append(localsIn(s.Value), s.Local), sets: []ir.Local{s.Local}, blocks: []*ir.Block{s.Block}}
	case *ir.ResultSetAddStmt:
		return effects{reads: []ir.Local{s.Value}}
	default:
		return effects{}
	}
}

func localsIn(operands ...ir.Operand) []ir.Local {
	var locals []ir.Local
	for _, operand := range operands {
		if local, ok := operand.Value.(ir.Local); ok {
			locals = append(locals, local)
		}
	}
	return locals
}

// walk visits the statements of blocks and those in them, each before what is in it.
func walk(blocks []*ir.Block, visit func(ir.Stmt, effects)) {
	for _, block := range blocks {
		for _, statement := range block.Stmts {
			effects := effectsOf(statement)
			visit(statement, effects)
			walk(effects.blocks, visit)
		}
	}
}

// uses counts how often blocks read, and change the collection of, each local.
type uses struct{ reads, changes map[ir.Local]int }

// usesOf counts what a block does, without the statements that are idle.
func usesOf(source *ir.Block, idle map[*ir.AssignVarStmt]bool) uses {
	u := uses{map[ir.Local]int{}, map[ir.Local]int{}}
	walk([]*ir.Block{source}, func(statement ir.Stmt, effects effects) {
		if s, ok := statement.(*ir.AssignVarStmt); ok && idle[s] {
			return
		}
		for _, local := range effects.reads {
			u.reads[local]++
		}
		for _, local := range effects.changes {
			u.changes[local]++
		}
	})
	return u
}

// idle finds the assignments of a block to locals that nothing reads, such as most names that a
// loop gives to its keys. They are left out, and no longer counted.
func (u uses) idle(block *ir.Block, shared ir.Local) map[*ir.AssignVarStmt]bool {
	idle := map[*ir.AssignVarStmt]bool{}
	for more := true; more; {
		more = false
		walk([]*ir.Block{block}, func(statement ir.Stmt, _ effects) {
			s, ok := statement.(*ir.AssignVarStmt)
			if !ok || idle[s] || u.reads[s.Target] > 0 || s.Target < shared {
				return
			}
			idle[s], more = true, true
			for _, local := range localsIn(s.Source) {
				u.reads[local]--
			}
		})
	}
	return idle
}
