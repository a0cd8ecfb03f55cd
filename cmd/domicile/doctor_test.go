package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// TestDoctorKnowsWhyASignInFails: the exit code says that it did, the words say why, and the
// secret stays in its file.
func TestDoctorKnowsWhyASignInFails(t *testing.T) {
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		text(429, "application/json", `{"error":"temporarily_unavailable","error_description":"AADSTS90055: busy, hunter2"}`)(w, r)
	}
	tests := []struct {
		name  string
		cloud cloud
		says  string
	}{
		{"wrong secret", cloud{login: text(401, "application/json", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. hunter2"}`)}, "the client secret is wrong"},
		{"expired secret", cloud{login: text(401, "application/json", `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired. hunter2"}`)}, "expired"},
		{"unknown tenant", cloud{login: text(400, "application/json", `{"error":"invalid_request","error_description":"AADSTS90002: Tenant not found. hunter2"}`)}, "check its id and its cloud"},
		{"a foreign tenant's token", cloud{claims: map[string]any{"tid": "11111111-0000-4000-8000-000000000001"}}, "11111111-0000-4000-8000-000000000001"},
		{"an expired token", cloud{claims: map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}}, "expired"},
		{"a busy login host", cloud{login: busy}, "AADSTS90055"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tt.cloud.start(t)
			code, stdout, stderr := run1(t, "doctor", "--config", filepath.Join(dir, "domicile.yaml"), "--rule", "GEO1009", "--max-wait", "1s")
			if code != exitAuth || !strings.Contains(stderr, tt.says) || strings.Contains(stdout+stderr, "hunter2") {
				t.Errorf("exit code %d, want %d, with %q and without the secret:\n%s%s", code, exitAuth, tt.says, stdout, stderr)
			}
		})
	}
}

// TestDoctorExaminesEveryTenant: one that can't be signed in to keeps no other from being
// examined, and its exit code has precedence.
func TestDoctorExaminesEveryTenant(t *testing.T) {
	login := text(401, "application/json", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`)
	bad, good := cloud{login: login}.start(t), cloud{}.start(t)
	tenant := func(dir, name string) string {
		config, err := os.ReadFile(filepath.Join(dir, "domicile.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, of, _ := strings.Cut(string(config), "tenants:\n")
		of = strings.NewReplacer("contoso", name, "secret_file: secret", "secret_file: "+filepath.Join(dir, "secret"), "ca.pem", filepath.Join(dir, "ca.pem")).Replace(of)
		return of
	}
	path := filepath.Join(t.TempDir(), "domicile.yaml")
	both := "version: 1\ntenants:\n" + tenant(bad, "first") + tenant(good, "second")
	if err := os.WriteFile(path, []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run1(t, "doctor", "--config", path, "--rule", "GEO1009")
	if code != exitAuth || !strings.Contains(stderr, "tenant first: ") || !strings.Contains(stdout, "tenant second: signed in") {
		t.Errorf("exit code %d, want %d, the first tenant's error and the second's result:\n%s%s", code, exitAuth, stdout, stderr)
	}
}

// TestDoctorKnowsWhatFilesGive: a person's saved file stands in for what the token may not
// read, and is missed where only a person can save it.
func TestDoctorKnowsWhatFilesGive(t *testing.T) {
	dir := cloud{}.start(t)
	path := filepath.Join(dir, "domicile.yaml")
	code, stdout, stderr := run1(t, "doctor", "--config", path, "--rule", "CONS1017")
	if code != exitIncomplete || !strings.Contains(stdout, "can't judge CONS1017: it needs terms_of_use") {
		t.Errorf("exit code %d, want %d for the terms of use:\n%s%s", code, exitIncomplete, stdout, stderr)
	}
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := filepath.Abs("../../testdata/tenants/good/imports/terms-of-use.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(config, []byte("    imports: ["+saved+"]\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr = run1(t, "doctor", "--config", path, "--rule", "CONS1017"); strings.Contains(stdout, "terms_of_use") {
		t.Errorf("exit code %d, want the file to stand in for the terms of use:\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr = run1(t, "doctor", "--import", saved); code != exitUsage || !strings.Contains(stderr, "--config") {
		t.Errorf("files alone: exit code %d, want %d and what to name:\n%s", code, exitUsage, stderr)
	}
}

// TestDoctorAgreesWithTheScan: what doctor says can't be judged, a scan doesn't judge.
func TestDoctorAgreesWithTheScan(t *testing.T) {
	for _, tenant := range []string{"partial", "gcchigh"} {
		outcomes := map[string]findings.Outcome{}
		result, _ := scanned(t, tenant)
		for _, rule := range result.Rules {
			outcomes[rule.ID] = rule.Outcome
		}
		code, stdout, _ := run1(t, "doctor", "--demo", "--tenant", tenant, "--now", now)
		named := regexp.MustCompile(`can't judge (\w+):`).FindAllStringSubmatch(stdout, -1)
		if want := map[bool]int{false: 0, true: exitIncomplete}[len(named) > 0]; code != want {
			t.Errorf("%s: exit code %d, want %d:\n%s", tenant, code, want, stdout)
		}
		if tenant == "partial" && len(named) == 0 {
			t.Errorf("%s: doctor misses nothing:\n%s", tenant, stdout)
		}
		for _, match := range named {
			if got := outcomes[match[1]]; got != findings.Unknown {
				t.Errorf("%s: doctor can't judge %s, and the scan says %s", tenant, match[1], got)
			}
		}
	}
}
