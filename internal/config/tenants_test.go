package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/domicile-audit/domicile/internal/config"
)

// fleet is a configuration whose tenants stand in other files.
const fleet = `version: 1
params: {allowed_geos: [EU]}
tenant_defaults:
  cloud: global
  auth: {method: client_secret, client_id: provider, client_secret_file: secrets/provider}
  params: {global_admins_max: 3}
tenants_from: [tenants/*.yaml, customers.csv]
tenants:
  - {name: own, id: 11111111-1111-4111-8111-111111111111}
`

func tenantID(n int) string { return fmt.Sprintf("22222222-2222-4222-8222-%012d", n) }

// readFleet reads a configuration with files beside it.
func readFleet(t *testing.T, files map[string]string) (*config.Config, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, text)
	}
	cfg, err := config.Read(filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return cfg, dir
}

func TestTenantsFrom(t *testing.T) {
	cfg, dir := readFleet(t, map[string]string{
		config.FileName:       fleet,
		"tenants/one.yaml":    "name: one\nid: " + tenantID(1) + "\ngroups: [eu]\nattestations: [one/*.yaml]\nparams: {global_admins_max: 5}\nauth: {client_secret_file: one.secret}\n",
		"tenants/two.yaml":    "- {name: two, id: " + tenantID(2) + ", cloud: gcc, auth: {method: azure_cli}}\n- {name: three, id: " + tenantID(3) + "}\n",
		"customers.csv":       "\ufeffName;ID;Groups;auth.client_secret_env\r\nfour;" + strings.ToUpper(tenantID(4)) + ";\"eu | gov\";FOUR_SECRET\r\n;;;\r\nfive;" + tenantID(5) + ";;\r\n",
		"tenants/.hidden.txt": "not a tenant",
	})
	if err := cfg.Refusal(10); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secrets", "provider")
	shared := config.Auth{Method: "client_secret", ClientID: "provider", ClientSecretFile: secret}
	with := func(env, file string) config.Auth {
		auth := shared
		auth.ClientSecretEnv, auth.ClientSecretFile = env, file
		return auth
	}
	params := func(most uint64) map[string]any { return map[string]any{"global_admins_max": most} }
	want := []config.Tenant{
		{Name: "own", ID: "11111111-1111-4111-8111-111111111111", Cloud: "global", Auth: shared, Params: params(3)},
		{Name: "one", ID: tenantID(1), Cloud: "global", Groups: []string{"eu"}, Attestations: []string{"one/*.yaml"}, Auth: with("", "one.secret"), Params: params(5)},
		{Name: "two", ID: tenantID(2), Cloud: "gcc", Auth: config.Auth{Method: "azure_cli"}, Params: params(3)},
		{Name: "three", ID: tenantID(3), Cloud: "global", Auth: shared, Params: params(3)},
		{Name: "four", ID: tenantID(4), Cloud: "global", Groups: []string{"eu", "gov"}, Auth: with("FOUR_SECRET", ""), Params: params(3)},
		{Name: "five", ID: tenantID(5), Cloud: "global", Auth: shared, Params: params(3)},
	}
	if diff := cmp.Diff(want, cfg.Tenants, cmpopts.IgnoreUnexported(config.Tenant{})); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
	// A tenant's own paths start at its own file, those of the defaults at the configuration.
	for tenant, want := range map[string]string{"one": filepath.Join(dir, "tenants", "one.secret"), "three": secret} {
		one, err := cfg.Tenant(tenant)
		if err != nil || one.Path(one.Auth.ClientSecretFile) != want {
			t.Errorf("secret of %s in %s, %v, want %s", tenant, one.Path(one.Auth.ClientSecretFile), err, want)
		}
	}
	// Params of one tenant aren't those of another.
	cfg.Tenants[3].Params["global_admins_max"] = "changed"
	if cfg.Tenants[5].Params["global_admins_max"] != uint64(3) {
		t.Error("tenants share their parameters")
	}
}

