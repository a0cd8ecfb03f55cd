package policies

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
)

// fieldsOf are the fields of a kind that rules may read: those of its schema whose names
// stand in one of the rules or in a library that one can reach, be it in a reference or as a
// string, those that one joins by, and id. A rule reads fields by their names; one that makes a
// name up as it goes doesn't find what no rule names.
func fieldsOf(kind string, rules []Rule) (fields, error) {
	schema, err := evidence.SchemaOf(kind)
	if err != nil {
		return nil, err
	}
	keep := fields{}
	for _, name := range schema.Fields() {
		for _, rule := range rules {
			if name == "id" || rule.words[name] || rule.Lookup[kind] == name || rule.Group[kind] == name {
				keep[name] = ast.StringTerm(name)
				break
			}
		}
	}
	return keep, nil
}

// addWords adds every string that stands in a rule of Rego.
func addWords(words map[string]bool, r *ast.Rule) {
	ast.WalkTerms(r, func(term *ast.Term) bool {
		if text, ok := term.Value.(ast.String); ok {
			words[string(text)] = true
		}
		return false
	})
}
