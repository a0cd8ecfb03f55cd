# METADATA
# title: No holder of a privileged role has been away for long
# description: |-
#   An administrator who hasn't signed in for months has left, changed work, or has a second
#   account; nobody notices when somebody else uses the first. The time of the last sign-in says
#   nothing about use of the role, so that this is a weak sign. Young accounts and those kept
#   for emergencies are left aside; an account of some age that never signed in counts as away.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/signinactivity
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
# custom:
#   id: ROLE1018
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [sign_in_activity]
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members, users]
#   lookup: {sign_in_activity: id, users: id}
#   licence: []
#   params:
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts that are kept for emergencies.
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#     unused_role_days:
#       type: integer
#       description: After how many days without a sign-in a holder of a privileged role counts as away.
#       default: 90
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-2(3), coverage: part}]
#     iso_27001: [{id: A.5.18, coverage: part}]
#   remediation:
#     summary: Take the role from those who no longer sign in.
#     steps:
#       xdr-current:
#         - Ask the holder or their manager whether the role is still needed.
#         - If it isn't, open the Microsoft Entra admin center, Roles & admins > the role > Assignments, and remove the assignment, eligible ones too.
#         - Set up an access review of the role (ROLE1012), so that this is found without a scan.
#         - Name the emergency accounts in break_glass_accounts; they are unused by design.
package domicile.roles.privileged_users_not_away

import data.domicile.lib.attestations
import data.domicile.lib.roles
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_day := 86400000000000

_limit := attestations.time_ns(input.now) - (input.params.unused_role_days * _day)

# _people are the holders who may have signed in: enabled people, save those of directory
# synchronisation and those kept for emergencies, which are unused by design.
_people(accounts) := {account |
	some account in accounts
	account.person in {true, null}
	account.enabled in {true, null}
	account.roleDefinitionId != roles.directory_synchronization_accounts
	not privileged.emergency(input, account.principalId)
}

# _last is when somebody signed in last: the last success, where that is said, and
# otherwise the later of the interactive and the other sign-ins.
_last(id) := attestations.time_ns(input.lookup.sign_in_activity[id].signInActivity.lastSuccessfulSignInDateTime) if {
	is_string(input.lookup.sign_in_activity[id].signInActivity.lastSuccessfulSignInDateTime)
} else := max(times) if {
	activity := input.lookup.sign_in_activity[id].signInActivity
	is_object(activity)
	times := {time |
		some text in [object.get(activity, "lastSignInDateTime", null), object.get(activity, "lastNonInteractiveSignInDateTime", null)]
		time := attestations.time_ns(text)
	}
	count(times) > 0
}

_created(id) := attestations.time_ns(input.lookup.users[id].createdDateTime)

# _away says since when somebody has been away: a date, or never.
_away(id) := sprintf("signed in last on %s", [time.format([_last(id), "UTC", "2006-01-02"])]) if _last(id) < _limit

_away(id) := "has never signed in" if {
	_never(id)
	_created(id) < _limit
}

# The service lists people without any activity for those who never signed in.
_never(id) if {
	input.lookup.sign_in_activity[id]
	not _last(id)
}

_perhaps_emergency := privileged.perhaps_emergency(input, _all)

_away_people := privileged.by_principal({account |
	some account in _people(_privileged)
	_away(account.principalId)
})

deny contains {
	"resource": privileged.resource(accounts),
	"message": sprintf("'%s' %s, and holds %s.", [privileged.label(accounts), _away(id), privileged.held(accounts)]),
	"expected": sprintf("signed in within the last %d days", [input.params.unused_role_days]),
	"actual": _away(id),
} if {
	some id, accounts in _away_people
	not id in _perhaps_emergency
}

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if some reason in privileged.name_emergencies({id | some id in object.keys(_away_people); id in _perhaps_emergency})

unknown contains reason if {
	ids := {account.principalId |
		some account in _people(_privileged)
		not input.lookup.sign_in_activity[account.principalId]
	}
	count(ids) > 0
	reason := {
		"reason": object.get(input.gaps, ["sign_in_activity", "reason"], "partial"),
		"kind": "sign_in_activity",
		"message": sprintf("The evidence does not say of every privileged user when it signed in last: not said of %d.", [count(ids)]),
	}
}

unknown contains reason if {
	ids := {account.principalId |
		some account in _people(_privileged)
		_never(account.principalId)
		not _created(account.principalId)
	}
	count(ids) > 0
	reason := {
		"reason": object.get(input.gaps, ["users", "reason"], "partial"),
		"kind": "users",
		"message": sprintf("Privileged users have never signed in, and the evidence does not say since when they exist: %d.", [count(ids)]),
	}
}

unknown contains reason if some reason in privileged.doubts(input, {account | some account in _people(_all); _away(account.principalId)})

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "sign_in_activity"} if {
	ids := {account.principalId | some account in _privileged; privileged.emergency(input, account.principalId)}
	count(ids) > 0
	value := sprintf("accounts kept for emergencies, which are unused by design: %d", [count(ids)])
}
