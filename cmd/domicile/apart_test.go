package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// asked is what a simulated tenant was asked with.
type asked struct {
	mu      sync.Mutex
	tokens  map[string]int // the tenants whose tokens came, by the requests
	signIns map[string]int // the tenants that a token was asked for
}

func (a *asked) note(r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		var claims struct {
			TenantID string `json:"tid"`
		}
		parts := strings.Split(token, ".")
		if body, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)]); err != nil || json.Unmarshal(body, &claims) != nil {
			claims.TenantID = "no token of the simulator"
		}
		a.tokens[claims.TenantID]++
	}
	if tenant, _, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/oauth2/v2.0/token"); found {
		a.signIns[tenant]++
	}
}

// Tenants of files are scanned with one application's sign-in. No tenant's token reaches
// another's hosts, and no token of another tenant is asked for there; a file that is wrong
// disturbs neither.
func TestTenantsAreKeptApart(t *testing.T) {
	dir := t.TempDir()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	seen, ids := map[string]*asked{}, map[string]string{}
	for _, name := range []string{"good", "weak"} {
		tenant, err := simulator.Load(domicile.Tenants(), name, at)
		if err != nil {
			t.Fatal(err)
		}
		to := &asked{tokens: map[string]int{}, signIns: map[string]int{}}
		server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Now: at, Before: to.note})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		seen[name], ids[name] = to, tenantFile(t, server, filepath.Join(dir, name))
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("bad.yaml", "name: bad\nid: none\n")
	write(config.FileName, "version: 1\ntenant_defaults: {auth: {method: client_secret}}\ntenants_from: ['*/tenant.yaml', bad.yaml]\n")
	out := filepath.Join(dir, "out")
	code, _, stderr := run1(t, "scan", "--config", filepath.Join(dir, config.FileName), "--now", now, "--rule", "ROLE1002,XDR1001", "--out", out, "--quiet", "--fail-on", "never")
	if code != exitUsage || !strings.Contains(stderr, `bad.yaml:1: id "none" is not a tenant id`) {
		t.Errorf("scan ended with %d and said %s, want %d and what is wrong with bad.yaml", code, stderr, exitUsage)
	}
	for name, to := range seen {
		if result := resultIn(t, filepath.Join(out, name)); result.Tenant.ID != ids[name] || result.Reader.TenantID != ids[name] {
			t.Errorf("the result of %s is of tenant %s, read by one of %s, want %s", name, result.Tenant.ID, result.Reader.TenantID, ids[name])
		}
		for what, tenants := range map[string]map[string]int{"requests with the token": to.tokens, "sign-ins": to.signIns} {
			if tenants[ids[name]] == 0 || len(tenants) != 1 {
				t.Errorf("%s of %v came to %s, want those of %s alone", what, tenants, name, ids[name])
			}
		}
	}
	if code, _, stderr := run1(t, "scan", "--config", filepath.Join(dir, config.FileName), "--tenant", "weak", "--now", now, "--rule", "XDR1001", "--out", out, "--quiet", "--fail-on", "never"); code != 0 {
		t.Errorf("scan --tenant weak ended with %d: %s, want %d: the tenant that is wrong was not asked for", code, stderr, 0)
	}
	if code, _, stderr := run1(t, "config", "check", "--config", filepath.Join(dir, config.FileName)); code != exitUsage || !strings.Contains(stderr, "bad.yaml:1") {
		t.Errorf("config check ended with %d: %s, want %d", code, stderr, exitUsage)
	}
}

// tenantFile writes the configuration of a simulated tenant as a file of a fleet's, whose method
// to sign in is the default's, and returns the tenant's id.
func tenantFile(t *testing.T, server *simulator.Server, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var cfg struct {
		Tenants []map[string]any `yaml:"tenants"`
	}
	if err := yaml.Unmarshal(data, &cfg); err != nil {
		t.Fatal(err)
	}
	tenant := cfg.Tenants[0]
	delete(tenant["auth"].(map[string]any), "method")
	data, err = yaml.Marshal(tenant)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tenant.yaml"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return tenant["id"].(string)
}
