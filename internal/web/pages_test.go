package web_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// saveTo is a flag, so that the pages can be looked at and taken to other programs.
var saveTo = flag.String("pages", "", "folder to save the dashboard's pages in")

// paths lists every page of a site of three tenants, by the name it is saved under.
func paths(t testing.TB, s *site) map[string]string {
	t.Helper()
	open, err := s.store.OpenFindings(t.Context(), history.OpenQuery{Tenant: tenantID(1), Limit: 100})
	if err != nil || len(open) == 0 {
		t.Fatalf("no findings: %v", err)
	}
	gone := ""
	for _, one := range scanned(t, "weak", 2, "", now(), 0).Findings {
		seen, err := s.store.Sightings(t.Context(), tenantID(2), one.Fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) > 0 && !seen[0].Until.IsZero() {
			gone = one.Fingerprint
		}
	}
	waived := ""
	for _, one := range open {
		if one.Finding.Waiver != "" {
			waived = one.Finding.Fingerprint
		}
	}
	return map[string]string{
		"overview": "/", "overview-filtered": "/?q=con&group=customers&severity=high", "overview-nothing": "/?q=nobody",
		"tenant": "/tenants/" + tenantID(1), "tenant-new": "/tenants/" + tenantID(1) + "?new=1", "tenant-partial": "/tenants/" + tenantID(3), "tenant-never": "/tenants/" + tenantID(4),
		"finding": "/tenants/" + tenantID(1) + "/findings/" + open[0].Finding.Fingerprint, "finding-gone": "/tenants/" + tenantID(2) + "/findings/" + gone,
		"finding-waived": "/tenants/" + tenantID(1) + "/findings/" + waived,
		"rules":          "/rules", "rule": "/rules/" + open[0].Finding.Rule, "waivers": "/waivers",
		"jobs": "/jobs", "job": "/jobs/44?live=1", "job-failed": "/jobs/43", "plans": "/plans", "plan": "/plans/contoso.json", "plan-page": "/plans/contoso.json/page",
		"report": "/scans/1/report", "error": "/nowhere",
	}
}

func save(t *testing.T, name string, page []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(*saveTo, name+".html"), page, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPages: every page is there, and whole.
func TestPages(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	says := map[string]string{
		"overview": "1 tenant is worse than before", "overview-filtered": "1 of 4 tenants", "overview-nothing": "No tenant is like that", "tenant": "Since the scan before: 2 new", "tenant-new": "new or different",
		"tenant-partial": "What could not be judged", "tenant-never": "No scan has succeeded yet", "finding": "How to mend it", "finding-gone": "Not found any more", "finding-waived": "Approved",
		"rules": "Fabrikam Europe", "rule": "Outcome in its latest scan", "waivers": "Holds", "jobs": "the client secret has expired", "job": "4218", "job-failed": "AADSTS7000222",
		"plans": "waits for approval", "plan": "Approving is for people who signed in", "plan-page": "Remediation plan", "report": "Audit report", "error": "There is no such page",
	}
	says["waivers"] = "approved by"
	says["tenant-never"] = "No scan has succeeded yet"
	says["plans"] = "wrote into the folder <code><bdi>" + s.options.Plans
	for name, path := range paths(t, s) {
		answer := get(t, handler, path)
		want := http.StatusOK
		if name == "error" {
			want = http.StatusNotFound
		}
		body := answer.Body.String()
		if answer.Code != want || !strings.Contains(body, says[name]) || !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
			t.Errorf("%s: GET %s = %d without %q", name, path, answer.Code, says[name])
		}
		if *saveTo != "" {
			save(t, name, answer.Body.Bytes())
		}
	}
	if s.log.Len() > 0 {
		t.Errorf("the log says %s", s.log.String())
	}
}

