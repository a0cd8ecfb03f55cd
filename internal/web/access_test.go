package web_test

import (
	"crypto/sha256"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/web"
	"github.com/domicile-audit/domicile/reports"
)

// TestOnlyThisMachine: without sign-in the name by which a browser comes must be this
// machine's, as another site's could lead here.
func TestOnlyThisMachine(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "localhost:8080": 200, "LOCALHOST": 200, "[::1]:8080": 200, "[::1]": 200, "127.0.0.2": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example:8080": 421, "localhost.evil.example": 421, "192.0.2.1:8080": 421, "": 421,
	} {
		if answer := get(t, handler, "/", "Host", host); answer.Code != want || want != 200 && strings.Contains(answer.Body.String(), "Contoso") {
			t.Errorf("Host %q = %d, want %d", host, answer.Code, want)
		}
	}
}

// TestWithoutSignIn: whoever is at this machine reads and starts scans; nobody approves.
func TestWithoutSignIn(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	if answer := send(t, handler, "POST", "/tenants/"+tenantID(1)+"/scan", "a=b"); answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/jobs/1001?live=1" {
		t.Errorf("scanning = %d, %s", answer.Code, answer.Header().Get("Location"))
	}
	if answer := send(t, handler, "POST", "/tenants/"+tenantID(2)+"/scan", "a=b"); answer.Header().Get("Location") != "/jobs/44?live=1" {
		t.Errorf("scanning what is being scanned leads to %s", answer.Header().Get("Location"))
	}
	answer := send(t, handler, "POST", "/plans/contoso.json/approve", "reason=because+it+is+so")
	if answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), "serve.sign_in") || len(s.approvals) > 0 {
		t.Errorf("approving = %d, %v", answer.Code, s.approvals)
	}
	if answer := get(t, handler, "/sign-in"); answer.Code != http.StatusNotFound {
		t.Errorf("there is a page to sign in: %d", answer.Code)
	}
}

// TestOtherSites: no other site makes a visitor's browser do anything here.
func TestOtherSites(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://127.0.0.1:9999"},
	} {
		for _, path := range []string{"/tenants/" + tenantID(1) + "/scan", "/api/v1/tenants/" + tenantID(1) + "/scans", "/api/v1/bundles", "/plans/contoso.json/approve"} {
			if answer := send(t, handler, "POST", path, "a=b", header...); answer.Code != http.StatusForbidden {
				t.Errorf("POST %s with %q = %d, want it refused", path, header, answer.Code)
			}
		}
	}
	if len(s.engine.started)+len(s.engine.uploaded) > 0 {
		t.Errorf("%v and %v came about", s.engine.started, s.engine.uploaded)
	}
	if answer := send(t, handler, "POST", "/tenants/"+tenantID(1)+"/scan", "a=b", "Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8080"); answer.Code != http.StatusSeeOther {
		t.Errorf("its own page = %d", answer.Code)
	}
}

// TestHeaders: every answer has them, and no page may do more than it must.
func TestHeaders(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	s.options.Config.TLS = nil
	handler := s.handler(t)
	for name, path := range paths(t, s) {
		header := get(t, handler, path).Header()
		for key, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			if header.Get(key) != want {
				t.Errorf("%s: %s is %q, want %q", name, key, header.Get(key), want)
			}
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "base-uri 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %q", name, policy)
		}
		if name != "report" && strings.Contains(policy, "script-src") {
			t.Errorf("%s: a script may run: %q", name, policy)
		}
	}
	for path, want := range map[string]string{"/jobs/44?live=1": "5", "/jobs/44": "", "/jobs/42?live=1": ""} {
		if got := get(t, handler, path).Header().Get("Refresh"); got != want {
			t.Errorf("%s comes anew after %q, want %q", path, got, want)
		}
	}
}

// TestSecureHeaders: behind TLS browsers are told to stay there.
func TestSecureHeaders(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	if got := get(t, s.handler(t), "/sign-in", "Host", "domicile.contoso.com").Header().Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
}

// TestLimits: who asks too often is told to wait, and others aren't.
func TestLimits(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	clock := now()
	s.options.Now = func() time.Time { return clock }
	handler := s.handler(t)
	refused := 0
	for range 200 {
		if answer := get(t, handler, "/api/v1/tenants", "Authorization", "Bearer guess"); answer.Code == http.StatusTooManyRequests && answer.Header().Get("Retry-After") == "5" {
			refused++
		}
	}
	if refused < 100 {
		t.Errorf("%d of 200 guesses are refused, want most", refused)
	}
	if answer := get(t, handler, "/api/v1/tenants", "Authorization", "Bearer machine"); answer.Code != http.StatusOK {
		t.Errorf("a machine with a token = %d, while somebody guesses at its address", answer.Code)
	}
	clock = clock.Add(2 * time.Minute)
	if answer := get(t, handler, "/sign-in"); answer.Code != http.StatusOK {
		t.Errorf("two minutes later = %d", answer.Code)
	}
}

