package plan

import "github.com/open-policy-agent/opa/v1/ast"

// inline is a built-in function that rules ask for every object, done without the detour through
// OPA's, or nil. It leaves to OPA's what isn't the common case.
func inline(name string, arguments []operand, result int, other statement) statement {
	is, ok := typeChecks()[name]
	switch {
	case ok:
		return test(arguments[:1], result, func(operands [2]*ast.Term) bool { return is(operands[0].Value) })
	case name == ast.NotEqual.Name:
		return test(arguments, result, func(operands [2]*ast.Term) bool { return !equal(operands[0], operands[1]) })
	case name == ast.Equal.Name:
		return test(arguments, result, func(operands [2]*ast.Term) bool { return equal(operands[0], operands[1]) })
	case name == ast.Member.Name:
		return member(arguments, result, other)
	case name == ast.ObjectGet.Name:
		return objectGet(arguments, result, other)
	default:
		return nil
	}
}

func typeChecks() map[string]func(ast.Value) bool {
	return map[string]func(ast.Value) bool{
		ast.IsString.Name:  isA[ast.String],
		ast.IsNumber.Name:  isA[ast.Number],
		ast.IsBoolean.Name: isA[ast.Boolean],
		ast.IsNull.Name:    isA[ast.Null],
		ast.IsArray.Name:   isA[*ast.Array],
		ast.IsSet.Name:     isA[ast.Set],
		ast.IsObject.Name:  isA[ast.Object],
	}
}

func isA[T ast.Value](value ast.Value) bool {
	_, ok := value.(T)
	return ok
}

// test is a function of one or two arguments that gives true or false.
func test(arguments []operand, result int, holds func([2]*ast.Term) bool) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		var operands [2]*ast.Term
		for i, argument := range arguments {
			operands[i] = argument.of(locals)
		}
		locals[result] = ast.InternedTerm(holds(operands))
		return next
	}
}

// member is x in a set.
func member(arguments []operand, result int, other statement) statement {
	return func(m *machine, locals []*ast.Term) signal {
		set, ok := arguments[1].of(locals).Value.(ast.Set)
		if !ok {
			return other(m, locals)
		}
		locals[result] = ast.InternedTerm(set.Contains(arguments[0].of(locals)))
		return next
	}
}

// objectGet is object.get of one key.
func objectGet(arguments []operand, result int, other statement) statement {
	return func(m *machine, locals []*ast.Term) signal {
		object, ok := arguments[0].of(locals).Value.(ast.Object)
		key := arguments[1].of(locals)
		if _, path := key.Value.(*ast.Array); path || !ok {
			return other(m, locals)
		}
		value := object.Get(key)
		if value == nil {
			value = arguments[2].of(locals)
		}
		locals[result] = value
		return next
	}
}