func TestTenantsFromRefusesOneByOne(t *testing.T) {
	row := func(name string, n int) string { return name + "," + tenantID(n) + ",eu\n" }
	cfg, dir := readFleet(t, map[string]string{
		config.FileName:        fleet,
		"tenants/broken.yaml":  "name: [\n",
		"tenants/empty.yaml":   "",
		"tenants/unknown.yaml": "name: x\nid: " + tenantID(7) + "\ncolour: hunter2\n",
		"tenants/list.yaml":    "- {name: a/b, id: " + tenantID(8) + "}\n- {name: good, id: " + tenantID(9) + "}\n- {name: own, id: " + tenantID(10) + "}\n- 1\n",
		"tenants/same.yaml":    "{name: other, id: 11111111-1111-4111-8111-111111111111}\n",
		"customers.csv":        "name,id,groups\n" + row("good", 11) + row("fine", 12) + "short,hunter2\nbad,hunter2id,\n" + row("last", 13) + "quo\"te,,\n" + row("behind", 14) + "\"\n",
	})
	var names []string
	for _, tenant := range cfg.Tenants {
		names = append(names, tenant.Name)
	}
	if diff := cmp.Diff([]string{"own", "good", "fine", "last", "behind"}, names); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
	var got []string
	for _, err := range cfg.Refused {
		got = append(got, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	want := []string{
		"tenants/broken.yaml: ", "tenants/empty.yaml: it holds no tenant", "tenants/list.yaml: [4:3]", `tenants/list.yaml:1: name "a/b" is not letters`,
		`tenants/list.yaml:3: another tenant has the name "own"`, "tenants/same.yaml:1: another tenant has the id 11111111-", `tenants/unknown.yaml: [3:1] unknown field "colour"`,
		"customers.csv: line 4: it has 2 cells, and the first line has 3", "customers.csv: parse error on line 7", "customers.csv: parse error on line 9", `customers.csv:2: another tenant has the name "good"`, `customers.csv:5: id "hunter2id" is not a tenant id`,
	}
	for i, want := range want {
		if i >= len(got) || !strings.HasPrefix(filepath.ToSlash(got[i]), want) {
			t.Fatalf("refusals = %q, want one that begins with %q at %d", got, want, i)
		}
	}
	if len(got) != len(want) {
		t.Errorf("refusals = %q, want %d", got, len(want))
	}
	if err := cfg.Refusal(2); strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "and 10 more") {
		t.Errorf("Refusal(2) = %v, want two and how many more", err)
	}
	if _, err := cfg.Tenant("other"); err == nil || !strings.Contains(err.Error(), "among those that are refused") {
		t.Errorf("Tenant(other) = %v, want that it may be refused", err)
	}
}

// bomb is a tenant whose parameter stands for more than a machine holds.
func bomb() string {
	text := "name: x\nid: " + tenantID(1) + "\nparams:\n  approved_tenants:\n  - &a0 {l: [x]}\n"
	for i := range 12 {
		alias := fmt.Sprintf("*a%d", i)
		text += fmt.Sprintf("  - &a%d {l: [%s]}\n", i+1, strings.Join(slices.Repeat([]string{alias}, 10), ", "))
	}
	return text
}

func TestTenantsFromRefusesFiles(t *testing.T) {
	tests := []struct{ name, file, text, says string }{
		{"a secret in a column", "customers.csv", "name,id,auth.client_secret\nx,y,hunter2\n", `column 3 is unknown`},
		{"a secret in place of a head", "customers.csv", "x," + tenantID(1) + ",hunter2\n", `column 3 is unknown`},
		{"a secret in place of its variable", "customers.csv", "name,id,auth.client_secret_env\nx," + tenantID(1) + ",hunter2~secret\n", `auth.client_secret_env is not the name of a variable`},
		{"a password in place of its variable", "tenants/x.yaml", "{name: x, id: " + tenantID(1) + ", auth: {certificate_password_env: hunter2!}}", `auth.certificate_password_env is not the name of a variable`},
		{"a cell without a column", "customers.csv", "name,id,,\nx," + tenantID(1) + ",,hunter2\n", `line 2: cell 4 stands in a column without a name`},
		{"a gap in the head", "customers.csv", "name,,id\n", `column 2 is unknown`},
		{"a dot at the end", "customers.csv", "name,id\nx.," + tenantID(1) + "\n", `name "x." is not letters`},
		{"another case", "customers.csv", "name,id\nOWN," + tenantID(1) + "\n", `customers.csv:2: another tenant has the name "OWN", or one that differs in case alone`},
		{"many levels", "tenants/x.yaml", "name: x\nparams: {a: " + strings.Repeat("[", 100_000), "more than 1000 levels"},
		{"many lists in a line", "tenants/x.yaml", "name: x\nparams:\n  a:\n    " + strings.Repeat("- ", 100_000) + "x", "more than 1000 levels"},
		{"aliases of aliases", "tenants/x.yaml", bomb(), "its aliases stand for more than 1000000 values"},
		{"a column twice", "customers.csv", "name,id,ID\n", `column 3 ("id") is there twice`},
		{"no id", "customers.csv", "name,cloud\n", "there is no column id"},
		{"nothing", "customers.csv", "", "it is empty; its first line names the columns"},
		{"a head alone", "customers.csv", "name,id\n,\n", "customers.csv: it holds no tenant"},
		{"an empty list", "tenants/x.yaml", "[]\n", "x.yaml: it holds no tenant"},
		{"another code", "customers.csv", "name,id\n\xff\xfe\n", "save it as CSV UTF-8"},
		{"no such file", "other.csv", "", `tenants_from "customers.csv" names no file`},
		{"a secret in a file", "tenants/x.yaml", "name: x\nauth: {client_secret: hunter2}\n", `unknown field "client_secret"`},
		{"several documents", "tenants/x.yaml", "name: x\n---\nname: y\n", "several documents"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, _ := readFleet(t, map[string]string{config.FileName: fleet, tt.file: tt.text})
			err := cfg.Refusal(10)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("refused = %v, want %q and no secret", err, tt.says)
			}
			if len(cfg.Tenants) != 1 {
				t.Errorf("tenants = %v, want the configuration's own", cfg.Tenants)
			}
		})
	}
}

