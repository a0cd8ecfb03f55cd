# METADATA
# title: Holders of Defender's own roles that can change settings are approved
# description: |-
#   Defender XDR, Defender for Endpoint, Cloud Apps and Identity have roles of their own, which
#   Microsoft Entra ID's lists don't show. Some of them change settings, export data or exclude
#   devices as a Security Administrator can. Microsoft Graph tells who holds the unified ones,
#   in beta and in the Global cloud alone, and not what they allow; the rest is in a statement
#   of two people, which names every holder and approves or refuses each.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/manage-rbac
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-permissions
#   - ref: https://learn.microsoft.com/graph/api/resources/rbacapplicationmultiple
# custom:
#   id: ROLE1023
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [defender_roles]
#   licence: []
#   params: {}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Take the role from holders who aren't approved, or approve them in a statement of two people.
#     steps:
#       xdr-current:
#         - Open https://security.microsoft.com, Permissions > Microsoft Defender XDR > Roles, and list the assignments; then Endpoints roles & groups, Cloud Apps > Roles and Identities > Roles, where they are still in use.
#         - Remove assignments that nobody needs, and prefer custom roles without the permission to change settings.
#         - Write the rest down with `domicile attest new defender-roles`, naming each holder, the role with its product, and whether it is approved; a second person reviews it.
package domicile.roles.defender_role_holders_approved

import data.domicile.lib.attestations
import data.domicile.lib.roles_privileged as privileged

_statement := attestations.latest(input.evidence.attestations, "defender-roles")

# _stated are the holders that the statement names, and whether it approves them.
_stated := [holder |
	some holder in _statement.value.holders
	is_string(holder.principalId)
]

_approved := {lower(holder.principalId) | some holder in _stated; holder.approved == true} - _refused

_refused := {lower(holder.principalId) | some holder in _stated; holder.approved == false}

# _assigned are who holds a role by the service itself, as [principal, assignment's name].
_assigned := {[lower(id), _title(assignment)] |
	some assignment in input.evidence.defender_roles
	some id in assignment.principalIds
	is_string(id)
}

_title(assignment) := assignment.displayName if {
	is_string(assignment.displayName)
} else := "without a name"

_found := {id | some [id, _] in _assigned} | _refused

_why(id) := "is refused by the statement" if id in _refused

_why(id) := "is not named by the statement" if not id in _refused

deny contains {
	"resource": {"kind": "defender_role", "id": id, "name": _roles(id)},
	"message": sprintf("The principal '%s' holds a role of Defender's own (%s) and %s '%s'.", [substring(id, 0, 40), _roles(id), _why(id), attestations.file(_statement)]),
	"expected": "holders of Defender's own roles that the statement defender-roles approves",
	"actual": _why(id),
} if {
	some id in _found
	not id in _approved
	count(_statement) > 0
}

_roles(id) := privileged.listed({title |
	some [holder, title] in _assigned
	holder == id
} | {sprintf("%v", [holder.role]) |
	some holder in _stated
	lower(holder.principalId) == id
})

unknown contains reason if {
	not _statement
	reason := {
		"reason": "needs_attestation",
		"kind": "attestations",
		"message": sprintf("No valid statement says who may hold roles of Defender's own that can change settings; assignments of its unified roles in the evidence: %d. Write one with the fact defender-roles.", [count(_assigned)]),
	}
}

# Where the interface isn't offered the statement alone is what can be known; elsewhere
# what can be read must be.
unknown contains reason if {
	gap := input.gaps.defender_roles
	not gap.reason in {"not_in_this_cloud", "not_licensed", "not_provisioned"}
	reason := {
		"reason": gap.reason,
		"kind": "defender_roles",
		"message": "The assignments of Defender XDR's unified roles could not be read in full, which takes RoleManagement.Read.Defender.",
	}
}

observed contains {"fact": "role", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	value := sprintf("holders by the statement '%s': %d approved, %d not", [attestations.file(_statement), count(_approved), count(_refused)])
}

observed contains {"fact": "role", "service": "xdr", "value": value, "tier": "api", "kind": "defender_roles"} if {
	not input.gaps.defender_roles
	value := sprintf("holders of unified roles: %d", [count({id | some [id, _] in _assigned})])
}
