package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// TestNoNewResult: where scans fail, are tried again or don't come, the first page and the
// tenant's don't say that all is well, and say why.
func TestNoNewResult(t *testing.T) {
	for _, tt := range []struct {
		name string
		last time.Duration // since its scans; none without
		job  *fleet.Job
		says string
		head string // of the tenant's page
		row  string
	}{
		{"fresh", time.Hour, nil, "", "rule violated", "fail"},
		{"overdue", 50 * time.Hour, nil, "A scan was due 2026-11-20 06:00, and none has succeeded since", "rule violated", "overdue"},
		{"not long overdue", 47 * time.Hour, nil, "", "rule violated", "fail"},
		{"failed", time.Hour, &fleet.Job{State: fleet.Failed, Error: "no secret"}, "The last scan failed: no secret", "rule violated", "failed since"},
		{"throttled", time.Hour, &fleet.Job{State: fleet.Retrying, Error: "not everything could be read: users (throttled)"}, "The last attempt gave no result, and is tried again: not everything could be read: users (throttled)", "rule violated", "next try"},
		{"throttled from the first", 0, &fleet.Job{State: fleet.Retrying, Error: "users (throttled)"}, "is tried again: users (throttled)", "No scan has succeeded yet", "no result yet"},
		{"failed from the first", 0, &fleet.Job{State: fleet.Failed, Error: "no secret"}, "The last scan failed: no secret", "No scan has succeeded yet", "no scan succeeded"},
		{"running for the first time", 0, &fleet.Job{State: fleet.Running}, "", "The first scan is running", "never scanned"},
		{"never", 0, nil, "", "Never scanned", "never scanned"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.engine.tenants = []fleet.Tenant{{Name: "contoso", ID: tenantID(1), Cloud: "global"}}
			if tt.last > 0 {
				before := scanned(t, "weak", 1, "Contoso", now().Add(-tt.last-time.Hour), 24)
				s.record(t, before, nil)
				s.record(t, scanned(t, "weak", 1, "Contoso", now().Add(-tt.last), 24), before)
			}
			if tt.job != nil {
				tt.job.ID, tt.job.Tenant, tt.job.TenantID, tt.job.Queued = 9, "contoso", tenantID(1), now().Add(-time.Minute)
				s.engine.jobs = []fleet.Job{*tt.job}
			}
			handler := s.handler(t)
			first, page := get(t, handler, "/").Body.String(), get(t, handler, "/tenants/"+tenantID(1)).Body.String()
			if calm := strings.Contains(first, "Nothing is worse than before"); calm != (tt.says == "" && tt.last > 0) || !strings.Contains(first, tt.says) || !strings.Contains(first, tt.row) {
				t.Errorf("the first page doesn't say %q and %q, or is calm: %t", tt.says, tt.row, calm)
			}
			if !strings.Contains(page, tt.head) || !strings.Contains(page, tt.says) {
				t.Errorf("the tenant's page doesn't say %q and %q", tt.head, tt.says)
			}
			filtered := get(t, handler, "/?state=worse").Body.String()
			if listed := !strings.Contains(filtered, "No tenant is like that"); listed != (tt.says != "") {
				t.Errorf("it is among those that need a look: %t", listed)
			}
		})
	}
}

// TestStates: who was never scanned isn't counted with those of whom nothing was judged.
func TestStates(t *testing.T) {
	s := newSite(t)
	result := scanned(t, "good", 1, "Contoso", now(), 0)
	for i := range result.Rules {
		result.Rules[i].Outcome, result.Rules[i].Failed = findings.NotApplicable, 0
	}
	result.Findings = []findings.Finding{}
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	result.Exit = findings.Gate(result, "high", false)
	s.record(t, result, nil)
	s.engine.tenants = []fleet.Tenant{{Name: "contoso", ID: tenantID(1)}, {Name: "fabrikam", ID: tenantID(2)}}
	handler := s.handler(t)
	for state, want := range map[string]string{"na": "Contoso", "never": "fabrikam"} {
		body := get(t, handler, "/?state="+state).Body.String()
		if !strings.Contains(body, "1 of 2 tenants") || !strings.Contains(body, "<bdi>"+want+"</bdi>") {
			t.Errorf("the state %s isn't %s alone", state, want)
		}
	}
}

// TestGone: of a finding that is in the latest scan no longer, only a scan that judged its rule
// says that it isn't there.
func TestGone(t *testing.T) {
	for outcome, want := range map[findings.Outcome]string{
		findings.Pass: "Not found any more: ", findings.Unknown: "Not known any more: ", findings.NotApplicable: "Does not apply any more: ", "": "Not known any more: ",
	} {
		t.Run(string(outcome), func(t *testing.T) {
			s := newSite(t)
			before := scanned(t, "weak", 1, "Contoso", now().Add(-time.Hour), 0)
			s.record(t, before, nil)
			after := scanned(t, "weak", 1, "Contoso", now(), 0)
			gone := after.Findings[0]
			kept := after.Findings[:0]
			for _, one := range after.Findings {
				if one.Rule != gone.Rule {
					kept = append(kept, one)
				}
			}
			after.Findings = kept
			var rules []findings.Rule
			for _, rule := range after.Rules {
				if rule.ID == gone.Rule {
					if rule.Failed, rule.Outcome = 0, outcome; outcome == "" {
						continue
					}
					if outcome == findings.Unknown {
						rule.Reasons = []findings.Reason{{Reason: "no_permission"}}
					}
				}
				rules = append(rules, rule)
			}
			after.Rules = rules
			after.Summary = findings.Summarise(after.Rules, after.Findings)
			s.record(t, after, nil)
			answer := get(t, s.handler(t), "/tenants/"+tenantID(1)+"/findings/"+gone.Fingerprint)
			if body := answer.Body.String(); answer.Code != 200 || !strings.Contains(body, want) {
				t.Errorf("the finding's page = %d without %q", answer.Code, want)
			}
		})
	}
}

// TestPseudonyms: where names are pseudonyms, the pages that show them say so.
func TestPseudonyms(t *testing.T) {
	for key, want := range map[string]bool{"": false, "0123456789abcdef": true} {
		s := newSite(t)
		result := scanned(t, "weak", 1, "Contoso", now(), 0)
		result.Pseudonyms = key
		s.record(t, result, nil)
		handler := s.handler(t)
		for _, path := range []string{"/tenants/" + tenantID(1), "/tenants/" + tenantID(1) + "/findings/" + result.Findings[0].Fingerprint} {
			if says := strings.Contains(get(t, handler, path).Body.String(), "pseudonyms stand for people"); says != want {
				t.Errorf("with the key %q %s says so: %t", key, path, says)
			}
		}
	}
}