// Tables as spreadsheets save them.
func TestTenantsFromSpreadsheets(t *testing.T) {
	for name, text := range map[string]string{
		"empty columns and lines at the end": "name,id,groups,,\r\nx," + tenantID(1) + ",eu,,\r\n,,,,\r\n,,,,\r\n",
		"tabs":                               "\ufeffname\tid\tgroups\r\nx\t" + tenantID(1) + "\teu\r\n",
		"everything in quotes":               "\"name\";\"id\";\"groups\"\r\n\"x\";\"" + tenantID(1) + "\";\"eu\"\r\n",
		"spaces that don't break":            "name,id,groups\nx\u00a0,\u00a0" + tenantID(1) + ",eu\n",
	} {
		cfg, _ := readFleet(t, map[string]string{config.FileName: fleet, "customers.csv": text, "tenants/y.yaml": "\ufeffname: y\nid: " + tenantID(2) + "\n"})
		if cfg.Refusal(10) != nil || len(cfg.Tenants) != 3 || cfg.Tenants[2].Name != "x" || !slices.Equal(cfg.Tenants[2].Groups, []string{"eu"}) {
			t.Errorf("%s: tenants = %v, refused %v", name, cfg.Tenants, cfg.Refused)
		}
	}
}

// A file that a pattern matches and that is no file isn't waited for.
func TestTenantsFromFolder(t *testing.T) {
	cfg, _ := readFleet(t, map[string]string{config.FileName: fleet, "tenants/x.yaml/y": "", "customers.csv": "name,id\n"})
	if err := cfg.Refusal(10); err == nil || !strings.Contains(err.Error(), "it is not a regular file") {
		t.Errorf("refused = %v, want the folder", err)
	}
}

