package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// The statements of a plan. A local or an operand that has no value is nil.

func leave(blocks signal) statement {
	return func(*machine, []*ast.Term) signal { return blocks }
}

func returnLocal(source int) statement {
	return func(m *machine, locals []*ast.Term) signal {
		m.value = locals[source]
		return returned
	}
}

func inner(blocks []block) statement {
	return func(m *machine, locals []*ast.Term) signal {
		for _, block := range blocks {
			if s := block.run(m, locals); s.leaves() {
				return s.outside()
			}
		}
		return next
	}
}

func not(body block) statement {
	return func(m *machine, locals []*ast.Term) signal {
		if s := body.run(m, locals); s != next {
			return s.outside()
		}
		return undefined
	}
}

func assign(source operand, target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[target] = source.as(locals)
		return next
	}
}

// assignOnce gives a rule its value. If that decides, nothing else in the rule's body matters.
func assignOnce(source operand, target int, decides bool) statement {
	then := next
	if decides {
		then = decided
	}
	return func(m *machine, locals []*ast.Term) signal {
		value := source.as(locals)
		if set := locals[target]; set != nil && !equal(set, value) {
			return m.conflict("complete rules must not produce multiple outputs")
		}
		locals[target] = value
		return then
	}
}

func reset(target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[target] = nil
		return next
	}
}

func defined(source int, wanted bool) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		if (locals[source] != nil) == wanted {
			return next
		}
		return undefined
	}
}

func is(kind func(ast.Value) bool, source operand) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		if value := source.as(locals); value != nil && kind(value.Value) {
			return next
		}
		return undefined
	}
}

func compare(a, b operand, wanted bool) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		if equal(a.as(locals), b.as(locals)) == wanted {
			return next
		}
		return undefined
	}
}

func equal(a, b *ast.Term) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	Made(a)
	Made(b)
	switch a := a.Value.(type) {
	case ast.String:
		b, ok := b.Value.(ast.String)
		return ok && a == b
	case ast.Boolean:
		b, ok := b.Value.(ast.Boolean)
		return ok && a == b
	}
	return a.Value.Compare(b.Value) == 0
}

// dot looks a key up: a member of an object or set, an element of an array.
func dot(source, key operand, target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		from, at := source.as(locals), key.of(locals)
		if from == nil || at == nil {
			return undefined
		}
		if _, ok := from.Value.(*list); ok {
			Made(from)
		}
		var value *ast.Term
		switch from := from.Value.(type) {
		case *record:
			value = from.Get(at)
		case ast.Object:
			value = from.Get(at)
		case *ast.Array:
			value = from.Get(at)
		case ast.Set:
			if from.Contains(at) {
				value = at
			}
		}
		if value == nil {
			return undefined
		}
		locals[target] = value
		return next
	}
}

func length(source operand, target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		value := source.of(locals)
		if value == nil {
			return undefined
		}
		switch value := value.Value.(type) {
		case interface{ Len() int }: // arrays, sets and objects
			locals[target] = ast.InternedTerm(value.Len())
		case ast.String:
			locals[target] = ast.InternedTerm(len([]rune(string(value))))
		default:
			return undefined
		}
		return next
	}
}

// scan goes over a collection. What is no collection has no elements.
func scan(source int, turns loop) statement {
	return func(m *machine, locals []*ast.Term) signal {
		if locals[source] == nil {
			return next
		}
		// Of its signal the first two blocks are the turn and the loop.
		return turns.run(m, locals, locals[source]).outside().outside()
	}
}

// loop is what is done with each element of a collection; a key below zero is not wanted.
type loop struct {
	key, value int
	body       block
}

// run returns the signal of the turn that ends the loop.
func (l loop) run(m *machine, locals []*ast.Term, over *ast.Term) signal {
	if _, ok := over.Value.(*record); ok {
		Made(over)
	}
	switch over := over.Value.(type) {
	case *list:
		for i, element := range over.elements {
			if s := l.turn(m, locals, l.index(i), element); s.leaves() {
				return s
			}
		}
	case *ast.Array:
		for i := range over.Len() {
			if s := l.turn(m, locals, l.index(i), over.Elem(i)); s.leaves() {
				return s
			}
		}
	case ast.Set:
		for _, element := range over.Slice() {
			if s := l.turn(m, locals, element, element); s.leaves() {
				return s
			}
		}
	case ast.Object:
		return l.members(m, locals, over)
	}
	return next
}

// members is run over an object.
func (l loop) members(m *machine, locals []*ast.Term, over ast.Object) (s signal) {
	if over.Until(func(name, member *ast.Term) bool {
		s = l.turn(m, locals, name, member)
		return s.leaves()
	}) {
		return s
	}
	return next
}

func (l loop) index(i int) *ast.Term {
	if l.key < 0 {
		return nil
	}
	return ast.InternedTerm(i)
}

