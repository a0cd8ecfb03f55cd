package findings_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/findings"
)

const (
	tenantID = "3f0c1d7e-0000-4000-8000-000000000001"
	sha      = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// sample is a result with every field set and nothing sorted.
func sample() *findings.Result {
	at := time.Date(2026, 11, 20, 7, 0, 0, 0, time.FixedZone("CET", 3600))
	user := findings.Resource{Kind: "user", ID: "b", Name: "<Ada> & Co"}
	geo := findings.Resource{Kind: "geo", ID: "xdr:storage", Name: ""}
	result := &findings.Result{
		Tool:    findings.Tool{Name: "domicile", Version: "0.3.0"},
		Tenant:  findings.Tenant{ID: tenantID, Name: "Contoso", Cloud: "global"},
		Profile: "xdr-current",
		Params:  map[string]any{"allowed_geos": []any{"EU"}, "min_geo_tier": "attested"},
		Reader:  findings.Reader{TenantID: tenantID, AppID: "app", Roles: []string{"User.Read.All", "Organization.Read.All"}, Scopes: []string{"b", "a"}},
		Digests: findings.Digests{Evidence: sha, Policies: sha},
		Started: at, Finished: at.Add(time.Minute),
		Config:    findings.Config{URI: "domicile.yaml", Lines: map[string]int{"allowed_geos": 4}},
		Selection: &findings.Selection{Rules: []string{"GEO*", "CONS1001"}, Of: 109},
		Evidence:  []findings.Evidence{{Kind: "users", File: "users.ndjson", SHA256: sha, Objects: 2, Complete: true, Tier: "api", API: "GET /v1.0/users", Time: at, Requests: 1}, {Kind: "organization", File: "organization.ndjson", SHA256: sha, Objects: 1, Complete: true, Tier: "api", Time: at}},
		Gaps:      []findings.Gap{{Kind: "sites", Reason: "throttled"}, {Kind: "groups", Reason: "no_permission", Status: 403, Code: "Forbidden", Permission: "Group.Read.All"}},
		Rules: []findings.Rule{
			{
				ID: "GEO1002", Title: "Allowed", Description: "It is.", Topic: "geo", Severity: findings.Critical, Scope: "tenant", Outcome: findings.Fail, Checked: 1, Failed: 1,
				Kinds: []string{"users", "organization"}, Params: []string{"allowed_geos"}, References: []string{"https://learn.microsoft.com/a"},
				Observed:    []findings.Observation{{Fact: "geo", Service: "xdr", Value: "US", Tier: "api", Kind: "organization"}},
				Frameworks:  map[string][]findings.Control{"gdpr": {{ID: "44", Coverage: "evidence"}, {ID: "28", Coverage: "evidence"}}},
				Remediation: findings.Remediation{Summary: "Move it.", Steps: []string{"b", "a"}, Action: "move"},
			},
			{ID: "CONS1001", Title: "Recorded", Topic: "consent", Severity: findings.High, Scope: "tenant", Outcome: findings.Unknown, Reasons: []findings.Reason{{Reason: "needs_attestation", Kind: "attestations", Message: "None."}}},
			{ID: "GEO1009", Title: "Users", Topic: "geo", Severity: findings.Low, Scope: "users", Outcome: findings.Fail, Checked: 2, Failed: 1},
		},
		Findings: []findings.Finding{
			{Rule: "GEO1009", Outcome: findings.Fail, Severity: findings.Low, Resource: user, Message: "Moved.", Expected: "EU", Actual: "APC", Fingerprint: findings.Fingerprint(tenantID, "GEO1009", user)},
			{Rule: "GEO1002", Outcome: findings.Fail, Severity: findings.Critical, Resource: geo, Message: "In US.", Expected: "EU", Actual: "US", Fingerprint: findings.Fingerprint(tenantID, "GEO1002", geo)},
		},
	}
	findings.Waive(result, []findings.Waiver{{
		Rule: "GEO1009", Resource: findings.Selector{Kind: "user", ID: "b"}, Reason: "Moves in March.", Owner: "ada@contoso.com", Approver: "bob@contoso.com",
		Ticket: "RISK-1", Approved: "2026-11-01", Expires: "2027-03-31",
	}}, at)
	mended := findings.Resource{Kind: "user", ID: "c"}
	gone := findings.Finding{Rule: "GEO1009", Outcome: findings.Fail, Severity: findings.Low, Resource: mended, Fingerprint: findings.Fingerprint(tenantID, "GEO1009", mended)}
	if err := result.Compare(&findings.Result{Tenant: result.Tenant, Profile: result.Profile, Rules: []findings.Rule{{ID: "GEO1002", Outcome: findings.Pass}}, Findings: []findings.Finding{gone}}, sha); err != nil {
		panic(err)
	}
	result.Remediations = []findings.Remediated{
		{Record: sha, Run: findings.Run{Kind: "rollback", Plan: sha, Began: at.Add(-time.Hour), Ended: at.Add(-time.Hour)}},
		{
			Record: sha, Signature: &findings.Signature{KeyID: "SHA256:a", Name: "pipeline", Trusted: true},
			Run: findings.Run{
				Kind: "apply", Plan: sha, Author: "ada", Approval: &findings.Approval{By: "bob", KeyID: "SHA256:b", Time: at.Add(-3 * time.Hour).UTC(), Reason: "Agreed."},
				App: "app", Account: "domicile", Began: at.Add(-2 * time.Hour), Ended: at.Add(-time.Hour), Evidence: sha,
				Changes: []findings.RunChange{{ID: "1", Title: "Move it", Resource: user, Rules: []string{"GEO1009"}, Outcome: "applied", Verdict: "mended"}, {ID: "2", Outcome: "drifted"}},
			},
		},
	}
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	result.Exit = findings.Gate(result, "high", false)
	return result
}

func write(t testing.TB, result *findings.Result) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := result.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWriteAndRead(t *testing.T) {
	for name, result := range map[string]*findings.Result{"full": sample(), "nearly empty": {Tenant: findings.Tenant{ID: tenantID}}} {
		data := write(t, result)
		got, err := findings.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("reading %s back: %v", name, err)
		}
		if diff := cmp.Diff(result.Normalised(), got); diff != "" {
			t.Errorf("%s came back changed (-want +got):\n%s", name, diff)
		}
		if again := write(t, got); !bytes.Equal(data, again) {
			t.Errorf("writing %s twice gives different bytes", name)
		}
		if bytes.Contains(data, []byte("null")) {
			t.Errorf("%s holds null:\n%s", name, data)
		}
	}
}

