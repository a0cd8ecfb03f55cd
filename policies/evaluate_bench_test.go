package policies_test

import (
	"fmt"
	"testing"

	"github.com/domicile-audit/domicile/policies"
)

// crowd is a tenant of many users, nine in twenty of whom hold a privileged role: half of them
// directly and half through one of ten groups, as active or eligible members. Many offend:
// they are disabled or away, uncovered by a licence, or hold their role for good.
func crowd(users int) map[string][]string {
	const administrator = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	kinds := map[string][]string{
		"subscribed_skus": {`{"skuId":"s","skuPartNumber":"SPE_E5","capabilityStatus":"Enabled","servicePlans":[{"servicePlanId":"bf28f719-7844-4079-9c78-c1307898e192","provisioningStatus":"Success"}]}`},
		"role_owners":     {`{"ownedId":"g0","ownedKind":"group","id":"u0"}`},
	}
	add := func(kind, format string, args ...any) {
		kinds[kind] = append(kinds[kind], fmt.Sprintf(format, args...))
	}
	for group := range 10 {
		principal := fmt.Sprintf(`{"@odata.type":"#microsoft.graph.group","id":"g%d"}`, group)
		add("role_assignments", `{"principalId":"g%d","roleDefinitionId":%q,"directoryScopeId":"/","principal":%s}`, group, administrator, principal)
	}
	for i := range users {
		id := fmt.Sprintf("u%d", i)
		add("users", `{"id":%q,"userPrincipalName":"%s@contoso.example","accountEnabled":%t,"userType":"Member","createdDateTime":"2020-01-01T00:00:00Z","assignedLicenses":[{"skuId":"s"}],"assignedPlans":[]}`, id, id, i%8 != 0)
		add("sign_in_activity", `{"id":%q,"signInActivity":{"lastSuccessfulSignInDateTime":"2021-01-01T00:00:00Z"}}`, id)
		if i%20 >= 9 {
			continue
		}
		row := fmt.Sprintf(`"principalId":%q,"roleDefinitionId":%q,"directoryScopeId":"/","principal":{"@odata.type":"#microsoft.graph.user","id":%q}`, id, administrator, id)
		switch i % 4 {
		case 0:
			add("role_assignments", `{%s}`, row)
			add("role_schedules", `{%s,"assignmentType":"Assigned","memberType":"Direct","startDateTime":null,"endDateTime":null}`, row)
		case 1:
			add("role_eligibility", `{%s}`, row)
		case 2:
			add("role_group_members", `{"groupId":"g%d","@odata.type":"#microsoft.graph.user","id":%q}`, i%10, id)
		case 3:
			add("group_eligibility", `{"groupId":"g%d","principalId":%q,"accessId":"member"}`, i%10, id)
		}
	}
	return kinds
}

// BenchmarkEvaluate judges tenants by rules on who holds a role, to be compared between sizes.
func BenchmarkEvaluate(b *testing.B) {
	loaded, err := policies.Load(b.Context(), policies.Builtin())
	if err != nil {
		b.Fatal(err)
	}
	for _, rule := range []string{"LIC1007", "LIC1012", "LIC1013", "ROLE1002", "ROLE1005", "ROLE1017", "ROLE1018", "ROLE1020"} {
		set, err := loaded.Select(policies.Selection{Rules: []string{rule}})
		if err != nil {
			b.Fatal(err)
		}
		for _, users := range []int{1000, 4000, 16000} {
			read := bundle(b, "global", crowd(users))
			b.Run(fmt.Sprintf("%s/%d", rule, users), func(b *testing.B) {
				for b.Loop() {
					if _, err := set.Evaluate(b.Context(), read, policies.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
