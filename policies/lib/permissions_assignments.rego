# METADATA
# title: Assignments of application permissions
# description: >-
#   The application permissions that applications hold, joined with the permissions' names and
#   with the applications, for the rules that judge one kind of permission. The functions take
#   the whole input, and the list of the assignments that are asked about.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/approleassignment
package domicile.lib.permissions_assignments

import data.domicile.lib.permissions
import data.domicile.lib.permissions_holders as holders

# held is the list of those assignments to applications whose permission is security_data,
# self_granting or high_risk, as {id, created, principal_id, principal, application, permission,
# named, held}: principal is the service principal as the look-up has it, {} when it wasn't read;
# application is holders.holder; held says in a message on which resource.
held(inp, assignments, what) := [{
	"id": holders.grant_id(assignment),
	"created": object.get(assignment, "createdDateTime", null),
	"principal_id": object.get(assignment, "principalId", null),
	"principal": _principal(inp, assignment),
	"application": holders.holder(inp.lookup.service_principals, object.get(assignment, "principalId", null), object.get(assignment, "principalDisplayName", null)),
	"permission": permission,
	"named": "id" in object.keys(permission),
	"held": sprintf("on '%s'", [permissions.resource_name(permission.appId)]),
} |
	known := permissions.by_id(inp.evidence.resource_permissions, "Role")
	resources := permissions.resources(inp.evidence.resource_permissions)
	others := {key | some key, permission in known; not _is(what, permission, inp)}
	some assignment in assignments
	not _key(assignment) in others
	_to_application(assignment)
	permission := _permission(inp, known, resources, assignment)
	_is(what, permission, inp)
]

# unnamed holds when one of the assignments to applications is of a permission that no resource
# lists, so that it may be of the kind asked for: one of a security resource is security data
# whatever its name, and one of an organisation's own resource is none.
unnamed(inp, assignments) if {
	known := permissions.by_id(inp.evidence.resource_permissions, "Role")
	resources := permissions.resources(inp.evidence.resource_permissions)
	some assignment in assignments
	not known[_key(assignment)]
	_to_application(assignment)
	object.get(assignment, "appRoleId", null) != _default_access
	_resource(inp, resources, assignment) in {permissions.graph, ""}
}

# perhaps_approved holds for an assignment that held gives whose permission's name wasn't read,
# to an application that holds an approval: approvals name permissions, so that it may be of
# this one. approvals is permissions.approved.
perhaps_approved(assignment, approvals) if {
	not assignment.named
	app_id := assignment.application.app_id
	not permissions.approval_key(app_id, assignment.permission.value) in approvals
	some approval in approvals
	startswith(approval, permissions.approval_key(app_id, ""))
}

# A role that a security resource no longer lists goes by its id.
_permission(inp, known, resources, assignment) := known[_key(assignment)] if {
	known[_key(assignment)]
} else := {"appId": resource, "value": role} if {
	resource := _resource(inp, resources, assignment)
	resource in permissions.security_resources
	role := _role(assignment)
	role != _default_access
}

_is("security_data", permission, _) if permissions.security_data(permission.appId, permission.value)

_is("self_granting", permission, _) if permissions.self_granting(permission.appId, permission.value)

_is("high_risk", permission, inp) if permissions.high_risk(permission.appId, permission.value, inp.params)

_principal(inp, assignment) := inp.lookup.service_principals[assignment.principalId] if {
	inp.lookup.service_principals[assignment.principalId]
} else := {}

_to_application(assignment) if not object.get(assignment, "principalType", null) in {"User", "Group"}

_key(assignment) := permissions.key(assignment.resourceId, assignment.appRoleId) if {
	is_string(assignment.resourceId)
	is_string(assignment.appRoleId)
} else := ""

_role(assignment) := assignment.appRoleId if {
	is_string(assignment.appRoleId)
} else := "unnamed permission"

_resource(inp, resources, assignment) := lower(resources[assignment.resourceId]) if {
	resources[assignment.resourceId]
} else := lower(inp.lookup.service_principals[assignment.resourceId].appId) if {
	is_string(inp.lookup.service_principals[assignment.resourceId].appId)
} else := ""

# Access to an application without any of its roles.
_default_access := "00000000-0000-0000-0000-000000000000"
