package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/config"
)

// one is a configuration with one tenant, whose further lines follow.
const one = `version: 1
params:
  allowed_geos: [EU]
tenants:
  - name: contoso
    id: 3F0C1D7E-0000-4000-8000-00000000000A
    cloud: global
    auth: {method: client_secret, client_id: app, client_secret_env: SECRET}
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	got, err := config.Parse([]byte(text), filepath.Join("conf", config.FileName))
	if err != nil {
		t.Fatalf("Parse() = %v", err)
	}
	return got
}

func TestParse(t *testing.T) {
	got := parse(t, one+"    profile: mtp-2020-a\n    params:\n      max_admins: 3\n      allowed_geos: [CH]\n")
	if got.Version != 1 || len(got.Tenants) != 1 {
		t.Fatalf("Parse() = %+v, want version 1 and one tenant", got)
	}
	tenant, err := got.Tenant("")
	if err != nil || tenant.ID != "3f0c1d7e-0000-4000-8000-00000000000a" {
		t.Errorf("Tenant() = %+v, %v, want the only one, its id in lower case as Microsoft writes it", tenant, err)
	}
	if diff := cmp.Diff(map[string]int{"allowed_geos": 12, "max_admins": 11}, got.Lines); diff != "" {
		t.Errorf("lines differ:\n%s", diff)
	}
	profile, params := got.Settings(tenant)
	if want := map[string]any{"allowed_geos": []any{"CH"}, "max_admins": uint64(3)}; profile != "mtp-2020-a" || !cmp.Equal(params, want) {
		t.Errorf("Settings() = %s, %v, want the tenant's own over the general ones", profile, params)
	}
	if profile, params = got.Settings(nil); profile != "" || !cmp.Equal(params, map[string]any{"allowed_geos": []any{"EU"}}) {
		t.Errorf("Settings(nil) = %s, %v, want the general ones unchanged", profile, params)
	}
}

func TestParseRefuses(t *testing.T) {
	custom := func(endpoints string) string {
		return strings.Replace(one, "cloud: global", "cloud: custom", 1) + "    endpoints: {" + endpoints + "}\n"
	}
	tests := []struct{ name, text, says string }{
		{"nothing", "", "write version: 1"},
		{"a list", "- 1\n", "[1:1]"},
		{"another version", "version: 2\n", "version is 2"},
		{"an unknown key", one + "    colour: red\n", `[9:5] unknown field "colour"`},
		{"a key twice", one + "version: 1\n", "already defined"},
		{"a wrong type", one + "    proxy: [1]\n", "[9:12]"},
		{"a broken list", "version: 1\nparams: {allowed_geos: [EU\n", "[2:"},
		{"a second document", one + "---\nversion: 1\nparams: {allowed_geos: [US]}\n", "several documents"},
		{"no tenant id", strings.Replace(one, "3F0C1D7E-", "", 1), "is not a tenant id"},
		{"a name that is a path", strings.Replace(one, "contoso", "../contoso", 1), "which its folder is named by"},
		{"an unknown cloud", strings.Replace(one, "global", "moon", 1), `cloud "moon" is unknown`},
		{"an unknown method", strings.Replace(one, "method: client_secret", "method: guess", 1), `auth.method "guess" is unknown`},
		{"two secrets", strings.Replace(one, "client_secret_env: SECRET", "client_secret_env: SECRET, client_secret_file: x", 1), "one of the two"},
		{"no client id", strings.Replace(one, "client_id: app, ", "", 1), "needs auth.client_id"},
		{"no certificate", strings.Replace(one, "client_secret, client_id: app, client_secret_env: SECRET", "certificate, client_id: app", 1), "needs auth.certificate_file"},
		{"no connection", strings.Replace(one, "client_secret, client_id: app, client_secret_env: SECRET", "azure_pipelines, client_id: app", 1), "needs auth.service_connection_id"},
		{"two tenants of one folder", one + strings.Replace(strings.SplitAfter(one, "tenants:\n")[1], "contoso", "CONTOSO", 1), "another tenant has the same name"},
		{"two tenants of one name", one + strings.SplitAfter(one, "tenants:\n")[1], "another tenant has the same name"},
		{"custom without end points", strings.Replace(one, "global", "custom", 1), "endpoints are missing"},
		{"end points of a real cloud", one + "    endpoints: {like: global}\n", "only for cloud: custom"},
		{"an end point without TLS", custom("like: global, login: https://l, graph: http://g"), `endpoints.graph "http://g" is not an https address`},
		{"a stand-in for no cloud", custom("like: mars, login: https://l, graph: https://g"), `endpoints.like "mars" is unknown`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := config.Parse([]byte(tt.text), config.FileName)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Parse() = %v, %v, want an error that says %q", got, err, tt.says)
			}
		})
	}
}

// TestErrorsRepeatNoSecret: what stands beside a mistake, or is the mistake, may be a
// password or a secret that was written into the file.
func TestErrorsRepeatNoSecret(t *testing.T) {
	custom := strings.Replace(one, "cloud: global", "cloud: custom", 1)
	tests := []struct{ name, text string }{
		{"a secret where its variable's name belongs", strings.Replace(one, "client_secret_env: SECRET", "client_secret: hunter2", 1)},
		{"a mistake beside a proxy's password", one + "    proxy: http://user:hunter2@proxy:8080\n    colour: red\n"},
		{"a wrong type beside a proxy's password", one + "    proxy: http://user:hunter2@proxy:8080\n    imports: x\n"},
		{"a proxy without a scheme", one + "    proxy: user:hunter2@proxy:8080\n"},
		{"a proxy that is no URL", one + "    proxy: \"http://user:hunter2@pro xy\"\n"},
		{"an end point with a password", custom + "    endpoints: {like: global, login: \"https://u:hunter2@l\", graph: https://g}\n"},
		{"an end point that is no URL", custom + "    endpoints: {like: global, login: \"https://u:hunter2@l:x\", graph: https://g}\n"},
		{"broken syntax", one + "    proxy: {http://user:hunter2@proxy\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := config.Parse([]byte(tt.text), config.FileName); err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Parse() = %v, want an error without the password", err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, config.FileName)
	if _, err := config.Read(path); err == nil || !strings.Contains(err.Error(), "try domicile scan --demo") {
		t.Errorf("Read() = %v, want what to do about a missing file", err)
	}
	write(t, path, "\ufeff"+one)
	if got, err := config.Read(path); err != nil || got.File != path {
		t.Errorf("Read() = %+v, %v", got, err)
	}
	write(t, path, "# "+strings.Repeat("x", 4<<20))
	if _, err := config.Read(path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Read() of a huge file = %v, want it refused", err)
	}
}

func TestTenant(t *testing.T) {
	two := parse(t, one+strings.NewReplacer("contoso", "fabrikam", "00A", "00B").Replace(strings.SplitAfter(one, "tenants:\n")[1]))
	if got, err := two.Tenant("3F0c1d7e-0000-4000-8000-00000000000b"); err != nil || got.Name != "fabrikam" {
		t.Errorf("Tenant(id) = %+v, %v, want fabrikam", got, err)
	}
	for name, says := range map[string]string{"": "choose one with --tenant: contoso, fabrikam", "nobody": "it has contoso, fabrikam"} {
		if _, err := two.Tenant(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Tenant(%q) = %v, want an error that says %q", name, err, says)
		}
	}
	if _, err := parse(t, "version: 1\n").Tenant(""); err == nil || !strings.Contains(err.Error(), "has no tenants") {
		t.Errorf("Tenant() of none = %v", err)
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret"), "hunter2\r\n")
	write(t, filepath.Join(dir, "empty"), "\n")
	env := func(name string) string { return map[string]string{"SECRET": "from the environment"}[name] }
	tests := []struct{ from, want, says string }{
		{"client_secret_env: SECRET", "from the environment", ""},
		{"client_secret_env: NOWHERE", "", "the variable NOWHERE of the environment is not set"},
		{"client_secret_file: secret", "hunter2", ""},
		{"client_secret_file: " + filepath.Join(dir, "secret"), "hunter2", ""},
		{"client_secret_file: empty", "", "is empty"},
		{"client_secret_file: nowhere", "", "no such file"},
		{"client_secret_file: .", "", "is a folder"},
	}
	for _, tt := range tests {
		t.Run(tt.from, func(t *testing.T) {
			cfg, err := config.Parse([]byte(strings.Replace(one, "client_secret_env: SECRET", tt.from, 1)), filepath.Join(dir, config.FileName))
			if err != nil {
				t.Fatal(err)
			}
			got, err := cfg.Tenants[0].Secret(env)
			if got != tt.want || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Secret() = %q, %v, want %q and an error that says %q", got, err, tt.want, tt.says)
			}
		})
	}
}

// TestGlob: patterns start at the configuration's folder, whatever characters its own
// name has.
func TestGlob(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tenants [prod] *")
	if err := os.MkdirAll(filepath.Join(dir, "imports"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.json", "a.json", "c.txt"} {
		write(t, filepath.Join(dir, "imports", name), "{}")
	}
	cfg, err := config.Parse([]byte(one), filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	tenant := cfg.Tenants[0]
	got, err := tenant.Glob([]string{"imports/*.json", "imports/a.json", "none/*.json"})
	want := []string{filepath.Join(dir, "imports", "a.json"), filepath.Join(dir, "imports", "b.json")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Glob() = %v, %v, want %v", got, err, want)
	}
	if _, err := tenant.Glob([]string{"imports/z.json"}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("Glob() of a missing file = %v, want an error", err)
	}
}

func TestCA(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), "general")
	cfg, err := config.Parse([]byte(one+"    ca_file: ca.pem\n"), filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cfg.Tenants[0].CA(); err != nil || string(got) != "general" {
		t.Errorf("CA() of a real cloud = %q, %v", got, err)
	}
	if got, err := parse(t, one).Tenants[0].CA(); err != nil || got != nil {
		t.Errorf("CA() without a ca_file = %q, %v, want none", got, err)
	}
}

// FuzzParse: no text makes the reader panic, and one that it takes has what the rest of
// the program relies on.
func FuzzParse(f *testing.F) {
	f.Add(one)
	f.Add("version: 1\ntenants: []\nparams: {a: &x [1], b: *x}\n")
	f.Add("? [a]: b\n: c\n")
	f.Add("version: 1\n<<: {params: {a: 1}}\n")
	f.Add("version: 1\nserve: {schedules: [{cron: TZ=UTC}]}\n")
	f.Add("version: 1\nparams: !!binary aGk=\n---\n...\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := config.Parse([]byte(text), config.FileName)
		if err != nil {
			if got != nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
				t.Errorf("Parse() = %v, %q", got, err)
			}
			return
		}
		if got.Version != 1 {
			t.Errorf("version %d was taken", got.Version)
		}
		for _, tenant := range got.Tenants {
			if filepath.Base(tenant.Name) != tenant.Name || len(tenant.ID) != 36 {
				t.Errorf("tenant %q with id %q was taken", tenant.Name, tenant.ID)
			}
		}
		for name, line := range got.Lines {
			if line < 1 {
				t.Errorf("parameter %q is on line %d", name, line)
			}
		}
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
