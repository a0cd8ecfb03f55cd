package remediation_test

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/remediation"
)

var holdsForGood = found{"ROLE1005", "make_role_eligible", "user", "u-standing"}

// TestEligibleInstead plans two changes for a standing role, or says why it doesn't.
func TestEligibleInstead(t *testing.T) {
	schedule := func(t *tenant) object { return t.collections[roleSchedules][0] }
	expiration := func(t *tenant) object { return t.single[roleRules+"Expiration_Admin_Eligibility"] }
	tests := []struct {
		name   string
		change func(*tenant, object)
		paths  []string
		says   string
	}{
		{"a standing role", nil, []string{eligibility, roleAssignments + "/ra-u-standing"}, `"expiration":{"duration":"P365D","type":"afterDuration"},"startDateTime":"2026-11-21T08:00:00Z"`},
		{"a role without an end", func(t *tenant, _ object) { expiration(t)["isExpirationRequired"] = false }, []string{eligibility, roleAssignments + "/ra-u-standing"}, `"expiration":{"type":"noExpiration"}`},
		{"a role in a unit", func(t *tenant, _ object) { schedule(t)["directoryScopeId"] = "/administrativeUnits/a" }, []string{eligibility, roleAssignments + "/ra-u-standing"}, `"directoryScopeId":"/administrativeUnits/a"`},
		{"who is eligible already", func(t *tenant, _ object) {
			_ = t.request(object{"action": "adminAssign", "principalId": "u-standing", "roleDefinitionId": userAdmin, "directoryScopeId": "/"})
		}, []string{roleAssignments + "/ra-u-standing"}, ""},
		{"a custom role that is named", func(t *tenant, params object) {
			schedule(t)["roleDefinitionId"] = globalAdmin
			params["privileged_roles"] = []any{strings.ToUpper(globalAdmin)}
		}, []string{eligibility, roleAssignments + "/ra-u-standing"}, ""},

		{"no licence", func(t *tenant, _ object) { t.user("u-standing")["assignedPlans"] = []any{} }, nil, "neither Entra ID P2"},
		{"a licence that is suspended", func(t *tenant, _ object) {
			t.user("u-standing")["assignedPlans"].([]any)[0].(object)["capabilityStatus"] = "Suspended"
		}, nil, "neither Entra ID P2"},
		{"a user that was not read", func(t *tenant, _ object) { t.collections["users"] = nil }, nil, "is not in the evidence users"},
		{"an exception", func(_ *tenant, params object) {
			params["role_exceptions"] = []any{object{"principal_id": "U-standing", "role": "User Administrator"}}
		}, nil, "role_exceptions names the account"},
		{"an account for emergencies", func(_ *tenant, params object) { params["break_glass_accounts"] = []any{"u-standing"} }, nil, "kept for emergencies"},
		{"nobody said which accounts those are", func(_ *tenant, params object) { delete(params, "break_glass_accounts") }, nil, "break_glass_accounts"},
		{"a disabled account", func(t *tenant, _ object) { schedule(t)["principal"] = account("u-standing", false) }, nil, "that it is enabled"},
		{"a deleted account", func(t *tenant, _ object) { schedule(t)["principal"] = nil }, nil, "that it is enabled"},
		{"a role that doesn't count", func(_ *tenant, params object) { params["privileged_roles"] = []any{globalAdmin} }, nil, "no privileged role for good"},
		{"the role that synchronises directories", func(t *tenant, params object) {
			schedule(t)["roleDefinitionId"] = "d29b2b05-8046-44ba-8758-1e26182fcf32"
			params["privileged_roles"] = []any{"d29b2b05-8046-44ba-8758-1e26182fcf32"}
		}, nil, "no privileged role for good"},
		{"a role that was activated", func(t *tenant, _ object) { schedule(t)["assignmentType"] = "Activated" }, nil, "no privileged role for good"},
		{"a role that ends", func(t *tenant, _ object) { schedule(t)["endDateTime"] = "2027-01-01T00:00:00Z" }, nil, "no privileged role for good"},
		{"a role through a group", func(t *tenant, _ object) { schedule(t)["memberType"] = "Group" }, nil, "no privileged role for good"},
		{"settings that ask for a ticket", func(t *tenant, _ object) {
			t.single[roleRules+"Enablement_Admin_Eligibility"] = object{"id": "Enablement_Admin_Eligibility", "enabledRules": []any{"Ticketing"}}
		}, nil, "ask for a ticket"},
		{"settings that don't say for how long", func(t *tenant, _ object) { delete(expiration(t), "maximumDuration") }, nil, "for how long"},
		{"no settings", func(t *tenant, params object) {
			schedule(t)["roleDefinitionId"] = "r-custom"
			params["privileged_roles"] = []any{"r-custom"}
		}, nil, "doesn't have the role's settings"},
		{"an assignment with an odd id", func(t *tenant, _ object) { schedule(t)["roleAssignmentOriginId"] = "../users/u1" }, nil, "can't be part of a request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			params := tenant.sources(t, holdsForGood).Result.Params
			if tt.change != nil {
				tt.change(tenant, params)
			}
			sources := tenant.sources(t, holdsForGood)
			sources.Result.Params = params
			plan := build(t, sources)
			var paths []string
			for _, change := range plan.Changes {
				paths = append(paths, change.Request.Path)
			}
			switch {
			case !slices.Equal(paths, tt.paths):
				t.Errorf("Build() sends %q, want %q: %+v", paths, tt.paths, plan.Steps)
			case len(tt.paths) == 0 && !strings.Contains(plan.Steps[0].Unplanned, tt.says):
				t.Errorf("Build() = %q, want %q", plan.Steps[0].Unplanned, tt.says)
			case len(tt.paths) > 0 && !strings.Contains(string(plan.Changes[0].Request.Body), tt.says):
				t.Errorf("the body is %s, want %s in it", plan.Changes[0].Request.Body, tt.says)
			}
		})
	}
	t.Run("a group", func(t *testing.T) {
		plan := build(t, newTenant().sources(t, found{"ROLE1005", "make_role_eligible", "group", "g1"}))
		if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "only a person") {
			t.Errorf("Build() = %+v", plan)
		}
	})
}

