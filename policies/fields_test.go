package policies_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

// TestFieldsThatNoRuleNames are there for a rule of one's own, however it goes over them.
func TestFieldsThatNoRuleNames(t *testing.T) {
	b := bundle(t, "global", map[string][]string{"users": {`{"id":"1","accountEnabled":false,"userType":"Guest"}`}})
	for _, condition := range []string{
		`some name, value in user; startswith(name, "account"); value == false`,
		`some name in object.keys(user); startswith(name, "account")`,
		`walk(user, [path, value]); startswith(concat("", path), "account"); value == false`,
		`user[concat("", ["account", "Enabled"])] == false`,
		`object.get(user, concat("", ["account", "Enabled"]), true) == false`,
		`contains(json.marshal(user), concat("", ["account", "Enabled"]))`,
		`count(user) == 3`,
		`object.get(_whole, "user", {}) == user`,
	} {
		body := `deny contains {"resource": {"kind": "user", "id": user.id, "name": ""}, "message": "m", "expected": "e", "actual": "a"} if {
	some user in input.evidence.users
	` + strings.ReplaceAll(condition, "; ", "\n\t") + `
}
`
		if strings.Contains(condition, "_whole") {
			body += "\n" + `_whole := json.unmarshal("{\"user\":{\"id\":\"1\",\"accountEnabled\":false,\"userType\":\"Guest\"}}")` + "\n"
		}
		for _, custom := range []string{"scope: tenant\nevidence: {all: [users]}", "scope: users\nevidence: {all: [users]}"} {
			rule, found := judge(t, ruleFile("subject", custom, body), b, policies.Options{})
			if rule.Outcome != findings.Fail || len(found) != 1 {
				t.Errorf("%s: %s: outcome %s, %v", custom, condition, rule.Outcome, rule.Reasons)
			}
		}
	}
}

// TestALookUpByAFieldThatNoRuleNames finds the object.
func TestALookUpByAFieldThatNoRuleNames(t *testing.T) {
	tree := ruleFile("subject", "scope: tenant\nevidence: {all: [applications]}\nlookup: {applications: appId}",
		`deny contains {"resource": {"kind": "application", "id": "a", "name": ""}, "message": "m", "expected": "e", "actual": "a"} if input.lookup.applications.a.id == "1"
`)
	b := bundle(t, "global", map[string][]string{"applications": {`{"id":"1","appId":"a"}`}})
	if rule, _ := judge(t, tree, b, policies.Options{}); rule.Outcome != findings.Fail {
		t.Errorf("outcome %s, %v; want fail", rule.Outcome, rule.Reasons)
	}
}

// TestShippedRulesNameWhatTheyRead: they say of objects with the fields that they name what
// they say of whole ones, which rules that don't ship are given.
func TestShippedRulesNameWhatTheyRead(t *testing.T) {
	shipped := policies.Builtin()
	changed := maps.Clone(shipped)
	for name := range changed {
		changed[name] += "\n# Changed.\n"
	}
	var sets []*policies.Set
	for _, tree := range []policies.Tree{shipped, changed} {
		set, err := policies.Load(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, set)
	}
	for _, tenant := range []string{"weak", "partial"} {
		b, o := collected(t, tenant)
		var said []policies.Verdicts
		for _, set := range sets {
			verdicts, err := set.Evaluate(t.Context(), b, o)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, verdicts)
		}
		if diff := cmp.Diff(said[1], said[0]); diff != "" || tenant == "weak" && len(said[0].Findings) == 0 {
			t.Errorf("%s: %d findings; verdicts on whole objects differ:\n%s", tenant, len(said[0].Findings), diff)
		}
	}
}
