# METADATA
# title: No licence assignment is in error
# description: |-
#   A licence that a group assigns may fail for single users: too few units, plans that exclude
#   each other, a missing usage location. The user then goes without the service and nobody is
#   told. Microsoft Entra ID keeps the state of every assignment.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/licenseassignmentstate
#   - ref: https://learn.microsoft.com/entra/identity/users/licensing-groups-resolve-problems
# custom:
#   id: LIC1009
#   severity: low
#   scope: users
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [users]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Remove the cause of the error and process the assignment again.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Licenses, choose the product and its errors, or in the Microsoft Entra admin center the user > Licenses.
#         - CountViolation - buy units or free some. MutuallyExclusiveViolation or DependencyViolation - change which plans are switched on. ProhibitedInUsageLocationViolation - set the usage location.
#         - Select Reprocess for the user or the group, and look again after some minutes.
package domicile.licences.licence_assignments_without_error

import data.domicile.lib.licences
import data.domicile.lib.licences_coverage as coverage

deny contains {
	"resource": {"kind": "user", "id": user.id, "name": coverage.label(user)},
	"message": sprintf("Licence assignments of '%s' are in error: %s.", [coverage.label(user), licences.quoted(errors)]),
	"expected": "every assignment active",
	"actual": licences.quoted(errors),
} if {
	some user in _failing
	errors := {_said(state) | some state in user.licenseAssignmentStates; state.state in _failed}
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No user has a licence assigned."} if {
	every user in input.evidence.users {
		user.licenseAssignmentStates == []
	}
}

unknown contains {"reason": "partial", "kind": "users", "message": "The states of some users' licence assignments are not in the evidence; collect users again."} if {
	_untold
}

_failing := {user |
	count(_states & _failed) > 0
	some user in input.evidence.users
	some state in user.licenseAssignmentStates
	state.state in _failed
}

# What the assignments' states are, each once: there are few, however many users there are.
_states := {state.state |
	some user in input.evidence.users
	some state in user.licenseAssignmentStates
}

_untold if {
	some user in input.evidence.users
	not is_array(object.get(user, "licenseAssignmentStates", null))
}

_untold if {
	some user in input.evidence.users
	some state in user.licenseAssignmentStates
	not state.state
}

_untold if {
	some state in _states
	not is_string(state)
}

_failed := {"Error", "ActiveWithError"}

_said(state) := sprintf("%s %s", [_text(state, "skuId"), _cause(state)])

_cause(state) := state.state if {
	_text(state, "error") in {"None", "unnamed"}
} else := state.error

_text(state, name) := state[name] if {
	is_string(state[name])
} else := "unnamed"
