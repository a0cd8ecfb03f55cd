package simulator_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hunt sends a query as the SDK does, compressed.
func (v *visitor) hunt(query string) answer {
	v.t.Helper()
	var body bytes.Buffer
	zw := gzip.NewWriter(&body)
	if _, err := zw.Write([]byte(`{"query":"` + query + `","timespan":"P30D"}`)); err != nil {
		v.t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		v.t.Fatal(err)
	}
	return v.post("/v1.0/security/microsoft.graph.security.runHuntingQuery", body.String(),
		"Content-Type", "application/json", "Content-Encoding", "gzip")
}

func TestHuntingPrint(t *testing.T) {
	v := visit(t, "good")
	got := v.hunt("print Probe = 1")
	want := map[string]any{
		"@odata.context": v.URL() + "/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
		"schema":         []any{map[string]any{"name": "Probe", "type": "Int64"}},
		"results":        []any{map[string]any{"Probe": float64(1)}},
	}
	if diff := cmp.Diff(want, got.body); got.status != http.StatusOK || diff != "" {
		t.Errorf("%d, (-want +got):\n%s", got.status, diff)
	}
	plain := v.post("/v1.0/security/runHuntingQuery", `{"Query":"print Probe=1","Timespan":"P1D"}`, "Content-Type", "application/json")
	if diff := cmp.Diff(want, plain.body); diff != "" {
		t.Errorf("the short path, uncompressed (-want +got):\n%s", diff)
	}
	if n := v.Requests()["POST /v1.0/security/microsoft.graph.security.runHuntingQuery"]; n != 1 {
		t.Errorf("counted %d, want 1", n)
	}
}

const (
	byDay = " | where Timestamp > ago(30d) | summarize n = count() by day = bin(Timestamp, 1d)"
	byApp = byDay + ", app = Application"
)

func TestHuntingCountsByDayAndApplication(t *testing.T) {
	v := visitChanged(t, "hunting:\n  IdentityLogonEvents: {apps: {Active Directory: 12, Microsoft 365: 0}, days: 2, until: 1}\n")
	got := v.hunt("IdentityLogonEvents" + byApp)
	want := map[string]any{
		"@odata.context": v.URL() + "/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
		"schema": []any{
			map[string]any{"name": "day", "type": "DateTime"}, map[string]any{"name": "app", "type": "String"}, map[string]any{"name": "n", "type": "Int64"},
		},
		"results": []any{
			map[string]any{"day": "2026-11-18T00:00:00Z", "app": "Active Directory", "n": float64(12 + 322%7)},
			map[string]any{"day": "2026-11-19T00:00:00Z", "app": "Active Directory", "n": float64(12 + 323%7)},
		},
	}
	if diff := cmp.Diff(want, got.body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHuntingTables(t *testing.T) {
	v := visitChanged(t, `
hunting:
  DeviceInfo: {rows: 5}
  AlertInfo: {rows: 1, until: 40}
  EmailEvents: null
  CloudAppEvents: {error: {status: 500, code: UnknownError}}
`)
	tests := []struct {
		query  string
		status int
		rows   int
		words  string
	}{
		{"DeviceInfo" + byDay, 200, 30, ""},
		{"DeviceInfo | where Timestamp > ago(7d) | summarize n = count() by day = bin(Timestamp, 1d)", 200, 8, ""},
		{"DeviceInfo | where Timestamp > ago(48h) | summarize n = count() by day = bin(Timestamp, 1d)", 200, 3, ""},
		{"DeviceInfo | summarize n=count()", 200, 1, ""},
		{"AlertInfo" + byDay, 200, 0, ""},
		{"AlertInfo | where Timestamp > ago(30d) | summarize n = count()", 200, 1, ""},
		{`IdentityLogonEvents | where Application == 'Active Directory' | summarize n = count() by app = Application`, 200, 1, ""},
		{"EmailEvents" + byDay, 400, 0, "Failed to resolve table or column expression named 'EmailEvents'"},
		{"NoSuchTable | summarize count()", 400, 0, "Failed to resolve table or column expression named 'NoSuchTable'"},
		{"DeviceInfo" + byApp, 400, 0, "Failed to resolve column or scalar expression named 'Application'"},
		{"CloudAppEvents" + byApp, 500, 0, ""},
		{"DeviceInfo | take 1", 400, 0, "Syntax error"},
		{"DeviceInfo", 400, 0, "Syntax error"},
		{"union *", 400, 0, "Syntax error"},
		{"DeviceInfo | summarize n = count() by DeviceName", 400, 0, "Syntax error"},
	}
	for _, tt := range tests {
		got := v.hunt(tt.query)
		rows, _ := got.body["results"].([]any)
		if got.status != tt.status || len(rows) != tt.rows || !strings.Contains(got.message(), tt.words) {
			t.Errorf("%s: %d with %d rows, %q; want %d with %d, %q", tt.query, got.status, len(rows), got.message(), tt.status, tt.rows, tt.words)
		}
	}
	if got := v.hunt("CloudAppEvents" + byApp); got.code() != "UnknownError" || got.message() != "" {
		t.Errorf("the scripted error: %s", got.raw)
	}
}

func TestHuntingRefusesBadBodies(t *testing.T) {
	v := visit(t, "good")
	const path = "/v1.0/security/runHuntingQuery"
	for _, body := range []string{"", "{}", "nonsense", `{"Query":"print 1","Timespan":"thirty days"}`} {
		if got := v.post(path, body, "Content-Type", "application/json"); got.status != http.StatusBadRequest {
			t.Errorf("body %q: %d, want 400", body, got.status)
		}
	}
	if got := v.post(path, "not compressed", "Content-Encoding", "gzip"); got.status != http.StatusBadRequest {
		t.Errorf("a body that isn't gzip: %d, want 400", got.status)
	}
	if got := v.get(path); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d, want 405", got.status)
	}
	huge := `{"Query":"` + strings.Repeat("x", 2<<20) + `"}`
	if got := v.post(path, huge, "Content-Type", "application/json"); got.status != http.StatusBadRequest {
		t.Errorf("a body of 2 MiB: %d, want 400", got.status)
	}
	closed := visitChanged(t, "permissions: {graph: [SecurityIncident.Read.All]}\n")
	if got := closed.hunt("print Probe = 1"); got.status != http.StatusForbidden || got.code() != "UnknownError" || !strings.Contains(got.message(), "ThreatHunting.Read.All") {
		t.Errorf("without the permission: %d %s", got.status, got.raw)
	}
}
