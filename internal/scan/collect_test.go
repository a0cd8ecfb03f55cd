package scan_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
)

const (
	tenantID = "3f0c1d7e-0000-4000-8000-00000000000a"
	secret   = "hunter2"
)

// cloud is a login host and APIs on one server. Its tokens carry the roles of the API
// that they are for; api answers what is not a sign-in.
type cloud struct {
	server *httptest.Server
	tenant string
	app    string
	roles  map[string][]string // by the last part of the scope's path
	api    http.HandlerFunc

	mu    sync.Mutex
	calls []string
}

func newCloud(t *testing.T, api http.HandlerFunc) *cloud {
	t.Helper()
	c := &cloud{tenant: tenantID, app: "app", api: api, roles: map[string][]string{
		"graph": {"User.Read.All", "SecurityIncident.Read.All"}, "xdr": {"Incident.Read.All"},
	}}
	c.server = httptest.NewUnstartedServer(http.HandlerFunc(c.serve))
	c.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.server.StartTLS()
	t.Cleanup(c.server.Close)
	return c
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	base := "https://" + r.Host + "/" + tenantID
	switch r.URL.Path {
	case "/" + tenantID + "/v2.0/.well-known/openid-configuration":
		send(w, map[string]any{"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize"})
	case "/" + tenantID + "/oauth2/v2.0/token":
		scope, _, _ := strings.Cut(r.PostFormValue("scope"), "/.default")
		claims := map[string]any{
			"tid": c.tenant, "appid": c.app, "exp": time.Now().Add(100 * time.Hour).Unix(),
			"roles": c.roles[scope[strings.LastIndex(scope, "/")+1:]], "aud": scope,
		}
		data, _ := json.Marshal(claims)
		part := base64.RawURLEncoding.EncodeToString
		send(w, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": part([]byte(`{"alg":"none"}`)) + "." + part(data) + ".c2ln"})
	default:
		c.mu.Lock()
		c.calls = append(c.calls, r.Method+" "+r.URL.Path)
		c.mu.Unlock()
		c.api(w, r)
	}
}

func send(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// configured is the cloud's tenant as a configuration names it; lines are added to it.
func (c *cloud) configured(t *testing.T, lines string, files map[string]string) *config.Tenant {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf(`version: 1
tenants:
  - name: contoso
    id: %s
    cloud: custom
    auth: {method: client_secret, client_id: app, client_secret_env: SECRET}
    endpoints: {like: global, login: %[2]s, graph: %[2]s/graph, xdr: %[2]s/xdr, arm: %[2]s/arm, ca_file: ca.pem}
`, strings.ToUpper(tenantID), c.server.URL)
	all := map[string]string{
		"ca.pem":        string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})),
		config.FileName: text + lines,
	}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read, err := config.Read(filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return &read.Tenants[0]
}

func getenv(name string) string { return map[string]string{"SECRET": secret}[name] }

func collection(tenant *config.Tenant, kinds ...string) scan.Collection {
	return scan.Collection{
		Tenant: tenant, Kinds: kinds, MaxWait: time.Second, Tool: "domicile test",
		Now: time.Now, Getenv: getenv, Prompt: io.Discard, Log: slog.New(slog.DiscardHandler),
	}
}

// answers are good answers of the paths that the tests ask for.
func answers(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/graph/v1.0/users" && r.URL.Query().Get("page") == "":
		send(w, map[string]any{"value": []any{map[string]string{"id": "1"}}, "@odata.nextLink": "https://" + r.Host + "/graph/v1.0/users?page=2"})
	case strings.HasSuffix(r.URL.Path, "/users"):
		send(w, map[string]any{"value": []any{map[string]string{"id": "2"}}})
	default:
		send(w, map[string]any{"value": []any{}})
	}
}

