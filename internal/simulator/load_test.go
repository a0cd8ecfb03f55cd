package simulator_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

func TestNamesHoldsTheTenantsOfTheDocumentation(t *testing.T) {
	names := simulator.Names()
	for _, want := range []string{"gcchigh", "good", "never-provisioned", "off", "partial", "weak"} {
		if !slices.Contains(names, want) {
			t.Errorf("Names() = %v, which lacks %s", names, want)
		}
	}
}

func TestEveryTenantLoadsAndStarts(t *testing.T) {
	ids := map[string]string{}
	for _, name := range simulator.Names() {
		t.Run(name, func(t *testing.T) {
			v := visit(t, name)
			if other := ids[v.tenant.ID]; other != "" {
				t.Errorf("tenant id %s is that of %s as well", v.tenant.ID, other)
			}
			ids[v.tenant.ID] = name
			if _, secret := v.tenant.Secret(); secret != "simulated-secret-"+name {
				t.Errorf("the secret is %q; it must show that it is simulated", secret)
			}
			got := v.get("/v1.0/organization").values(t)
			if len(got) != 1 || got[0]["id"] != v.tenant.ID || got[0]["displayName"] != v.tenant.DisplayName {
				t.Errorf("organization = %v, want id %s and name %s", got, v.tenant.ID, v.tenant.DisplayName)
			}
		})
	}
}

