package collectors_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// importNow is the time of the collection in every test of imports.
var importNow = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

const (
	tenantA = "3f0c1d7e-0000-4000-8000-000000000001"
	tenantB = "5b2d7c1e-0000-4000-8000-000000000002"
)

func importOptions() collectors.ImportOptions {
	return collectors.ImportOptions{Tenant: evidence.Tenant{ID: tenantA, Name: "contoso", Cloud: "global"}, Now: importNow}
}

// checkSchema holds every object of a kind against the kind's schema.
func checkSchema(t *testing.T, imported collectors.Imported) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "evidence", "schema", imported.Kind+".json"))
	if err != nil {
		t.Fatalf("reading the schema of %s: %v", imported.Kind, err)
	}
	schema := compileSchema(t, imported.Kind, data)
	for i, object := range imported.Objects {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(object))
		if err != nil {
			t.Fatalf("object %d of %s is not JSON: %v", i, imported.Kind, err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("object %d of %s doesn't fit its schema: %v\n%s", i, imported.Kind, err, object)
		}
	}
}

func compileSchema(t *testing.T, kind string, data []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("decoding the schema of %s: %v", kind, err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(kind+".json", document); err != nil {
		t.Fatalf("adding the schema of %s: %v", kind, err)
	}
	schema, err := compiler.Compile(kind + ".json")
	if err != nil {
		t.Fatalf("compiling the schema of %s: %v", kind, err)
	}
	return schema
}

// importOne imports data and returns its only kind, held against the schema.
func importOne(t *testing.T, data []byte, o collectors.ImportOptions) collectors.Imported {
	t.Helper()
	imported, err := collectors.ImportFile(collectors.File{Name: "saved", Data: data}, o)
	if err != nil {
		t.Fatalf("ImportFile = %v", err)
	}
	if len(imported.Kinds) != 1 {
		t.Fatalf("ImportFile gave %d kinds, want 1", len(imported.Kinds))
	}
	checkSchema(t, imported.Kinds[0])
	return imported.Kinds[0]
}

func decodeObject(t *testing.T, data json.RawMessage) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatalf("decoding %s: %v", data, err)
	}
	return object
}

func TestImportFileRefusesUnknownFiles(t *testing.T) {
	tests := []struct {
		name string
		data string
	}{
		{"empty", ""},
		{"text", "hello"},
		{"html", "<!doctype html><title>Sign in</title>"},
		{"other JSON", `{"value": []}`},
		{"list", `[1, 2]`},
		{"one field alone", `{"OrgId": "x"}`},
		{"attestation", "schemaVersion: 1\nfact: lockbox\n"},
		{"base64 of nothing", strings.Repeat("QUFB", 40)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.ImportFile(collectors.File{Name: "x.bin", Data: []byte(tt.data)}, importOptions())
			if err == nil {
				t.Fatal("ImportFile accepted the file")
			}
			for _, want := range []string{"x.bin", "ScubaGear", "TenantContext", "onboarding package", "attestations"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("ImportFile = %q, which doesn't name %q", err, want)
				}
			}
		})
	}
}

func TestImportFileRefusesDamagedText(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"Latin-1", []byte("caf\xe9 {}"), "neither UTF-8"},
		{"half UTF-16", []byte{0xFF, 0xFE, '{', 0, '}'}, "half a character"},
		{"too large", make([]byte, 64<<20+1), "more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.ImportFile(collectors.File{Name: "x", Data: tt.data}, importOptions())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ImportFile = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func FuzzImportFile(f *testing.F) {
	f.Add([]byte(tenantContext))
	f.Add([]byte(`{"savedBy": "a", "savedAt": "2026-11-20", "content": ` + tenantContext + `}`))
	f.Add([]byte(smallExport))
	for _, text := range []string{
		mcasAbout, defenderSettings, organizationConfig, auditConfig, retentionPolicies, dataExportSettings,
		agreements, acceptances, noAcceptances, earlierResult,
	} {
		f.Add([]byte(text))
		f.Add([]byte(wrapped(text)))
	}
	f.Add([]byte(`{"onboardingInfo": "{\"body\":\"{}\",\"cert\":\"\"}"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		imported, err := collectors.ImportFile(collectors.File{Name: "f", Data: data}, importOptions())
		if err != nil {
			return
		}
		if id := imported.Tenant.ID; id != "" && !strings.EqualFold(id, tenantA) {
			t.Errorf("ImportFile accepted a file of tenant %q", id)
		}
		for _, kind := range imported.Kinds {
			checkSchema(t, kind)
			if kind.Complete == (kind.Gap != nil) {
				t.Errorf("%s: complete %v with gap %v", kind.Kind, kind.Complete, kind.Gap)
			}
		}
	})
}
