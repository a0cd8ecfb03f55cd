package policies_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

var started = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// ruleFile is a rule for tests: metadata over good defaults, and a body.
func ruleFile(name, custom, body string) policies.Tree {
	source := fmt.Sprintf(`# METADATA
# title: A test rule
# description: It is only for tests.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/
# custom:
#   id: TEST1001
#   severity: high
#   profiles: [xdr-current]
#   clouds: [global]
#   remediation: {summary: Mend it., steps: {xdr-current: [Mend it.]}}
%s
package domicile.integration.%s

%s
`, indent(custom), name, body)
	return policies.Tree{"integration/" + name + ".rego": source}
}

func indent(custom string) string {
	lines := strings.Split(strings.TrimSpace(custom), "\n")
	for i, line := range lines {
		lines[i] = "#   " + line
	}
	return strings.Join(lines, "\n")
}

const denyUsers = `deny contains finding if {
	some user in input.evidence.users
	user.accountEnabled == false
	finding := {"resource": {"kind": "user", "id": user.id, "name": "n"}, "message": "It is off.", "expected": "on", "actual": "off"}
}
`

// bundle writes the kinds given as lines; a kind whose name ends in ! is incomplete.
func bundle(t testing.TB, cloud string, kinds map[string][]string, gaps ...evidence.Gap) *evidence.Bundle {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: evidence.Tenant{ID: "t", Name: "Contoso", Cloud: cloud}, Started: started})
	if err != nil {
		t.Fatal(err)
	}
	for name, lines := range kinds {
		kind, cut := strings.CutSuffix(name, "!")
		out, err := writer.Kind(evidence.Entry{Kind: kind, Tier: evidence.API, Time: started})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if err := out.Write(json.RawMessage(line)); err != nil {
				t.Fatal(err)
			}
		}
		if !cut {
			out.Complete()
		}
	}
	for _, gap := range gaps {
		writer.Gap(gap)
	}
	if _, err := writer.Close(started); err != nil {
		t.Fatal(err)
	}
	opened, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// judge evaluates the one test rule.
