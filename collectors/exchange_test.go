package collectors_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

const (
	organizationConfig = `{"Name": "contoso.onmicrosoft.com", "Guid": "9c1d0000-0000-4000-8000-000000000051",
  "ExternalDirectoryOrganizationId": "` + tenantA + `", "DefaultMailboxRegion": "EUR",
  "AllowedMailboxRegions": ["EUR=EURPR01A001", " DEU ", "GBR=GBRP265A002"], "CustomerLockBoxEnabled": true,
  "AdfsIssuer": "seeded-issuer", "WhenCreated": "/Date(1583020800000)/"}`

	auditConfig = `{"AdminAuditLogEnabled": true, "UnifiedAuditLogIngestionEnabled": true, "Name": "seeded-name"}`

	retentionPolicies = `[
  {"Name": "Entra", "RetentionDuration": "TwelveMonths", "RecordTypes": ["AzureActiveDirectory"], "Operations": [],
   "UserIds": [], "Priority": 100, "Enabled": true, "Description": "seeded-text", "CreatedBy": "seeded.person@contoso.example"},
  {"Name": "Mail", "RetentionDuration": "NineMonths", "RecordTypes": "ExchangeItem", "Operations": {"value": ["Send"], "Count": 1},
   "UserIds": ["seeded.person@contoso.example"], "Priority": 200}]`
)

func TestOrganizationConfigKeepsTheRegionsCodes(t *testing.T) {
	imported, err := collectors.ImportFile(collectors.File{Name: "org.json", Data: []byte(organizationConfig)}, importOptions())
	if err != nil {
		t.Fatal(err)
	}
	if imported.Tenant.ID != tenantA {
		t.Errorf("tenant = %q, want %s", imported.Tenant.ID, tenantA)
	}
	wantObject(t, imported.Kinds[0].Objects[0], organizationConfig, map[string]any{
		"Name": "contoso.onmicrosoft.com", "Guid": "9c1d0000-0000-4000-8000-000000000051", "DefaultMailboxRegion": "EUR",
		"AllowedMailboxRegions": []any{"EUR", "DEU", "GBR"}, "CustomerLockBoxEnabled": true,
	})
}

func TestRetentionPoliciesOfAnotherShape(t *testing.T) {
	_, err := collectors.ImportFile(collectors.File{Name: "x", Data: []byte(`{"retentionPolicies": ["none"]}`)}, importOptions())
	if err == nil || !strings.Contains(err.Error(), "item 0 is not an object") {
		t.Errorf("ImportFile = %v, want an error about the item", err)
	}
}

func TestOrganizationConfigReadsEveryFormOfAList(t *testing.T) {
	for _, form := range []string{`"EUR=A"`, `["EUR=A", ""]`, `{"value": ["EUR=A"], "Count": 1}`, `{"value": "EUR=A", "Count": 1}`} {
		imported := importText(t, `[{"Name": "contoso", "Guid": "g", "AllowedMailboxRegions": `+form+`}]`)
		if diff := cmp.Diff([]any{"EUR"}, decodeObject(t, imported.Objects[0])["AllowedMailboxRegions"]); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", form, diff)
		}
	}
	absent := importText(t, `{"Name": "contoso", "DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": null}`)
	if regions, there := decodeObject(t, absent.Objects[0])["AllowedMailboxRegions"]; !there || regions != nil {
		t.Errorf("AllowedMailboxRegions = %v, want null as in the file", regions)
	}
}

func TestAuditConfigAlone(t *testing.T) {
	imported := importText(t, auditConfig)
	wantObject(t, imported.Objects[0], auditConfig, map[string]any{"UnifiedAuditLogIngestionEnabled": true})
}

func TestRetentionPoliciesDropTheirUsers(t *testing.T) {
	imported := importText(t, retentionPolicies)
	wantObject(t, imported.Objects[0], retentionPolicies, map[string]any{"retentionPolicies": []any{
		map[string]any{
			"Name": "Entra", "RetentionDuration": "TwelveMonths", "RecordTypes": []any{"AzureActiveDirectory"},
			"Operations": []any{}, "Priority": 100.0, "Enabled": true, "limitedToUsers": false,
		},
		map[string]any{
			"Name": "Mail", "RetentionDuration": "NineMonths", "RecordTypes": []any{"ExchangeItem"},
			"Operations": []any{"Send"}, "Priority": 200.0, "limitedToUsers": true,
		},
	}})
	numbered := importText(t, strings.Replace(retentionPolicies, `"TwelveMonths"`, `4`, 1))
	if numbered.Complete || !strings.Contains(numbered.Gap.Message, "RetentionDuration") {
		t.Errorf("a duration as a number: complete %v, gap %v; want a partial one", numbered.Complete, numbered.Gap)
	}
}

