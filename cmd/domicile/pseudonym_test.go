package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

const pseudonymText = "a key of pseudonyms for tests, and for nothing else"

func pseudonymsOf(t *testing.T, tenant string) *pseudonym.Key {
	t.Helper()
	key, err := pseudonym.New([]byte(pseudonymText), tenant, policies.NamedIDs())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestPseudonyms collects every simulated tenant with pseudonyms and without. The verdicts must be
// the same, and nothing that tells who somebody is may be in what the one has written or said.
func TestPseudonyms(t *testing.T) {
	t.Setenv("PSEUDONYMS", pseudonymText)
	set := ruleSet(t)
	for _, name := range simulator.Names() {
		t.Run(name, func(t *testing.T) {
			server := serve(t, name)
			defer server.Close()
			dir, masked := t.TempDir(), t.TempDir()
			if err := server.WriteConfig(dir); err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Read(filepath.Join(dir, config.FileName))
			if err != nil {
				t.Fatal(err)
			}
			plainDir, maskedDir := filepath.Join(dir, "out", scan.EvidenceFolder), filepath.Join(masked, scan.EvidenceFolder)
			collect := []string{"collect", "--config", cfg.File, "--now", now}
			run1(t, append(collect, "--out", plainDir, "--quiet")...)
			_, stdout, stderr := run1(t, append(collect, "--out", maskedDir, "--log", "json", "--resume", "--since", plainDir, "--pseudonymise", "--pseudonym-key", "env:PSEUDONYMS")...)
			run1(t, "pack", maskedDir, "--out", filepath.Join(masked, "packed"))
			key := pseudonymsOf(t, cfg.Tenants[0].ID)
			plain, got := judged(t, set, cfg, plainDir, nil), judged(t, set, cfg, maskedDir, key)
			if got.Pseudonyms != key.Fingerprint() || plain.Pseudonyms != "" {
				t.Errorf("results name the keys %q and %q, want none and %q", plain.Pseudonyms, got.Pseudonyms, key.Fingerprint())
			}
			if name == "partial" { // whose services fail by the clock
				sameVerdicts(t, plain, judged(t, set, cfg, rewritten(t, plainDir, key), key), key)
			} else {
				sameVerdicts(t, plain, got, key)
			}
			if _, err := scan.WriteReports(masked, got, reports.Formats(), nil); err != nil {
				t.Error(err)
			}
			checkNoSecret(t, masked, []string{stdout, stderr}, whoIsWho(t, plainDir, plain))
		})
	}
}

// judged judges a bundle under a configuration. The key is of its pseudonyms, nil for none.
func judged(t *testing.T, set *policies.Set, cfg *config.Config, dir string, key *pseudonym.Key) *findings.Result {
	t.Helper()
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &app{Environment: Environment{Getenv: os.Getenv}}
	judgement, err := a.judgement(&judging{Settings: scan.Settings{FailOn: "high", Pseudonyms: key}}, set, cfg, &cfg.Tenants[0])
	if err != nil {
		t.Fatal(err)
	}
	result, err := judgement.Judge(t.Context(), bundle)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// rewritten is a copy of a bundle with pseudonyms in it.
func rewritten(t *testing.T, dir string, key *pseudonym.Key) string {
	t.Helper()
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	manifest := bundle.Manifest
	manifest.Kinds = nil
	copied := filepath.Join(t.TempDir(), "evidence")
	writer, err := evidence.Create(copied, manifest)
	if err != nil {
		t.Fatal(err)
	}
	writer.Pseudonymise(key)
	if err := writer.Reader(manifest.Reader); err != nil {
		t.Fatal(err)
	}
	for _, entry := range bundle.Manifest.Kinds {
		out, err := writer.Kind(entry)
		if err != nil {
			t.Fatal(err)
		}
		for object, err := range bundle.Objects(entry.Kind) {
			if err == nil {
				err = out.Write(object)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := writer.Close(manifest.Finished); err != nil {
		t.Fatal(err)
	}
	return copied
}

func ruleSet(t *testing.T) *policies.Set {
	t.Helper()
	set, err := policies.Read(policies.Builtin())
	if err == nil {
		set, err = set.Compile(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// sameVerdicts compares two results, with pseudonyms for the ids of one.
func sameVerdicts(t *testing.T, plain, masked *findings.Result, key *pseudonym.Key) {
	t.Helper()
	verdicts := func(result *findings.Result, ids map[string]string) []string {
		var lines []string
		for _, rule := range result.Rules {
			var reasons []string
			for _, reason := range rule.Reasons {
				reasons = append(reasons, reason.Kind+" "+reason.Reason)
			}
			slices.Sort(reasons)
			lines = append(lines, fmt.Sprintf("%s %s checked %d failed %d observed %d %v", rule.ID, rule.Outcome, rule.Checked, rule.Failed, len(rule.Observed), reasons))
		}
		for _, finding := range result.Findings {
			id := finding.Resource.ID
			if mapped, known := ids[finding.Resource.Kind+" "+id]; known {
				id = mapped
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %s", finding.Rule, finding.Outcome, finding.Resource.Kind,
				findings.Fingerprint(result.Tenant.ID, finding.Rule, findings.Resource{Kind: finding.Resource.Kind, ID: id})))
		}
		slices.Sort(lines)
		return lines
	}
	if diff := cmp.Diff(verdicts(plain, mapping(plain, masked, key)), verdicts(masked, nil)); diff != "" {
		t.Errorf("verdicts differ (-plain +with pseudonyms):\n%s", diff)
	}
}

// mapping is, of each resource of a result, the id that it has in the other.
func mapping(plain, masked *findings.Result, key *pseudonym.Key) map[string]string {
	there := map[string]bool{}
	for _, finding := range masked.Findings {
		there[finding.Resource.Kind+" "+finding.Resource.ID] = true
	}
	ids := map[string]string{}
	for _, finding := range plain.Findings {
		kind, id := finding.Resource.Kind, finding.Resource.ID
		for _, mapped := range []string{key.ID(id), key.Within(id), key.Host(id), key.Name("policy", id)} {
			if there[kind+" "+mapped] {
				ids[kind+" "+id] = mapped
			}
		}
	}
	return ids
}

// personal are the members that tell who somebody is, by kind; a list of members may end with
// the member that must be the tenant's id for the object to be one of the tenant's own.
var personal = map[string][]string{
	"users": {"id", "displayName", "userPrincipalName"}, "mfa_registration": {"id", "userPrincipalName"}, "sign_in_activity": {"id"},
	"groups": {"id", "displayName"}, "role_group_members": {"id", "displayName", "userPrincipalName"}, "role_owners": {"id", "displayName", "userPrincipalName"},
	"applications": {"id", "appId", "displayName"}, "service_principals": {"id", "appId", "displayName", "=appOwnerOrganizationId"},
	"role_assignments": {"id", "principalId"}, "role_eligibility": {"id", "principalId"}, "role_schedules": {"id", "principalId"},
	"app_role_assignments": {"id", "principalId", "principalDisplayName"}, "oauth2_permission_grants": {"id", "clientId", "principalId"},
	"mdi_sensors": {"id", "displayName"}, "attestations": {"file", "sha256"}, "conditional_access": {"displayName"},
	"portal_tenant_context": {"savedBy", "sha256"}, "exchange_organization": {"savedBy", "sha256"}, "portal_defender_settings": {"savedBy", "sha256"},
	"consent_requests": {"id"}, "consent_events": {"id", "correlationId"},
}

// whoIsWho are the texts of a bundle that tell who somebody is, and those of the people who
// made statements, in all forms in which they may be hidden.
func whoIsWho(t *testing.T, dir string, result *findings.Result) []string {
	t.Helper()
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{result.Reader.AppID: true}
	named := 0
	for _, kind := range slices.Sorted(maps.Keys(personal)) {
		for raw, err := range bundle.Objects(kind) {
			if err != nil {
				t.Fatal(err)
			}
			var object map[string]any
			if err := json.Unmarshal(raw, &object); err != nil {
				t.Fatal(err)
			}
			members := personal[kind]
			if owner, ours := strings.CutPrefix(members[len(members)-1], "="); ours && object[owner] != result.Tenant.ID {
				continue
			}
			for _, member := range members {
				text, _ := object[member].(string)
				said[text] = true
			}
			for _, person := range []string{"observedBy", "reviewer"} {
				who, _ := object[person].(map[string]any)
				upn, _ := who["upn"].(string)
				id, _ := who["objectId"].(string)
				said[upn], said[id] = true, true
			}
			named++
		}
	}
	if named == 0 && len(bundle.Manifest.Kinds) > 5 {
		t.Error("there is nobody to look for")
	}
	var forms []string
	for text := range said {
		if len(text) >= 6 && !words[text] {
			forms = append(append(forms, disguises(text)...), strings.ToUpper(text))
			if id, err := hex.DecodeString(strings.ReplaceAll(text, "-", "")); err == nil {
				forms = append(forms, base64.RawURLEncoding.EncodeToString(id)[:20], base64.RawStdEncoding.EncodeToString(id)[:20])
			}
		}
	}
	return forms
}

// words are names that stand in rules or messages besides.
var words = map[string]bool{}

// TestPseudonymKeys: what belongs to one key isn't mixed with what belongs to another or none.
func TestPseudonymKeys(t *testing.T) {
	server := serve(t, "weak")
	dir := t.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	cfg := filepath.Join(dir, config.FileName)
	t.Setenv("ONE", pseudonymText)
	t.Setenv("OTHER", pseudonymText+".")
	at := func(name string) string { return filepath.Join(dir, name) }
	scanned := func(out string, more ...string) (int, string) {
		code, _, stderr := run1(t, append([]string{"scan", "--config", cfg, "--now", now, "--out", at(out), "--format", "json", "--rule", "CONS1011,LIC1009", "--fail-on", "never", "--allow-incomplete"}, more...)...)
		return code, stderr
	}
	one := []string{"--pseudonymise", "--pseudonym-key", "env:ONE"}
	other := []string{"--pseudonymise", "--pseudonym-key", "env:OTHER"}
	for out, flags := range map[string][]string{"plain": nil, "one": one, "other": other} {
		if code, stderr := scanned(out, flags...); code != 0 {
			t.Fatalf("scan %s ended with %d:\n%s", out, code, stderr)
		}
	}
	first := func(out string) findings.Finding { return resultIn(t, at(out)).Findings[0] }
	if a, b, c := first("plain").Fingerprint, first("one").Fingerprint, first("other").Fingerprint; a == b || b == c {
		t.Errorf("fingerprints %s, %s and %s; want three", a, b, c)
	}
	user := userOf(t, at("plain"))
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"evaluate without a configuration", []string{"evaluate", at("one/evidence"), "--out", at("again"), "--fail-on", "never", "--format", "json"}, 0, ""},
		{"evaluate with a configuration and no key", []string{"evaluate", at("one/evidence"), "--config", cfg, "--out", at("again")}, 2, "only with their key"},
		{"evaluate with another key", []string{"evaluate", at("one/evidence"), "--config", cfg, "--out", at("again"), "--pseudonym-key", "env:OTHER"}, 2, "of the key " + pseudonymsOf(t, "").Fingerprint() + ", and not of this one"},
		{"the same again", []string{"evaluate", at("one/evidence"), "--config", cfg, "--rule", "CONS1011,LIC1009", "--fail-on", "never", "--allow-incomplete", "--pseudonym-key", "env:ONE", "--expect", at("one/result.json")}, 0, ""},
		{"compare with none", []string{"evaluate", at("one/evidence"), "--previous", at("plain/result.json"), "--out", at("again")}, 2, "the earlier result has no pseudonyms"},
		{"compare with another key's", []string{"evaluate", at("one/evidence"), "--previous", at("other/result.json"), "--out", at("again")}, 2, "compare results with the same pseudonyms"},
		{"difference", []string{"diff", at("plain/result.json"), at("one/result.json")}, 2, "compare results with the same pseudonyms"},
		{"report", []string{"report", at("one/result.json"), "--format", "markdown"}, 0, ""},
		{"remediation", []string{"remediate", "plan", at("one/result.json"), "--config", cfg}, 2, "no service knows them"},
		{"verify", []string{"verify", at("one/evidence")}, 0, ""},
		{"an earlier result of another key", []string{"collect", "--config", cfg, "--now", now, "--out", at("e"), "--kind", "users", "--previous", at("other/result.json"), "--pseudonymise", "--pseudonym-key", "env:ONE"}, 2, "under which nothing of this scan is found again"},
		{"an earlier result with pseudonyms, and none now", []string{"collect", "--config", cfg, "--now", now, "--out", at("e"), "--kind", "users", "--previous", at("one/result.json")}, 2, "under which nothing of this scan is found again"},
		{"an earlier result of the same key", []string{"collect", "--config", cfg, "--now", now, "--out", at("e"), "--kind", "users", "--previous", at("one/result.json"), "--pseudonymise", "--pseudonym-key", "env:ONE"}, 0, ""},
		{"since one with pseudonyms", []string{"collect", "--config", cfg, "--now", now, "--out", at("e2"), "--kind", "groups", "--since", at("one/evidence")}, 0, "everything is read"},
		{"no key", []string{"collect", "--config", cfg, "--out", at("e"), "--pseudonymise"}, 2, "pseudonyms take a key"},
		{"a key for nothing", []string{"collect", "--config", cfg, "--out", at("e"), "--pseudonym-key", "env:ONE"}, 2, "is for --pseudonymise"},
		{"files alone", []string{"collect", "--import", at("plain/result.json"), "--out", at("e"), "--pseudonymise", "--pseudonym-key", "env:ONE"}, 2, "name it with --config and --tenant"},
		{"pseudonym", []string{"pseudonym", "--config", cfg, "--pseudonym-key", "env:ONE", user}, 0, ""},
	}
	for _, tt := range tests {
		code, stdout, stderr := run1(t, tt.args...)
		if code != tt.code || !strings.Contains(stderr, tt.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s%s", tt.name, code, tt.code, tt.says, stdout, stderr)
		}
		if tt.name == "pseudonym" {
			users, err := os.ReadFile(at("one/evidence/users.ndjson"))
			if fields := strings.Fields(stdout); err != nil || len(fields) != 2 || !strings.Contains(string(users), fields[1]) {
				t.Errorf("pseudonym printed %q, which is not in the evidence: %v", stdout, err)
			}
		}
	}
}

// userOf is the first user principal name of a scan's bundle.
func userOf(t *testing.T, out string) string {
	t.Helper()
	bundle, err := evidence.Verify(filepath.Join(out, scan.EvidenceFolder), nil)
	if err != nil {
		t.Fatal(err)
	}
	for raw, err := range bundle.Objects("users") {
		var user struct{ UserPrincipalName string }
		if err == nil {
			err = json.Unmarshal(raw, &user)
		}
		if err != nil {
			t.Fatal(err)
		}
		return user.UserPrincipalName
	}
	t.Fatal("there is no user")
	return ""
}

// TestPseudonymsAndWaivers: a waiver names a resource as it is or by its pseudonym, and neither
// it nor its people are shown as they are.
func TestPseudonymsAndWaivers(t *testing.T) {
	plain, masked := t.TempDir(), t.TempDir()
	t.Setenv("PSEUDONYMS", pseudonymText)
	run1(t, "scan", "--demo", "--now", now, "--out", plain, "--quiet", "--format", "json")
	before := resultIn(t, plain)
	key := pseudonymsOf(t, before.Tenant.ID)
	var waived []findings.Finding
	for _, kind := range []string{"oauth2_permission_grant", "app_role_assignment", "user"} {
		if i := slices.IndexFunc(before.Findings, func(f findings.Finding) bool { return f.Resource.Kind == kind && f.Outcome == findings.Fail }); i >= 0 {
			waived = append(waived, before.Findings[i])
		}
	}
	if len(waived) < 3 {
		t.Fatalf("found %d violations to waive, want one of each kind", len(waived))
	}
	text := "version: 1\nwaivers:\n"
	for i, finding := range waived {
		id := finding.Resource.ID
		if i == len(waived)-1 {
			id = key.ID(id)
		}
		text += fmt.Sprintf("  - {rule: %s, resource: {kind: %s, id: %q}, reason: Adele Vance asked for it, owner: adele@contoso.example, approver: Lee Gu, ticket: SEC-1, approved: 2026-11-01, expires: 2026-12-01}\n",
			finding.Rule, finding.Resource.Kind, id)
	}
	lost := map[string]string{"oauth2_permission_grant": "iGh-lAPpEjRWeJq83v", "mdi_sensor": "ADELE-PC", "log_workspace": "Adele Vance's"}
	for kind, id := range lost { // of which nothing is found any more
		text += fmt.Sprintf("  - {rule: CONS1010, resource: {kind: %s, id: %q}, reason: Adele Vance asked for it, owner: adele@contoso.example, approver: Lee Gu, ticket: SEC-2 of adele@contoso.example, approved: 2026-11-01, expires: 2026-12-01}\n", kind, id)
	}
	waivers := filepath.Join(t.TempDir(), "waivers.yaml")
	if err := os.WriteFile(waivers, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := run1(t, "scan", "--demo", "--now", now, "--out", masked, "--format", allFormats(), "--waivers", waivers, "--pseudonymise", "--pseudonym-key", "env:PSEUDONYMS")
	used := 0
	got := resultIn(t, masked).Waivers
	for _, w := range got {
		if w.State == findings.Used {
			used++
		}
	}
	if len(got) != len(waived)+len(lost) || used != len(waived) {
		t.Errorf("waivers %+v, want %d of %d used:\n%s", got, len(waived), len(waived)+len(lost), stderr)
	}
	check := []string{"waive", "check", waivers, filepath.Join(masked, scan.ResultFile)}
	if code, _, stderr := run1(t, check...); code != 2 || !strings.Contains(stderr, "only with their key") {
		t.Errorf("waive check without the key ended with %d:\n%s", code, stderr)
	}
	_, checked, _ := run1(t, append(check, "--pseudonym-key", "env:PSEUDONYMS")...)
	if strings.Count(checked, "used, for 1 finding") != len(waived) {
		t.Errorf("waive check says, want %d of them used:\n%s", len(waived), checked)
	}
	secrets := slices.Concat([]string{"Adele Vance asked", "adele@contoso", "Lee Gu"}, slices.Collect(maps.Values(lost)))
	for _, finding := range waived {
		secrets = append(secrets, disguises(finding.Resource.ID)...)
	}
	checkNoSecret(t, masked, []string{stdout, stderr}, secrets)
}

// TestPseudonymsOfTheConfiguration: what the configuration says of pseudonyms holds without a flag, for all
// tenants or for one.
func TestPseudonymsOfTheConfiguration(t *testing.T) {
	t.Setenv("PSEUDONYMS", pseudonymText)
	server := serve(t, "good")
	defer server.Close()
	dir := t.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, config.FileName)
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text  string
		masks bool
	}{
		"all tenants":  {"pseudonymise: true\n" + string(plain), true},
		"this tenant":  {strings.Replace(string(plain), "  - name: good\n", "  - name: good\n    pseudonymise: true\n", 1), true},
		"all but this": {"pseudonymise: true\n" + strings.Replace(string(plain), "  - name: good\n", "  - name: good\n    pseudonymise: false\n", 1), false},
	} {
		if err := os.WriteFile(file, []byte("pseudonym_key: env:PSEUDONYMS\n"+tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		run1(t, "collect", "--config", file, "--now", now, "--kind", "organization", "--out", out, "--quiet")
		bundle, err := evidence.Verify(out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if masked := bundle.Manifest.Pseudonyms != ""; masked != tt.masks {
			t.Errorf("%s: pseudonyms are %v, want %v", name, masked, tt.masks)
		}
	}
}