func judge(t *testing.T, tree policies.Tree, b *evidence.Bundle, o policies.Options) (findings.Rule, []findings.Finding) {
	t.Helper()
	set, err := policies.Load(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	set, err = set.Select(policies.Selection{Rules: []string{"TEST1001"}})
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := set.Evaluate(t.Context(), b, o)
	if err != nil {
		t.Fatal(err)
	}
	return verdicts.Rules[0], verdicts.Findings
}

// TestVerdicts holds the order of the contract: not offered, evidence missing,
// evidence incomplete, then fail over unknown over not applicable over pass.
func TestVerdicts(t *testing.T) {
	const on, off = `{"id":"1","accountEnabled":true}`, `{"id":"2","accountEnabled":false}`
	const tenant, object = "scope: tenant\nevidence: {all: [users]}", "scope: users\nevidence: {all: [users]}"
	refused := evidence.Gap{Kind: "users", Reason: evidence.NoPermission, Permission: "User.Read.All"}
	unlicensed := evidence.Gap{Kind: "users", Reason: evidence.NotLicensed}
	says := func(output, reason string) string {
		return denyUsers + fmt.Sprintf("\n%s contains {\"reason\": %q, \"message\": \"Said.\"} if true\n", output, reason)
	}
	tests := []struct {
		name, custom, body string
		cloud              string
		kinds              map[string][]string
		gaps               []evidence.Gap
		profile            string
		outcome            findings.Outcome
		reason             string
		fails              int
	}{
		{name: "good", custom: tenant, kinds: map[string][]string{"users": {on}}, outcome: findings.Pass},
		{name: "bad", custom: tenant, kinds: map[string][]string{"users": {on, off}}, outcome: findings.Fail, fails: 1},
		{name: "another cloud", custom: tenant, cloud: "china", kinds: map[string][]string{"users": {off}}, outcome: findings.NotApplicable, reason: "not_offered"},
		{name: "another profile", custom: tenant, profile: "mtp-2020-a", kinds: map[string][]string{"users": {off}}, outcome: findings.NotApplicable, reason: "not_offered"},
		{name: "missing", custom: tenant, gaps: []evidence.Gap{refused}, outcome: findings.Unknown, reason: "no_permission"},
		{name: "never asked for", custom: tenant, outcome: findings.Unknown, reason: "not_collected"},
		{name: "not licensed", custom: tenant, gaps: []evidence.Gap{unlicensed}, outcome: findings.Unknown, reason: "not_licensed"},
		{name: "not licensed for a plan that it needs", custom: tenant + "\nlicence: [AAD_PREMIUM_P2]", gaps: []evidence.Gap{unlicensed}, outcome: findings.NotApplicable, reason: "not_licensed"},
		{name: "cut short and good so far", custom: tenant, kinds: map[string][]string{"users!": {on}}, outcome: findings.Unknown, reason: "partial"},
		{name: "cut short and bad already, of the whole", custom: tenant, kinds: map[string][]string{"users!": {off}}, outcome: findings.Unknown, reason: "partial"},
		{name: "cut short and bad already, monotone", custom: tenant + "\nmonotone: true", kinds: map[string][]string{"users!": {off}}, outcome: findings.Fail, reason: "partial", fails: 1},
		{name: "cut short and bad already, object by object", custom: object, kinds: map[string][]string{"users!": {off}}, outcome: findings.Fail, reason: "partial", fails: 1},
		{name: "throttled after a page", custom: object, kinds: map[string][]string{"users!": {on}}, gaps: []evidence.Gap{{Kind: "users", Reason: evidence.Throttled}}, outcome: findings.Unknown, reason: "partial"},
		{name: "one of any there", custom: "scope: tenant\nevidence: {any: [users, groups]}", kinds: map[string][]string{"users": {on}}, outcome: findings.Pass},
		{name: "none of any there", custom: "scope: tenant\nevidence: {any: [users, groups]}", gaps: []evidence.Gap{refused}, outcome: findings.Unknown, reason: "not_collected"},
		{name: "one of any there, incomplete", custom: "scope: tenant\nevidence: {any: [users, groups]}", kinds: map[string][]string{"users!": {on}}, outcome: findings.Unknown, reason: "not_collected partial"},
		{name: "unknown over not applicable", custom: tenant, body: says("unknown", "conflict") + says("not_applicable", "switched_off")[len(denyUsers):], kinds: map[string][]string{"users": {on}}, outcome: findings.Unknown, reason: "conflict"},
		{name: "fail over unknown", custom: tenant, body: says("unknown", "conflict"), kinds: map[string][]string{"users": {off}}, outcome: findings.Fail, reason: "conflict", fails: 1},
		{name: "not applicable", custom: tenant, body: says("not_applicable", "switched_off"), kinds: map[string][]string{"users": {on}}, outcome: findings.NotApplicable, reason: "switched_off"},
		{name: "a built-in error", custom: tenant, body: denyUsers + "\nobserved contains {\"fact\": \"count\", \"service\": \"\", \"value\": x, \"tier\": \"\", \"kind\": \"\"} if {\n\tsome u in input.evidence.users\n\tx := sprintf(\"%d\", [to_number(u.id)])\n}\n", kinds: map[string][]string{"users": {`{"id":"x"}`}}, outcome: findings.Unknown, reason: "rule_error"},
		{name: "a built-in function that panics", custom: tenant, body: denyUsers + "\nobserved contains {\"fact\": \"count\", \"service\": \"\", \"value\": x, \"tier\": \"\", \"kind\": \"\"} if {\n\tsome u in input.evidence.users\n\tx := bits.lsh(1, to_number(u.id))\n}\n", kinds: map[string][]string{"users": {`{"id":"1000000000000000000"}`}}, outcome: findings.Unknown, reason: "rule_error"},
		{name: "outputs that break the contract", custom: tenant, body: denyUsers + "\nunknown contains {\"reason\": \"conflict\", \"massage\": \"x\"} if true\n", kinds: map[string][]string{"users": {on}}, outcome: findings.Unknown, reason: "rule_error"},
		{name: "a reason that is not known", custom: tenant, body: denyUsers + "\nunknown contains {\"reason\": \"dunno\", \"message\": \"x\"} if true\n", kinds: map[string][]string{"users": {on}}, outcome: findings.Unknown, reason: "rule_error"},
		{name: "a fact that is not known", custom: tenant, body: denyUsers + "\nobserved contains {\"fact\": \"hearsay\", \"value\": \"x\"} if true\n", kinds: map[string][]string{"users": {on}}, outcome: findings.Unknown, reason: "rule_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body == "" {
				tt.body = denyUsers
			}
			if tt.cloud == "" {
				tt.cloud = "global"
			}
			rule, found := judge(t, ruleFile("subject", tt.custom, tt.body), bundle(t, tt.cloud, tt.kinds, tt.gaps...), policies.Options{Profile: tt.profile})
			var reasons []string
			for _, reason := range rule.Reasons {
				if reason.Message == "" {
					t.Errorf("reason %s has no message", reason.Reason)
				}
				if len(reasons) == 0 || reasons[len(reasons)-1] != reason.Reason {
					reasons = append(reasons, reason.Reason)
				}
			}
			if tt.name == "none of any there" {
				reasons = []string{rule.Reasons[1].Reason} // the other is the refused kind's
			}
			if got := strings.Join(reasons, " "); rule.Outcome != tt.outcome || got != tt.reason || len(found) != tt.fails {
				t.Errorf("outcome %s, reasons %q, %d findings; want %s, %q, %d\n%+v", rule.Outcome, got, len(found), tt.outcome, tt.reason, tt.fails, rule.Reasons)
			}
		})
	}
}

