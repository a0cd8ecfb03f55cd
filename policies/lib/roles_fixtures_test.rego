# The tenant that the tests of roles are made of: people, groups and applications by
# short ids, and functions that make of them what Microsoft Graph lists.
package domicile.lib.roles_fixtures_test

import data.domicile.lib.roles

# user is an enabled, cloud-only person, as an assignment expands it.
user(id) := {
	"@odata.type": "#microsoft.graph.user",
	"id": id,
	"displayName": upper(id),
	"userPrincipalName": concat("", [id, "@contoso.example"]),
	"accountEnabled": true,
	"userType": "Member",
}

group(id) := {"@odata.type": "#microsoft.graph.group", "id": id, "displayName": id}

application(id) := {"@odata.type": "#microsoft.graph.servicePrincipal", "id": id, "displayName": id, "appId": "app"}

# row is an assignment of a role for the whole tenant to an expanded principal.
row(principal, role) := {
	"id": concat("-", [principal.id, role]),
	"principalId": principal.id,
	"roleDefinitionId": role,
	"directoryScopeId": "/",
	"principal": principal,
}

# admin is the assignment of Global Administrator to an enabled person.
admin(id) := row(user(id), roles.global_administrator)

# bare is the assignment of Global Administrator to an id of which nothing else is known.
bare(id) := object.remove(admin(id), ["principal"])

# member is a member of a group, as role_group_members lists it.
member(of, principal) := object.union(principal, {"groupId": of})

# eligible is the eligibility of somebody for a group, as group_eligibility lists it: access is
# member or owner.
eligible(of, id, access) := {"groupId": of, "principalId": id, "accessId": access, "memberType": "direct"}

# listed is the table of users by id: each person as users list it.
listed(people) := {person.id: object.union(object.remove(person, ["@odata.type"]), {"onPremisesSyncEnabled": null, "externalUserState": null}) | some person in people}

# tenant is the input of a rule for a tenant with some assignments, all evidence read.
tenant(profile, assignments) := {
	"tenant": {"id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso", "cloud": "global"},
	"now": "2026-11-21T00:00:00Z",
	"profile": profile,
	"params": {"count_break_glass": true, "global_admins_min": 2, "global_admins_max": 4, "privileged_roles": ["default"]},
	"evidence": {
		"role_assignments": assignments,
		"role_eligibility": [],
		"role_schedules": [],
		"role_group_members": [],
		"group_eligibility": [],
		"users": [],
	},
	"gaps": {},
	"lookup": {"users": listed([row.principal | some row in assignments; row.principal["@odata.type"] == "#microsoft.graph.user"])},
}

# gaps is what an input's gaps hold when some kinds could not be read.
gaps(reasons) := {"gaps": {kind: {"reason": reason, "status": 0, "code": ""} | some kind, reason in reasons}}
