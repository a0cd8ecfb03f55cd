package reports_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

const tenantID = "3f0c1d7e-0000-4000-8000-000000000001"

// hostile are names as an attacker would give them to things in a tenant.
func hostile() []string {
	return []string{
		`</script><script>alert(1)</script>`,
		`<img src=x onerror=alert(1)>`,
		"invoice\u202Efdp.exe",
		"\x1b[2J\x1b[31mowned\x1b[0m\r\nPASS",
		`=HYPERLINK("http://evil.example","click")`,
		"[click here](javascript:alert(1))",
		"zero\u200Bwidth and {0} and {{.}} and ${x}",
		strings.Repeat("long ", 2000),
		"]]> | `cut` | @everyone #1 ~~$x$~~ www.evil.example &lt;b&gt;",
		"\t@SUM(1+1)*cmd|' /C calc'!A0",
		"＝1+1 _x000D_ \uFFFE",
		"::error::##vso[task.setvariable variable=x]y ##[add-mask]\u2066z\u2069 \x1b]8;;http://evil.example\a \u009b1m",
	}
}

// spec is a rule of the fixtures: what differs between them.
type spec struct {
	id, topic, title string
	severity         findings.Severity
	scope            string
	kinds            []string
	params           []string
}

func specs() []spec {
	return []spec{
		{"LIC1001", "licences", "The tenant holds an eligible plan set", findings.High, "tenant", []string{"subscribed_skus"}, nil},
		{"LIC1003", "licences", "Eligibility doesn't rest on a trial", findings.Medium, "tenant", []string{"subscriptions"}, []string{"licence_expiry_days"}},
		{"ROLE1001", "roles", "An enabled person may turn the service on", findings.High, "tenant", []string{"role_assignments", "users"}, nil},
		{"ROLE1002", "roles", "Global Administrators number two to four", findings.High, "tenant", []string{"role_assignments"}, []string{"global_admins_max", "global_admins_min"}},
		{"ROLE1014", "roles", "No application with a password holds a privileged role", findings.Critical, "tenant", []string{"applications", "role_assignments"}, nil},
		{"CONS1001", "consent", "The decision to turn the service on is recorded", findings.High, "tenant", []string{"attestations"}, nil},
		{"CONS1010", "consent", "Applications that read security data are approved", findings.Medium, "app_role_assignments", []string{"app_role_assignments", "service_principals"}, []string{"approved_apps"}},
		{"GEO1001", "geo", "Where the service's data rests is known", findings.High, "tenant", []string{"attestations", "onboarding_package", "portal_tenant_context"}, []string{"min_geo_tier"}},
		{"GEO1002", "geo", "The service's Geo is allowed", findings.Critical, "tenant", []string{"attestations", "onboarding_package", "portal_tenant_context"}, []string{"allowed_geos"}},
		{"GEO1004", "geo", "Defender for Identity's Geo is allowed", findings.High, "tenant", []string{"attestations"}, []string{"allowed_geos"}},
		{"GEO1009", "geo", "Users' preferred data location is allowed", findings.High, "users", []string{"subscribed_skus", "users"}, []string{"allowed_geos"}},
		{"GEO1018", "geo", "No Geo has changed since the last scan", findings.High, "tenant", []string{"previous_result"}, nil},
		{"XDR1001", "xdr", "The service is on", findings.Critical, "tenant", []string{"hunting_probe", "incidents_probe"}, nil},
		{"XDR1005", "xdr", "Every licensed workload feeds it", findings.High, "tenant", []string{"hunting_probe", "subscribed_skus"}, []string{"workload_days"}},
		{"XDR1009", "xdr", "Copies outside the service are known", findings.Low, "tenant", []string{"sentinel_connectors"}, nil},
		{"INT1001", "integration", "The Defender for Identity - Cloud Apps integration is on", findings.High, "tenant", []string{"attestations", "hunting_probe"}, nil},
		{"INT1004", "integration", "Defender for Identity has no open health issue", findings.Info, "tenant", []string{"mdi_health"}, nil},
	}
}