// TestOneAdministratorKeepsTheRole plans for all Global Administrators at once.
func TestOneAdministratorKeepsTheRole(t *testing.T) {
	licensed := []any{object{"servicePlanId": strings.ToUpper(premiumP2), "capabilityStatus": "Warning"}}
	newTenant := func() *tenant {
		t := newTenant()
		t.collections[roleSchedules] = []object{standing("u-admin", globalAdmin), standing("u-standing", globalAdmin)}
		t.collections["users"] = append(t.collections["users"], object{"id": "u-admin", "assignedPlans": licensed})
		t.collections[roleAssignments] = append(t.collections[roleAssignments], object{"id": "ra-u-admin", "principalId": "u-admin"})
		return t
	}
	violations := []found{{"ROLE1005", "make_role_eligible", "user", "u-admin"}, holdsForGood}
	plan := build(t, newTenant().sources(t, violations...))
	if len(plan.Changes) != 2 || len(plan.Steps) != 1 || !strings.Contains(plan.Steps[0].Unplanned, "no other enabled person") {
		t.Errorf("Build() = %+v", plan)
	}
	for name, change := range map[string]func(object){
		"activated": func(o object) { o["assignmentType"] = "Activated" },
		"ends":      func(o object) { o["endDateTime"] = "2027-01-01T00:00:00Z" },
	} {
		tenant := newTenant()
		change(tenant.collections[roleSchedules][0])
		if plan := build(t, tenant.sources(t, holdsForGood)); len(plan.Changes) != 0 {
			t.Errorf("the only other administrator's role %s, and the plan has %+v", name, plan.Changes)
		}
		// The same, where it comes to be so after the plan was made.
		tenant = newTenant()
		run := tenant.run(t)
		run.Sources = tenant.sources(t, holdsForGood)
		run.File = file(t, build(t, run.Sources))
		change(tenant.collections[roleSchedules][0])
		settled := apply(t, run)
		if len(settled) != 2 || settled[0].Outcome != remediation.Applied || settled[1].Outcome != remediation.Guarded {
			t.Errorf("the only other administrator's role %s: %+v", name, settled)
		}
	}
}

// eligibleRun applies a plan for the standing role alone.
func eligibleRun(t *testing.T, tenant *tenant) remediation.Run {
	t.Helper()
	run := tenant.run(t)
	run.Sources = tenant.sources(t, holdsForGood)
	run.File = file(t, build(t, run.Sources))
	return run
}

// holdings are how many standing roles and eligibilities the account has.
func (t *tenant) holdings() [2]int {
	count := func(path string) (n int) {
		for _, o := range t.collections[path] {
			if o["principalId"] == "u-standing" {
				n++
			}
		}
		return n
	}
	return [2]int{count(roleSchedules), count(roleEligibilities)}
}

