package collectors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// projection keeps of a decoded JSON value what a schema lists. It is how an import drops
// everything that no rule reads, personal data first of all.
type projection struct {
	// unroll wraps a single value in a list where the schema wants one, as PowerShell's
	// ConvertTo-Json takes lists of one apart.
	unroll bool
	// misfits are the paths of the listed fields whose value is of another type than the
	// schema says. They are left out.
	misfits []string
}

// object gives the fields of value that the schema of kind lists, as JSON.
func (p *projection) object(kind string, value map[string]any) (json.RawMessage, error) {
	schema, err := evidence.SchemaOf(kind)
	if err != nil {
		return nil, err
	}
	kept, ok := p.keep(schema.Root, value, "")
	if !ok {
		return nil, fmt.Errorf("projecting %s: it is not an object", kind)
	}
	return json.Marshal(kept)
}

// keep returns value without what the schema doesn't list; ok is false when the value
// itself doesn't fit.
func (p *projection) keep(schema map[string]any, value any, path string) (kept any, ok bool) {
	types, _ := schema["type"].([]any)
	if single, is := schema["type"].(string); is {
		types = []any{single}
	}
	allows := func(name string) bool { return len(types) == 0 || slices.Contains(types, any(name)) }
	if allows("array") && p.unroll {
		if value != nil {
			value = asList(value)
		}
	}
	switch value := value.(type) {
	case nil:
		return nil, allows("null")
	case bool:
		return value, allows("boolean")
	case string:
		return value, allows("string")
	case json.Number:
		_, err := value.Int64()
		return value, allows("number") || (allows("integer") && err == nil)
	case []any:
		items, ok := p.keepItems(schema, value, path)
		return items, ok && allows("array")
	case map[string]any:
		return p.keepFields(schema, value, path), allows("object")
	}
	return nil, false
}

// keepItems keeps a list whole or not at all: one that lacks an item looks complete.
func (p *projection) keepItems(schema map[string]any, items []any, path string) (list []any, ok bool) {
	inner, _ := schema["items"].(map[string]any)
	list = make([]any, 0, len(items))
	for _, item := range items {
		kept, ok := p.keep(inner, item, path+"[]")
		if !ok {
			return nil, false
		}
		list = append(list, kept)
	}
	return list, true
}

func (p *projection) keepFields(schema, value map[string]any, path string) map[string]any {
	properties, _ := schema["properties"].(map[string]any)
	object := map[string]any{}
	for name, raw := range properties {
		inner, _ := raw.(map[string]any)
		field, there := value[name]
		if !there {
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		kept, ok := p.keep(inner, field, at)
		if !ok {
			p.misfit(at)
			continue
		}
		object[name] = kept
	}
	return object
}

func (p *projection) misfit(path string) {
	if !slices.Contains(p.misfits, path) {
		p.misfits = append(p.misfits, path)
		slices.Sort(p.misfits)
	}
}
