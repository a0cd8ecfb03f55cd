package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/remediation"
)

// TestActionsAndRulesNameEachOther holds that each action that a rule names is there, and that
// each action serves a rule.
func TestActionsAndRulesNameEachOther(t *testing.T) {
	set, err := policies.Read(policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, action := range remediation.Actions() {
		served[action.ID] = false
	}
	for _, rule := range set.Rules() {
		if rule.Action == "" {
			continue
		}
		if _, known := served[rule.Action]; !known {
			t.Errorf("%s names the action %q, and remediation/ has no such action", rule.ID, rule.Action)
		}
		served[rule.Action] = true
	}
	for action, named := range served {
		if !named {
			t.Errorf("no rule names the action %s; name it as action under remediation in a rule's METADATA", action)
		}
	}
}

// TestRemediationAgreesWithTheRules holds the privileged roles and the plans of licences that
// remediation knows to those of the rules.
func TestRemediationAgreesWithTheRules(t *testing.T) {
	var modules []func(*rego.Rego)
	for name, source := range policies.Builtin() {
		if strings.HasPrefix(name, "lib/") && !strings.HasSuffix(name, "_test.rego") || name == "licences/pim_users_hold_p2.rego" {
			modules = append(modules, rego.Module(name, source))
		}
	}
	for query, ids := range map[string][]string{
		"sort(data.domicile.lib.roles.default_privileged)":          remediation.PrivilegedRoles(),
		"sort(data.domicile.lib.licences_coverage.defender_plans)":  remediation.DefenderPlans(),
		"sort(data.domicile.licences.pim_users_hold_p2._licensing)": remediation.ActivationPlans(),
	} {
		got, err := rego.New(append(modules, rego.Query(query))...).Eval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var want []any
		for _, id := range slices.Sorted(slices.Values(ids)) {
			want = append(want, id)
		}
		if diff := cmp.Diff(want, got[0].Expressions[0].Value); diff != "" {
			t.Errorf("%s of remediation and of the rules differ (-remediation +rules):\n%s", query, diff)
		}
	}
}

// remediable is the tenant weak, with what remediation can mend besides.
const remediable = `
base: weak
graph:
  subscribedSkus~:
    $tenant_06ebc4ee-1bb5-47dd-8120-11324bc54e06:
      prepaidUnits: {enabled: 40}
  security/identities/healthIssues+:
    - {id: 4ea17000-0000-4000-8000-000000000004, displayName: Sensor service failed to start, healthIssueType: sensor, severity: low, status: open, createdDateTime: now-3d, sensorDNSNames: [dc01.corp.contoso.com]}
`

// overlay is a file system over another.
type overlay struct{ over, under fs.FS }

func (o overlay) Open(name string) (fs.File, error) {
	file, err := o.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.under.Open(name)
	}
	return file, err
}

// newWritable serves the simulated tenant remediable, and returns it with a configuration in
// which one application reads and another makes changes.
func newWritable(t *testing.T) (*simulator.Server, string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	tenants := overlay{fstest.MapFS{"remediable/tenant.yaml": {Data: []byte(remediable)}}, domicile.Tenants()}
	tenant, err := simulator.Load(tenants, "remediable", at)
	if err != nil {
		t.Fatal(err)
	}
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Now: at})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	dir := t.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "domicile.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	config = append(config, "remediation: {max_changes: 100}\n"...)
	config = bytes.Replace(config, []byte("\nparams:\n"), []byte("\nparams:\n  preferred_data_locations: [DEU]\n  activation_approvers: [b0000000-0000-4000-8000-000000000006]\n"), 1)
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	return server, path
}

// changesOf are the writes that were taken, by method and path.
func changesOf(server *simulator.Server) []string {
	out := []string{}
	for _, write := range server.Writes() {
		out = append(out, write.Method+" "+write.Path)
	}
	return out
}

// violations are what a result finds, by rule and resource.
func violations(result *findings.Result) []string {
	var out []string
	for _, finding := range result.Findings {
		out = append(out, finding.Rule+" "+finding.Resource.ID)
	}
	return out
}

// messages say what a result finds of the rules that have an action, without the ids of grants,
// which are others when they are made again.
func messages(result *findings.Result) []string {
	var out []string
	for _, finding := range result.Findings {
		at := slices.IndexFunc(result.Rules, func(r findings.Rule) bool { return r.ID == finding.Rule })
		if result.Rules[at].Remediation.Action != "" {
			out = append(out, finding.Rule+" "+finding.Message)
		}
	}
	slices.Sort(out)
	return out
}

