# The settings of roles that the tests of rules on them are made of.
package domicile.lib.roles_policies_fixtures_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made

# good are the rules of a role's policy that no rule objects to.
good := {
	"Approval_EndUser_Assignment": {"setting": {"isApprovalRequired": true, "approvalStages": [{"primaryApprovers": [person("boss")]}]}},
	"Enablement_EndUser_Assignment": {"enabledRules": ["MultiFactorAuthentication", "Justification"]},
	"AuthenticationContext_EndUser_Assignment": {"isEnabled": false, "claimValue": ""},
	"Expiration_EndUser_Assignment": {"isExpirationRequired": true, "maximumDuration": "PT8H"},
	"Notification_Admin_Admin_Assignment": told,
	"Notification_Admin_Admin_Eligibility": told,
	"Notification_Admin_EndUser_Assignment": told,
}

told := {"isDefaultRecipientsEnabled": true, "notificationLevel": "All", "notificationRecipients": []}

quiet := {"isDefaultRecipientsEnabled": false, "notificationLevel": "All", "notificationRecipients": []}

# person is an approver by name.
person(id) := {"@odata.type": "#microsoft.graph.singleUser", "userId": id, "description": id}

# policy is the settings of a role, from rules by their ids.
policy(role, rules) := {
	"id": concat("_", ["DirectoryRole", role]),
	"roleDefinitionId": role,
	"scopeId": "/",
	"scopeType": "DirectoryRole",
	"policy": {"id": role, "rules": [object.union(rule, {"id": id}) | some id, rule in rules]},
}

# tenant is the input of a rule for a tenant with these settings of roles, where boss is an
# enabled person and gone a disabled one.
tenant(policies) := object.union(made.tenant("xdr-current", []), {
	"evidence": {"role_policies": policies},
	"params": {"activation_max_hours": 8, "approve_security_admin": false},
	"lookup": {"users": object.union(made.listed([made.user("boss")]), {"off": {"id": "off", "accountEnabled": false}})},
})

# with_only is the tenant in which every privileged role has good settings but one, which has
# these rules alone.
with_only(role, rules) := tenant([policy(id, kept) |
	some id in roles.default_privileged
	kept := object.get({role: rules}, id, good)
])

# over is with_only of the good settings with some laid over. Lists are replaced.
over(role, rules) := with_only(role, object.union(good, rules))

# without is with_only of the good settings without some.
without(role, ids) := with_only(role, object.remove(good, ids))
