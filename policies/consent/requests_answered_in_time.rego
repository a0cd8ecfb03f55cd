# METADATA
# title: No admin consent request waits too long
# description: >-
#   A request for an administrator's consent that nobody answers teaches users to look for other
#   ways, and leaves open whether an application that works with the organisation's data is
#   wanted. A request counts from the first user who still waits.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/review-admin-consent-requests
#   - ref: https://learn.microsoft.com/graph/api/resources/appconsentrequest
# custom:
#   id: CONS1009
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [consent_requests]
#   params:
#     consent_request_days:
#       type: integer
#       description: For how many days an admin consent request may wait.
#       default: 14
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Approve, deny or block the requested application.
#     steps:
#       xdr-current:
#         - In the Microsoft Entra admin center open Entra ID > Enterprise apps > Admin consent requests > My Pending.
#         - Look at the application's publisher, the permissions and why the users ask; then approve, deny or block it, with a reason.
#         - If requests keep waiting, name more reviewers and turn reminders on (CONS1008).
package domicile.consent.requests_answered_in_time

import data.domicile.lib.attestations

deny contains {
	"resource": {"kind": "consent_request", "id": request.id, "name": request.name},
	"message": sprintf("The request for consent to '%s' has waited since '%s', for %d days.", [request.name, substring(request.since, 0, 10), request.days]),
	"expected": sprintf("an answer within %d days", [input.params.consent_request_days]),
	"actual": sprintf("waiting for %d days", [request.days]),
} if {
	some request in _waiting
	request.days > input.params.consent_request_days
}

unknown contains {"reason": "partial", "kind": "consent_requests", "message": "Some admin consent requests were read without their users' requests, or without a time or state; collect consent_requests again."} if {
	some request in input.evidence.consent_requests
	not _readable(request)
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "consent_requests"} if {
	value := sprintf("%d applications wait for an administrator's consent", [count(_waiting)])
}

# The requests that somebody waits for, with the day of the first.
_waiting := [{"id": request.id, "name": _name(request), "since": since[0][1], "days": days} |
	some request in input.evidence.consent_requests
	since := sort([[attestations.time_ns(asked.createdDateTime), asked.createdDateTime] |
		some asked in request.userConsentRequests
		is_string(asked.status)
		lower(asked.status) == "inprogress"
	])
	count(since) > 0
	days := floor((attestations.time_ns(input.now) - since[0][0]) / 86400000000000)
]

_readable(request) if {
	is_array(request.userConsentRequests)
	every asked in request.userConsentRequests {
		is_string(asked.status)
		lower(asked.status) in {"completed", "expired", "inprogress"}
		attestations.time_ns(asked.createdDateTime)
	}
}

_name(request) := [substring(name, 0, 80) |
	some name in [object.get(request, "appDisplayName", null), object.get(request, "appId", null), "unnamed application"]
	is_string(name)
][0]
