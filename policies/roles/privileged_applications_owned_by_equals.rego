# METADATA
# title: No application with a privileged role is owned by somebody who lacks that role
# description: |-
#   An owner of an application, or of its service principal, may add a secret to it and then act
#   as the application does. If the application holds a privileged role that its owner lacks,
#   every such owner is a step away from it, without approval or second factor. A Global
#   Administrator lacks no role.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/security-planning
#   - ref: https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/overview-assign-app-owners
# custom:
#   id: ROLE1015
#   severity: critical
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [role_owners, service_principals, applications]
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members, users]
#   lookup: {service_principals: id, applications: appId, users: id}
#   licence: []
#   params:
#     approved_applications:
#       type: [object]
#       description: The applications approved for permissions, each with app_id, permissions (names of permissions, and names or template ids of directory roles), reason and until (a date).
#     first_party_tenants:
#       type: [string]
#       description: Tenant ids in which Microsoft keeps its own applications.
#       default: [f8cdef31-a31e-4b4a-93e4-5f571e91255a, 72f988bf-86f1-41af-91ab-2d7cd011db47]
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-6, coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}, {id: A.5.18, coverage: part}]
#   remediation:
#     summary: Remove owners who lack the application's role from it and from its service principal.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, App registrations > the application > Owners, and remove the owners who lack the role.
#         - Do the same under Enterprise apps > the application > Owners; both lists count.
#         - Record who answers for the application in its notes instead, and leave changes to holders of Application Administrator who are trusted with the role.
#         - Look in the audit log for credentials that were added to the application lately.
package domicile.roles.privileged_applications_owned_by_equals

import data.domicile.lib.roles
import data.domicile.lib.roles_applications as applications
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_applications := applications.applications(input, _privileged)

_pairs := privileged.pairs(_all)

# _weak are the owners of an application, or of its service principal, who lack one of its
# roles.
_weak(application) := {owner |
	some owner in input.evidence.role_owners
	owner.ownedId in {application.id, object.get(application.registration, "id", "")}
	count(privileged.lacking(_pairs, owner.id, privileged.grants(application.accounts))) > 0
}

_judged := {id: application |
	some id, application in _applications
	application.home in {"own", "unclear", "managed"}
}

_hidden := privileged.hidden(input, _privileged)

deny contains {
	"resource": applications.resource(application),
	"message": sprintf("'%s' holds %s, and owners lack it: %s.", [application.name, privileged.held(application.accounts), privileged.listed({_owner_name(owner) | some owner in owners})]),
	"expected": "no owner, or owners who hold the same roles",
	"actual": sprintf("owners without the roles: %d", [count({owner.id | some owner in owners})]),
} if {
	some application in _judged
	count(_hidden) == 0
	owners := _weak(application)
	count(owners) > 0
}

deny contains finding if some finding in applications.foreign_deny(input, _applications, "owners")

_owner_name(owner) := [name |
	some name in [object.get(owner, "userPrincipalName", null), object.get(owner, "displayName", null), object.get(owner, "id", null), "an owner without a name"]
	is_string(name)
][0]

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in _hidden

unknown contains reason if some reason in applications.unjudged(input, _applications, "owners")

# Owners are read of the applications that hold a role themselves.
unknown contains reason if {
	some application in _judged
	every account in application.accounts {
		account.via != ""
	}
	reason := {
		"reason": "not_collected",
		"kind": "role_owners",
		"message": sprintf("'%s' holds privileged roles through groups alone, and its owners are not in the evidence.", [application.name]),
	}
}

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "service_principals"} if {
	some application in _applications
	application.home == "microsoft"
	some value in applications.set_aside([application])
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_owners"} if {
	some application in _judged
	ids := {owner.id |
		some owner in input.evidence.role_owners
		owner.ownedId in {application.id, object.get(application.registration, "id", "")}
	}
	value := sprintf("'%s' has owners: %d", [application.name, count(ids)])
}
