package evidence

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed schema/*.json
var schemas embed.FS

// Schema is a kind's JSON Schema (2020-12), the one list of the fields that rules may
// read. The fields asked of the service, the projection at evaluation and the type
// check of the rules are derived from it.
type Schema struct {
	Kind        string
	Description string
	// Large kinds are given to rules page by page, small ones whole.
	Large bool
	// Root is the schema itself, as decoded JSON.
	Root map[string]any
}

// Kinds lists every kind that has a schema, sorted.
func Kinds() []string {
	entries, err := schemas.ReadDir("schema")
	if err != nil {
		panic(err) // the folder is embedded
	}
	kinds := make([]string, 0, len(entries))
	for _, entry := range entries {
		kinds = append(kinds, strings.TrimSuffix(entry.Name(), ".json"))
	}
	return kinds
}

// SchemaOf returns the schema of a kind, or an error that lists the known kinds.
func SchemaOf(kind string) (Schema, error) {
	data, err := schemas.ReadFile(path.Join("schema", kind+".json"))
	if err != nil {
		return Schema{}, fmt.Errorf("evidence kind %q is unknown; known are %s", kind, strings.Join(Kinds(), ", "))
	}
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		return Schema{}, fmt.Errorf("reading the schema of %s: %w", kind, err)
	}
	schema := Schema{Kind: kind, Root: root}
	schema.Description, _ = root["description"].(string)
	schema.Large = root["x-size"] == "large"
	return schema, nil
}

// Fields returns the names of the kind's top-level properties, sorted.
func (s Schema) Fields() []string { return s.fields(func(map[string]any) bool { return true }) }

// FieldsIn returns those that exist in a cloud: a property with x-clouds exists in the
// clouds of that list alone.
func (s Schema) FieldsIn(cloud string) []string {
	return s.fields(func(property map[string]any) bool {
		clouds, limited := property["x-clouds"].([]any)
		return !limited || slices.Contains(clouds, any(cloud))
	})
}

func (s Schema) fields(keep func(map[string]any) bool) []string {
	properties, _ := s.Root["properties"].(map[string]any)
	fields := make([]string, 0, len(properties))
	for name, property := range properties {
		if schema, _ := property.(map[string]any); keep(schema) {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}