// TestHostileText: what a tenant, a job or a file says stays text, and can't be turned round.
func TestHostileText(t *testing.T) {
	const evil = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{.}}\"'`"
	s := newSite(t)
	threeTenants(t, s)
	result := scanned(t, "weak", 5, evil, now().Add(-time.Hour), 0)
	result.Findings[0].Message, result.Findings[0].Resource.Name, result.Findings[0].Actual = evil, evil, evil
	result.Rules[0].Title = evil
	s.record(t, result, nil)
	s.engine.tenants = append(s.engine.tenants, fleet.Tenant{Name: evil, ID: tenantID(5), Cloud: evil, Groups: []string{evil}, Schedules: []string{evil}})
	s.engine.jobs = append(s.engine.jobs, fleet.Job{ID: 7, Tenant: evil, TenantID: tenantID(5), By: evil, State: fleet.Failed, Queued: now(), Worker: evil, Error: evil, Exit: &findings.Exit{Reason: evil}, Progress: []fleet.Progress{{Kind: evil, State: evil}}})
	s.engine.log = []fleet.LogLine{{Time: now(), Level: evil, Text: evil}}
	handler := s.handler(t)
	query := "?q=%3Cscript%3Ealert(1)%3C/script%3E%22"
	for _, path := range []string{
		"/", "/" + query, "/?group=" + query[3:], "/tenants/" + tenantID(5), "/tenants/" + tenantID(5) + "/findings/" + result.Findings[0].Fingerprint, "/rules", "/rules?topic=" + query[3:],
		"/rules/" + result.Rules[0].ID, "/waivers", "/jobs", "/jobs?tenant=" + query[3:], "/jobs/7", "/nowhere/" + query,
	} {
		body := get(t, handler, path).Body.String()
		for _, bad := range []string{"<script", "<img", "onerror=alert(1)>", "\u202e"} {
			if strings.Contains(body, bad) {
				t.Errorf("GET %s holds %q", path, bad)
			}
		}
		if !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
			t.Errorf("GET %s is not whole", path)
		}
	}
}

// TestPlanFiles: nothing but a plan's file in the folder is read.
func TestPlanFiles(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	for _, name := range []string{"..%2F..%2Fdomicile.db", "..%2Fplans%2Fcontoso.json", ".json", "none.json", "contoso.journal", "%2Fetc%2Fpasswd", "contoso.json%00"} {
		if answer := get(t, handler, "/plans/"+name); answer.Code != http.StatusNotFound {
			t.Errorf("GET /plans/%s = %d, want nothing", name, answer.Code)
		}
	}
}

// TestPlanNames: a plan's file may have any name, and its links lead to it.
func TestPlanNames(t *testing.T) {
	s := newSignedSite(t, threeTenants)
	text, err := os.ReadFile(filepath.Join(s.options.Plans, "contoso.json"))
	if err != nil {
		t.Fatal(err)
	}
	browser := s.signIn(t, "Approver")
	for _, name := range []string{"a b.json", "50%.json", "a%2Fb.json", "what?.json", "a#b.json", "<b>&\"'.json", "über.json"} {
		if err := os.WriteFile(filepath.Join(s.options.Plans, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, list, _ := s.do(t, browser, "GET", "/plans", "")
		_, shown, _ := strings.Cut(html.UnescapeString(list), `<a href="/plans/`+strings.ReplaceAll(url.PathEscape(name), "'", "%27")+`">`)
		if shown == "" {
			t.Errorf("%s: no link leads to it", name)
		}
		_, page, _ := s.do(t, browser, "GET", "/plans/"+url.PathEscape(name), "")
		for _, after := range []string{`href="`, `<form method="post" action="`} {
			_, link, _ := strings.Cut(html.UnescapeString(page), after+"/plans/"+strings.ReplaceAll(url.PathEscape(name), "'", "%27")+"/")
			if link == "" {
				t.Errorf("%s: its page has no link %s", name, after)
			}
		}
		form := url.Values{"digest": {hexSum(text)}, "reason": {"Agreed with the service's owner."}}.Encode()
		if status, page, at := s.do(t, browser, "POST", "/plans/"+url.PathEscape(name)+"/approve", form); status != http.StatusOK || !strings.Contains(page, "Approved by") {
			t.Errorf("%s: approving leads to %d at %s", name, status, at)
		}
	}
}

func hexSum(text []byte) string {
	sum := sha256.Sum256(text)
	return hexOf(sum[:])
}

// TestFaults: a page that is at fault takes nothing else with it, and tells nothing.
func TestFaults(t *testing.T) {
	s := newSite(t)
	s.options.Engine = nil
	handler := s.handler(t)
	answer := get(t, handler, "/jobs")
	if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "nil pointer") || !strings.Contains(s.log.String(), "nil pointer") {
		t.Errorf("a fault = %d, and the log says %s", answer.Code, s.log.String())
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	if answer := get(t, handler, "/api/v1/waivers"); answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "sql") {
		t.Errorf("without a database = %d %s", answer.Code, answer.Body)
	}
}

// TestMethods: what a page doesn't take is said, with what it takes.
func TestMethods(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	for _, tt := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{"HEAD", "/rules", 200, ""},
		{"POST", "/rules", 405, "GET, HEAD"},
		{"OPTIONS", "/", 405, "GET, HEAD"},
		{"DELETE", "/api/v1/tenants/" + tenantID(1), 405, "GET, HEAD"},
		{"GET", "/api/v1/bundles", 405, "POST"},
		{"GET", "/tenants/" + tenantID(1) + "/scan", 405, "POST"},
		{"POST", "/nowhere", 404, ""},
	} {
		answer := send(t, handler, tt.method, tt.path, "")
		if answer.Code != tt.want || answer.Header().Get("Allow") != tt.allow || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s = %d with Allow: %s, want %d with %q", tt.method, tt.path, answer.Code, answer.Header().Get("Allow"), tt.want, tt.allow)
		}
	}
}