// TestPagedAndWhole judges more than two pages object by object and compares what the
// same rule says of the whole.
func TestPagedAndWhole(t *testing.T) {
	var users []string
	for i := range 2500 {
		users = append(users, fmt.Sprintf(`{"id":"%04d","accountEnabled":%t}`, i, i%100 != 0))
	}
	body := denyUsers + `
observed contains {"fact": "count", "service": "", "value": "seen", "tier": "", "kind": "users"} if some user in input.evidence.users
`
	b := bundle(t, "global", map[string][]string{"users": users})
	paged, pagedFindings := judge(t, ruleFile("subject", "scope: users\nevidence: {all: [users]}", body), b, policies.Options{})
	whole, wholeFindings := judge(t, ruleFile("subject", "scope: tenant\nevidence: {all: [users]}", body), b, policies.Options{})
	if paged.Checked != 2500 || whole.Checked != 1 || len(pagedFindings) != 25 {
		t.Errorf("checked %d and %d, %d findings; want 2500, 1 and 25", paged.Checked, whole.Checked, len(pagedFindings))
	}
	if diff := cmp.Diff(wholeFindings, pagedFindings); diff != "" {
		t.Errorf("findings differ (-whole +paged):\n%s", diff)
	}
	if diff := cmp.Diff(whole.Observed, paged.Observed); diff != "" {
		t.Errorf("observed differs (-whole +paged):\n%s", diff)
	}
}

func TestLookupIsKeyedAndTheKindItselfIsNotGiven(t *testing.T) {
	const body = `deny contains finding if {
	some grant in input.evidence.oauth2_permission_grants
	application := input.lookup.service_principals[grant.clientId]
	finding := {"resource": {"kind": "grant", "id": grant.id, "name": application.displayName}, "message": "Held.", "expected": "", "actual": ""}
}
`
	custom := "scope: oauth2_permission_grants\nevidence: {all: [oauth2_permission_grants, service_principals]}\nlookup: {service_principals: id}"
	b := bundle(t, "global", map[string][]string{
		"oauth2_permission_grants": {`{"id":"g","clientId":"sp","secret":"x"}`},
		"service_principals":       {`{"id":"sp","displayName":"App"}`, `{"id":"other"}`},
	})
	_, found := judge(t, ruleFile("subject", custom, body), b, policies.Options{})
	if len(found) != 1 || found[0].Resource.Name != "App" {
		t.Errorf("findings = %+v, want one of the application App", found)
	}
	scan := strings.Replace(body, "input.lookup.service_principals[grant.clientId]", "input.evidence.service_principals[_]", 1)
	if _, err := policies.Load(t.Context(), ruleFile("subject", custom, scan)); err == nil || !strings.Contains(err.Error(), "read input.lookup.service_principals") {
		t.Errorf("Load of a rule that scans a look-up = %v, want a refusal", err)
	}
}

