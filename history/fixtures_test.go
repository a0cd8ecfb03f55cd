package history_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

const tenantID = "3f0c1d7e-0000-4000-8000-000000000001"

// day is the time of the n-th daily scan.
func day(n int) time.Time { return time.Date(2026, 1, 1+n, 6, 0, 0, 0, time.UTC) }

// finding is the n-th finding of a tenant.
func finding(tenant string, n int, actual string) findings.Finding {
	resource := findings.Resource{Kind: "oauth2_permission_grant", ID: fmt.Sprintf("%08x-%04x-4000-8000-%012x", n*2654435761%(1<<32), n%65536, n*40503), Name: fmt.Sprintf("Application %d <&> Co", n)}
	return findings.Finding{
		Rule: "CONS1004", Outcome: findings.Fail, Severity: findings.Medium, Resource: resource,
		Message:  fmt.Sprintf("The application \"Application %d\" may act for every user with scopes that nobody approved: %s.", n, actual),
		Expected: "an approved application, or no consent for all users", Actual: actual,
		Fingerprint: findings.Fingerprint(tenant, "CONS1004", resource),
	}
}

// rules are as many rules as ship, with texts of their usual length.
func rules() []findings.Rule {
	all := []findings.Rule{{ID: "CONS1004", Title: "Consent", Topic: "consent", Severity: findings.Medium, Scope: "oauth2_permission_grants", Outcome: findings.Fail}}
	for i := range 109 {
		all = append(all, findings.Rule{
			ID: fmt.Sprintf("GEO%d", 1000+i), Title: fmt.Sprintf("Rule %d", i), Topic: "geo", Severity: findings.High, Scope: "tenant", Outcome: findings.Pass,
			Description: fmt.Sprintf("%0200d", i), Checked: 1, Observed: []findings.Observation{{Fact: "geo", Service: "xdr", Value: "EU", Tier: "api", Kind: "organization"}},
			Remediation: findings.Remediation{Summary: fmt.Sprintf("%0100d", i), Steps: []string{fmt.Sprintf("%0300d", i)}},
		})
	}
	return all
}

// result is what a scan of a tenant finds.
func result(tenant string, at time.Time, found []findings.Finding) *findings.Result {
	r := &findings.Result{
		Version: findings.Version, Tool: findings.Tool{Name: "domicile", Version: "1.2.3"}, Tenant: findings.Tenant{ID: tenant, Name: "Contoso", Cloud: "global"},
		Profile: "xdr-current", Reader: findings.Reader{TenantID: tenant, AppID: "8d1f0a52-0000-4000-8000-000000000001"},
		Started: at, Finished: at.Add(time.Minute), Rules: rules(), Findings: found,
		Digests: findings.Digests{Evidence: fmt.Sprintf("%064x", at.Unix()), Policies: fmt.Sprintf("%064x", 1), Params: fmt.Sprintf("%064x", 2)},
	}
	r.Summary = findings.Summarise(r.Rules, r.Findings)
	r.Exit = findings.Gate(r, "high", false)
	return r
}

func encode(t testing.TB, r *findings.Result) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// churn is the n-th scan of a tenant with size findings, of which one in a hundred gives way
// to another from scan to scan.
func churn(size, n int) []findings.Finding {
	found := make([]findings.Finding, size)
	for i := range found {
		// Finding i is replaced in each scan whose number is i modulo 100.
		generation := (n + 99 - i%100) / 100
		found[i] = finding(tenantID, i+generation*size, "Mail.ReadWrite, Files.Read.All")
	}
	return found
}
