package simulator

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// and returns the shape with one property more.
func (s shape) and(name string, k kind) shape {
	out := shape{name: k}
	maps.Copy(out, s)
	return out
}

// check refuses what Graph refuses of a body: properties that the type doesn't have, that
// are read-only, or whose value is of another type. It takes annotations out, save those
// that the shape names.
func (s shape) check(body map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		k, known := s[name]
		switch {
		case !known && strings.Contains(name, "@"):
			delete(body, name)
			continue
		case !known:
			return badRequest("Invalid property '%s'.", name)
		case k.readOnly:
			return badRequest("Property '%s' is read-only and cannot be set.", name)
		}
		if err := k.check(name, body[name]); err != nil {
			return err
		}
	}
	return nil
}

func (k kind) check(name string, value any) error {
	if items, ok := value.([]any); ok && k.list {
		k.list, k.nullable = false, false
		for _, item := range items {
			if err := k.check(name, item); err != nil {
				return err
			}
		}
		return nil
	}
	fields, isObject := value.(map[string]any)
	switch {
	case value == nil && !k.nullable:
		return badRequest("A null value was found for the property named '%s', which has the expected type '%s[Nullable=False]'. The expected type '%[2]s[Nullable=False]' does not allow null values.", name, k.typ)
	case value == nil:
		return nil
	case !k.list && k.of != nil && isObject:
		return k.of.check(fields)
	case k.list || k.of != nil || !k.is(value):
		literal, err := json.Marshal(value)
		if err != nil {
			return err
		}
		typ := k.typ
		if k.list {
			typ = "Collection(" + typ + ")"
		}
		return badRequest("Cannot convert the literal '%s' to the expected type '%s'.", strings.Trim(string(literal), `"`), typ)
	}
	return nil
}

// need refuses a body that lacks one of the properties.
func need(body map[string]any, names ...string) error {
	for _, name := range names {
		if _, found := body[name]; !found {
			return badRequest("The required property '%s' is missing.", name)
		}
	}
	return nil
}

// overlay lays the change of a PATCH over a value: objects property by property, anything
// else whole.
func overlay(old, change any) any {
	fields, isObject := change.(map[string]any)
	if !isObject {
		return change
	}
	out := map[string]any{}
	if before, ok := old.(map[string]any); ok {
		out = maps.Clone(before)
	}
	for name, value := range fields {
		out[name] = overlay(out[name], value)
	}
	return out
}

// object reads the body of a write, which must be a JSON object that says so.
func (c *call) object(data []byte) (map[string]any, error) {
	declared := c.r.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(declared); declared == "" || err != nil || media != "application/json" {
		return nil, &rejection{http.StatusBadRequest, "BadRequest", "Write requests (excluding DELETE) must contain the Content-Type header declaration."}
	}
	var fields map[string]any
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return nil, &rejection{http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."}
	}
	return fields, nil
}

// patched are the members of an object that a PATCH changes, as they are then.
func (o object) patched(body map[string]any) (object, error) {
	fields := map[string]any{}
	for name, value := range body {
		fields[name] = overlay(o.lookup(name), value)
	}
	return newObject(fields)
}

// textOf is a value that is a string, and "" otherwise.
func textOf(value any) string {
	s, _ := value.(string)
	return s
}
