package collectors_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// model is what a test needs of Microsoft Graph's own schema (CSDL, OData 4.0).
type model struct {
	types map[string]entity // by qualified name
	roots map[string]string // entity sets and singletons, to their type
	bound map[string]string // functions and actions, by name, to what they return
	delta map[string]bool   // the types, without their namespace, whose collections have a delta query
}

type entity struct {
	Name       string     `xml:"Name,attr"`
	Base       string     `xml:"BaseType,attr"`
	Properties []property `xml:"Property"`
	Navigation []property `xml:"NavigationProperty"`
}

type property struct {
	Name string `xml:"Name,attr"`
	Type string `xml:"Type,attr"`
}

type operation struct {
	Name       string     `xml:"Name,attr"`
	Parameters []property `xml:"Parameter"`
	Return     struct {
		Type string `xml:"Type,attr"`
	} `xml:"ReturnType"`
}

type root struct {
	Name       string `xml:"Name,attr"`
	EntityType string `xml:"EntityType,attr"`
	Type       string `xml:"Type,attr"`
}

func readModel(t *testing.T, file string) model {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "schemas", file)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("Microsoft Graph's schema is not beside the project (%s): paths and properties are not compared", path)
	}
	var document struct {
		Schemas []struct {
			Namespace  string      `xml:"Namespace,attr"`
			Alias      string      `xml:"Alias,attr"`
			Entities   []entity    `xml:"EntityType"`
			Complex    []entity    `xml:"ComplexType"`
			Functions  []operation `xml:"Function"`
			Actions    []operation `xml:"Action"`
			Containers []struct {
				Sets       []root `xml:"EntitySet"`
				Singletons []root `xml:"Singleton"`
			} `xml:"EntityContainer"`
		} `xml:"DataServices>Schema"`
	}
	if err := xml.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	m := model{map[string]entity{}, map[string]string{}, map[string]string{}, map[string]bool{}}
	for _, schema := range document.Schemas {
		for _, e := range slices.Concat(schema.Entities, schema.Complex) {
			m.types[schema.Namespace+"."+e.Name] = e
			if schema.Alias != "" {
				m.types[schema.Alias+"."+e.Name] = e
			}
		}
		for _, o := range slices.Concat(schema.Functions, schema.Actions) {
			m.bound[o.Name] = element(o.Return.Type)
			if o.Name == "delta" && len(o.Parameters) > 0 {
				m.delta[simple(element(o.Parameters[0].Type))] = true
			}
		}
		for _, container := range schema.Containers {
			for _, r := range slices.Concat(container.Sets, container.Singletons) {
				m.roots[r.Name] = r.EntityType + r.Type
			}
		}
	}
	return m
}

// element is the type of a collection's members, or the type itself.
func element(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "Collection("), ")")
}

// simple is a type's name without its namespace, which an alias may stand for.
func simple(name string) string { return name[strings.LastIndex(name, ".")+1:] }

// member finds a property of a type, of those it is derived from, or of those derived
// from it: $select on a collection of directory objects may name a user's.
func (m model) member(typeName, name string) (string, bool) {
	for current := typeName; current != ""; current = m.types[current].Base {
		for _, p := range slices.Concat(m.types[current].Properties, m.types[current].Navigation) {
			if p.Name == name {
				return element(p.Type), true
			}
		}
	}
	for derived, e := range m.types {
		if e.Base == typeName && e.Base != "" {
			for _, p := range slices.Concat(e.Properties, e.Navigation) {
				if p.Name == name {
					return element(p.Type), true
				}
			}
			_ = derived
		}
	}
	return "", false
}

var key = regexp.MustCompile(`\(.*\)$`)

// resolve follows a path through the model and returns the type at its end.
func (m model) resolve(path string) (string, bool) {
	current := ""
	for _, segment := range strings.Split(path, "/") {
		name := key.ReplaceAllString(segment, "")
		if strings.HasPrefix(segment, "{") {
			continue
		}
		next, ok := "", false
		if current == "" {
			next, ok = m.roots[name]
		} else if next, ok = m.member(current, name); !ok {
			next, ok = m.bound[name]
		}
		if !ok {
			return name, false
		}
		current = next
	}
	return current, true
}

