package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/evidence"
)

// edit changes the objects of one kind. Fields are named by paths of names, indices, * for
// every member of a map or list, and name=value for those elements that have it.
type edit struct {
	Kind string `yaml:"kind"`
	// Match chooses the objects to change; without it all are.
	Match  map[string]any `yaml:"match"`
	Set    map[string]any `yaml:"set"`
	Append map[string]any `yaml:"append"`
	Remove []string       `yaml:"remove"`
	Delete bool           `yaml:"delete"`
	// Add are objects that come after the others.
	Add []map[string]any `yaml:"add"`
}

// apply returns the objects as the edit leaves them. An edit that finds nothing to change
// is an error.
func (e edit) apply(t *testing.T, objects []map[string]any) []map[string]any {
	t.Helper()
	kept := []map[string]any{}
	matched := 0
	for _, object := range objects {
		fits := e.fits(t, object)
		if fits {
			matched++
			e.change(t, object)
		}
		if !fits || !e.Delete {
			kept = append(kept, object)
		}
	}
	if matched == 0 && (e.Delete || len(e.Set)+len(e.Append)+len(e.Remove) > 0) {
		t.Errorf("no %s fits %v", e.Kind, e.Match)
	}
	for _, object := range e.Add {
		kept = append(kept, expand(t, object).(map[string]any))
	}
	return kept
}

// fits says whether an object has every field that the edit matches.
func (e edit) fits(t *testing.T, object map[string]any) bool {
	t.Helper()
	for path, want := range e.Match {
		equal := false
		at(object, strings.Split(path, "/"), func(got any) (any, bool) {
			equal = equal || fmt.Sprint(got) == fmt.Sprint(expand(t, want))
			return got, true
		})
		if !equal {
			return false
		}
	}
	return true
}

func (e edit) change(t *testing.T, object map[string]any) {
	t.Helper()
	do := func(path string, how func(any) (any, bool)) {
		if _, found := at(object, strings.Split(path, "/"), how); !found {
			t.Errorf("%s has nothing at %s", e.Kind, path)
		}
	}
	for path, value := range e.Set {
		do(path, func(any) (any, bool) { return expand(t, value), true })
	}
	for path, value := range e.Append {
		do(path, func(list any) (any, bool) {
			items, _ := list.([]any)
			return append(items, expand(t, value)), true
		})
	}
	for _, path := range e.Remove {
		do(path, func(any) (any, bool) { return nil, false })
	}
}

// at puts in place of what stands at a path what how makes of it, or drops it where how
// says that nothing is to stay. It returns the changed value, and whether there was a
// place for it.
func at(value any, path []string, how func(any) (any, bool)) (changed any, found bool) {
	visit := func(item any) (any, bool) {
		if len(path) == 1 {
			found = true
			return how(item)
		}
		item, deeper := at(item, path[1:], how)
		found = found || deeper
		return item, true
	}
	switch value := value.(type) {
	case map[string]any:
		names := []string{path[0]}
		if path[0] == "*" {
			names = slices.Sorted(maps.Keys(value))
		}
		for _, name := range names {
			item, there := value[name]
			if !there && len(path) > 1 {
				continue
			}
			if item, stays := visit(item); stays {
				value[name] = item
			} else {
				delete(value, name)
			}
		}
	case []any:
		kept := []any{}
		for i, item := range value {
			stays := true
			if meant(i, item, path[0]) {
				item, stays = visit(item)
			}
			if stays {
				kept = append(kept, item)
			}
		}
		return kept, found
	}
	return value, found
}

// meant says whether an element of a list is one that a part of a path means.
func meant(i int, item any, part string) bool {
	name, want, named := strings.Cut(part, "=")
	if named {
		fields, _ := item.(map[string]any)
		return fmt.Sprint(fields[name]) == want
	}
	return part == "*" || part == strconv.Itoa(i)
}

var day = regexp.MustCompile(`^now([+-]\d+)d$`)

// expand returns a copy of value in which now-40d is the start of that day, as in the
// simulated tenants.
func expand(t *testing.T, value any) any {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range value {
			out[name] = expand(t, item)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range value {
			out = append(out, expand(t, item))
		}
		return out
	case string:
		m := day.FindStringSubmatch(value)
		if m == nil {
			return value
		}
		days, _ := strconv.Atoi(m[1])
		from, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		return from.Truncate(24*time.Hour).AddDate(0, 0, days).Format(time.RFC3339)
	default:
		return value
	}
}

func decodeLines(t *testing.T, lines []json.RawMessage) []map[string]any {
	t.Helper()
	objects := []map[string]any{}
	for _, line := range lines {
		var object map[string]any
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

// encodeObjects writes the objects of a kind as lines, each held against the kind's
// schema: a rule that fails on what no collector could have read proves nothing.
func encodeObjects(t *testing.T, kind string, objects []map[string]any) []byte {
	t.Helper()
	schema, err := evidence.SchemaOf(kind)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(kind, opened(schema.Root)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(kind)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for _, object := range objects {
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(instance); err != nil {
			t.Errorf("%s does not fit its schema: %v\n%s", kind, err, line)
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	return lines.Bytes()
}

// opened returns a schema that lets fields be that it doesn't list: a bundle keeps what the
// service said besides, and rules don't see it.
func opened(schema any) any {
	switch schema := schema.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range schema {
			if closed, ok := item.(bool); name != "additionalProperties" || !ok || closed {
				out[name] = opened(item)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range schema {
			out = append(out, opened(item))
		}
		return out
	default:
		return schema
	}
}
