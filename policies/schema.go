package policies

import (
	"fmt"
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
)

// inputSchemas is the set that rules name as schema.input in their METADATA: the shape
// of the input document, with the schema of every evidence kind in it, so that a
// misspelt kind or field is a compile error.
func inputSchemas() (*ast.SchemaSet, error) {
	kinds, lookups, groups, gaps := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	gap := object(map[string]any{"reason": typed("string"), "status": typed("integer"), "code": typed("string")})
	for _, kind := range evidence.Kinds() {
		schema, err := evidence.SchemaOf(kind)
		if err != nil {
			return nil, err
		}
		item, err := checkable(schema.Root)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", kind, err)
		}
		kinds[kind] = list(item)
		lookups[kind] = map[string]any{"type": "object", "additionalProperties": item}
		groups[kind] = map[string]any{"type": "object", "additionalProperties": list(item)}
		gaps[kind] = gap
	}
	text := typed("string")
	root := object(map[string]any{
		"tenant":   object(map[string]any{"id": text, "name": text, "cloud": text}),
		"now":      text,
		"profile":  text,
		"params":   map[string]any{"type": "object", "additionalProperties": map[string]any{}},
		"reader":   object(map[string]any{"tid": text, "appid": text, "roles": list(text), "scp": list(text)}),
		"evidence": object(kinds),
		"gaps":     object(gaps),
		"lookup":   object(lookups),
		"group":    object(groups),
	})
	set := ast.NewSchemaSet()
	set.Put(ast.MustParseRef("schema.input"), root)
	return set, nil
}

func typed(name string) map[string]any { return map[string]any{"type": name} }

func list(item map[string]any) map[string]any {
	return map[string]any{"type": "array", "items": item}
}

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

// checkable rewrites a kind's schema for OPA's type checker, which reads one type a
// schema: a scalar that may be null becomes a choice of two, an object or array that
// may be null the object or array alone.
func checkable(schema map[string]any) (map[string]any, error) {
	out := map[string]any{}
	switch kind := schema["type"].(type) {
	case nil:
		return out, nil
	case string:
		out["type"] = kind
	case []any:
		if len(kind) != 2 || kind[1] != "null" {
			return nil, fmt.Errorf("type %v is not a type, or a type and null", kind)
		}
		name, _ := kind[0].(string)
		if name != "object" && name != "array" {
			return map[string]any{"anyOf": []any{typed(name), typed("null")}}, nil
		}
		out["type"] = name
	default:
		return nil, fmt.Errorf("type %v is neither a word nor a list", kind)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		item, err := checkable(items)
		if err != nil {
			return nil, err
		}
		out["items"] = item
	}
	if extra, ok := schema["additionalProperties"].(map[string]any); ok {
		value, err := checkable(extra)
		if err != nil {
			return nil, err
		}
		out["additionalProperties"] = value
	} else if extra, ok := schema["additionalProperties"]; ok {
		out["additionalProperties"] = extra
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		checked := maps.Clone(properties)
		for name, property := range properties {
			nested, ok := property.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("property %s is not a schema", name)
			}
			value, err := checkable(nested)
			if err != nil {
				return nil, fmt.Errorf("property %s: %w", name, err)
			}
			checked[name] = value
		}
		out["properties"] = checked
	}
	return out, nil
}