func rule(s spec) findings.Rule {
	return findings.Rule{
		ID: s.id, Title: s.title, Topic: s.topic, Severity: s.severity, Scope: s.scope, Outcome: findings.Pass,
		Description: "The rule holds the tenant to what Microsoft's documentation says of this. It reads\nwhat the tenant itself states and says what it rests on.",
		Checked:     1, Kinds: s.kinds, Params: s.params,
		References: []string{"https://learn.microsoft.com/defender-xdr/data-privacy", "https://www.example.org/not-linked"},
		Frameworks: map[string][]findings.Control{
			"nist_800_53": {{ID: "SA-9(5)", Coverage: "part"}},
			"cis_m365":    {{ID: "1.1.3", Coverage: "full"}},
			"gdpr":        {{ID: "44", Coverage: "evidence"}, {ID: "28(3)(a)", Coverage: "evidence"}},
		},
		Remediation: findings.Remediation{
			Summary: "Set it right in the Microsoft Defender portal.",
			Steps:   []string{"Open security.microsoft.com as a Security Administrator.", "Go to Settings > Microsoft Defender XDR.", "Compare what it says with the record, and correct either with `domicile attest new`."},
		},
	}
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// good is a tenant that passes everything that applies to it.
func good() *findings.Result {
	started := time.Date(2026, 11, 20, 6, 0, 12, 0, time.UTC)
	result := &findings.Result{
		Tool:    findings.Tool{Name: "domicile", Version: "0.3.0"},
		Tenant:  findings.Tenant{ID: tenantID, Name: "Contoso", Cloud: "global"},
		Profile: "xdr-current",
		Params:  map[string]any{"allowed_geos": []string{"EU"}, "global_admins_max": 4, "global_admins_min": 2, "min_geo_tier": "attested"},
		Reader: findings.Reader{
			TenantID: tenantID, AppID: "8d1f2a33-0000-4000-8000-00000000000a",
			Roles: []string{"Application.Read.All", "Organization.Read.All", "RoleManagement.Read.Directory", "SecurityIncident.Read.All", "ThreatHunting.Read.All", "User.Read.All"},
		},
		Digests:   findings.Digests{Evidence: digest("evidence"), Policies: digest("policies"), Params: digest("params")},
		Signature: &findings.Signature{KeyID: "SHA256:obFsRMteiBOUoBdUxa+iBfjaiOHmknVUjAdzNQlRWU8", Name: "audit pipeline", Trusted: true},
		Started:   started, Finished: started.Add(4*time.Minute + 3*time.Second),
		Config: findings.Config{URI: "audit/domicile.yaml", Lines: map[string]int{"allowed_geos": 4, "global_admins_max": 5, "XDR1009": 9}},
	}
	for _, s := range specs() {
		result.Rules = append(result.Rules, rule(s))
	}
	for i, kind := range []string{"subscribed_skus", "subscriptions", "role_assignments", "users", "applications", "attestations", "app_role_assignments", "service_principals", "onboarding_package", "portal_tenant_context", "hunting_probe", "incidents_probe", "mdi_health"} {
		tier, api := "api", "GET /v1.0/"+kind
		switch kind {
		case "onboarding_package":
			tier, api = "signed", "WindowsDefenderATPOnboardingPackage.zip"
		case "portal_tenant_context":
			tier, api = "portal", "TenantContext.json"
		case "attestations":
			tier, api = "attested", "attestations/*.yaml"
		}
		result.Evidence = append(result.Evidence, findings.Evidence{
			Kind: kind, File: kind + ".ndjson", SHA256: digest(kind), Objects: 1 + i*i*37, Complete: true, Tier: tier, API: api,
			Time: started.Add(time.Duration(i) * 9 * time.Second), Requests: 1 + i/3, Minimum: 1 + i/4,
		})
	}
	edit(result, "GEO1001", func(r *findings.Rule) { r.Observed = geos("EU") })
	edit(result, "GEO1002", func(r *findings.Rule) { r.Observed = geos("EU")[:2] })
	edit(result, "GEO1009", func(r *findings.Rule) { r.Checked = 14800 })
	edit(result, "GEO1018", func(r *findings.Rule) {
		r.Outcome, r.Checked = findings.NotApplicable, 0
		r.Reasons = []findings.Reason{{Reason: "no_earlier_result", Kind: "previous_result", Message: "There is no earlier result of this tenant to compare with."}}
	})
	return settle(result)
}

func geos(place string) []findings.Observation {
	value := "'" + place + "'"
	return []findings.Observation{
		{Fact: "geo", Service: "xdr", Value: value, Tier: "signed", Kind: "onboarding_package"},
		{Fact: "telemetry_geo", Service: "xdr", Value: value, Tier: "portal", Kind: "portal_tenant_context"},
		{Fact: "geo", Service: "identity", Value: value, Tier: "attested", Kind: "attestations"},
	}
}

// weak is a tenant with violations of every severity, a waiver, and hostile names.
func weak() *findings.Result {
	result := good()
	result.Tenant.Name = "Contoso <b>\u202Elatnediser</b>"
	names := hostile()
	result.Signature.Name = names[2]
	fail(result, "GEO1002", findings.Resource{Kind: "geo", ID: "xdr:storage", Name: "Defender XDR, data at rest"},
		"Defender XDR keeps its data in US, which allowed_geos does not name", "one of: EU", "US")
	fail(result, "GEO1002", findings.Resource{Kind: "geo", ID: "xdr:telemetry", Name: "Defender XDR, telemetry"},
		"Defender XDR keeps its telemetry in US, which allowed_geos does not name", "one of: EU", "US")
	fail(result, "ROLE1002", findings.Resource{Kind: "tenant", ID: tenantID, Name: result.Tenant.Name},
		"7 people are Global Administrators.", "2 to 4", "7: "+names[0])
	for i, hostileName := range names {
		fail(result, "GEO1009", findings.Resource{Kind: "user", ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Name: hostileName},
			fmt.Sprintf("The user %s prefers APC", hostileName), "one of: EU", "APC "+hostileName)
	}
	for i := range 12 {
		fail(result, "CONS1010", findings.Resource{Kind: "app_role_assignment", ID: fmt.Sprintf("assignment/%03d?x=ü", i), Name: fmt.Sprintf("Application %d", i)},
			"The application may read security alerts and nobody approved it", "listed in approved_apps", "SecurityAlert.Read.All since 2026-01-04")
	}
	fail(result, "XDR1009", findings.Resource{Kind: "sentinel_connector", ID: "/subscriptions/1/workspaces/soc", Name: "soc"},
		"The workspace receives a copy of Defender's alerts.", "a known-copy attestation", "none")
	fail(result, "INT1004", findings.Resource{Kind: "mdi_health", ID: "sensor-1", Name: "DC01"}, "A health issue is open.", "no open issue", "Sensor stopped communicating")
	edit(result, "GEO1001", func(r *findings.Rule) { r.Observed = geos("US") })
	edit(result, "GEO1002", func(r *findings.Rule) { r.Observed = geos("US")[:2] })
	edit(result, "GEO1009", func(r *findings.Rule) {
		r.Observed = []findings.Observation{{Fact: "setting", Service: names[1], Value: names[2], Tier: "api", Kind: "users"}}
	})
	edit(result, "GEO1004", func(r *findings.Rule) {
		r.Outcome = findings.Unknown
		r.Reasons = []findings.Reason{{Reason: "needs_attestation", Kind: "attestations", Message: "No interface states Defender for Identity's Geo"}}
	})
	findings.Waive(result, waivers(), result.Started)
	compare(result)
	result.Remediations = runs()
	return settle(result)
}

// seeded is a result that has a text in every place to which one from outside comes.
func seeded(s string) *findings.Result {
	result := good()
	result.Tenant.Name, result.Profile, result.Config.URI = s, s, s
	result.Tool.Version, result.Reader.AppID = s, s
	result.Params = map[string]any{s: s}
	result.Waivers = []findings.Waiver{{ID: s, Rule: s, Resource: findings.Selector{Kind: s, ID: s}, Accept: findings.Fail, Reason: s, Owner: s, Approver: s, Ticket: s, Approved: s, From: s, Expires: s, State: findings.Expired}}
	edit(result, "XDR1001", func(r *findings.Rule) {
		r.ID, r.Title, r.Description, r.Topic, r.Scope, r.Kinds, r.Params, r.References = "X"+s, s, s, s, s, []string{s}, []string{s}, []string{s}
		r.Observed = []findings.Observation{{Fact: s, Service: s, Value: s, Tier: s, Kind: s}}
		r.Frameworks = map[string][]findings.Control{s: {{ID: s, Coverage: s}}}
		r.Remediation = findings.Remediation{Summary: s, Steps: []string{s}, Action: s}
	})
	edit(result, "XDR1005", func(r *findings.Rule) {
		r.Outcome, r.Reasons = findings.Unknown, []findings.Reason{{Reason: s, Kind: s, Message: s}}
	})
	fail(result, "GEO1002", findings.Resource{Kind: s, ID: s, Name: s}, s, s, s)
	fail(result, "XDR1009", findings.Resource{Kind: "tenant", ID: s, Name: s}, s, s, s)
	edit(result, "XDR1009", func(r *findings.Rule) { r.Outcome = findings.Waived })
	last := &result.Findings[len(result.Findings)-1]
	last.Outcome, last.Waiver = findings.Waived, s
	result.Evidence = append(result.Evidence, findings.Evidence{Kind: s, File: s, API: s, SHA256: s, Tier: s})
	result.Gaps = append(result.Gaps, findings.Gap{Kind: s, Reason: s, Code: s, Permission: s})
	gone := findings.Finding{Rule: s, Outcome: findings.Fail, Severity: findings.High, Resource: findings.Resource{Kind: s, ID: s, Name: s}, Message: s, Expected: s, Actual: s, Fingerprint: digest(s), Change: findings.Fixed}
	result.Change = &findings.Change{Previous: digest("earlier"), Fixed: 1, Gone: []findings.Finding{gone}}
	result.Remediations = []findings.Remediated{{
		Record: s, Signature: &findings.Signature{KeyID: s, Name: s, Trusted: true},
		Run: findings.Run{
			Kind: s, Plan: s, Author: s, Approval: &findings.Approval{By: s, KeyID: s, Reason: s}, App: s, Account: s, Evidence: s,
			Changes: []findings.RunChange{{ID: s, Title: s, Resource: findings.Resource{Kind: s, ID: s, Name: s}, Rules: []string{s}, Outcome: s, Verdict: s, Message: s}},
		},
	}}
	settle(result).Exit.Reason = s
	return result
}

// runs are one that applied a plan, the second of whose changes the service refused, and one
// that took it back.
func runs() []findings.Remediated {
	at := time.Date(2026, 11, 19, 8, 0, 0, 0, time.UTC)
	change := func(id, name, outcome, verdict, message string) findings.RunChange {
		return findings.RunChange{
			ID: id, Title: "Remove an application's permission", Resource: findings.Resource{Kind: "app_role_assignment", ID: id, Name: name}, Rules: []string{"CONS1010"},
			Outcome: outcome, Verdict: verdict, Message: message,
		}
	}
	return []findings.Remediated{
		{
			Record: digest("record"), Signature: &findings.Signature{KeyID: "SHA256:pipeline", Name: "pipeline", Trusted: true},
			Run: findings.Run{
				Kind: "apply", Plan: digest("plan"), Author: "ada@contoso.com", App: "8d1f0000-0000-4000-8000-000000000002", Account: "domicile", Began: at, Ended: at.Add(time.Minute), Evidence: digest("fresh"),
				Approval: &findings.Approval{By: "bob@contoso.com", KeyID: "SHA256:bob", Time: at.Add(-time.Hour), Reason: "Agreed with the owner of <b>."},
				Changes: []findings.RunChange{
					change("a1", hostile()[1], "applied", "mended", ""), change("a2", "Free calendar", "applied", "remains", "still violated: CONS1010"), change("a3", "Old", "refused", "", "the request: 403"),
				},
			},
		},
		{
			Record: digest("rollback"),
			Run: findings.Run{
				Kind: "rollback", Plan: digest("plan"), Author: "ada@contoso.com", App: "8d1f0000-0000-4000-8000-000000000002", Began: at.Add(time.Hour), Ended: at.Add(time.Hour),
				Changes: []findings.RunChange{change("a2", "Free calendar", "applied", "", "")},
			},
		},
	}
}

// waivers are one that covers a copy of the alerts, with a reason that is not kind to pages,
// one that has expired, and one that nothing is left for.
func waivers() []findings.Waiver {
	accepted := findings.Waiver{
		Rule: "XDR1009", Resource: findings.Selector{Kind: "sentinel_connector", ID: "/subscriptions/1/workspaces/soc"},
		Reason: "The SOC's copy is under contract <b>4711</b>.", Owner: "soc@contoso.com", Approver: "A. Auditor \u202E", Ticket: "RISK-7",
		Approved: "2026-07-01", Expires: "2026-12-10",
	}
	expired, unused := accepted, accepted
	expired.Rule, expired.Resource, expired.Expires = "INT1004", findings.Selector{Kind: "mdi_health", ID: "*"}, "2026-10-31"
	unused.Rule, unused.Resource, unused.Ticket = "ROLE1014", findings.Selector{Kind: "application", ID: "gone"}, "=1+1"
	return []findings.Waiver{accepted, expired, unused}
}

// compare holds a result against an earlier one, of a day on which less was wrong.
func compare(result *findings.Result) {
	before := good()
	fail(before, "ROLE1002", findings.Resource{Kind: "tenant", ID: tenantID}, "5 people are Global Administrators.", "2 to 4", "5")
	fail(before, "LIC1003", findings.Resource{Kind: "subscription", ID: "trial"}, "It is a trial.", "none", "a trial")
	if err := result.Compare(before, digest("earlier")); err != nil {
		panic(err)
	}
}

// partial is a tenant of which much could not be read.
func partial() *findings.Result {
	result := good()
	result.Config = findings.Config{}
	result.Signature = &findings.Signature{KeyID: hostile()[0]}
	result.Selection = &findings.Selection{
		Frameworks: []string{"gdpr", "own<b>"}, Rules: []string{"GEO*", "XDR*", hostile()[1]}, Exclude: []string{"GEO1003"}, Of: 109,
	}
	result.Gaps = []findings.Gap{
		{Kind: "incidents_probe", Reason: "no_permission", Status: 403, Code: "Forbidden", Permission: "SecurityIncident.Read.All"},
		{Kind: "subscriptions", Reason: "throttled", Status: 429, Code: "TooManyRequests"},
		{Kind: "attestations", Reason: "needs_attestation"},
		{Kind: "role_assignments", Reason: "partial", Status: 503, Code: "ServiceUnavailable"},
		{Kind: "mdi_health", Reason: "not_licensed", Status: 400, Code: "TenantNotOnboarded", Permission: "Defender for Identity"},
		{Kind: "portal_mcas_about", Reason: "not_collected"},
	}
	gone := map[string]findings.Gap{}
	for _, gap := range result.Gaps {
		gone[gap.Kind] = gap
	}
	result.Evidence = slices.DeleteFunc(result.Evidence, func(e findings.Evidence) bool {
		_, missing := gone[e.Kind]
		return missing && e.Kind != "role_assignments"
	})
	for i := range result.Evidence {
		result.Evidence[i].Complete = result.Evidence[i].Kind != "role_assignments"
	}
	for i := range result.Rules {
		r := &result.Rules[i]
		for _, kind := range r.Kinds {
			gap, missing := gone[kind]
			if !missing || r.Outcome != findings.Pass {
				continue
			}
			r.Outcome, r.Checked = findings.Unknown, 0
			if gap.Reason == "not_licensed" {
				r.Outcome = findings.NotApplicable
			}
			r.Reasons = []findings.Reason{{Reason: gap.Reason, Kind: kind, Message: "The evidence " + kind + " is not there."}}
		}
	}
	edit(result, "GEO1001", func(r *findings.Rule) { r.Observed = geos("EU")[:1] })
	return settle(result)
}

// empty is a result with no rules, as an evaluation with every rule excluded gives.
func empty() *findings.Result {
	return &findings.Result{Tool: findings.Tool{Name: "domicile", Version: "dev"}, Tenant: findings.Tenant{ID: tenantID, Cloud: "global"}}
}

// crowded is weak with more findings of one rule than a page shows.
func crowded() *findings.Result {
	result := weak()
	for i := range 218 {
		fail(result, "CONS1010", findings.Resource{Kind: "app_role_assignment", ID: fmt.Sprintf("more/%03d", i), Name: fmt.Sprintf("Application %d", 12+i)},
			"The application may read security alerts and nobody approved it", "listed in approved_apps", "SecurityAlert.Read.All since 2026-01-04")
	}
	return settle(result)
}

// many is weak with n findings more, spread over the rules.
func many(n int) *findings.Result {
	result := weak()
	result.Remediations = nil
	ids := specs()
	for i := range n {
		fail(result, ids[i%len(ids)].id, findings.Resource{Kind: "user", ID: fmt.Sprintf("user-%06d", i), Name: fmt.Sprintf("User %d", i)},
			"The user's data may leave the Geo.", "EU", "US")
	}
	return settle(result)
}

func edit(result *findings.Result, id string, change func(*findings.Rule)) {
	for i := range result.Rules {
		if result.Rules[i].ID == id {
			change(&result.Rules[i])
		}
	}
}

func fail(result *findings.Result, id string, resource findings.Resource, message, expected, actual string) {
	edit(result, id, func(r *findings.Rule) {
		r.Outcome = findings.Fail
		r.Failed++
		r.Checked = max(r.Checked, r.Failed)
		result.Findings = append(result.Findings, findings.Finding{
			Rule: id, Outcome: findings.Fail, Severity: r.Severity, Resource: resource, Message: message,
			Expected: expected, Actual: actual, Fingerprint: findings.Fingerprint(tenantID, id, resource),
		})
	})
}

func settle(result *findings.Result) *findings.Result {
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	result.Exit = findings.Gate(result, "high", false)
	return result
}

func fixtures() map[string]*findings.Result {
	return map[string]*findings.Result{"good": good(), "weak": weak(), "partial": partial(), "empty": empty()}
}
