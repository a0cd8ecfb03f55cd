package collectors_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
)

const earlierResult = `{"version": 1, "tool": {"name": "domicile", "version": "1.0"},
  "tenant": {"id": "3F0C1D7E-0000-4000-8000-000000000001", "name": "contoso", "cloud": "global"},
  "profile": "xdr-current", "params": {"break_glass_accounts": ["seeded-account"]}, "started": "2026-11-14T10:00:00Z",
  "finished": "2026-11-14T11:05:00+01:00", "summary": {}, "evidence": [], "gaps": [],
  "rules": [
    {"id": "XDR1001", "title": "On", "outcome": "pass", "reasons": [], "observed": [
      {"fact": "on", "service": "xdr", "value": "on (decision table row 6): both answer", "tier": "proxy", "kind": "incidents_probe"},
      {"fact": "incident", "service": "xdr", "value": "2972395 2026-11-12T09:12:00Z", "tier": "api", "kind": "incidents_probe"},
      {"fact": "org", "service": "xdr", "value": "0F2D0000-0000-4000-8000-000000000009", "tier": "portal", "kind": "portal_tenant_context"}]},
    {"id": "ROLE1002", "outcome": "fail", "observed": [
      {"fact": "role", "value": "seeded.person@contoso.example"}, {"fact": "exempt", "value": "seeded-account"}, {"fact": "count", "value": "3"}]},
    {"id": "GEO1012", "outcome": "not_applicable", "observed": null}],
  "findings": [{"rule": "ROLE1002", "message": "seeded finding"}]}`

func TestPreviousKeepsWhatIsCompared(t *testing.T) {
	imported, err := collectors.ReadPrevious(collectors.File{Data: []byte(earlierResult)}, importOptions())
	if err != nil {
		t.Fatal(err)
	}
	checkSchema(t, imported)
	want := map[string]any{
		"tenantId": tenantA, "profile": "xdr-current", "finished": "2026-11-14T10:05:00Z", "chain": "unknown",
		"orgId": "0f2d0000-0000-4000-8000-000000000009",
		"seen":  map[string]any{"id": "2972395", "createdDateTime": "2026-11-12T09:12:00Z"},
		"rules": map[string]any{
			"XDR1001": map[string]any{"outcome": "pass", "observed": []any{
				map[string]any{"fact": "on", "service": "xdr", "value": "on (decision table row 6): both answer", "tier": "proxy", "kind": "incidents_probe"},
				map[string]any{"fact": "incident", "service": "xdr", "value": "2972395 2026-11-12T09:12:00Z", "tier": "api", "kind": "incidents_probe"},
				map[string]any{"fact": "org", "service": "xdr", "value": "0F2D0000-0000-4000-8000-000000000009", "tier": "portal", "kind": "portal_tenant_context"},
			}},
			"ROLE1002": map[string]any{"outcome": "fail", "observed": []any{
				map[string]any{"fact": "count", "service": "", "value": "3", "tier": "", "kind": ""},
			}},
			"GEO1012": map[string]any{"outcome": "not_applicable", "observed": []any{}},
		},
	}
	if diff := cmp.Diff(want, decodeObject(t, imported.Objects[0])); diff != "" {
		t.Errorf("the object differs (-want +got):\n%s", diff)
	}
	if strings.Contains(string(imported.Objects[0]), "seeded") {
		t.Errorf("something private survived: %s", imported.Objects[0])
	}
	if imported.Kind != "previous_result" || imported.Tier != evidence.Attested || !imported.Complete || imported.Time.IsZero() {
		t.Errorf("kind %s, tier %s, complete %v, time %v; want previous_result, attested, complete, dated", imported.Kind, imported.Tier, imported.Complete, imported.Time)
	}
	through := importText(t, earlierResult)
	if diff := cmp.Diff(imported, through); diff != "" {
		t.Errorf("ImportFile differs from ReadPrevious (-want +got):\n%s", diff)
	}
}