// TestRemediation plans for a weak tenant, applies the plan, scans again, takes it back, and
// scans again, over HTTPS and with two applications.
func TestRemediation(t *testing.T) {
	const changes = 76
	tenant, config := newWritable(t)
	dir := t.TempDir()
	// command runs a command at the tenant's time, with what a person answers.
	command := func(answers string, args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		at, _ := time.Parse(time.RFC3339, now)
		code := Main(t.Context(), args, Environment{
			Stdin: strings.NewReader(answers), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Now: func() time.Time { return at },
		})
		return code, out.String(), errs.String()
	}
	expect := func(want int, says string, answers string, args ...string) {
		t.Helper()
		code, out, errs := command(answers, args...)
		if code != want || !strings.Contains(out+errs, says) {
			t.Fatalf("%v ended with %d, want %d and %q:\n%s%s", args, code, want, says, out, errs)
		}
		if strings.Contains(out+errs, "\x1b") || strings.Contains(out+errs, "\u202e") {
			t.Errorf("%v writes what a terminal obeys:\n%s%s", args, out, errs)
		}
	}
	scan := func(name string) *findings.Result {
		t.Helper()
		expect(3, "", "", "scan", "--config", config, "--rule", "CONS10*,ROLE10*,LIC1007,LIC1012,INT1004,GEO1009,GEO1010", "--out", filepath.Join(dir, name), "--format", "text")
		return resultIn(t, filepath.Join(dir, name))
	}
	before := scan("before")
	result, plan := filepath.Join(dir, "before", "result.json"), filepath.Join(dir, "before", "plan.json")
	expect(0, fmt.Sprintf("%d changes", changes), "", "remediate", "plan", result, "--config", config, "--author", "ada")
	if writes := changesOf(tenant); len(writes) != 0 {
		t.Fatalf("a plan or a scan writes: %v", writes)
	}

	// Nothing is written by a dry run, without an answer, after a no, or of a plan that was changed.
	expect(0, "ready", "", "remediate", "apply", plan, "--config", config, "--dry-run")
	expect(2, "nobody answers", "", "remediate", "apply", plan, "--config", config)
	expect(3, "declined", strings.Repeat("n\n", changes), "remediate", "apply", plan, "--config", config)
	changed := filepath.Join(dir, "before", "changed.json")
	file, err := os.ReadFile(plan)
	if err == nil {
		err = os.WriteFile(changed, bytes.Replace(file, []byte("Adatum Travel"), []byte("Nobody"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	expect(3, "not what the evidence", "", "remediate", "apply", changed, "--config", config, "--yes")
	if writes := changesOf(tenant); len(writes) != 0 {
		t.Fatalf("written before anything was to be: %v", writes)
	}

	expect(0, "mended", "y\n"+strings.Repeat("yes\n", changes-1), "remediate", "apply", plan, "--config", config)
	if writes := changesOf(tenant); len(writes) != changes {
		t.Errorf("%d writes for %d changes: %v", len(writes), changes, writes)
	}
	expect(0, "mended", "", "remediate", "apply", plan, "--config", config)
	if writes := changesOf(tenant); len(writes) != changes {
		t.Errorf("a second run writes: %v", writes[changes:])
	}
	after := scan("after")
	planned, err := remediation.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	mends := map[string]bool{}
	for _, change := range planned.Changes {
		for _, mended := range change.Mends {
			mends[mended.Fingerprint] = true
		}
	}
	for _, finding := range after.Findings {
		if mends[finding.Fingerprint] {
			t.Errorf("%s of %s is violated after a change that was to mend it", finding.Rule, finding.Resource.ID)
		}
	}
	if emergency := "ROLE1017 b0000000-0000-4000-8000-000000000001"; !slices.Contains(violations(after), emergency) {
		t.Errorf("an account for emergencies lost its role")
	}
	for _, violation := range violations(after) {
		if !slices.Contains(violations(before), violation) {
			t.Errorf("%s is new after the plan was applied", violation)
		}
	}

	expect(3, "irreversible", "", "remediate", "rollback", filepath.Join(dir, "before", "plan.journal"), "--config", config, "--yes")
	undone := scan("undone")
	// A role isn't given back to who is deleted, and comes back beside Privileged Identity Management.
	other := func(message string) bool {
		return strings.Contains(message, "is deleted and keeps") || strings.HasPrefix(message, "ROLE1006 ")
	}
	want, got := slices.DeleteFunc(messages(before), other), slices.DeleteFunc(messages(undone), other)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was taken back is violated otherwise than before (-before +undone):\n%s", diff)
	}
	expect(3, "taken back", "", "remediate", "apply", plan, "--config", config, "--yes")
	expect(3, "irreversible", "", "remediate", "rollback", filepath.Join(dir, "before", "plan.journal"), "--config", config, "--yes")
}