func TestGroupsHoldAllObjectsOfAKeyAndTheKindItselfIsNotGiven(t *testing.T) {
	const body = `deny contains finding if {
	some principal in input.evidence.service_principals
	held := input.group.oauth2_permission_grants[principal.id]
	not input.group.oauth2_permission_grants.other
	not input.evidence.oauth2_permission_grants[0]
	finding := {"resource": {"kind": "service_principal", "id": principal.id, "name": ""}, "message": concat(" ", [grant.scope | some grant in held]), "expected": "", "actual": ""}
}
`
	const custom = "scope: service_principals\nevidence: {all: [service_principals, oauth2_permission_grants]}\ngroup: {oauth2_permission_grants: clientId}"
	b := bundle(t, "global", map[string][]string{
		"service_principals":       {`{"id":"sp"}`, `{"id":"other"}`},
		"oauth2_permission_grants": {`{"clientId":"sp","scope":"b"}`, `{"clientId":null,"scope":"c"}`, `{"scope":"d"}`, `{"clientId":"sp","scope":"a"}`},
	})
	_, found := judge(t, ruleFile("subject", custom, strings.Replace(body, "	not input.evidence.oauth2_permission_grants[0]\n", "", 1)), b, policies.Options{})
	if len(found) != 1 || found[0].Resource.ID != "sp" || found[0].Message != "b a" {
		t.Errorf("findings = %+v, want one of sp with its scopes in their order", found)
	}
	if _, err := policies.Load(t.Context(), ruleFile("subject", custom, body)); err == nil || !strings.Contains(err.Error(), "read input.group.oauth2_permission_grants") {
		t.Errorf("Load of a rule that reads a grouped kind whole = %v, want a refusal", err)
	}
	undeclared := strings.Replace(custom, "\ngroup: {oauth2_permission_grants: clientId}", "", 1)
	if _, err := policies.Load(t.Context(), ruleFile("subject", undeclared, body)); err == nil || !strings.Contains(err.Error(), "reads input.group.oauth2_permission_grants and does not declare it") {
		t.Errorf("Load of a rule that reads a group and doesn't declare it = %v, want a refusal", err)
	}
}

// TestLoadRefuses tries what the contract forbids.
func TestLoadRefuses(t *testing.T) {
	const custom = "scope: tenant\nevidence: {all: [users]}"
	tests := []struct{ name, custom, body, says string }{
		{"a syntax error", custom, "deny contains {", "subject.rego"},
		{"a misspelt field", custom, strings.Replace(denyUsers, "accountEnabled", "acountEnabled", 1), "undefined ref"},
		{"a misspelt kind", custom, strings.ReplaceAll(denyUsers, "users", "userz"), "undefined ref"},
		{"the network", custom, denyUsers + "\n_x := http.send({\"url\": \"https://example.com\", \"method\": \"get\"})\n", "http.send"},
		{"the clock", custom, denyUsers + "\n_x := time.now_ns()\n", "time.now_ns"},
		{"chance", custom, denyUsers + "\n_x := rand.intn(\"x\", 5)\n", "rand.intn"},
		{"a kind that isn't declared", custom, strings.ReplaceAll(denyUsers, "users", "groups") + "", "undefined ref"},
		{"a kind read by a library and not declared", "scope: tenant\nevidence: {all: [groups]}", denyUsers, "reads evidence kind users"},
		{"a parameter that isn't declared", custom, denyUsers + "\n_x if object.get(input.params, \"secret\", 1) == 1\n\nunknown contains {\"reason\": \"conflict\", \"message\": \"x\"} if _x\n", "reads parameter secret"},
		{"a key of a look-up that isn't a field", custom + "\nlookup: {groups: name}", denyUsers, `groups has no field "name"`},
		{"a key of a group that isn't a field", custom + "\ngroup: {app_role_assignments: principal}", denyUsers, `app_role_assignments has no field "principal"`},
		{"a misspelt kind of a group", custom + "\ngroup: {groups: id}", denyUsers + "\n_x if input.group.groupz.g\n\nunknown contains {\"reason\": \"conflict\", \"message\": \"x\"} if _x\n", "undefined ref"},
		{"no evidence", "scope: tenant\nevidence: {optional: [users]}", denyUsers, "pass without evidence"},
		{"no deny", custom, "observed contains 1 if input.evidence.users[0].id", "no rule deny"},
		{"an unknown key", custom + "\ncolour: red", denyUsers, "colour"},
		{"an unknown kind", "scope: tenant\nevidence: {all: [users, unicorns]}", denyUsers, "unicorns"},
		{"a scope that isn't needed", "scope: groups\nevidence: {all: [users]}", denyUsers, "scope"},
		{"a default of another type", custom + "\nparams: {limit: {type: integer, description: x, default: many}}", denyUsers, "not of type integer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policies.Load(t.Context(), ruleFile("subject", tt.custom, tt.body))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Load = %v, want an error with %q", err, tt.says)
			}
		})
	}
}

