package policies

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/internal/plan"
)

// Page is the objects as a page of them is given to rules; nil where something else is among them.
func Page(objects []any) (*ast.Term, error) {
	of, names := page{objects: len(objects)}, map[string]bool{}
	for _, object := range objects {
		members, ok := object.(map[string]any)
		if !ok {
			return nil, nil
		}
		for name := range members {
			names[name] = true
		}
		line, err := json.Marshal(members)
		if err != nil {
			return nil, err
		}
		of.lines = append(append(of.lines, line...), '\n')
	}
	records, err := newDecoder().page(of, plan.NewShape(slices.Sorted(maps.Keys(names))...))
	if err != nil {
		return nil, err
	}
	return records.List(), nil
}