func TestPreviousOrganisationAndIncident(t *testing.T) {
	portal := `{"fact": "org", "service": "xdr", "value": "0F2D0000-0000-4000-8000-000000000009", "tier": "portal", "kind": "portal_tenant_context"}`
	org := func(value, tier string) string {
		return `{"fact": "org", "value": "` + value + `", "tier": "` + tier + `"}`
	}
	incident := `"2972395 2026-11-12T09:12:00Z"`
	tests := []struct {
		name     string
		old, new string
		org      any
		seen     any
	}{
		{"two sources agree", portal, portal + "," + org("'0f2d0000-0000-4000-8000-000000000009', signature valid, bound by: portal", "signed"), "0f2d0000-0000-4000-8000-000000000009", "2972395"},
		{"two sources disagree", portal, portal + "," + org("11110000-0000-4000-8000-000000000009", "signed"), nil, "2972395"},
		{"a statement is weaker", portal, portal + "," + org("11110000-0000-4000-8000-000000000009", "attested"), "0f2d0000-0000-4000-8000-000000000009", "2972395"},
		{"a statement alone", portal, org("11110000-0000-4000-8000-000000000009", "attested"), "11110000-0000-4000-8000-000000000009", "2972395"},
		{"no organisation", portal, org("unnamed", "signed"), nil, "2972395"},
		{"an id that goes on", portal, org("0f2d0000-0000-4000-8000-000000000009x", "signed"), nil, "2972395"},
		{"incident without a time", incident, `"2972395"`, "0f2d0000-0000-4000-8000-000000000009", "2972395"},
		{"incident with a bad time", incident, `"2972395 yesterday"`, "0f2d0000-0000-4000-8000-000000000009", nil},
		{"no incident", incident, `" "`, "0f2d0000-0000-4000-8000-000000000009", nil},
		{"a sentence", incident, `"One of them is 1"`, "0f2d0000-0000-4000-8000-000000000009", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			imported, err := collectors.ReadPrevious(collectors.File{Data: []byte(strings.Replace(earlierResult, tt.old, tt.new, 1))}, importOptions())
			if err != nil {
				t.Fatal(err)
			}
			object := decodeObject(t, imported.Objects[0])
			seen, _ := object["seen"].(map[string]any)
			if object["orgId"] != tt.org || seen["id"] != tt.seen {
				t.Errorf("orgId = %v, seen %v; want %v and %v", object["orgId"], object["seen"], tt.org, tt.seen)
			}
		})
	}
}

func TestPreviousRefuses(t *testing.T) {
	tests := []struct {
		name, old, new, want string
	}{
		{"no result", earlierResult, `{"rules": []}`, "no result.json"},
		{"no JSON", earlierResult, `<html>`, "no result.json"},
		{"a newer format", `"version": 1,`, `"version": 2,`, "format 2"},
		{"no version", `"version": 1,`, `"version": null,`, "version"},
		{"another tenant", "3F0C1D7E-0000-4000-8000-000000000001", tenantB, tenantB},
		{"a tenant without an id", "3F0C1D7E-0000-4000-8000-000000000001", "contoso", `"contoso"`},
		{"an unknown profile", `"xdr-current"`, `"xdr-next"`, "xdr-next"},
		{"no time", "2026-11-14T11:05:00+01:00", "then", "finished"},
		{"the future", "2026-11-14T11:05:00+01:00", "2027-01-01T00:00:00Z", "after"},
		{"an unknown outcome", `"outcome": "pass"`, `"outcome": "passed"`, "passed"},
		{"a rule twice", `"id": "ROLE1002"`, `"id": "XDR1001"`, "XDR1001 twice"},
		{"a rule without an id", `"id": "GEO1012"`, `"id": "__proto__"`, "__proto__"},
		{"an observation without a fact", `{"fact": "count", "value": "3"}`, `{"value": "3"}`, "without a fact"},
		{"a long value", `"value": "3"`, `"value": "` + strings.Repeat("3", 5000) + `"`, "4096"},
		{"an outcome twice", `"outcome": "pass"`, `"outcome": "pass", "Outcome": "fail"`, `"Outcome" twice`},
		{"rules of another type", `"rules": [`, `"rules": {}, "other": [`, "JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(earlierResult, tt.old, tt.new, 1)
			if text == earlierResult {
				t.Fatal("the case changes nothing")
			}
			_, err := collectors.ReadPrevious(collectors.File{Data: []byte(text)}, importOptions())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "earlier result") {
				t.Errorf("ReadPrevious = %v, want an error with %q", err, tt.want)
			}
		})
	}
	empty := regexp.MustCompile(`(?s)"rules": \[.*\],\s+"findings"`).ReplaceAllString(earlierResult, `"rules": [], "findings"`)
	if _, err := collectors.ReadPrevious(collectors.File{Data: []byte(empty)}, importOptions()); err == nil || !strings.Contains(err.Error(), "0 rules") {
		t.Errorf("ReadPrevious without rules = %v, want an error", err)
	}
}