func TestWriteIsPlainSortedAndUTC(t *testing.T) {
	result := sample()
	data := string(write(t, result))
	for _, want := range []string{`"<Ada> & Co"`, `"started": "2026-11-20T06:00:00Z"`, "\n  \"version\": 1,"} {
		if !strings.Contains(data, want) {
			t.Errorf("result.json lacks %s", want)
		}
	}
	order := []string{`"kind": "organization"`, `"kind": "users"`, `"kind": "groups"`, `"kind": "sites"`, `"id": "CONS1001"`, `"id": "GEO1002"`, `"id": "GEO1009"`, `"message": "In US."`, `"message": "Moved."`}
	for i := 1; i < len(order); i++ {
		if strings.Index(data, order[i-1]) > strings.Index(data, order[i]) {
			t.Errorf("%s stands after %s", order[i-1], order[i])
		}
	}
	if diff := cmp.Diff(sample(), result); diff != "" {
		t.Errorf("writing changed the result (-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	valid := string(write(t, sample()))
	at := strings.LastIndex(valid, `"findings": [`)
	fingerprint := func(rule, kind, id string) string {
		return findings.Fingerprint(tenantID, rule, findings.Resource{Kind: kind, ID: id})
	}
	tests := []struct{ name, in, want string }{
		{"nothing", "", "unexpected end"},
		{"not JSON", "<html>", "invalid character"},
		{"no version", "{}", "no version"},
		{"version 0", `{"version": 0}`, "does not exist"},
		{"a newer version, whatever else it holds", `{"version": 2, "novel": {}}`, "hint:"},
		{"an unknown field", strings.Replace(valid, `"profile"`, `"porfile"`, 1), `unknown field "porfile"`},
		{"an unknown field deep down", strings.Replace(valid, `"expected"`, `"erwartet"`, 1), `unknown field "erwartet"`},
		{"a key given twice", strings.Replace(valid, `"profile"`, `"profile": "x", "Profile"`, 1), "stands twice"},
		{"a key given twice, once escaped", strings.Replace(valid, `"profile"`, `"profile": "x", "pro\u0066ile" `, 1), "stands twice"},
		{"a key given twice, in letters that fold to it", strings.Replace(valid, `"started"`, `"\u017ftarted" : "2026-11-20T06:00:00Z", "started"`, 1), "stands twice"},
		{"an empty key given twice", strings.Replace(valid, `"profile"`, `"": 1, "" : 2, "profile"`, 1), "stands twice"},
		{"a key given twice deep down", strings.Replace(valid, `"expected"`, `"message" : "\"}]", "expected"`, 1), `the key "message" stands twice`},
		{"something after it", valid + "{}", "after top-level value"},
		{"a truncated file", valid[:len(valid)/2], "unexpected end"},
		{"an unknown outcome", strings.Replace(valid, `"outcome": "unknown"`, `"outcome": "passed"`, 1), `"passed" is not known`},
		{"an unknown severity", strings.Replace(valid, `"severity": "high"`, `"severity": "severe"`, 1), `"severe" is not known`},
		{"an unknown reason of a rule", strings.Replace(valid, `"reason": "needs_attestation"`, `"reason": "dunno"`, 1), `rule CONS1001: the reason "dunno" is not known; known are`},
		{"an unknown reason of a gap", strings.Replace(valid, `"reason": "throttled"`, `"reason": "busy"`, 1), `gap sites: the reason "busy" is not known`},
		{"an unknown fact", strings.Replace(valid, `"fact": "geo"`, `"fact": "hearsay"`, 1), `rule GEO1002: the fact "hearsay" is not known`},
		{"an unknown tier of evidence", strings.Replace(valid, `"tier": "api"`, `"tier": "rumour"`, 1), `evidence organization: the tier "rumour" is not known`},
		{"an unknown tier of a fact", strings.Replace(valid, `"value": "US",
          "tier": "api"`, `"value": "US", "tier": "rumour"`, 1), `rule GEO1002: the tier "rumour" is not known`},
		{"an unknown coverage", strings.Replace(valid, `"coverage": "evidence"`, `"coverage": "total"`, 1), `the coverage "total" is not known`},
		{"a broken digest", strings.Replace(valid, `"policies": "`, `"policies": "X`, 1), "is not a lower-case hex sha256"},
		{"a broken digest of evidence", strings.Replace(valid, `"sha256": "0`, `"sha256": "X`, 1), "evidence organization: the digest"},
		{"a finding of no rule", strings.Replace(valid, `"rule": "GEO1002"`, `"rule": "GEO9999"`, 1), "not listed"},
		{"a rule listed twice", strings.Replace(valid, `"id": "CONS1001"`, `"id": "GEO1002"`, 1), "listed twice"},
		{"a broken fingerprint", strings.Replace(valid, `"fingerprint": "`, `"fingerprint": "X`, 1), "fingerprint"},
		{"an unknown change", strings.Replace(valid, `"change": "new"`, `"change": "novel"`, 1), `"novel" is not known`},
		{"a finding that is gone and new", strings.Replace(valid, `"change": "fixed"`, `"change": "new"`, 1), "is not fixed or unjudged"},
		{"a finding that is there and fixed", strings.Replace(valid, `"change": "new"`, `"change": "fixed"`, 1), `"fixed" is not known`},
		{"a remediation of an unknown kind", strings.Replace(valid, `"kind": "apply"`, `"kind": "guess"`, 1), `remediation 0: the kind "guess" is not known`},
		{"a change that ended in an unknown way", strings.Replace(valid, `"outcome": "drifted"`, `"outcome": "gone"`, 1), `remediation 0: change 2: the outcome "gone" is not known`},
		{"a change with an unknown verdict", strings.Replace(valid, `"verdict": "mended"`, `"verdict": "well"`, 1), `remediation 0: change 1: the verdict "well" is not known`},
		{"a remediation with a broken record", strings.Replace(valid, `"record": "`, `"record": "X`, 1), "remediation 0: the digest"},
		{"a remediation with a broken plan", strings.Replace(valid, `"plan": "`, `"plan": "X`, 1), "remediation 0: the digest"},
		{"a remediation that ended first", strings.Replace(valid, `"began": "2026-11-20T04`, `"began": "2027-11-20T04`, 1), "ended before it began"},
		{"an unknown state of a waiver", strings.Replace(valid, `"state": "used"`, `"state": "useful"`, 1), `"useful" is not known`},
		{"a waiver that accepts a pass", strings.Replace(valid, `"accept": "fail"`, `"accept": "pass"`, 1), "only fail and unknown"},
		{"a finding that an unlisted waiver covers", strings.Replace(valid, `"waiver": "W-`, `"waiver": "X-`, 1), "which is not listed"},
		{"a time that is none", strings.Replace(valid, `"2026-11-20T06:00:00Z"`, `"yesterday"`, 1), "parsing time"},
		{"no tenant", `{"version": 1, "rules": [], "findings": []}`, "names no tenant"},
		{"a violated rule that passed", strings.Replace(valid, `"scope": "tenant",
      "outcome": "fail"`, `"scope": "tenant", "outcome": "pass"`, 1), "rule GEO1002: the outcome is pass, and its findings make it fail"},
		{"a waived rule that passed", strings.Replace(valid, `"outcome": "waived"`, `"outcome": "pass"`, 1), "rule GEO1009: the outcome is pass, and its findings make it waived"},
		{"a finding that passed", valid[:at] + strings.Replace(valid[at:], `"outcome": "fail"`, `"outcome": "pass"`, 1), "a finding is fail or waived, not pass"},
		{"a finding twice", strings.Replace(valid, fingerprint("GEO1009", "user", "b"), fingerprint("GEO1002", "geo", "xdr:storage"), 1), "another finding's"},
		{"a summary that counts fewer", strings.Replace(valid, `"fail": 1`, `"fail": 0`, 1), "the summary doesn't count"},
		{"an exit code that is none", strings.Replace(valid, `"code": 3`, `"code": 77`, 1), "exit code 77"},
		{"deep nesting", `{"version": 1, "params": {"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}`, "nested deeper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := findings.Read(strings.NewReader(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Read = %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

// TestReadOrigin: whose a result is, and of when, is told without reading the rest.
func TestReadOrigin(t *testing.T) {
	data := string(write(t, sample()))
	head, _, _ := strings.Cut(data, `"rules"`)
	for name, in := range map[string]string{
		"whole": data, "cut behind it": head,
		"another order": `{"started": "2026-11-20T06:00:00Z", "rules": [{}], "tenant": {"id": "` + tenantID + `", "name": "` + sample().Tenant.Name + `", "cloud": "global"}, nonsense`,
	} {
		tenant, started, err := findings.ReadOrigin(strings.NewReader(in))
		if want := sample(); err != nil || tenant != want.Tenant || !started.Equal(want.Started) {
			t.Errorf("%s: ReadOrigin = %v, %v, %v, want %v, %v", name, tenant, started, err, want.Tenant, want.Started)
		}
	}
	for in, want := range map[string]string{
		"": "unexpected EOF", "[]": "no JSON object", "{}": "doesn't say whose", `{"tenant": {"id": "a"}}`: "doesn't say whose", `{"tenant": {}, "started": "2026-11-20T06:00:00Z"}`: "doesn't say whose",
		`{"tenant": 1}`: "cannot unmarshal", `{"tenant": {"id": "a"}, "started": "yesterday"}`: "parsing time", `{"version": 1, "ten`: "unexpected EOF", "{\x00": "invalid character",
	} {
		if _, _, err := findings.ReadOrigin(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadOrigin(%q) = %v, want an error that says %q", in, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, sample()))
	f.Add(write(f, &findings.Result{Tenant: findings.Tenant{ID: tenantID}}))
	f.Add([]byte(`{"version":1,"params":{"a":1e400,"b":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		result, err := findings.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		written := write(t, result)
		again, err := findings.Read(bytes.NewReader(written))
		if err != nil {
			t.Fatalf("what was read can't be read again: %v\n%s", err, written)
		}
		if diff := cmp.Diff(result, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("reading and writing changed it (-want +got):\n%s", diff)
		}
		if tenant, started, err := findings.ReadOrigin(bytes.NewReader(written)); err != nil || tenant != again.Tenant || !started.Equal(again.Started) {
			t.Errorf("ReadOrigin = %v, %v, %v, want %v, %v", tenant, started, err, again.Tenant, again.Started)
		}
	})
}

func TestSchemaAcceptsResults(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(findings.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("result.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(data []byte) error {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(instance)
	}
	valid := write(t, sample())
	for name, data := range map[string][]byte{"full": valid, "zero": write(t, &findings.Result{})} {
		if err := validate(data); err != nil {
			t.Errorf("the schema refuses the %s result: %v", name, err)
		}
	}
	for _, wrong := range [][2]string{
		{`"profile"`, `"porfile"`},
		{`"outcome": "fail"`, `"outcome": "failed"`},
		{`"reason": "throttled"`, `"reason": "busy"`},
		{`"version": 1`, `"version": 2`},
		{`06:00:00Z`, `06:00:00+01:00`},
		{`"tier": "api"`, `"tier": "rumour"`},
		{`"fact": "geo"`, `"fact": "hearsay"`},
		{`"expires": "2027-03-31"`, `"expires": "some day"`},
		{`"state": "used"`, `"state": "useful"`},
		{`"kind": "apply"`, `"kind": "guess"`},
		{`"verdict": "mended"`, `"verdict": "perhaps"`},
	} {
		if validate([]byte(strings.Replace(string(valid), wrong[0], wrong[1], 1))) == nil {
			t.Errorf("the schema accepts %s", wrong[1])
		}
	}
}

// The schema's closed lists are those of the program.
func TestSchemaListsTheWords(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
		Properties struct {
			Remediations struct {
				Items struct {
					Properties map[string]struct {
						Enum  []string
						Items struct {
							Properties map[string]struct{ Enum []string }
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(findings.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	run := schema.Properties.Remediations.Items.Properties
	var severities, outcomes []string
	for _, severity := range findings.Severities() {
		severities = append(severities, string(severity))
	}
	for _, outcome := range findings.Outcomes() {
		outcomes = append(outcomes, string(outcome))
	}
	got := map[string][]string{
		"reason": schema.Defs["reason"].Enum, "tier": schema.Defs["tier"].Enum, "severity": schema.Defs["severity"].Enum,
		"kind of run": run["kind"].Enum, "outcome of a change": run["changes"].Items.Properties["outcome"].Enum, "verdict on a change": run["changes"].Items.Properties["verdict"].Enum,
		"outcome": schema.Defs["outcome"].Enum, "fact": schema.Defs["observation"].Properties["fact"].Enum,
	}
	want := map[string][]string{
		"kind of run": findings.RunKinds(), "outcome of a change": findings.RunOutcomes(), "verdict on a change": findings.RunVerdicts(),
		"reason": findings.Reasons(), "tier": findings.Tiers(), "severity": severities, "outcome": outcomes, "fact": findings.Facts(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the schema's words differ (-want +got):\n%s", diff)
	}
}

// The schema lists the fields of the Go types, no more and no less.
func TestSchemaFollowsTheTypes(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(findings.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	compareSchema(t, "result", reflect.TypeFor[findings.Result](), root, root)
}

func compareSchema(t *testing.T, path string, kind reflect.Type, schema, root map[string]any) {
	t.Helper()
	if target, ok := schema["$ref"].(string); ok {
		definitions, _ := root["$defs"].(map[string]any)
		schema, _ = definitions[strings.TrimPrefix(target, "#/$defs/")].(map[string]any)
	}
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind.Kind() == reflect.Pointer:
		compareSchema(t, path, kind.Elem(), schema, root)
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
		items, _ := schema["items"].(map[string]any)
		compareSchema(t, path+"[]", kind.Elem(), items, root)
	case kind.Kind() == reflect.Struct && kind != reflect.TypeFor[time.Time]():
		properties, _ := schema["properties"].(map[string]any)
		properties = maps.Clone(properties) // a definition may be met twice
		required, _ := schema["required"].([]any)
		listed := map[string]bool{}
		for _, name := range required {
			listed[name.(string)] = true
		}
		for _, field := range reflect.VisibleFields(kind) {
			if field.Anonymous {
				continue // its fields are among these
			}
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property, ok := properties[name].(map[string]any)
			if !ok {
				t.Errorf("the schema of %s lacks %s", path, name)
				continue
			}
			if optional := options == "omitempty"; optional == listed[name] {
				t.Errorf("the schema of %s says that %s is required: %v", path, name, listed[name])
			}
			delete(properties, name)
			compareSchema(t, path+"."+name, field.Type, property, root)
		}
		for name := range properties {
			t.Errorf("the schema of %s has %s, which the type lacks", path, name)
		}
	}
}
