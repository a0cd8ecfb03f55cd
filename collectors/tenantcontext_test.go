package collectors_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

const tenantContext = `{
  "AuthInfo": {"TenantId": "3F0C1D7E-0000-4000-8000-000000000001", "Upn": "seeded.person@contoso.example", "Token": "seeded-secret"},
  "OrgId": "0d3c5a77-0000-4000-8000-000000000031", "GeoRegion": "Europe3", "DataCenter": "WestEurope3",
  "EnvironmentName": "Production", "AccountMode": 1, "AccountType": "Production", "IsSuspended": false,
  "MtpConsent": true, "IsMtpEligible": true, "IsMdatpActive": true, "ActiveMtpWorkloads": [1, 4, 13],
  "Roles": ["seeded-role"], "ServiceUrls": {"a": "https://seeded.example"}, "IsMdcActive": true,
  "savedBy": "seeded-forger", "savedAt": "2026-11-20T00:00:00Z"
}`

func TestTenantContextKeepsOnlyListedFields(t *testing.T) {
	imported := importOne(t, []byte(tenantContext), importOptions())
	sum := sha256.Sum256([]byte(tenantContext))
	want := map[string]any{
		"AuthInfo": map[string]any{"TenantId": "3F0C1D7E-0000-4000-8000-000000000001"},
		"OrgId":    "0d3c5a77-0000-4000-8000-000000000031", "GeoRegion": "Europe3", "DataCenter": "WestEurope3",
		"EnvironmentName": "Production", "AccountMode": 1.0, "AccountType": "Production", "IsSuspended": false,
		"MtpConsent": true, "IsMtpEligible": true, "IsMdatpActive": true, "ActiveMtpWorkloads": []any{1.0, 4.0, 13.0},
		"sha256": hex.EncodeToString(sum[:]),
	}
	if diff := cmp.Diff(want, decodeObject(t, imported.Objects[0])); diff != "" {
		t.Errorf("the object differs (-want +got):\n%s", diff)
	}
	if strings.Contains(string(imported.Objects[0]), "seeded") {
		t.Errorf("something private survived: %s", imported.Objects[0])
	}
	if imported.Tier != evidence.Attested || !imported.Complete || imported.Gap != nil {
		t.Errorf("tier %s, complete %v, gap %v; want attested, complete", imported.Tier, imported.Complete, imported.Gap)
	}
}

func TestTenantContextTierNeedsANamedPerson(t *testing.T) {
	tests := []struct {
		name    string
		wrapper string
		tier    evidence.Tier
		savedAt any
	}{
		{"named and dated", `"savedBy": "adele@contoso.example", "savedAt": "2026-11-20T10:00:00+01:00",`, evidence.Portal, "2026-11-20T09:00:00Z"},
		{"a day", `"savedBy": "adele@contoso.example", "savedAt": "2026-11-20",`, evidence.Portal, "2026-11-20T00:00:00Z"},
		{"not dated", `"savedBy": "adele@contoso.example",`, evidence.Attested, nil},
		{"nobody", `"savedBy": "  ", "savedAt": "2026-11-20T10:00:00Z",`, evidence.Attested, "2026-11-20T10:00:00Z"},
		{"neither", ``, evidence.Attested, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte("{" + tt.wrapper + `"content": ` + tenantContext + "}")
			imported := importOne(t, data, importOptions())
			if imported.Tier != tt.tier {
				t.Errorf("tier = %s, want %s", imported.Tier, tt.tier)
			}
			object := decodeObject(t, imported.Objects[0])
			if object["savedAt"] != tt.savedAt {
				t.Errorf("savedAt = %v, want %v", object["savedAt"], tt.savedAt)
			}
			if sum := sha256.Sum256(data); object["sha256"] != hex.EncodeToString(sum[:]) {
				t.Errorf("sha256 = %v, want the file's", object["sha256"])
			}
			if object["savedBy"] == "seeded-forger" {
				t.Error("the content named who saved it")
			}
			if tt.savedAt != nil && imported.Time.Format(time.RFC3339) != tt.savedAt {
				t.Errorf("time = %v, want %v", imported.Time, tt.savedAt)
			}
		})
	}
}