// TestTheManifestSaysWhatWasDone: who read with which permissions, when, what was asked,
// and as many requests a kind as requests.ndjson has lines.
func TestTheManifestSaysWhatWasDone(t *testing.T) {
	c := newCloud(t, answers)
	dir := filepath.Join(t.TempDir(), "bundle")
	before := time.Now().Add(-time.Second)
	manifest, err := scan.Collect(t.Context(), dir, collection(c.configured(t, "", nil), "users", "defender_api_probe", "incidents_probe"))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(bundle.Manifest, manifest) || manifest.Digest() == "" {
		t.Error("the manifest on disk is not the one returned")
	}
	want := evidence.Tenant{ID: tenantID, Name: "contoso", Cloud: "global"}
	if manifest.Tenant != want {
		t.Errorf("tenant = %+v, want %+v", manifest.Tenant, want)
	}
	reader := evidence.Reader{TenantID: tenantID, AppID: "app", Roles: []string{"Incident.Read.All", "SecurityIncident.Read.All", "User.Read.All"}, Scopes: []string{}}
	if diff := cmp.Diff(reader, manifest.Reader); diff != "" {
		t.Errorf("reader differs, want the permissions of all tokens:\n%s", diff)
	}
	if manifest.Started.Before(before.Truncate(time.Second)) || manifest.Finished.Before(manifest.Started) {
		t.Errorf("started %v and finished %v", manifest.Started, manifest.Finished)
	}
	requests := 0
	for _, entry := range manifest.Kinds {
		requests += entry.Requests
		if entry.Kind == "attestations" {
			continue // which nobody asks a service for
		}
		if entry.Requests == 0 || entry.API == "" || entry.Tier == "" || !entry.Time.Equal(manifest.Started) || len(entry.SHA256) != 64 {
			t.Errorf("entry = %+v, want requests, API, tier, time and digest", entry)
		}
	}
	lines := requestsOf(t, dir)
	if len(lines) != requests || len(c.calls) != requests {
		t.Errorf("%d lines and %d requests in the manifest for %d that arrived", len(lines), requests, len(c.calls))
	}
	for _, line := range lines {
		if line.Method != http.MethodGet || line.Status != http.StatusOK || line.Attempts != 1 || line.Bytes == 0 || line.Time.IsZero() {
			t.Errorf("request = %+v, want all that is known of it", line)
		}
	}
}

func requestsOf(t *testing.T, dir string) []evidence.Request {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "requests.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []evidence.Request
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var one evidence.Request
		if err := json.Unmarshal(scanner.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// TestNoPatienceIsNoPatience: a MaxWait of zero is not the default of ten minutes.
func TestNoPatienceIsNoPatience(t *testing.T) {
	for _, wait := range []time.Duration{0, -time.Minute} {
		c := newCloud(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		o := collection(c.configured(t, "", nil), "users")
		o.MaxWait = wait
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		manifest, err := scan.Collect(ctx, filepath.Join(t.TempDir(), "bundle"), o)
		cancel()
		if gap, _ := manifest.GapOf("users"); err != nil || gap.Reason != evidence.Throttled {
			t.Errorf("Collect() with a patience of %v = %+v, %v, want throttled at once", wait, gap, err)
		}
	}
}

// TestAFailedCollectionLeavesTheEarlierBundle as it was, and the folder free.
func TestAFailedCollectionLeavesTheEarlierBundle(t *testing.T) {
	c := newCloud(t, answers)
	dir := filepath.Join(t.TempDir(), "bundle")
	o := collection(c.configured(t, "", nil), "users")
	earlier, err := scan.Collect(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	good := c.api
	fails := []struct {
		name string
		set  func(cancel context.CancelFunc)
		want func(error) bool
	}{
		{"a foreign token", func(context.CancelFunc) { c.tenant = "99999999-0000-4000-8000-000000000001" }, isAuth},
		{"interrupted", func(cancel context.CancelFunc) {
			c.tenant = tenantID
			c.api = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("page") != "" {
					cancel()
					<-r.Context().Done()
				}
				good(w, r)
			}
		}, func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"no secret", func(context.CancelFunc) { o.Getenv = func(string) string { return "" } }, func(err error) bool { return strings.Contains(err.Error(), "SECRET") }},
	}
	for _, tt := range fails {
		ctx, cancel := context.WithCancel(t.Context())
		tt.set(cancel)
		_, err := scan.Collect(ctx, dir, o)
		cancel()
		if err == nil || !tt.want(err) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: Collect() = %v", tt.name, err)
		}
		if bundle, err := evidence.Verify(dir, nil); err != nil || !cmp.Equal(bundle.Manifest, earlier) {
			t.Errorf("%s: the earlier bundle is not as it was: %v", tt.name, err)
		}
	}
	c.api, o.Getenv = good, getenv
	if _, err := scan.Collect(t.Context(), dir, o); err != nil {
		t.Errorf("a run after the failed ones = %v", err)
	}
}

func isAuth(err error) bool {
	var auth *collectors.AuthError
	return errors.As(err, &auth)
}

// portal is a saved portal page of a tenant.
func portal(tenant string) string {
	return `{"savedBy":"a@contoso.com","savedAt":"2026-01-01T00:00:00Z","content":{"AuthInfo":{"TenantId":"` + tenant + `"},"OrgId":"11111111-0000-4000-8000-000000000001","GeoRegion":"Europe3","DataCenter":"WestEurope3","IsMtpEligible":true,"EnvironmentName":"Production"}}`
}

// TestImports settles which tenant the files are of, whatever letters its id has.
func TestImports(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	upper, lower := file("upper.json", portal(strings.ToUpper(tenantID))), file("lower.json", portal(tenantID))
	foreign := file("foreign.json", portal("99999999-0000-4000-8000-000000000001"))
	tests := []struct {
		name    string
		imports []string
		says    string
	}{
		{"one", []string{upper}, ""},
		{"the same kind twice", []string{upper, lower}, "importing portal_tenant_context from upper.json, lower.json"},
		{"of two tenants", []string{upper, foreign}, "foreign.json"},
		{"a folder", []string{dir}, "it is a folder"},
		{"no file", []string{filepath.Join(dir, "none.json")}, "no such file"},
		{"nothing at all", nil, "name the tenant with --config and --tenant"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := collection(nil)
			o.Imports, o.Cloud = tt.imports, "global"
			out := filepath.Join(t.TempDir(), "bundle")
			manifest, err := scan.Collect(t.Context(), out, o)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Collect() = %v, want an error that says %q", err, tt.says)
				}
				if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("a bundle was left: %v", err)
				}
				return
			}
			if err != nil || manifest.Tenant.ID != tenantID || !slices.Equal(manifest.Asked, []string{"attestations", "portal_tenant_context"}) {
				t.Errorf("Collect() = %+v, %v, want the tenant of the file and the kinds that it holds", manifest, err)
			}
		})
	}
	tenant := newCloud(t, answers).configured(t, "    imports: ['*.json']\n", map[string]string{"saved.json": portal(strings.ToUpper(tenantID))})
	manifest, err := scan.Collect(t.Context(), filepath.Join(t.TempDir(), "bundle"), collection(tenant, "users", "portal_tenant_context"))
	if entry, held := manifest.Entry("portal_tenant_context"); err != nil || !held || entry.Tier != evidence.Portal {
		t.Errorf("Collect() = %+v, %v, want the configuration's import taken", entry, err)
	}
}