func TestRetentionPoliciesMayBeNone(t *testing.T) {
	for _, text := range []string{`{"retentionPolicies": []}`, `{"retentionPolicies": null}`, `{"retentionPolicies": {"value": [], "Count": 0}}`} {
		imported := importText(t, wrapped(text))
		policies, ok := decodeObject(t, imported.Objects[0])["retentionPolicies"].([]any)
		if !ok || len(policies) != 0 || !imported.Complete {
			t.Errorf("%s gave %s, complete %v; want an empty list", text, imported.Objects[0], imported.Complete)
		}
	}
	if one := importText(t, `{"retentionPolicies": `+retentionPolicies+`}`); !strings.Contains(string(one.Objects[0]), "Entra") {
		t.Errorf("the policies are lost: %s", one.Objects[0])
	}
}

// file is an imported file by its name.
func file(t *testing.T, name, text string) collectors.Import {
	t.Helper()
	imported, err := collectors.ImportFile(collectors.File{Name: name, Data: []byte(text)}, importOptions())
	if err != nil {
		t.Fatalf("ImportFile(%s) = %v", name, err)
	}
	return imported
}

func TestJoinMakesOneAuditConfigOfItsHalves(t *testing.T) {
	earlier := strings.Replace(wrapped(retentionPolicies), "2026-11-20T09", "2026-11-18T09", 1)
	earlier = strings.Replace(earlier, "adele@", "bo@", 1)
	for _, files := range [][]collectors.Import{
		{file(t, "a", wrapped(auditConfig)), file(t, "b", earlier)},
		{file(t, "b", earlier), file(t, "a", wrapped(auditConfig))},
	} {
		joined, err := collectors.Join(files)
		if err != nil || len(joined) != 1 {
			t.Fatalf("Join = %v, %v, want one kind", joined, err)
		}
		one := joined[0]
		checkSchema(t, one)
		object := decodeObject(t, one.Objects[0])
		if policies, _ := object["retentionPolicies"].([]any); len(policies) != 2 || object["UnifiedAuditLogIngestionEnabled"] != true {
			t.Errorf("the object lacks a half: %s", one.Objects[0])
		}
		if object["savedAt"] != "2026-11-18T09:00:00Z" || one.Time.Format("2006-01-02") != "2026-11-18" {
			t.Errorf("savedAt = %v, time %v; want the older file's", object["savedAt"], one.Time)
		}
		by, _ := object["savedBy"].(string)
		if !strings.Contains(by, "adele@") || !strings.Contains(by, "bo@") {
			t.Errorf("savedBy = %q, want both people", by)
		}
		if one.Tier != evidence.Portal || !one.Complete || !strings.Contains(one.API, " and ") {
			t.Errorf("tier %s, complete %v, API %q; want portal, complete and both", one.Tier, one.Complete, one.API)
		}
	}
}

func TestJoinTakesTheWorseOfBothHalves(t *testing.T) {
	joined, err := collectors.Join([]collectors.Import{file(t, "a", auditConfig), file(t, "b", wrapped(retentionPolicies))})
	if err != nil {
		t.Fatal(err)
	}
	object := decodeObject(t, joined[0].Objects[0])
	if joined[0].Tier != evidence.Attested || object["savedBy"] != nil || object["savedAt"] != nil || !joined[0].Time.IsZero() {
		t.Errorf("tier %s, object %s; want attested, without a person or a date", joined[0].Tier, joined[0].Objects[0])
	}
}

func TestJoinRefusesWhatDoesNotFit(t *testing.T) {
	audit, policies, about := file(t, "audit.json", auditConfig), file(t, "policies.json", retentionPolicies), file(t, "about.json", mcasAbout)
	tests := []struct {
		name  string
		files []collectors.Import
		want  []string
	}{
		{"the same half twice", []collectors.Import{audit, audit}, []string{"exchange_audit_config", "audit.json, audit.json", "same half"}},
		{"the other half twice", []collectors.Import{policies, policies}, []string{"policies.json", "same half"}},
		{"three", []collectors.Import{audit, policies, audit}, []string{"3 files"}},
		{"a kind without halves", []collectors.Import{about, about}, []string{"portal_mcas_about", "2 files hold it"}},
		{"the same agreement", []collectors.Import{file(t, "t1", agreements), file(t, "t2", agreements)}, []string{"two files hold the agreement"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.Join(tt.files)
			if err == nil {
				t.Fatal("Join accepted the files")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Join = %q, which doesn't say %q", err, want)
				}
			}
		})
	}
}

func TestJoinLeavesOtherKindsAlone(t *testing.T) {
	raw := []json.RawMessage{json.RawMessage(`{}`)}
	packages := collectors.Import{Name: "p", Kinds: []collectors.Imported{{Kind: "onboarding_package", Objects: raw}}}
	files := []collectors.Import{file(t, "about", mcasAbout), packages, packages}
	joined, err := collectors.Join(files)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, one := range joined {
		kinds = append(kinds, one.Kind)
	}
	if diff := cmp.Diff([]string{"portal_mcas_about", "onboarding_package", "onboarding_package"}, kinds); diff != "" {
		t.Errorf("the kinds differ (-want +got):\n%s", diff)
	}
}