func TestParams(t *testing.T) {
	tree := ruleFile("subject", "scope: tenant\nevidence: {all: [users]}\nparams:\n  test_limit: {type: integer, description: How many., default: 3}\n  test_names: {type: [string], description: Which.}\n  test_word: {type: string, values: [low, high], description: How., default: low}", `deny contains {"resource": {"kind": "tenant", "id": "t", "name": ""}, "message": msg, "expected": "", "actual": ""} if {
	msg := sprintf("%d %v", [input.params.test_limit, object.get(input.params, "test_names", "unset")])
	count(input.evidence.users) >= 0
}
`)
	b := bundle(t, "global", map[string][]string{"users": {}})
	tests := []struct {
		name    string
		params  map[string]any
		message string
	}{
		{"defaults", nil, "3 unset"},
		{"set", map[string]any{"test_limit": 5, "test_names": []any{"a"}}, `5 ["a"]`},
		{"null is unset", map[string]any{"test_limit": nil}, "3 unset"},
		{"an id is in lower case", map[string]any{"test_names": []any{"8A1F0C52-0000-4000-8000-0000000000AA", "A b"}}, `3 ["8a1f0c52-0000-4000-8000-0000000000aa", "A b"]`},
		{"an empty list is a setting", map[string]any{"test_names": []any{}}, "3 []"},
	}
	for _, tt := range tests {
		_, found := judge(t, tree, b, policies.Options{Params: tt.params})
		if len(found) != 1 || found[0].Message != tt.message {
			t.Errorf("%s: findings = %+v, want the message %q", tt.name, found, tt.message)
		}
	}
	set, err := policies.Load(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []map[string]any{{"test_limit": "many"}, {"test_limit": 1.5}, {"test_names": "a"}, {"test_names": []any{1}}, {"tset_limit": 1}, {"test_word": "High"}} {
		if err := set.CheckParams(bad); err == nil {
			t.Errorf("CheckParams(%v) = nil, want an error", bad)
		}
	}
}

func TestARuleThatTakesTooLongIsUnknown(t *testing.T) {
	slow := denyUsers + `
_slow if count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == 3]) > 0

observed contains {"fact": "count", "service": "", "value": "x", "tier": "", "kind": ""} if _slow
`
	b := bundle(t, "global", map[string][]string{"users": {}})
	rule, _ := judge(t, ruleFile("subject", "scope: tenant\nevidence: {all: [users]}", slow), b, policies.Options{RuleTimeout: 50 * time.Millisecond})
	if rule.Outcome != findings.Unknown || rule.Reasons[0].Reason != "timeout" {
		t.Errorf("outcome %s, %v; want unknown for timeout", rule.Outcome, rule.Reasons)
	}
}

func TestSelect(t *testing.T) {
	other := ruleFile("other", "scope: tenant\nevidence: {all: [users]}", denyUsers)
	other["integration/other.rego"] = strings.Replace(other["integration/other.rego"], "TEST1001", "OTHER1001", 1)
	set, err := policies.Load(t.Context(), ruleFile("subject", "scope: tenant\nevidence: {all: [users]}\nframeworks: {test_frame: [{id: A-1, coverage: part}]}", denyUsers), other)
	if err != nil {
		t.Fatal(err)
	}
	one, err := set.Select(policies.Selection{Framework: "test_frame"})
	if err != nil || len(one.Rules()) != 1 || one.Rules()[0].ID != "TEST1001" {
		t.Errorf("Select by framework = %v, %v, want TEST1001", one, err)
	}
	rest, err := set.Select(policies.Selection{Exclude: []string{"test*"}})
	if err != nil || len(rest.Rules()) != len(set.Rules())-1 {
		t.Errorf("Select without TEST* = %v, want all rules but one", err)
	}
	for _, bad := range []policies.Selection{{Rules: []string{"NONE1001"}}, {Exclude: []string{"NONE*"}}, {Framework: "none"}} {
		if _, err := set.Select(bad); err == nil {
			t.Errorf("Select(%+v) = nil, want an error", bad)
		}
	}
}