// TestConnection turns each way to sign in into options, and shows no secret when one
// is missing.
func TestConnection(t *testing.T) {
	dir := t.TempDir()
	text := func(auth string) string {
		return "version: 1\ntenants:\n  - name: contoso\n    id: " + tenantID + "\n    cloud: gcchigh\n    proxy: http://proxy:8080\n    ca_file: ca.pem\n    auth: {" + auth + "}\n"
	}
	for name, content := range map[string]string{"ca.pem": "authority", "cert.pem": "certificate"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"SECRET": secret, "SYSTEM_ACCESSTOKEN": "swordfish"}
	tests := []struct{ auth, says string }{
		{"method: client_secret, client_id: app, client_secret_env: SECRET", ""},
		{"method: client_secret, client_id: app, client_secret_env: NONE", "NONE"},
		{"method: certificate, client_id: app, certificate_file: cert.pem, certificate_password_env: SECRET", ""},
		{"method: certificate, client_id: app, certificate_file: none.pem", "none.pem"},
		{"method: certificate, client_id: app, certificate_file: cert.pem, certificate_password_env: NONE", "NONE"},
		{"method: azure_pipelines, client_id: app, service_connection_id: s", ""},
		{"method: managed_identity", ""},
	}
	for _, tt := range tests {
		t.Run(tt.auth, func(t *testing.T) {
			cfg, err := config.Parse([]byte(text(tt.auth)), filepath.Join(dir, config.FileName))
			if err != nil {
				t.Fatal(err)
			}
			options, err := scan.Connection(&cfg.Tenants[0], func(name string) string { return env[name] })
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Connection() = %v, want an error that names %s", err, tt.says)
				}
				return
			}
			if err != nil || options.Cloud.Name != "gcchigh" || options.Proxy != "http://proxy:8080" || string(options.CA) != "authority" || options.TenantID != tenantID {
				t.Errorf("Connection() = %+v, %v", options, err)
			}
			if said := fmt.Sprintf("%v %+v %#v", options.Auth, options.Auth, options.Auth); strings.Contains(said, secret) || strings.Contains(said, "swordfish") {
				t.Errorf("the sign-in shows a secret: %s", said)
			}
		})
	}
}
