# METADATA
# title: Applications of other organisations with high-risk permissions have a verified publisher
# description: >-
#   Microsoft verifies who publishes an application against its partner programme. An
#   application from elsewhere that may read security data, write mail or grant access, and whose
#   publisher nobody has verified, is the usual form of consent phishing. The organisation's own
#   applications have no verified publisher and aren't meant, nor are Microsoft's.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity-platform/publisher-verification-overview
#   - ref: https://learn.microsoft.com/graph/api/resources/verifiedpublisher
# custom:
#   id: CONS1013
#   severity: medium
#   scope: service_principals
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [service_principals, resource_permissions]
#     any: [app_role_assignments, oauth2_permission_grants]
#   lookup: {service_principals: id}
#   group: {app_role_assignments: principalId, oauth2_permission_grants: clientId}
#   params:
#     first_party_tenants:
#       type: [string]
#       description: The tenants in which Microsoft keeps its own applications, by id.
#       default: [f8cdef31-a31e-4b4a-93e4-5f571e91255a, 72f988bf-86f1-41af-91ab-2d7cd011db47]
#     high_risk_permissions:
#       type: [string]
#       description: Names of permissions that count as high-risk besides the built-in list.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Ask the publisher to be verified, or take the permissions away.
#     steps:
#       xdr-current:
#         - Find out who publishes the application and who in the organisation uses it (Entra ID > Enterprise apps > the application > Owners, Sign-in logs).
#         - Ask the publisher to verify itself in Microsoft's partner programme; the badge then appears by itself.
#         - If nobody stands for it, set "Enabled for users to sign-in" to No, revoke its permissions, and look for what it has read in the audit log.
package domicile.consent.foreign_applications_verified

import data.domicile.lib.index
import data.domicile.lib.permissions
import data.domicile.lib.permissions_assignments as assignments
import data.domicile.lib.permissions_holders as holders
import data.domicile.lib.permissions_origin as applications

deny contains {
	"resource": {"kind": "service_principal", "id": principal.id, "name": _name(principal)},
	"message": sprintf("'%s' (%s) of the organisation '%s' holds %s and has no verified publisher.", [_name(principal), _app_id(principal), principal.appOwnerOrganizationId, holders.listed(names)]),
	"expected": "a verified publisher",
	"actual": "no verified publisher",
} if {
	some principal in _unverified
	applications.origin(input, principal) == "foreign"
	names := sort(_high_risk[principal.id])
}

not_applicable contains {"reason": "nothing_to_judge", "message": "There is no application of another organisation."} if {
	origins := {applications.origin(input, principal) | some principal in input.evidence.service_principals}
	count(origins & {"foreign", "unsaid"}) == 0
}

unknown contains {"reason": "partial", "kind": "service_principals", "message": message} if {
	names := {_name(principal) |
		some principal in _unverified
		applications.origin(input, principal) == "unsaid"
		_high_risk[principal.id]
	}
	count(names) > 0
	message := sprintf("Whose these applications with high-risk permissions are is not in the evidence: %s.", [holders.listed(sort(names))])
}

unknown contains {"reason": "partial", "kind": "service_principals", "message": "Some service principals were read without verifiedPublisher; collect service_principals again."} if {
	some principal in input.evidence.service_principals
	not "verifiedPublisher" in object.keys(principal)
	_high_risk[principal.id]
}

# A kind that wasn't read may hold permissions of an application that isn't verified.
unknown contains {"reason": gap.reason, "kind": kind, "message": message} if {
	some kind, gap in input.gaps
	kind in {"app_role_assignments", "oauth2_permission_grants"}
	count(_open) > 0
	message := "What applications of other organisations without a verified publisher may do could not be read in full."
}

unknown contains {"reason": "partial", "kind": "resource_permissions", "message": message} if {
	assignments.unnamed(input, _assignments(_open))
	message := "Some permissions held by applications are not among those that their resources list, so that it isn't known what they allow; collect resource_permissions again."
}

_unverified := [principal |
	some principal in input.evidence.service_principals
	"verifiedPublisher" in object.keys(principal)
	not _verified(principal)
]

_verified(principal) if {
	is_string(principal.verifiedPublisher.verifiedPublisherId)
	principal.verifiedPublisher.verifiedPublisherId != ""
}

# The applications that are asked about, by their service principals' ids.
_asked := {principal.id |
	some principal in input.evidence.service_principals
	not _verified(principal)
	applications.origin(input, principal) in {"foreign", "unsaid"}
}

# Those of which no high-risk permission is known.
_open := _asked - object.keys(_high_risk)

# The names of the high-risk permissions of those that hold any.
_high_risk := index.grouped(array.concat(_roles, _scopes))

_roles := [[held.principal_id, held.permission.value] |
	some held in assignments.held(input, _assignments(_asked), "high_risk")
]

# Scopes that a single user granted count: that is how consent phishing begins.
_scopes := [[id, name] |
	some id in _asked
	some grant in input.group.oauth2_permission_grants[id]
	is_string(grant.scope)
	some name in split(grant.scope, " ")
	permissions.high_risk(_resource(grant), name, input.params)
]

_assignments(ids) := [assignment |
	some id in ids
	some assignment in input.group.app_role_assignments[id]
]

# A resource that nobody knows is judged by the names of its scopes alone.
_resource(grant) := _resources[grant.resourceId] if {
	_resources[grant.resourceId]
} else := input.lookup.service_principals[grant.resourceId].appId if {
	is_string(input.lookup.service_principals[grant.resourceId].appId)
} else := ""

_resources := permissions.resources(input.evidence.resource_permissions)

_name(principal) := substring(principal.displayName, 0, 80) if {
	is_string(principal.displayName)
} else := principal.id

_app_id(principal) := principal.appId if {
	is_string(principal.appId)
} else := "application unknown"
