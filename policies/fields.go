package policies

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/plan"
)

// fieldsOf are the fields of a kind that rules may read: id, the key of a look-up or group, and
// those of its schema whose names stand in one of the rules or in a library that one can reach,
// be it in a reference or as a string. That holds of the rules that ship with the program, which
// name what they read; a test holds their verdicts against those on whole objects. Any other
// rule may go over fields that it doesn't name (some name, value in user; object.keys, walk,
// json.marshal, count, a comparison of whole objects), and is given all of them.
func fieldsOf(kind string, rules []Rule) (*plan.Shape, error) {
	schema, err := evidence.SchemaOf(kind)
	if err != nil {
		return nil, err
	}
	var keep []string
	for _, name := range schema.Fields() {
		for _, rule := range rules {
			if name == "id" || name == rule.Lookup[kind] || name == rule.Group[kind] || rule.words == nil || rule.words[name] {
				keep = append(keep, name)
				break
			}
		}
	}
	return plan.NewShape(keep...), nil
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
