package plan

import "github.com/open-policy-agent/opa/v1/ast"

// function is a planned rule: a document, or a function with arguments of its own.
type function struct {
	index  int
	params []int
	locals int
	bodies []block

	// tiers is how deep the objects are that it makes of its rules' names.
	tiers int
	// only is the value that every rule of it gives, if that is a constant: none needs to be
	// evaluated any more once one is true.
	only *ast.Term
	// pure says that the value depends on the arguments alone, not on input or data.
	pure bool
	// worthwhile says that a call does enough to be remembered.
	worthwhile bool
}

// documents is how many parameters every function has: input and data. A function with no others
// is a document.
const documents = 2

func (f *function) document() bool { return len(f.params) == documents }

// maxArguments is up to how many arguments of its own a function's calls are remembered.
const maxArguments = 4

// memo remembers what functions gave for the same input and data.
type memo struct {
	documents []known // by the function's index
	calls     map[call]*ast.Term
	// counts are of the calls of each function, and of those that had been remembered.
	counts []struct{ calls, hits int }
}

// known is the value of a document, nil if it has none, once it was found.
type known struct {
	value *ast.Term
	found bool
}

// call is a function with its own arguments. Composite ones are the same if they are identical.
type call struct {
	function  int
	arguments [maxArguments]ast.Value
}

func newMemo(functions int) *memo {
	return &memo{documents: make([]known, functions), calls: map[call]*ast.Term{}, counts: make([]struct{ calls, hits int }, functions)}
}

// recurs counts a call and says whether the function's calls recur often enough to be remembered.
// That changes the time that evaluation takes and nothing else.
func (m *memo) recurs(function int) bool {
	const trial, share = 64, 8
	count := &m.counts[function]
	count.calls++
	return count.calls <= trial || count.hits > count.calls/share
}

// call gives the value of a function, nil for none.
func (m *machine) call(f *function, locals []*ast.Term, arguments []operand) (*ast.Term, signal) {
	switch {
	case f.document() && f.pure:
		return m.constant(f)
	case f.document():
		if known := m.memo.documents[f.index]; known.found {
			return known.value, next
		}
		value, s := m.run(f, locals, arguments)
		if s == next {
			m.memo.documents[f.index] = known{value, true}
		}
		return value, s
	case f.worthwhile && m.memo.recurs(f.index):
		key := call{function: f.index}
		for i, argument := range arguments[documents:] {
			key.arguments[i] = argument.as(locals).Value
		}
		if value, known := m.memo.calls[key]; known {
			m.memo.counts[f.index].hits++
			return value, next
		}
		value, s := m.run(f, locals, arguments)
		if s == next {
			m.memo.calls[key] = value
		}
		return value, s
	default:
		return m.run(f, locals, arguments)
	}
}

// constant is the value of a document that depends on nothing: all evaluations of a plan share it.
func (m *machine) constant(f *function) (*ast.Term, signal) {
	if known := m.plan.constants[f.index].Load(); known != nil {
		return known.value, next
	}
	value, s := m.run(f, make([]*ast.Term, documents), documentArguments())
	if s == next {
		m.plan.constants[f.index].Store(&known{Made(value), true})
	}
	return value, s
}

// run evaluates a function.
func (m *machine) run(f *function, locals []*ast.Term, arguments []operand) (*ast.Term, signal) {
	if m.step() == failed {
		return nil, failed
	}
	frame := m.push(f.locals)
	defer m.pop(f.locals)
	for i, param := range f.params {
		frame[param] = arguments[i].as(locals)
	}
	for _, body := range f.bodies {
		switch body.run(m, frame) {
		case returned:
			if f.tiers > 0 {
				return settled(m.value, f.tiers), next
			}
			return m.value, next
		case failed:
			return nil, failed
		case decided:
			if f.only != nil {
				return f.only, next
			}
		default: // the next body may be defined
		}
	}
	return nil, next
}
