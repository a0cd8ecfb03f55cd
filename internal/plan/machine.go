package plan

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
)

// machine is the state of one evaluation.
type machine struct {
	plan    *Plan
	context topdown.BuiltinContext
	// strict makes an error of a built-in function the evaluation's, not an undefined value.
	strict  bool
	stack   []*ast.Term
	memo    *memo
	results []*ast.Term
	err     error
	steps   uint
	// value is what a function returned.
	value *ast.Term
	// output is what a built-in function gave, and take what it gives it to.
	output *ast.Term
	take   func(*ast.Term) error
}

func newMachine(ctx context.Context, p *Plan, now time.Time, strict bool) *machine {
	m := &machine{
		plan: p,
		context: topdown.BuiltinContext{
			Context: ctx, Cancel: topdown.NewCancel(), Seed: rand.Reader, Cache: builtins.Cache{},
			Time: ast.NumberTerm(json.Number(strconv.FormatInt(now.UnixNano(), 10))),
		},
		strict: strict,
		stack:  make([]*ast.Term, 0, 256),
		memo:   newMemo(len(p.constants)),
	}
	m.take = func(output *ast.Term) error {
		m.output = output
		return nil
	}
	return m
}

// push gives a call its locals, all undefined. What it takes from the stack is given back by pop.
func (m *machine) push(locals int) []*ast.Term {
	from := len(m.stack)
	if from+locals > cap(m.stack) {
		// Calls under way keep their part of the old stack.
		m.stack = make([]*ast.Term, from, 2*(from+locals))
	}
	m.stack = m.stack[:from+locals]
	frame := m.stack[from : from+locals : from+locals]
	clear(frame)
	return frame
}

func (m *machine) pop(locals int) { m.stack = m.stack[:len(m.stack)-locals] }

// fail ends the evaluation.
func (m *machine) fail(err error) signal {
	m.err = err
	return failed
}

// conflict ends the evaluation because of two values where one must be.
func (m *machine) conflict(message string) signal {
	return m.fail(&topdown.Error{Code: topdown.ConflictErr, Message: message})
}

// builtin calls a built-in function, which gives its values to take. Where it isn't strict an
// error is no value.
func (m *machine) builtin(f topdown.BuiltinFunc, locals []*ast.Term, arguments []operand, take func(*ast.Term) error) signal {
	operands := m.push(len(arguments))
	defer m.pop(len(arguments))
	for i, argument := range arguments {
		operands[i] = argument.of(locals)
	}
	err := f(m.context, operands, take)
	if err == nil {
		return next
	}
	if halt := (topdown.Halt{}); errors.As(err, &halt) {
		return m.fail(halt.Err)
	}
	if m.strict {
		return m.fail(err)
	}
	return next
}

// step counts the turns of loops and calls, and from time to time sees whether all is over.
func (m *machine) step() signal {
	m.steps++
	if m.steps%256 == 0 && m.context.Cancel.Cancelled() {
		return m.fail(&topdown.Error{Code: topdown.CancelErr, Message: "caller cancelled query execution"})
	}
	return next
}

// signal says where to go on after a statement. Above next it is the number of blocks to leave;
// one is also what a statement does that is undefined.
type signal int

const (
	next      signal = 0
	undefined signal = 1
	// returned leaves the function, whose value is set.
	returned signal = -1
	// decided leaves what of a rule's body is left, which can't change its value.
	decided signal = -2
	// failed ends the evaluation; the machine has the error.
	failed signal = -3
)

// statement does something with a call's locals.
type statement func(m *machine, locals []*ast.Term) signal

// block is a sequence of statements that are done until one isn't defined.
type block []statement

func (b block) run(m *machine, locals []*ast.Term) signal {
	for _, do := range b {
		if s := do(m, locals); s != next {
			return s
		}
	}
	return next
}

// leaves says whether a signal leaves more than the block that it comes from.
func (s signal) leaves() bool { return s > undefined || s < next }

// outside is the signal of a block as it is for the block around it.
func (s signal) outside() signal {
	if s > next {
		return s - 1
	}
	return s
}
