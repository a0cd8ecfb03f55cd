package collectors_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/evidence"
)

const dataExportSettings = `{"@odata.context": "https://api.security.microsoft.com/api/$metadata#DataExportSettings", "value": [
  {"id": "siem", "designatedTenantId": "` + tenantA + `", "creatorUpn": "seeded.person@contoso.example",
   "eventHubProperties": {"name": "raw", "eventHubResourceId": "/subscriptions/a/resourceGroups/b/providers/Microsoft.EventHub/namespaces/c"},
   "storageAccountProperties": null, "logs": [{"category": "AdvancedHunting-DeviceInfo", "enabled": true}]},
  {"id": "archive", "storageAccountProperties": {"storageAccountResourceId": "/subscriptions/a/storage"},
   "workspaceResourceId": "/subscriptions/a/workspace", "logs": []}]}`

func TestStreamingKeepsTheDestinations(t *testing.T) {
	imported := importText(t, dataExportSettings)
	if len(imported.Objects) != 2 || !imported.Complete || imported.Tier != evidence.Attested {
		t.Fatalf("%d objects, complete %v, tier %s; want 2, complete, attested", len(imported.Objects), imported.Complete, imported.Tier)
	}
	wantObject(t, imported.Objects[0], dataExportSettings, map[string]any{
		"id": "siem", "designatedTenantId": tenantA, "eventHubName": "raw",
		"eventHubResourceId": "/subscriptions/a/resourceGroups/b/providers/Microsoft.EventHub/namespaces/c",
		"logs":               []any{map[string]any{"category": "AdvancedHunting-DeviceInfo", "enabled": true}},
	})
	wantObject(t, imported.Objects[1], dataExportSettings, map[string]any{
		"id": "archive", "storageAccountResourceId": "/subscriptions/a/storage", "workspaceResourceId": "/subscriptions/a/workspace", "logs": []any{},
	})
}

func TestStreamingReadsAListAndOneExport(t *testing.T) {
	for _, text := range []string{
		`[{"id": "a", "eventHubResourceId": "/x", "logs": []}]`,
		`{"id": "a", "eventHubResourceId": "/x", "logs": []}`,
	} {
		if imported := importText(t, wrapped(text)); len(imported.Objects) != 1 || imported.Tier != evidence.Portal {
			t.Errorf("%s gave %d objects of tier %s, want 1 of tier portal", text, len(imported.Objects), imported.Tier)
		}
	}
}

func TestStreamingWithoutAnExportNeedsAPerson(t *testing.T) {
	empty := `{"@odata.context": "https://api.security.microsoft.com/api/$metadata#DataExportSettings", "value": []}`
	if bare := importText(t, empty); bare.Complete || bare.Objects == nil || !strings.Contains(bare.Gap.Message, "nobody answers for it") {
		t.Errorf("bare: complete %v, gap %v; want a partial list", bare.Complete, bare.Gap)
	}
	if named := importText(t, wrapped(empty)); !named.Complete || named.Objects == nil || len(named.Objects) != 0 {
		t.Errorf("wrapped: complete %v, %d objects; want a complete, empty list", named.Complete, len(named.Objects))
	}
}

func TestStreamingFirstPageIsPartial(t *testing.T) {
	page := strings.Replace(dataExportSettings, `"value"`, `"@odata.nextLink": "https://x", "value"`, 1)
	if imported := importText(t, page); imported.Complete || !strings.Contains(imported.Gap.Message, "first page") {
		t.Errorf("complete %v, gap %v; want a partial list", imported.Complete, imported.Gap)
	}
}
