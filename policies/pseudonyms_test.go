package policies_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/policies"
)

func newPseudonyms(t *testing.T) *pseudonym.Key {
	t.Helper()
	key, err := pseudonym.New([]byte("correct horse battery staple, and then some"), "3f0c1d7e-0000-4000-8000-000000000001", policies.NamedIDs())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestNamedIDsAreMicrosofts(t *testing.T) {
	ids := policies.NamedIDs()
	for _, id := range []string{"62e90394-69f5-4237-9190-012177145e10", "00000003-0000-0000-c000-000000000000"} {
		if _, found := slices.BinarySearch(ids, id); !found {
			t.Errorf("NamedIDs lacks %s", id)
		}
	}
}

// TestPersonalParamsAreListed: of every parameter that can hold text it is said whether it names
// people, groups or applications, so that a new one isn't shown by mistake.
func TestPersonalParamsAreListed(t *testing.T) {
	set, err := policies.Read(policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	listed := slices.Concat(policies.PersonalParams(), policies.ImpersonalParams())
	for name, param := range set.Params() {
		if text := param.Type.Name == "string" || param.Type.Name == "object"; text && len(param.Values) == 0 && !slices.Contains(listed, name) {
			t.Errorf("parameter %s stands neither in PersonalParams nor in ImpersonalParams of pseudonyms.go: say which", name)
		}
	}
	for i, name := range listed {
		if _, known := set.Params()[name]; !known || slices.Contains(listed[:i], name) {
			t.Errorf("pseudonyms.go lists %s, which is no parameter, or twice", name)
		}
	}
}

// TestDefaultsMatchPseudonyms: what the rules set aside by name unless told otherwise, they set aside
// among pseudonyms too.
func TestDefaultsMatchPseudonyms(t *testing.T) {
	set, err := policies.Read(policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	var exempt any
	if err := json.Unmarshal(set.Params()["coverage_exempt"].Default, &exempt); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"coverage_exempt": exempt}
	if got, err := policies.Pseudonymise(want, newPseudonyms(t)); err != nil || !cmp.Equal(want, got) {
		t.Errorf("Pseudonymise(%v) = %v, %v, want it as it is", want, got, err)
	}
}

func TestPseudonymise(t *testing.T) {
	key := newPseudonyms(t)
	const account, app, azure = "8a1f0c52-0000-4000-8000-000000000011", "8a1f0c52-0000-4000-8000-000000000012", "8a1f0c52-0000-4000-8000-000000000013"
	const role = "62e90394-69f5-4237-9190-012177145e10"
	got, err := policies.Pseudonymise(map[string]any{
		"break_glass_accounts":  []any{account, key.ID(account)},
		"approved_applications": []any{map[string]any{"app_id": app, "permissions": []any{"Mail.Read"}, "reason": "Adele wants it", "until": "2027-01-01"}},
		"approved_tenants":      []any{map[string]any{"id": azure, "name": "Fabrikam", "reason": "of Adele's"}},
		"azure_subscriptions":   []any{azure},
		"privileged_roles":      []any{"default", role},
		"coverage_exempt":       map[string]any{"upn": []any{"Adele@contoso.example"}},
		"secret_max_days":       90,
		"of_a_rule_of_ones_own": account,
	}, key)
	want := map[string]any{
		"break_glass_accounts":  []any{key.ID(account), key.ID(account)},
		"approved_applications": []any{map[string]any{"app_id": key.ID(app), "permissions": []any{"Mail.Read"}, "reason": key.Name("text", "Adele wants it"), "until": "2027-01-01"}},
		"approved_tenants":      []any{map[string]any{"id": azure, "name": "Fabrikam", "reason": key.Name("text", "of Adele's")}},
		"azure_subscriptions":   []any{azure},
		"privileged_roles":      []any{"default", role},
		"coverage_exempt":       map[string]any{"upn": []any{key.UPN("adele@contoso.example")}},
		"secret_max_days":       90,
		"of_a_rule_of_ones_own": key.ID(account),
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Pseudonymise: %v\n%s", err, diff)
	}
	for pattern, taken := range map[string]bool{"svc-*": true, "ROOM-*": true, "adele*": false, "*-svc@contoso.example": false, "svc-?": false} {
		_, err := policies.Pseudonymise(map[string]any{"coverage_exempt": map[string]any{"upn": []any{pattern}}}, key)
		if (err == nil) != taken {
			t.Errorf("the pattern %q: %v, want it taken: %t", pattern, err, taken)
		}
	}
}
