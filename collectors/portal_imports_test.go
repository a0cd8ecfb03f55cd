package collectors_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

const (
	mcasAbout = `{"locale": "en", "dataCenterName": "EU2", "regionName": "West Europe", "tenantId": 4711, "user": "seeded.person@contoso.example"}`

	defenderSettings = `{"AatpIntegrationEnabled": true, "AatpWorkspaceExists": true, "EnableMcasIntegration": false,
  "AutoResolveInvestigatedAlerts": true, "seeded": "seeded-secret", "savedBy": "seeded-forger"}`
)

// wrapped is content as a named person saved it on 20 November 2026.
func wrapped(content string) string {
	return `{"savedBy": "adele@contoso.example", "savedAt": "2026-11-20T09:00:00Z", "content": ` + content + "}"
}

// importText imports text that holds one kind.
func importText(t *testing.T, text string) collectors.Imported {
	t.Helper()
	return importOne(t, []byte(text), importOptions())
}

// wantObject compares an object, save its hash, which must be the file's.
func wantObject(t *testing.T, got json.RawMessage, file string, want map[string]any) {
	t.Helper()
	object := decodeObject(t, got)
	sum := sha256.Sum256([]byte(file))
	if object["sha256"] != hex.EncodeToString(sum[:]) {
		t.Errorf("sha256 = %v, want the file's", object["sha256"])
	}
	delete(object, "sha256")
	if diff := cmp.Diff(want, object); diff != "" {
		t.Errorf("the object differs (-want +got):\n%s", diff)
	}
	if strings.Contains(string(got), "seeded") {
		t.Errorf("something private survived: %s", got)
	}
}

func TestPortalAnswersKeepOnlyListedFields(t *testing.T) {
	tests := []struct {
		name, kind, text string
		want             map[string]any
	}{
		{"about", "portal_mcas_about", mcasAbout, map[string]any{"dataCenterName": "EU2", "regionName": "West Europe"}},
		{"settings", "portal_defender_settings", defenderSettings, map[string]any{
			"AatpIntegrationEnabled": true, "AatpWorkspaceExists": true, "EnableMcasIntegration": false,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bare := importText(t, tt.text)
			if bare.Kind != tt.kind || bare.Tier != evidence.Attested || !bare.Complete {
				t.Errorf("bare: kind %s, tier %s, complete %v; want %s, attested, complete", bare.Kind, bare.Tier, bare.Complete, tt.kind)
			}
			wantObject(t, bare.Objects[0], tt.text, tt.want)

			file := wrapped(tt.text)
			named := importText(t, file)
			if named.Tier != evidence.Portal || named.Time.IsZero() {
				t.Errorf("wrapped: tier %s, time %v; want portal and a time", named.Tier, named.Time)
			}
			want := map[string]any{"savedBy": "adele@contoso.example", "savedAt": "2026-11-20T09:00:00Z"}
			for name, value := range tt.want {
				want[name] = value
			}
			wantObject(t, named.Objects[0], file, want)
		})
	}
}

func TestPortalAnswerOfAnUnknownTypeIsPartial(t *testing.T) {
	imported := importText(t, strings.Replace(defenderSettings, `"EnableMcasIntegration": false`, `"EnableMcasIntegration": "no"`, 1))
	if imported.Complete || imported.Gap == nil || !strings.Contains(imported.Gap.Message, "EnableMcasIntegration") {
		t.Errorf("complete %v, gap %v; want a partial one that names the field", imported.Complete, imported.Gap)
	}
}

// TestHostileImportsAreRefused holds every format to its errors: broken wrappers, content
// of another shape, times that can't be.
func TestHostileImportsAreRefused(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"unknown wrapper field", `{"savedFrom": "a", "content": ` + mcasAbout + `}`, "savedFrom"},
		{"no time", `{"savedBy": "a", "savedAt": "soon", "content": ` + defenderSettings + `}`, "savedAt"},
		{"the future", `{"savedBy": "a", "savedAt": "2027-01-01", "content": ` + mcasAbout + `}`, "after"},
		{"long name", `{"savedBy": "` + strings.Repeat("a", 300) + `", "content": ` + mcasAbout + `}`, "savedBy"},
		{"region of another type", strings.Replace(organizationConfig, `"EUR=EURPR01A001"`, `{"Code": "EUR"}`, 1), "not text"},
		{"another tenant's organisation", strings.Replace(organizationConfig, tenantA, tenantB, 1), tenantB},
		{"acceptance without an agreement", strings.Replace(acceptances, agreementID, "none", 2), "agreementId of acceptance"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.ImportFile(collectors.File{Name: "x.json", Data: []byte(tt.text)}, importOptions())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "x.json") {
				t.Errorf("ImportFile = %v, want an error with %q that names the file", err, tt.want)
			}
		})
	}
}

func TestNearlyKnownFilesAreUnknown(t *testing.T) {
	for _, text := range []string{
		`{"dataCenterName": "EU2"}`,
		`{"EnableMcasIntegration": true}`,
		`{"AllowedMailboxRegions": []}`,
		`[{"UnifiedAuditLogIngestionEnabled": true}, {"UnifiedAuditLogIngestionEnabled": false}]`,
		`[{"RetentionDuration": "TwelveMonths"}]`,
		`{"value": [{"logs": []}]}`,
		`{"value": [{"id": "a", "displayName": "b"}]}`,
		`{"value": [null]}`,
		`{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": []}`,
		`{"version": 1, "tenant": {}, "rules": []}`,
	} {
		_, err := collectors.ImportFile(collectors.File{Name: "x", Data: []byte(text)}, importOptions())
		if err == nil || !strings.Contains(err.Error(), "no known kind") {
			t.Errorf("ImportFile(%s) = %v, want it unknown", text, err)
		}
	}
}
