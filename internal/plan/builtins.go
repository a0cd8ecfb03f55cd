package plan

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

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
	case name == ast.Count.Name:
		return count(arguments[0], result, other)
	case name == ast.Concat.Name:
		return concat(arguments, result, other)
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
		ast.IsArray.Name:   isArray,
		ast.IsSet.Name:     isA[ast.Set],
		ast.IsObject.Name:  isObject,
	}
}

func isA[T ast.Value](value ast.Value) bool {
	_, ok := value.(T)
	return ok
}

func isArray(value ast.Value) bool { return isA[*ast.Array](value) || isA[*list](value) }

func isObject(value ast.Value) bool { return isA[ast.Object](value) || isA[*record](value) }

// test is a function of one or two arguments that gives true or false.
func test(arguments []operand, result int, holds func([2]*ast.Term) bool) statement {
	return func(_ *machine, locals []*ast.Term) signal {
		var operands [2]*ast.Term
		for i, argument := range arguments {
			operands[i] = argument.as(locals)
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
		key := arguments[1].of(locals)
		if _, path := key.Value.(*ast.Array); path {
			return other(m, locals)
		}
		var value *ast.Term
		switch object := arguments[0].as(locals).Value.(type) {
		case *record:
			value = object.Get(key)
		case ast.Object:
			value = object.Get(key)
		default:
			return other(m, locals)
		}
		if value == nil {
			value = arguments[2].as(locals)
		}
		locals[result] = value
		return next
	}
}

// count is the length of a list.
func count(argument operand, result int, other statement) statement {
	return func(m *machine, locals []*ast.Term) signal {
		list, ok := argument.as(locals).Value.(*list)
		if !ok {
			return other(m, locals)
		}
		locals[result] = ast.InternedTerm(len(list.elements))
		return next
	}
}

// concat joins the strings of a list.
func concat(arguments []operand, result int, other statement) statement {
	return func(m *machine, locals []*ast.Term) signal {
		between, ok := arguments[0].of(locals).Value.(ast.String)
		list, also := arguments[1].as(locals).Value.(*list)
		if !ok || !also {
			return other(m, locals)
		}
		var joined strings.Builder
		for i, element := range list.elements {
			text, ok := element.Value.(ast.String)
			if !ok {
				return other(m, locals)
			}
			if i > 0 {
				joined.WriteString(string(between))
			}
			joined.WriteString(string(text))
		}
		locals[result] = ast.StringTerm(joined.String())
		return next
	}
}