// TestPreviousFitsThePublishedSchema holds the fields that are read to the published
// shape of result.json.
func TestPreviousFitsThePublishedSchema(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "findings", "result.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	schema := string(data)
	for _, field := range []string{
		"version", "tenant", "profile", "finished", "rules", "findings", "id", "outcome", "observed", "fact", "service", "value", "tier", "kind",
	} {
		if !strings.Contains(schema, `"`+field+`"`) {
			t.Errorf("result.json has no field %s", field)
		}
	}
	for _, outcome := range []string{"pass", "fail", "not_applicable", "unknown", "waived"} {
		if !strings.Contains(schema, `"`+outcome+`"`) {
			t.Errorf("result.json has no outcome %s", outcome)
		}
	}
}

// TestPreviousWithPseudonyms: an earlier result gets the pseudonyms of the scan, and one that has those of
// another key, or any where the scan has none, is refused.
func TestPreviousWithPseudonyms(t *testing.T) {
	key, err := pseudonym.New([]byte("correct horse battery staple, and then some"), tenantA, nil)
	if err != nil {
		t.Fatal(err)
	}
	const grant = `{"id": "CONS1016", "outcome": "fail", "observed": [
	  {"fact": "consent", "value": "grant iGh-lAPp: event of 2026-11-01 by 'adele@contoso.example'"},
	  {"fact": "consent", "value": "grant 8a1f0c52-0000-4000-8000-000000000011: no event, to 'Adele's app'"},
	  {"fact": "consent", "value": "Adele Vance"}, {"fact": "approval", "value": "by Adele Vance"}]}, {"id": "XDR1001"`
	text := strings.Replace(earlierResult, `{"id": "XDR1001"`, grant, 1)
	read := func(text string, key *pseudonym.Key) (string, error) {
		options := importOptions()
		options.Pseudonyms = key
		imported, err := collectors.ReadPrevious(collectors.File{Data: []byte(text)}, options)
		if err != nil {
			return "", err
		}
		return string(imported.Objects[0]), nil
	}
	got, err := read(text, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"grant " + key.ID("iGh-lAPp") + ": event of 2026-11-01 by '" + key.UPN("adele@contoso.example") + "'",
		"grant " + key.ID("8a1f0c52-0000-4000-8000-000000000011") + ": no event, to '" + key.Name("person", "Adele's app") + "'",
		"0F2D0000-0000-4000-8000-000000000009", "2972395 2026-11-12T09:12:00Z",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the earlier result lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(strings.ToLower(got), "adele") {
		t.Errorf("the earlier result names somebody:\n%s", got)
	}
	same := strings.Replace(text, `"profile"`, `"pseudonyms": "`+key.Fingerprint()+`", "profile"`, 1)
	plain, err := read(text, nil)
	if got, sameErr := read(same, key); err != nil || sameErr != nil || got != plain {
		t.Errorf("a result of the same key gives %s, %v, want it as it is: %s, %v", got, sameErr, plain, err)
	}
	other := strings.Replace(same, key.Fingerprint(), "0123456789abcdef", 1)
	for text, key := range map[string]*pseudonym.Key{other: key, same: nil} {
		if _, err := read(text, key); err == nil || !strings.Contains(err.Error(), "nothing of this scan is found again") {
			t.Errorf("ReadPrevious() = %v, want it refused", err)
		}
	}
}

// FuzzReadPrevious: an earlier result is of the tenant and before now, and nobody signed it.
func FuzzReadPrevious(f *testing.F) {
	f.Add([]byte(earlierResult), []byte(nil))
	f.Add([]byte(earlierResult), []byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"a","sig":"AAAA"}]}`))
	_, public, err := signing.Generate()
	if err != nil {
		f.Fatal(err)
	}
	key, err := signing.ParsePublicKey(public)
	if err != nil {
		f.Fatal(err)
	}
	options := importOptions()
	options.Trust = signing.Trust{key}
	f.Fuzz(func(t *testing.T, data, envelope []byte) {
		imported, err := collectors.ReadPrevious(collectors.File{Data: data, Envelope: envelope}, options)
		if err != nil {
			return
		}
		checkSchema(t, imported)
		if imported.Time.After(importNow) || bytes.Contains(imported.Objects[0], []byte(`"chain":"intact"`)) {
			t.Errorf("ReadPrevious() = %s of %v", imported.Objects[0], imported.Time)
		}
	})
}