// Many tenants are read in a time that grows with their number alone.
func TestTenantsFromMany(t *testing.T) {
	var text strings.Builder
	text.WriteString("name,id\n")
	for i := range 10_001 {
		fmt.Fprintf(&text, "t%d,%s\n", i, tenantID(i))
	}
	cfg, _ := readFleet(t, map[string]string{config.FileName: fleet, "customers.csv": text.String(), "tenants/y.yaml": "{name: y, id: 33333333-3333-4333-8333-333333333333}"})
	if len(cfg.Tenants) != 10_000 || len(cfg.Refused) != 3 || !strings.Contains(cfg.Refused[0].Error(), "more than 10000 tenants") {
		t.Errorf("%d tenants, refused = %v, want 10000 and the others refused", len(cfg.Tenants), cfg.Refused)
	}
}

// Schedules may name tenants of other files; while some are refused nobody knows whether there
// is such a tenant.
func TestTenantsFromAndSchedules(t *testing.T) {
	text := fleet + "serve: {schedules: [{cron: '@daily', tenants: [six]}]}\n"
	files := map[string]string{config.FileName: text, "customers.csv": "name,id\nsix," + tenantID(6) + "\n", "tenants/x.yaml": "{name: x, id: " + tenantID(1) + "}\n"}
	if cfg, _ := readFleet(t, files); cfg.Refusal(10) != nil {
		t.Errorf("refused = %v", cfg.Refused)
	}
	files["customers.csv"] = "name,id\nsix,wrong\n"
	if cfg, _ := readFleet(t, files); len(cfg.Refused) != 1 {
		t.Errorf("refused = %v, want six alone", cfg.Refused)
	}
}

func TestSift(t *testing.T) {
	cfg, _ := readFleet(t, map[string]string{config.FileName: fleet, "customers.csv": "name,id\none," + tenantID(1) + "\ntwo," + tenantID(2) + "\n", "tenants/x.yaml": "{name: x, id: " + tenantID(3) + "}\n"})
	refuse := func(name string) func(*config.Tenant) error {
		return func(tenant *config.Tenant) error {
			if tenant.Name == name {
				return fmt.Errorf("%s is wrong", name)
			}
			return nil
		}
	}
	if err := cfg.Sift(refuse("own")); err == nil {
		t.Error("Sift() = nil for a tenant of the configuration itself, want an error")
	}
	if err := cfg.Sift(refuse("one")); err != nil || len(cfg.Tenants) != 3 || len(cfg.Refused) != 1 {
		t.Errorf("Sift() = %v, and %d tenants, %v; want one refused", err, len(cfg.Tenants), cfg.Refused)
	}
}

// FuzzTenants: no file of tenants makes the reader panic, and a tenant that it takes has what
// the rest of the program relies on.
func FuzzTenants(f *testing.F) {
	f.Add("customers.csv", "\ufeffname;id;groups\r\na;"+tenantID(1)+";\"x|y\"\r\n")
	f.Add("customers.csv", "name,id\n\"a\nb\",\"")
	f.Add("tenants/x.yaml", "- {name: a, id: "+tenantID(1)+"}\n- &x [1]\n- *x\n")
	f.Add("tenants/x.yaml", "? [a]: b\n: c\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		if name != "customers.csv" {
			name = "tenants/x.yaml"
		}
		cfg, _ := readFleet(t, map[string]string{config.FileName: fleet, name: text})
		names, ids := map[string]bool{}, map[string]bool{}
		for _, tenant := range cfg.Tenants {
			if filepath.Base(tenant.Name) != tenant.Name || len(tenant.ID) != 36 || names[strings.ToLower(tenant.Name)] || ids[tenant.ID] {
				t.Errorf("tenant %q with id %q was taken", tenant.Name, tenant.ID)
			}
			names[strings.ToLower(tenant.Name)], ids[tenant.ID] = true, true
		}
		for _, err := range cfg.Refused {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
				t.Errorf("refused = %q", err)
			}
		}
	})
}
