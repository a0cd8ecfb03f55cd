# METADATA
# title: The accounts kept for emergencies exist, are cloud-only and hold Global Administrator for good
# description: |-
#   When federation, MFA or the approvers fail, only an account that depends on none of them
#   gets into the tenant. Such accounts are known by name, live in the cloud alone, are enabled,
#   and hold Global Administrator themselves, active and without an end: not by being eligible,
#   which takes an activation, and not through a group, which others change.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access
# custom:
#   id: ROLE1019
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: []
#     any: [role_assignments, role_schedules]
#     optional: [users]
#   lookup: {users: id}
#   licence: []
#   params:
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts that are kept for emergencies.
#     break_glass_min:
#       type: integer
#       description: How many accounts must be kept for emergencies at the least.
#       default: 2
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "1.1.2", coverage: part}]
#     nist_800_53: [{id: CP-2, coverage: part}]
#     iso_27001: [{id: A.5.29, coverage: part}]
#     nis2: [{id: 21(2)(c), coverage: evidence}]
#   remediation:
#     summary: Keep at least two enabled, cloud-only accounts that hold Global Administrator for good, and name them in the configuration.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Users, and create the accounts on the tenant's own onmicrosoft.com domain, with a long random password and a security key each, kept in two places.
#         - Under Identity governance > Privileged Identity Management > Microsoft Entra roles > Assignments assign Global Administrator as active and permanent to each, directly and not through a group.
#         - Exclude them from Conditional Access policies that could lock everybody out, and let every sign-in of theirs raise an alert.
#         - Name their object ids in break_glass_accounts, and try them twice a year.
package domicile.roles.emergency_accounts_ready

import data.domicile.lib.roles

_configured if is_array(input.params.break_glass_accounts)

_named := {id | some id in input.params.break_glass_accounts} if _configured

_user(id) := input.lookup.users[id]

_gone(id) if {
	not _user(id)
	not input.gaps.users
}

_without_pim if input.gaps.role_schedules.reason == "not_licensed"

# _held are the instances by which an account holds the role itself, for the whole tenant.
_held(id) := [row |
	some row in input.evidence.role_schedules
	row.principalId == id
	row.roleDefinitionId == roles.global_administrator
	row.directoryScopeId == "/"
	not object.get(row, "memberType", null) in {"Group", "Inherited"}
]

# _unsaid holds for an account of whose instances one may be for good, and doesn't say so.
_unsaid(id) if {
	not _for_good(id)
	some row in _held(id)
	not _said(row)
}

_said(row) if row.assignmentType == "Activated"

_said(row) if {
	row.assignmentType == "Assigned"
	is_string(row.endDateTime)
}

_assigned(id) if {
	some row in input.evidence.role_assignments
	row.principalId == id
	row.roleDefinitionId == roles.global_administrator
	row.directoryScopeId == "/"
}

_for_good(id) if {
	some row in _held(id)
	row.assignmentType == "Assigned"
	is_null(row.endDateTime)
}

# Without a licence for PIM every assignment is for good.
_for_good(id) if {
	_without_pim
	_assigned(id)
}

# _read holds when everything was read that could show the role of an account.
_read if not input.gaps.role_schedules

_read if {
	_without_pim
	not input.gaps.role_assignments
}

_wrong(id) := {clause |
	some clause in [_missing(id), _disabled(id), _synced(id), _role(id)]
	clause != ""
}

default _missing(_) := ""

_missing(id) := "does not exist" if _gone(id)

default _disabled(_) := ""

_disabled(id) := "is disabled" if _user(id).accountEnabled == false

default _synced(_) := ""

_synced(id) := "is synchronised from the premises" if _user(id).onPremisesSyncEnabled == true

default _role(_) := ""

_role(id) := "does not hold Global Administrator for good" if {
	_read
	not _gone(id)
	not _for_good(id)
	not _unsaid(id)
}

deny contains {
	"resource": {"kind": "user", "id": id, "name": _name(id)},
	"message": sprintf("The emergency account '%s' %s.", [substring(_name(id), 0, 80), concat(", ", sort(wrong))]),
	"expected": "an enabled, cloud-only account that holds Global Administrator itself, active and without an end",
	"actual": concat(", ", sort(wrong)),
} if {
	some id in _named
	wrong := _wrong(id)
	count(wrong) > 0
}

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("The configuration names %d emergency accounts, fewer than %d.", [count(_named), input.params.break_glass_min]),
	"expected": sprintf("at least %d", [input.params.break_glass_min]),
	"actual": sprintf("%d", [count(_named)]),
} if {
	count(_named) < input.params.break_glass_min
}

_name(id) := _user(id).userPrincipalName if {
	is_string(_user(id).userPrincipalName)
} else := id

not_applicable contains {"reason": "switched_off", "message": "The configuration asks for no emergency account: break_glass_min is 0 and break_glass_accounts is empty."} if {
	_configured
	count(_named) == 0
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	not _configured
	message := "The parameter break_glass_accounts does not name the accounts that are kept for emergencies; name them by object id."
}

unknown contains reason if {
	ids := {id | some id in _named; not _for_good(id)}
	count(ids) > 0
	not _read
	some kind in {"role_schedules", "role_assignments"}
	reason := {
		"reason": input.gaps[kind].reason,
		"kind": kind,
		"message": sprintf("Whether emergency accounts hold Global Administrator for good could not be read: not said of %d.", [count(ids)]),
	}
	not [kind, reason.reason] == ["role_schedules", "not_licensed"]
}

unknown contains {"reason": "partial", "kind": "role_schedules", "message": message} if {
	_read
	ids := {id | some id in _named; _unsaid(id)}
	count(ids) > 0
	message := sprintf("The evidence does not say of some emergency accounts whether they hold Global Administrator for good: not said of %d.", [count(ids)])
}

unknown contains reason if {
	ids := {id |
		some id in _named
		not _gone(id)
		not _told(id)
	}
	count(ids) > 0
	reason := {
		"reason": object.get(input.gaps, ["users", "reason"], "partial"),
		"kind": "users",
		"message": sprintf("Whether emergency accounts are enabled and cloud-only is not in the evidence: not said of %d.", [count(ids)]),
	}
}

_told(id) if {
	is_boolean(_user(id).accountEnabled)
	"onPremisesSyncEnabled" in object.keys(_user(id))
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "users"} if {
	value := sprintf("emergency accounts named: %d", [count(_named)])
}