func (l loop) turn(m *machine, locals []*ast.Term, key, value *ast.Term) signal {
	if m.step() == failed {
		return failed
	}
	if l.key >= 0 {
		locals[l.key] = key
	}
	locals[l.value] = value
	return l.body.run(m, locals)
}

// A collection that a plan makes is the plan's own until it is complete, and changed in place. An
// array is a list until then, since to append to one of OPA's copies a part of it.

func makeArray(target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[target] = ast.NewTerm(&list{})
		return next
	}
}

func makeObject(target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[target] = ast.ObjectTerm()
		return next
	}
}

func makeSet(target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[target] = ast.SetTerm()
		return next
	}
}

func arrayAppend(array int, value operand) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		into := locals[array].Value.(*list)
		into.elements = append(into.elements, value.as(locals))
		return next
	}
}

func setAdd(set int, value operand) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[set].Value.(ast.Set).Add(value.of(locals))
		return next
	}
}

// objectInsert adds a member to an object, or puts an object back that was taken out of it and
// changed: that leaves its hash wrong, which settled mends once all are complete.
func objectInsert(object int, key, value operand) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		members, name, member := locals[object].Value.(ast.Object), key.of(locals), value.of(locals)
		if members.Get(name) != member {
			members.Insert(name, member)
		}
		return next
	}
}

// settled makes an object anew, with the objects in it that are so many tiers below.
func settled(term *ast.Term, tiers int) *ast.Term {
	object, ok := term.Value.(ast.Object)
	if !ok || tiers == 0 {
		return term
	}
	anew := ast.NewObjectWithCapacity(object.Len())
	object.Foreach(func(name, member *ast.Term) { anew.Insert(name, settled(member, tiers-1)) })
	return ast.NewTerm(anew)
}

func objectInsertOnce(object int, key, value operand) statement {
	return func(m *machine, locals []*ast.Term) signal {
		members, name, member := locals[object].Value.(ast.Object), key.of(locals), value.of(locals)
		switch set := members.Get(name); {
		case set == nil:
			members.Insert(name, member) // to insert what is there hashes the whole object again
		case !equal(set, member):
			return m.conflict("object keys must be unique")
		}
		return next
	}
}

// objectMerge joins two objects, and the objects in them; of two other members the first stays.
func objectMerge(a, b, target int) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		locals[target] = merged(Made(locals[a]), Made(locals[b]))
		return next
	}
}

func merged(a, b *ast.Term) *ast.Term {
	first, isObject := a.Value.(ast.Object)
	second, areObjects := b.Value.(ast.Object)
	if !isObject || !areObjects {
		return a
	}
	both := first.Copy()
	second.Foreach(func(name, member *ast.Term) {
		if other := first.Get(name); other != nil {
			member = merged(other, member)
		}
		both.Insert(name, member)
	})
	return ast.NewTerm(both)
}

func addResult(value int) statement {
	return func(m *machine, locals []*ast.Term) signal {
		m.results = append(m.results, Made(locals[value]))
		return next
	}
}

// replaced is a document with another value at a path; what is missing of the path is made.
func replaced(document *ast.Term, path []*ast.Term, value *ast.Term) *ast.Term {
	if len(path) == 0 {
		return value
	}
	members := ast.NewObject()
	var member *ast.Term
	if document != nil {
		if object, ok := document.Value.(ast.Object); ok {
			object.Foreach(func(name, other *ast.Term) {
				if !equal(name, path[0]) {
					members.Insert(name, other)
				}
			})
			member = object.Get(path[0])
		}
	}
	members.Insert(path[0], replaced(member, path[1:], value))
	return ast.NewTerm(members)
}

func callFunction(f *function, arguments []operand, result int) statement {
	return func(m *machine, locals []*ast.Term) signal {
		value, s := m.call(f, locals, arguments)
		if s == next && value == nil {
			return undefined
		}
		locals[result] = value
		return s
	}
}

// callBuiltin calls a built-in function of OPA.
func callBuiltin(f topdown.BuiltinFunc, arguments []operand, result int) statement {
	return func(m *machine, locals []*ast.Term) signal {
		m.output = nil
		if s := m.builtin(f, locals, arguments, m.take); s != next {
			return s
		}
		if m.output == nil {
			return undefined
		}
		locals[result] = m.output
		return next
	}
}

// callRelation calls a built-in function that gives several values, which come as an array.
func callRelation(f topdown.BuiltinFunc, arguments []operand, result int) statement {
	return func(m *machine, locals []*ast.Term) signal {
		var related []*ast.Term
		take := func(output *ast.Term) error {
			related = append(related, output)
			return nil
		}
		s := m.builtin(f, locals, arguments, take)
		locals[result] = ast.ArrayTerm(related...)
		return s
	}
}

// callVoid calls a built-in function that gives nothing, such as print.
func callVoid(f topdown.BuiltinFunc, arguments []operand) statement {
	return func(m *machine, locals []*ast.Term) signal {
		return m.builtin(f, locals, arguments, m.take)
	}
}