func TestTenantContextErrors(t *testing.T) {
	wrap := func(wrapper string) string { return "{" + wrapper + `, "content": ` + tenantContext + "}" }
	tests := []struct {
		name string
		data string
		want []string
	}{
		{"another tenant", strings.ReplaceAll(tenantContext, "3F0C1D7E-0000-4000-8000-000000000001", tenantB), []string{tenantA, tenantB}},
		{"no time", wrap(`"savedBy": "a", "savedAt": "yesterday"`), []string{"savedAt", "yesterday"}},
		{"the future", wrap(`"savedBy": "a", "savedAt": "2026-11-22"`), []string{"2026-11-22T00:00:00Z", "after"}},
		{"unknown wrapper field", wrap(`"savedFrom": "a"`), []string{"savedFrom"}},
		{"two contents", wrap(`"Content": {}`), []string{"content", "twice"}},
		{"a field twice", strings.Replace(tenantContext, `"OrgId"`, `"orgID": "x", "OrgId"`, 1), []string{"OrgId", "twice"}},
		{"a name that is none", wrap(`"savedBy": ["a"]`), []string{"savedBy is not a text"}},
		{"cut short", strings.TrimSuffix(tenantContext, "}"), []string{"damaged", "save it again"}},
		{"too large", strings.Replace(tenantContext, "seeded-role", strings.Repeat("a", 4<<20), 1), []string{"more than the 4194304"}},
		{"long name", wrap(`"savedBy": "` + strings.Repeat("a", 300) + `"`), []string{"savedBy"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.ImportFile(collectors.File{Name: "ctx.json", Data: []byte(tt.data)}, importOptions())
			if err == nil {
				t.Fatal("ImportFile accepted the file")
			}
			for _, want := range append(tt.want, "ctx.json") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("ImportFile = %q, which doesn't say %q", err, want)
				}
			}
		})
	}
}

func TestTenantContextOfUnknownTypeIsPartial(t *testing.T) {
	data := strings.Replace(tenantContext, `"AccountMode": 1`, `"AccountMode": "one"`, 1)
	imported := importOne(t, []byte(data), importOptions())
	if imported.Complete || imported.Gap == nil || imported.Gap.Reason != evidence.Partial {
		t.Fatalf("complete %v, gap %v; want a partial one", imported.Complete, imported.Gap)
	}
	if !strings.Contains(imported.Gap.Message, "AccountMode") {
		t.Errorf("gap = %q, which doesn't name AccountMode", imported.Gap.Message)
	}
	if _, there := decodeObject(t, imported.Objects[0])["AccountMode"]; there {
		t.Error("AccountMode survived")
	}
}

func TestTenantContextKeepsListsWholeOrNotAtAll(t *testing.T) {
	data := strings.Replace(tenantContext, `[1, 4, 13]`, `[1, "four"]`, 1)
	imported := importOne(t, []byte(data), importOptions())
	if imported.Complete || imported.Gap == nil || !strings.Contains(imported.Gap.Message, "ActiveMtpWorkloads") {
		t.Fatalf("complete %v, gap %v; want a partial one that names ActiveMtpWorkloads", imported.Complete, imported.Gap)
	}
	if workloads, there := decodeObject(t, imported.Objects[0])["ActiveMtpWorkloads"]; there {
		t.Errorf("ActiveMtpWorkloads = %v, want none: a shorter list looks whole", workloads)
	}
}

func TestTenantContextNamesItsTenant(t *testing.T) {
	o := importOptions()
	o.Tenant = evidence.Tenant{}
	imported, err := collectors.ImportFile(collectors.File{Name: "ctx.json", Data: []byte(tenantContext)}, o)
	if err != nil {
		t.Fatal(err)
	}
	if imported.Tenant.ID != tenantA || imported.Name != "ctx.json" {
		t.Errorf("tenant %q of %q, want %s of ctx.json", imported.Tenant.ID, imported.Name, tenantA)
	}
}
