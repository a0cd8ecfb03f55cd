# METADATA
# title: The admin consent workflow is on, with reviewers, reminders and a bounded duration
# description: >-
#   Where users can't consent themselves they need a way to ask, or they press administrators
#   to open consent for all. The workflow works only if somebody who can still sign in is
#   named to answer, is reminded, and requests neither vanish in days nor stay for ever.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-admin-consent-workflow
#   - ref: https://learn.microsoft.com/graph/api/resources/adminconsentrequestpolicy
# custom:
#   id: CONS1008
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [admin_consent_policy]
#     optional: [users]
#   lookup: {users: id}
#   params:
#     consent_request_max_days:
#       type: integer
#       description: The longest time for which an admin consent request may stay open, in days.
#       default: 30
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 5.1.5.2, coverage: full}]
#     scuba: [{id: MS.AAD.5.3v1, coverage: full}]
#     nist_800_53: [{id: CM-4, coverage: part}]
#     iso_27001: [{id: A.5.15, coverage: part}, {id: A.8.32, coverage: part}]
#   remediation:
#     summary: Turn the admin consent workflow on, name reviewers, and set reminders and an expiry.
#     action: turn_on_admin_consent_workflow
#     steps:
#       xdr-current:
#         - In the Microsoft Entra admin center open Entra ID > Enterprise apps > Consent and permissions > Admin consent settings.
#         - Set "Users can request admin consent to apps they are unable to consent to" to Yes.
#         - Choose enabled users, groups or roles as reviewers; a reviewer must hold a role that may grant the permission to approve it.
#         - Set "Selected users will receive request expiration reminders" to Yes and "Consent request expires after (days)" to 5 to 30 days, then save.
#       mtp-2020-b:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings > Admin consent requests, and set "Users can request admin consent to apps they are unable to consent to" to Yes.
#         - Select reviewers, turn the expiration reminders on, set the expiry to 5 to 30 days, and save.
#       mtp-2020-a:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings > Admin consent requests (preview in 2020), and set "Users can request admin consent to apps they are unable to consent to" to Yes.
#         - Select reviewers, turn the expiration reminders on, set the expiry to 5 to 30 days, and save.
package domicile.consent.admin_consent_workflow_on

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": concat(" ", sort(_problems)),
	"expected": sprintf("on, with a reviewer who is enabled, reminders, and requests open for %d to %d days", [_shortest, input.params.consent_request_max_days]),
	"actual": _actual,
} if {
	count(_problems) > 0
}

unknown contains {"reason": "partial", "kind": "admin_consent_policy", "message": message} if {
	not _known
	message := "The admin consent policy was read without isEnabled, so that it isn't known whether the workflow is on; collect it again."
}

# A setting that wasn't read is neither off nor none.
unknown contains {"reason": "partial", "kind": "admin_consent_policy", "message": message} if {
	_on
	unread := [member |
		some member in ["remindersEnabled", "requestDurationInDays", "reviewers"]
		object.get(_policy, member, null) == null
	]
	count(unread) > 0
	message := sprintf("The admin consent policy was read without %s; collect it again.", [concat(", ", unread)])
}

observed contains {"fact": "setting", "service": "", "value": _actual, "tier": "", "kind": "admin_consent_policy"} if _known

observed contains {"fact": "setting", "service": "", "value": "reviewers are not told of new requests", "tier": "", "kind": "admin_consent_policy"} if {
	_on
	_policy.notifyReviewers in [false]
}

# Whether each reviewer can still sign in only adds to the verdict.
observed contains {"fact": "setting", "service": "", "value": "whether the reviewers are enabled was not checked", "tier": "", "kind": "users"} if {
	_on
	count(_reviewers) > 0
	input.gaps.users
}

# The shortest time that leaves a reviewer a working week.
_shortest := 5

_policy := input.evidence.admin_consent_policy[0]

_known if is_boolean(_policy.isEnabled)

_on if _policy.isEnabled in [true]

_problems contains "The admin consent workflow is off, so that users have no way to ask." if {
	_policy.isEnabled in [false]
}

_problems contains "No reviewer is named for admin consent requests." if {
	_on
	is_array(_policy.reviewers)
	count(_reviewers) == 0
}

_problems contains message if {
	_on
	count(_reviewers) > 0
	every query in _reviewers {
		_gone(query)
	}
	message := sprintf("None of the %d reviewers of admin consent requests is an enabled account.", [count(_reviewers)])
}

_problems contains "Reviewers get no reminder of admin consent requests that expire." if {
	_on
	is_boolean(_policy.remindersEnabled)
	not _reminded
}

_problems contains message if {
	_on
	is_number(_policy.requestDurationInDays)
	not _bounded
	message := sprintf("Admin consent requests stay open for %s days.", [_days])
}

_reminded if _policy.remindersEnabled in [true]

_bounded if {
	_policy.requestDurationInDays >= _shortest
	_policy.requestDurationInDays <= input.params.consent_request_max_days
}

_reviewers := {reviewer.query |
	some reviewer in _policy.reviewers
	is_string(reviewer.query)
	reviewer.query != ""
}

# A reviewer named by a path such as /users/<id> who is disabled, or who isn't there any
# more. Groups and roles can't be told by their path.
_gone(query) if input.lookup.users[_user(query)].accountEnabled in [false]

_gone(query) if {
	not input.gaps.users
	id := _user(query)
	not input.lookup.users[id]
}

_user(query) := regex.find_all_string_submatch_n(`^/?(?:v1\.0/|beta/)?users/([0-9A-Za-z-]+)$`, query, 1)[0][1]

default _days := "an unknown number of"

_days := sprintf("%v", [_policy.requestDurationInDays]) if is_number(_policy.requestDurationInDays)

_actual := "off" if {
	_policy.isEnabled in [false]
} else := sprintf("on, %d reviewers, reminders %s, requests open for %s days", [count(_reviewers), _switch, _days])

_switch := "on" if {
	_reminded
} else := "off"