func TestExclusiveRulesNameATenantAndAReason(t *testing.T) {
	data, err := fs.ReadFile(domicile.Tenants(), "exclusive.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rules []struct {
		Rule    string `yaml:"rule"`
		FailsOn string `yaml:"fails_on"`
		Reason  string `yaml:"reason"`
	}
	if err := yaml.UnmarshalWithOptions(data, &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if len(rules) == 0 {
		t.Fatal("exclusive.yaml is empty")
	}
	for _, r := range rules {
		if !slices.Contains(simulator.Names(), r.FailsOn) || r.FailsOn == "weak" {
			t.Errorf("%s fails on %q, which must be a tenant other than weak", r.Rule, r.FailsOn)
		}
		if len(r.Reason) < 20 || len(r.Rule) < 7 {
			t.Errorf("%q: %q is no reason", r.Rule, r.Reason)
		}
	}
}

const smallTenant = `
id: 11111111-0000-4000-8000-000000000001
displayName: Small
cloud: global
client: {id: 22222222-0000-4000-8000-000000000001, secret: simulated}
permissions: {graph: [User.Read.All, Directory.Read.All, Organization.Read.All]}
graph:
  organization:
    - {id: $tenant, displayName: "of $cloud", createdDateTime: now-40d, note: now}
  users:
    - {id: u1, displayName: One, until: now+200d}
    - {id: u2, displayName: Two, until: not now-5d}
`

func TestLoadMakesTimesAndWordsAbsolute(t *testing.T) {
	v := visitTenant(t, load(t, fstest.MapFS{"small/tenant.yaml": {Data: []byte(smallTenant)}}, "small"))
	organization := v.get("/v1.0/organization").values(t)[0]
	for name, want := range map[string]string{
		"id": "11111111-0000-4000-8000-000000000001", "displayName": "of global",
		"createdDateTime": "2026-10-11T00:00:00Z", "note": "2026-11-20T00:00:00Z",
	} {
		if organization[name] != want {
			t.Errorf("%s = %v, want %s", name, organization[name], want)
		}
	}
	users := v.get("/v1.0/users?$select=until").values(t)
	if users[0]["until"] != "2027-06-08T00:00:00Z" || users[1]["until"] != "not now-5d" {
		t.Errorf("users = %v; only a string that is a time as a whole is one", users)
	}
}

func TestLoadInheritsFromTheBase(t *testing.T) {
	fsys := fstest.MapFS{
		"small/tenant.yaml":           {Data: []byte(smallTenant)},
		"small/domicile.yaml":         {Data: []byte("version: 1\nprofile: xdr-current\nparams: {a: 1, b: 2}\n")},
		"small/attestations/one.yaml": {Data: []byte("tenantId: $tenant\nobservedAt: now-1d\n")},
		"small/attestations/two.yaml": {Data: []byte("tenantId: $tenant\n")},
		"child/domicile.yaml":         {Data: []byte("version: 1\nparams: {b: 3, a: null}\n")},
		"child/tenant.yaml": {Data: []byte(`
base: small
id: 11111111-0000-4000-8000-000000000002
without: [attestations/two.*]
graph:
  users~:
    u1: {displayName: Changed, until: null}
    u2: null
  users+:
    - {id: u3, displayName: Three}
`)},
	}
	v := visitTenant(t, load(t, fsys, "child"))
	users := v.get("/v1.0/users?$select=displayName,until").values(t)
	if len(users) != 2 || users[0]["displayName"] != "Changed" || users[0]["until"] != nil || users[1]["id"] != "u3" {
		t.Errorf("users = %v, want u1 changed and u3", users)
	}
	dir := writeConfig(t, v)
	if got := read(t, dir, "attestations/one.yaml"); got != "tenantId: 11111111-0000-4000-8000-000000000002\nobservedAt: 2026-11-19T00:00:00Z\n" {
		t.Errorf("attestations/one.yaml = %q", got)
	}
	if _, err := fs.Stat(dir, "attestations/two.yaml"); err == nil {
		t.Error("attestations/two.yaml was inherited although it is not wanted")
	}
	if config := read(t, dir, "domicile.yaml"); !strings.Contains(config, "profile: xdr-current\nparams:\n  b: 3\n") {
		t.Errorf("domicile.yaml doesn't hold the merged parameters:\n%s", config)
	}
}

func TestLoadRefusesWhatItDoesNotKnow(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"unknown key", smallTenant + "colour: red\n", `unknown field "colour"`},
		{"unknown cloud", strings.Replace(smallTenant, "global", "mars", 1), `cloud is "mars"`},
		{"no secret", strings.Replace(smallTenant, "secret: simulated", `secret: ""`, 1), "client.secret must be set"},
		{"fault without a status", smallTenant + "faults: [{path: /v1.0/users}]\n", "status from 400 to 599"},
		{"role without a way", smallTenant + "roles: [{principal: u1, role: r, how: somehow}]\n", "assigned, activated or eligible"},
		{"member that isn't there", smallTenant + "members: {g: [u1]}\n", "there is no g"},
		{"owner that isn't there", smallTenant + "owners: {u1: [u9]}\n", "there is no u9"},
		{"person that isn't there", smallTenant + "people: {u9: {signedIn: now-1d}}\n", "there is no user u9"},
		{"licence of a SKU that isn't held", smallTenant + "licences: {s: [{users: [u1]}]}\n", "the tenant has no SKU s"},
		{"licence by a group that isn't there", smallTenant + "licences: {s: [{users: [u1], group: g}]}\n", "there is no group g"},
		{"approver that isn't there", smallTenant + "rolePolicies: {r: {approvers: [u9]}}\n", "there is no approver u9"},
		{"role of no resource", smallTenant + "appRoles: [{principal: u1, resource: r, value: X}]\n", "no service principal r"},
		{"object without an id", smallTenant + "  groups: [{displayName: x}]\n", "an object with an id"},
		{"two objects of one id", smallTenant + "  groups: [{id: x}, {id: x}]\n", "an object with an id"},
		{"package without a source", smallTenant + "onboarding: {orgId: o, datacenter: d, vortexGeoLocation: EU, signed: valid}\n", "arm, import or none"},
		{"base of itself", "base: tenant\n", "is there a loop"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := simulator.Load(fstest.MapFS{"tenant/tenant.yaml": {Data: []byte(tt.file)}}, "tenant", present)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load() error = %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := simulator.Load(domicile.Tenants(), "nobody", present); err == nil || !strings.Contains(err.Error(), "known are bare, crowded, gcchigh, good") {
		t.Errorf("Load(nobody) error = %v, want the known tenants", err)
	}
}
