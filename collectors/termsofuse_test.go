package collectors_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
)

const (
	agreementID = "0ec9f6a6-159d-4dd8-a563-000000000061"

	agreements = `{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identityGovernance/termsOfUse/agreements", "value": [
  {"id": "0EC9F6A6-159d-4dd8-a563-000000000061", "displayName": "Administrators", "isViewingBeforeAcceptanceRequired": true,
   "isPerDeviceAcceptanceRequired": false, "userReacceptRequiredFrequency": null},
  {"id": "0ec9f6a6-159d-4dd8-a563-000000000062", "displayName": "Guests", "isViewingBeforeAcceptanceRequired": false,
   "isPerDeviceAcceptanceRequired": false}]}`

	acceptances = `{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identityGovernance/termsOfUse/agreements('0ec9f6a6-159d-4dd8-a563-000000000061')/acceptances", "value": [
  {"id": "b1", "agreementId": "0ec9f6a6-159d-4dd8-a563-000000000061", "userId": "8a1f0c52-0000-4000-8000-000000000011",
   "userDisplayName": "seeded person", "userPrincipalName": "seeded.person@contoso.example", "userEmail": "seeded@contoso.example",
   "state": "accepted", "recordedDateTime": "2026-10-01T08:00:00Z", "expirationDateTime": null, "deviceDisplayName": "seeded-device"}]}`
)

// noAcceptances is the answer for an agreement that nobody accepted.
var noAcceptances = `{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identityGovernance/termsOfUse/agreements('0ec9f6a6-159d-4dd8-a563-000000000062')/acceptances", "value": []}`

// accepted is what is kept of the one acceptance.
var accepted = []any{map[string]any{
	"id": "b1", "userId": "8a1f0c52-0000-4000-8000-000000000011", "state": "accepted",
	"recordedDateTime": "2026-10-01T08:00:00Z", "expirationDateTime": nil,
}}

func TestTermsAloneAreHalves(t *testing.T) {
	tests := []struct {
		name, text, lacks string
		want              []map[string]any
	}{
		{"agreements", agreements, "acceptances of its agreements", []map[string]any{
			{"id": "0EC9F6A6-159d-4dd8-a563-000000000061", "displayName": "Administrators", "isViewingBeforeAcceptanceRequired": true, "isPerDeviceAcceptanceRequired": false, "acceptances": nil},
			{"id": "0ec9f6a6-159d-4dd8-a563-000000000062", "displayName": "Guests", "isViewingBeforeAcceptanceRequired": false, "isPerDeviceAcceptanceRequired": false, "acceptances": nil},
		}},
		{"acceptances", acceptances, "agreements were not imported", []map[string]any{{"id": agreementID, "acceptances": accepted}}},
		{"no acceptances", noAcceptances, "agreements were not imported", []map[string]any{
			{"id": "0ec9f6a6-159d-4dd8-a563-000000000062", "acceptances": []any{}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			imported := importText(t, tt.text)
			if imported.Kind != "terms_of_use" || imported.Complete || !strings.Contains(imported.Gap.Message, tt.lacks) {
				t.Errorf("kind %s, complete %v, gap %v; want half of terms_of_use", imported.Kind, imported.Complete, imported.Gap)
			}
			var got []map[string]any
			for _, object := range imported.Objects {
				if strings.Contains(string(object), "seeded") {
					t.Errorf("something private survived: %s", object)
				}
				got = append(got, decodeObject(t, object))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the objects differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTermsExpandedAreWhole(t *testing.T) {
	expanded := strings.ReplaceAll(agreements, `"isPerDeviceAcceptanceRequired": false`, `"isPerDeviceAcceptanceRequired": false, "acceptances": []`)
	if imported := importText(t, expanded); !imported.Complete || imported.Gap != nil {
		t.Errorf("complete %v, gap %v; want a whole kind", imported.Complete, imported.Gap)
	}
	none := `{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identityGovernance/termsOfUse/agreements", "value": []}`
	if imported := importText(t, none); !imported.Complete || len(imported.Objects) != 0 || imported.Objects == nil {
		t.Errorf("no agreement: complete %v, %d objects; want a whole, empty kind", imported.Complete, len(imported.Objects))
	}
}

func TestJoinAddsAcceptancesToTheirAgreements(t *testing.T) {
	joined, err := collectors.Join([]collectors.Import{file(t, "c", noAcceptances), file(t, "a", agreements), file(t, "b", acceptances)})
	if err != nil {
		t.Fatal(err)
	}
	checkSchema(t, joined[0])
	if !joined[0].Complete || joined[0].Gap != nil || len(joined[0].Objects) != 2 {
		t.Fatalf("complete %v, gap %v, %d objects; want a whole kind of 2", joined[0].Complete, joined[0].Gap, len(joined[0].Objects))
	}
	first, second := decodeObject(t, joined[0].Objects[0]), decodeObject(t, joined[0].Objects[1])
	if diff := cmp.Diff(accepted, first["acceptances"]); diff != "" || first["displayName"] != "Administrators" {
		t.Errorf("the first agreement differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{}, second["acceptances"]); diff != "" {
		t.Errorf("the second agreement differs (-want +got):\n%s", diff)
	}
}

func TestJoinedTermsThatLackSomethingArePartial(t *testing.T) {
	page := strings.Replace(acceptances, `"value"`, `"@odata.nextLink": "https://x", "value"`, 1)
	one := `{"value": [{"id": "` + agreementID + `", "displayName": "A", "isPerDeviceAcceptanceRequired": false}]}`
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{"an agreement without a file", []string{agreements, acceptances}, "acceptances of its agreements"},
		{"acceptances without an agreement", []string{one, acceptances, noAcceptances}, "agreements were not imported"},
		{"a first page", []string{one, page}, "first page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var files []collectors.Import
			for _, text := range tt.files {
				files = append(files, file(t, "f", text))
			}
			joined, err := collectors.Join(files)
			if err != nil {
				t.Fatal(err)
			}
			if joined[0].Complete || joined[0].Gap == nil || !strings.Contains(joined[0].Gap.Message, tt.want) {
				t.Errorf("complete %v, gap %v; want a gap that says %q", joined[0].Complete, joined[0].Gap, tt.want)
			}
		})
	}
}