// TestLimitsByNetwork: who isn't signed in is counted with the neighbours in a /64, and behind
// a proxy that is trusted as the one that it speaks for; nobody else's word counts.
func TestLimitsByNetwork(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	s.options.Config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct {
		name, from string
		forwarded  []string
		other      string // of another visitor
		says       string
		together   bool
	}{
		{"an address", "192.0.2.1:1", nil, "192.0.2.1:2", "", true},
		{"two addresses", "192.0.2.1:1", nil, "192.0.2.2:1", "", false},
		{"two in a /64", "[2001:db8::1]:1", nil, "[2001:db8::ffff:2]:1", "", true},
		{"two in a /48", "[2001:db8::1]:1", nil, "[2001:db8:0:1::1]:1", "", false},
		{"an IPv4 address as IPv6", "[::ffff:192.0.2.1]:1", nil, "192.0.2.1:1", "", true},
		{"two behind a proxy", "10.0.0.1:1", []string{"192.0.2.1"}, "10.0.0.1:1", "192.0.2.2", false},
		{"one behind two proxies", "10.0.0.1:1", []string{"192.0.2.1, 10.0.0.9"}, "10.0.0.2:1", "192.0.2.1", true},
		{"one who makes up others", "10.0.0.1:1", []string{"192.0.2.7", "192.0.2.1"}, "10.0.0.1:1", "192.0.2.8, 192.0.2.1", true},
		{"one who isn't trusted", "192.0.2.1:1", []string{"192.0.2.7"}, "192.0.2.1:1", "192.0.2.8", true},
		{"a proxy that says nonsense", "10.0.0.1:1", []string{"unknown"}, "10.0.0.1:1", "nonsense", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			handler := s.handler(t)
			ask := func(from string, forwarded ...string) int {
				request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sign-in", nil)
				request.RemoteAddr = from
				request.Header["X-Forwarded-For"] = forwarded
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				return answer.Code
			}
			for range 100 {
				ask(tt.from, tt.forwarded...)
			}
			if code := ask(tt.other, tt.says); (code == http.StatusTooManyRequests) != tt.together {
				t.Errorf("another one = %d, want it refused: %t", code, tt.together)
			}
		})
	}
}

// TestRenders: however many ask for a result in a format, few are written at the same time.
func TestRenders(t *testing.T) {
	s := newSite(t)
	oneTenant(t, s)
	var mu sync.Mutex
	writing, most := 0, 0
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		writing += n
		most = max(most, writing)
	}
	s.options.Formats = []reports.Format{{Name: "slow", File: "slow.txt", Write: func(io.Writer, *findings.Result) error {
		count(1)
		defer count(-1)
		for range 1000 {
			runtime.Gosched() // others may come
		}
		return nil
	}}}
	handler := s.handler(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if answer := get(t, handler, "/scans/1/files/slow"); answer.Code != http.StatusOK {
				t.Errorf("the file = %d", answer.Code)
			}
		})
	}
	group.Wait()
	if most > web.MaxRenders {
		t.Errorf("%d were written at the same time, want %d at most", most, web.MaxRenders)
	}
}
