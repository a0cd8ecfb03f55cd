package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

const tenantID = "3f0c1d7e-0000-4000-8000-000000000001"

// cloud is a server that signs in whoever asks, with a token of the test's making, and
// answers users and the authorization policy as the test says.
type cloud struct {
	claims map[string]any
	login  http.HandlerFunc
	users  http.HandlerFunc
	policy http.HandlerFunc
}

// start serves the cloud and writes a configuration for it; the folder is returned.
func (c cloud) start(t *testing.T) (dir string) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		base := server.URL + "/" + r.PathValue("tenant")
		send(w, map[string]any{"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize"})
	})
	login := c.login
	if login == nil {
		login = func(w http.ResponseWriter, _ *http.Request) {
			send(w, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": token(t, c.claims)})
		}
	}
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", login)
	if c.users != nil {
		mux.HandleFunc("GET /v1.0/users", c.users)
	}
	if c.policy != nil {
		mux.HandleFunc("GET /v1.0/policies/authorizationPolicy", c.policy)
	}
	dir = t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	config := fmt.Sprintf(`version: 1
tenants:
  - name: contoso
    id: %s
    cloud: custom
    auth: {method: client_secret, client_id: app, client_secret_file: secret}
    endpoints: {like: global, login: %[2]s, graph: %[2]s, xdr: %[2]s/xdr, mde: %[2]s/mde, arm: %[2]s/arm, ca_file: ca.pem}
`, tenantID, server.URL)
	for name, text := range map[string]string{"ca.pem": string(ca), "secret": "hunter2\n", "domicile.yaml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func send(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// token is an access token with claims over good ones. Nobody verifies it: only the
// service that it is for could.
func token(t *testing.T, over map[string]any) string {
	t.Helper()
	claims := map[string]any{"tid": tenantID, "appid": "app", "roles": []string{"User.Read.All"}, "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range over {
		claims[name] = value
	}
	var parts []string
	for _, part := range []any{map[string]any{"alg": "none", "typ": "JWT"}, claims, "signature"} {
		data, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(data))
	}
	return strings.Join(parts, ".")
}

func text(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// TestFailedSignInsEndWith5 and leave nothing behind under the bundle's name.
func TestFailedSignInsEndWith5(t *testing.T) {
	tests := []struct {
		name  string
		cloud cloud
		says  string
	}{
		{"wrong secret", cloud{login: text(401, "application/json", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. hunter2"}`)}, "secret"},
		{"a foreign tenant's token", cloud{claims: map[string]any{"tid": "11111111-0000-4000-8000-000000000001"}}, "11111111-0000-4000-8000-000000000001"},
		{"an expired token", cloud{claims: map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}}, "expired"},
		{"something else than a token", cloud{login: text(200, "text/html", "<html>proxy</html>")}, "signing in"},
		{"a token that the service refuses", cloud{users: text(401, "application/json", `{"error":{"code":"InvalidAuthenticationToken","message":"no"}}`)}, "token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tt.cloud.start(t)
			code, _, stderr := run1(t, "scan", "--config", filepath.Join(dir, "domicile.yaml"), "--rule", "GEO1009", "--out", filepath.Join(dir, "out"))
			if code != exitAuth || !strings.Contains(stderr, tt.says) || strings.Contains(stderr, "hunter2") {
				t.Errorf("exit code %d, want %d, with %q and without the secret:\n%s", code, exitAuth, tt.says, stderr)
			}
			if _, err := os.Stat(filepath.Join(dir, "out", "evidence")); !os.IsNotExist(err) {
				t.Errorf("a bundle was left under its final name: %v", err)
			}
		})
	}
}

func TestAnUnreachableLoginEndsWith5(t *testing.T) {
	dir := cloud{}.start(t)
	path := filepath.Join(dir, "domicile.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	gone.Close()
	login := between(string(config), "login: ", ",")
	changed := strings.Replace(string(config), "login: "+login, "login: "+gone.URL, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := run1(t, "collect", "--config", path, "--kind", "users", "--out", filepath.Join(dir, "bundle"))
	if code != exitAuth || !strings.Contains(stderr, "login") {
		t.Errorf("exit code %d, want %d and the login host named:\n%s", code, exitAuth, stderr)
	}
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// TestBadAnswersAreGaps: what Graph answers wrongly is a gap with its reason, the exit
// code says that something is missing, and nothing passes on it.
func TestBadAnswersAreGaps(t *testing.T) {
	page := func(next string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			link := strings.ReplaceAll(next, "{host}", "https://"+r.Host)
			send(w, map[string]any{"value": []any{map[string]any{"id": r.URL.RawQuery}}, "@odata.nextLink": link + fmt.Sprint(time.Now().UnixNano())})
		}
	}
	loop := func(w http.ResponseWriter, r *http.Request) {
		send(w, map[string]any{"value": []any{map[string]any{"id": "1"}}, "@odata.nextLink": "https://" + r.Host + "/v1.0/users?$skiptoken=same"})
	}
	slow := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	tests := []struct {
		name   string
		users  http.HandlerFunc
		reason evidence.Reason
		says   string
	}{
		{"truncated JSON", text(200, "application/json", `{"value":[{"id":"1"`), evidence.Invalid, ""},
		{"HTML", text(200, "text/html", "<html>sign in</html>"), evidence.Invalid, ""},
		{"no list", text(200, "application/json", `{"id":"1"}`), evidence.Invalid, ""},
		{"a next page elsewhere", page("https://evil.example/v1.0/users?$skiptoken="), evidence.Partial, "evil.example"},
		{"a next page that was read", loop, evidence.Partial, ""},
		{"throttled for longer than the patience", slow, evidence.Throttled, ""},
		{"forbidden", text(403, "application/json", `{"error":{"code":"Authorization_RequestDenied","message":"no"}}`), evidence.NoPermission, ""},
		{"a server error", text(500, "application/json", `{"error":{"code":"InternalServerError","message":"no"}}`), evidence.ServiceError, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := cloud{users: tt.users}.start(t)
			out := filepath.Join(dir, "out")
			code, stdout, stderr := run1(t, "scan", "--config", filepath.Join(dir, "domicile.yaml"), "--rule", "GEO1009", "--out", out, "--max-wait", "2s", "--format", "text")
			bundle, err := evidence.Verify(filepath.Join(out, "evidence"), nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr)
			}
			gap, missing := bundle.Manifest.GapOf("users")
			if !missing || gap.Reason != tt.reason || !strings.Contains(gap.Message, tt.says) {
				t.Errorf("gap = %+v, want %s with %q", gap, tt.reason, tt.says)
			}
			if code != exitIncomplete {
				t.Errorf("exit code %d, want %d\n%s", code, exitIncomplete, stdout)
			}
		})
	}
}

// TestOddAnswersEndNoScan: what one document is answered with costs that kind alone.
func TestOddAnswersEndNoScan(t *testing.T) {
	odd := map[string]http.HandlerFunc{
		"nothing": text(204, "", ""), "null": text(200, "application/json", "null"), "a list": text(200, "application/json", "[]"),
		"an empty object": text(200, "application/json", "{}"), "a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
	}
	for name, answer := range odd {
		t.Run(name, func(t *testing.T) {
			dir := cloud{claims: map[string]any{"roles": []string{"Policy.Read.All"}}, policy: answer}.start(t)
			bundle := filepath.Join(dir, "bundle")
			code, _, stderr := run1(t, "collect", "--config", filepath.Join(dir, "domicile.yaml"), "--kind", "authorization_policy", "--out", bundle)
			opened, err := evidence.Verify(bundle, nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr)
			}
			if gap, _ := opened.Manifest.GapOf("authorization_policy"); code != exitIncomplete || gap.Reason != evidence.Invalid {
				t.Errorf("exit code %d, gap %+v; want %d and invalid\n%s", code, gap, exitIncomplete, stderr)
			}
		})
	}
}

func TestAMissingPermissionIsNeverTakenForOff(t *testing.T) {
	dir := cloud{claims: map[string]any{"roles": []string{}}, users: text(200, "application/json", `{"value":[]}`)}.start(t)
	out := filepath.Join(dir, "out")
	code, _, _ := run1(t, "scan", "--config", filepath.Join(dir, "domicile.yaml"), "--rule", "GEO1009,XDR*", "--out", out, "--quiet", "--max-wait", "1s")
	bundle, err := evidence.Verify(filepath.Join(out, "evidence"), nil)
	if err != nil {
		t.Fatal(err)
	}
	gap, _ := bundle.Manifest.GapOf("users")
	if code != exitIncomplete || gap.Reason != evidence.NoPermission || gap.Permission != "User.Read.All" {
		t.Errorf("exit code %d, gap %+v; want %d and the permission that is missing", code, gap, exitIncomplete)
	}
}

// TestAnUnreachableGraphIsAGap: the sign-in works and Graph's host refuses connections.
func TestAnUnreachableGraphIsAGap(t *testing.T) {
	dir := cloud{}.start(t)
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	gone.Close()
	path := filepath.Join(dir, "domicile.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	graph := between(string(config), "graph: ", ",")
	changed := strings.Replace(string(config), "graph: "+graph, "graph: "+gone.URL, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(dir, "bundle")
	code, _, stderr := run1(t, "collect", "--config", path, "--kind", "users", "--out", bundle)
	opened, err := evidence.Verify(bundle, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	gap, _ := opened.Manifest.GapOf("users")
	if code != exitIncomplete || gap.Reason != evidence.Unreachable {
		t.Errorf("exit code %d, gap %+v; want %d and unreachable", code, gap, exitIncomplete)
	}
}

// TestHostileNamesAreShown: a tenant with names that drive terminals, turn text round or run as
// code is judged like any other, and no character of them acts where they are shown.
func TestHostileNamesAreShown(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := run1(t, "scan", "--demo", "--tenant", "hostile", "--now", now, "--out", dir, "--format", "text,csv,markdown")
	if code != exitViolations {
		t.Fatalf("exit code %d, want %d\n%s", code, exitViolations, stderr)
	}
	texts := map[string]string{"stdout": stdout, "stderr": stderr}
	for _, name := range []string{"report.txt", "report.csv", "report.md"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(data)
	}
	texts["report.csv"] = strings.ReplaceAll(strings.TrimPrefix(texts["report.csv"], "\ufeff"), "\r\n", "\n")
	for name, text := range texts {
		for _, r := range text {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%s holds U+%04X", name, r)
			}
		}
	}
	for _, shown := range []string{"⟨U+001B⟩[31mowned", "⟨U+202E⟩", "⟨U+0000⟩nothing", "'=HYPERLINK("} {
		if !strings.Contains(texts["report.csv"], shown) {
			t.Errorf("report.csv doesn't show %s", shown)
		}
	}
	long := func(f findings.Finding) bool { return len(f.Resource.Name) >= 9_999 }
	if !slices.ContainsFunc(resultIn(t, dir).Findings, long) {
		t.Error("the name of 10,000 characters is not in result.json")
	}
}