// TestNextTry: of a tenant whose first scan failed and is tried again the pages say so, when, and why.
func TestNextTry(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	s.engine.jobs = []fleet.Job{{
		ID: 45, Tenant: "wingtip", TenantID: tenantID(4), Cause: fleet.BySchedule, State: fleet.Retrying, Queued: now(), Started: now(), Due: now().Add(3*time.Minute + time.Second), Attempt: 2,
		Error: "not everything could be read: users (throttled)",
	}}
	handler := s.handler(t)
	for path, says := range map[string][]string{
		"/":                       {"next try in 3 minutes"},
		"/tenants/" + tenantID(4): {"No scan has succeeded yet", "A scan failed and is tried again in 3 minutes", "users (throttled)"},
		"/jobs/45":                {"attempt 2, next try in 3 minutes", "users (throttled)"},
	} {
		body := get(t, handler, path).Body.String()
		for _, text := range says {
			if !strings.Contains(body, text) {
				t.Errorf("GET %s doesn't say %q", path, text)
			}
		}
	}
}

// TestAFindingLeadsToItsEvidence: the page of a finding names the files that it rests on, each
// with its sha256, and the folder where they are kept, or that they aren't.
func TestAFindingLeadsToItsEvidence(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	page := paths(t, s)["finding"]
	if body := get(t, s.handler(t), page).Body.String(); !strings.Contains(body, "not kept here") {
		t.Errorf("GET %s doesn't say that the bundle isn't kept here", page)
	}
	s.engine.evidence = "/var/lib/domicile/evidence/contoso/17-1/evidence"
	body := get(t, s.handler(t), page).Body.String()
	if !strings.Contains(body, s.engine.evidence) || strings.Contains(body, "not kept here") {
		t.Errorf("GET %s doesn't name the folder of the bundle", page)
	}
	if row := regexp.MustCompile(`<th scope="row"><code>\w+\.ndjson</code>.*\n.*<code class="hash">[0-9a-f]{64}</code>`); !row.MatchString(body) {
		t.Errorf("GET %s doesn't name a file with its sha256", page)
	}
}

// TestSignedPages: the pages that only people who sign in see are there, and whole.
func TestSignedPages(t *testing.T) {
	s := newSignedSite(t, threeTenants)
	people := map[string]*http.Client{"": s.browser(t), "Reader": s.signIn(t, "Reader"), "Approver": s.signIn(t, "Approver")}
	for _, tt := range []struct{ name, role, method, path, says string }{
		{"sign-in", "", "GET", "/sign-in", "your organisation"},
		{"signed-out", "", "GET", "/signed-out", "Sign out there, too"},
		{"plan-approve", "Approver", "GET", "/plans/contoso.json", "Approve this plan"},
		{"tenant-reader", "Reader", "GET", "/tenants/" + tenantID(1), "No scan is under way"},
		{"forbidden", "Reader", "POST", "/tenants/" + tenantID(1) + "/scan", "yours is reader"},
	} {
		_, body, _ := s.do(t, people[tt.role], tt.method, tt.path, "")
		if !strings.Contains(body, tt.says) || !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
			t.Errorf("%s: %s %s lacks %q", tt.name, tt.method, tt.path, tt.says)
		}
		if *saveTo != "" {
			save(t, tt.name, []byte(body))
		}
	}
}

// TestPlanAsShown: the whole plan is that of the page that leads to it.
func TestPlanAsShown(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	_, link, _ := strings.Cut(get(t, handler, "/plans/contoso.json").Body.String(), `href="/plans/contoso.json/page`)
	link, _, _ = strings.Cut("/plans/contoso.json/page"+link, `"`)
	if answer := get(t, handler, link); answer.Code != http.StatusOK {
		t.Errorf("GET %s = %d", link, answer.Code)
	}
	plan := filepath.Join(s.options.Plans, "contoso.json")
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plan, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if answer := get(t, handler, link); answer.Code != http.StatusConflict {
		t.Errorf("GET %s of a plan that was changed = %d", link, answer.Code)
	}
}

// TestClasses: the page as a whole has no class of the icons, whose strokes all others would inherit.
func TestClasses(t *testing.T) {
	s := newSite(t)
	body := get(t, s.handler(t), "/").Body.String()
	_, class, _ := strings.Cut(body, `<html lang="en" class="`)
	class, _, _ = strings.Cut(class, `"`)
	for _, rule := range regexp.MustCompile(`(?m)^\.`+class+` \{.*`).FindAllString(body, -1) {
		t.Errorf("the style of the whole page is %s", rule)
	}
	if class == "" {
		t.Error("the page has no class")
	}
}