// TestMicrosoftsSchemaHasWhatIsAsked looks up every path, option and property that
// collectors ask Microsoft Graph for in the schema of each cloud that the kind names.
func TestMicrosoftsSchemaHasWhatIsAsked(t *testing.T) {
	clouds := map[string][]string{
		"graph-v1.0.csdl.xml":      {"global", "gcc"},
		"graph-v1.0-Fairfax.csdl":  {"gcchigh", "dod"},
		"graph-v1.0-Mooncake.csdl": {"china"},
	}
	for file, names := range clouds {
		t.Run(file, func(t *testing.T) {
			m := readModel(t, file)
			looked := 0
			for _, collector := range collectors.All() {
				offered := len(collector.Clouds) == 0 || slices.ContainsFunc(names, func(name string) bool { return slices.Contains(collector.Clouds, name) })
				if collector.API != collectors.Graph || !offered {
					continue
				}
				if bare, query, found := strings.Cut(collector.Changes, "/delta?"); found {
					checkPath(t, m, collector.Kind, bare+"?"+query, names[0])
					if typeName, _ := m.resolve(bare); !m.delta[simple(typeName)] {
						t.Errorf("%s: %s has no delta query", collector.Kind, typeName)
					}
				}
				for _, path := range collector.Paths {
					if only := collector.Only[path]; only != nil && !slices.Contains(only, names[0]) {
						continue
					}
					looked++
					checkPath(t, m, collector.Kind, path, names[0])
				}
			}
			if looked == 0 {
				t.Error("no path was looked up")
			}
		})
	}
}

func checkPath(t *testing.T, m model, kind, path, cloud string) {
	t.Helper()
	bare, query, _ := strings.Cut(path, "?")
	if strings.HasPrefix(bare, "beta/") {
		return // Microsoft's schema of v1.0 doesn't have it
	}
	typeName, ok := m.resolve(bare)
	if !ok {
		t.Errorf("%s: %s: there is no %s", kind, bare, typeName)
		return
	}
	for _, option := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(option, "=")
		var properties []string
		switch name {
		case "", "$top", "$count":
		case "$select", "$expand":
			if value == "{fields}" {
				schema, err := evidence.SchemaOf(kind)
				if err != nil {
					t.Error(err)
				}
				value = strings.Join(schema.FieldsIn(cloud), ",")
			}
			properties = strings.Split(value, ",")
		case "$filter":
			first, _, _ := strings.Cut(value, "%20")
			properties = []string{first}
		default:
			t.Errorf("%s: option %s is not known to this test", kind, name)
		}
		for _, p := range properties {
			p, _, _ = strings.Cut(p, "(")
			if p == "id" {
				continue // entity's own, which every type of a path has
			}
			if _, ok := m.member(typeName, p); !ok {
				t.Errorf("%s: %s asks for %s, which %s does not have", kind, bare, p, typeName)
			}
		}
	}
}

// ours are fields that domicile adds to what Graph gives.
var ours = map[string][]string{
	"role_group_members":         {"groupId", "@odata.type"},
	"permission_classifications": {"resourceId", "appId"},
	"resource_permissions":       {"resourceId", "value", "type"},
	"role_owners":                {"ownedId", "ownedKind", "@odata.type", "displayName", "userPrincipalName", "accountEnabled", "userType", "appId"},
	"app_management_policy":      {"policyType", "restrictions", "appliesTo"},
	"cross_tenant_access":        {"entry", "displayName", "tenantId", "isServiceProvider", "isInMultiTenantOrganization", "identitySynchronization", "role", "state"},
}

// TestSchemasNameMicrosoftsFields looks up the fields that rules may read of the kinds
// that are kept as Graph gives them.
func TestSchemasNameMicrosoftsFields(t *testing.T) {
	m := readModel(t, "graph-v1.0.csdl.xml")
	for _, collector := range collectors.All() {
		if collector.API != collectors.Graph || strings.HasSuffix(collector.Kind, "_probe") {
			continue
		}
		bare, _, _ := strings.Cut(collector.Paths[0], "?")
		typeName, ok := m.resolve(bare)
		if !ok {
			continue // the other test says so
		}
		schema, err := evidence.SchemaOf(collector.Kind)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, field := range schema.Fields() {
			if field == "id" || slices.Contains(ours[collector.Kind], field) {
				continue
			}
			if _, ok := m.member(typeName, field); !ok {
				t.Errorf("the schema of %s lists %s, which %s does not have", collector.Kind, field, typeName)
			}
		}
	}
}