// TestStandingRoleIsBoundToTheEligibility never leaves the account without the role, whatever
// becomes of the other change.
func TestStandingRoleIsBoundToTheEligibility(t *testing.T) {
	refuse := func(methods ...string) func(remediation.Request, bool) error {
		return func(r remediation.Request, _ bool) error {
			if slices.Contains(methods, r.Method+" "+r.Path) {
				return &remediation.RefusalError{Status: 400, Code: "RoleAssignmentRequestPolicyValidationFailed", Message: "no"}
			}
			return nil
		}
	}
	expect := func(t *testing.T, settled []remediation.Settled, want ...remediation.Outcome) {
		t.Helper()
		var got []remediation.Outcome
		for _, s := range settled {
			got = append(got, s.Outcome)
		}
		if !slices.Equal(got, want) {
			t.Errorf("it ended %v, want %v: %+v", got, want, settled)
		}
	}
	t.Run("it is refused", func(t *testing.T) {
		tenant := newTenant()
		run := eligibleRun(t, tenant)
		tenant.fault = refuse("POST " + eligibility)
		expect(t, apply(t, run), remediation.Refused, remediation.Guarded)
		if tenant.holdings() != [2]int{1, 0} {
			t.Errorf("the account holds %v", tenant.holdings())
		}
	})
	t.Run("it was taken out of the plan", func(t *testing.T) {
		for _, dry := range []bool{true, false} {
			tenant := newTenant()
			run := eligibleRun(t, tenant)
			plan, err := remediation.Decode(run.File)
			if err != nil {
				t.Fatal(err)
			}
			plan.Changes = plan.Changes[1:]
			run.File, run.DryRun = file(t, plan), dry
			expect(t, apply(t, run), remediation.Guarded)
		}
	})
	t.Run("a dry run", func(t *testing.T) {
		run := eligibleRun(t, newTenant())
		run.DryRun = true
		expect(t, apply(t, run), remediation.Ready, remediation.Ready)
	})
	t.Run("the role can't be given back", func(t *testing.T) {
		tenant := newTenant()
		run := eligibleRun(t, tenant)
		expect(t, apply(t, run), remediation.Applied, remediation.Applied)
		if tenant.holdings() != [2]int{0, 1} {
			t.Errorf("the account holds %v", tenant.holdings())
		}
		tenant.fault = refuse("POST " + roleAssignments)
		expect(t, rollback(t, run), remediation.Refused, remediation.Guarded)
		if tenant.holdings() != [2]int{0, 1} {
			t.Errorf("after the rollback the account holds %v", tenant.holdings())
		}
		tenant.fault = nil
		expect(t, rollback(t, run), remediation.Applied, remediation.Applied)
		if tenant.holdings() != [2]int{1, 0} {
			t.Errorf("after a second rollback the account holds %v", tenant.holdings())
		}
	})
	t.Run("somebody else took the role away", func(t *testing.T) {
		tenant := newTenant()
		run := eligibleRun(t, tenant)
		tenant.fault = refuse("DELETE " + roleAssignments + "/ra-u-standing")
		expect(t, apply(t, run), remediation.Applied, remediation.Refused)
		tenant.collections[roleSchedules] = tenant.collections[roleSchedules][1:]
		expect(t, rollback(t, run), remediation.Guarded)
	})
	t.Run("the directory takes a while", func(t *testing.T) {
		tenant := newTenant()
		run := eligibleRun(t, tenant)
		late := &lateEligibility{tenant: tenant, reads: 3}
		run.Target = late
		run.Sleep = func(context.Context, time.Duration) error { return nil }
		expect(t, apply(t, run), remediation.Applied, remediation.Applied)
		if late.reads != 0 {
			t.Errorf("%d late reads are left", late.reads)
		}
	})
	t.Run("the directory doesn't answer", func(t *testing.T) {
		tenant := newTenant()
		run := eligibleRun(t, tenant)
		run.Target = &lateEligibility{tenant: tenant, reads: 1000, refusal: &remediation.RefusalError{Status: 500, Message: "busy"}}
		settled := apply(t, run)
		expect(t, settled, remediation.Applied, remediation.Guarded)
		if !strings.Contains(settled[1].Message, "reading what it needs") {
			t.Errorf("it says %q", settled[1].Message)
		}
	})
}

// lateEligibility shows eligibilities some reads after they were made, or refuses to.
type lateEligibility struct {
	*tenant
	reads   int
	refusal error
}

func (l *lateEligibility) List(ctx context.Context, path string) iter.Seq2[json.RawMessage, error] {
	if strings.HasPrefix(path, roleEligibilities) && len(l.writes) > 0 && l.reads > 0 {
		l.reads--
		return func(yield func(json.RawMessage, error) bool) {
			if l.refusal != nil {
				yield(nil, l.refusal)
			}
		}
	}
	return l.tenant.List(ctx, path)
}
