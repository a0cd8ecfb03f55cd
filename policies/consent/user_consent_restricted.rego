# METADATA
# title: Users can't consent to applications, or only to verified ones with low-risk permissions
# description: >-
#   A user who may consent to any application hands the organisation's data to it without
#   anybody else knowing. Which permissions count as low is the tenant's own classification,
#   so that the built-in policy is only as good as that. Policies on resources that users
#   own are not user consent; administrators' consent is judged by CONS1010 and CONS1011.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-user-consent
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-app-consent-policies
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-permission-classifications
# custom:
#   id: CONS1005
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [authorization_policy]
#     optional: [permission_grant_policies, permission_classifications, resource_permissions]
#   params:
#     user_consent:
#       type: string
#       values: [none, low, microsoft_managed]
#       description: What users may consent to, none, low (verified applications with low-risk permissions) or microsoft_managed.
#       default: low
#     high_risk_permissions:
#       type: [string]
#       description: Names of permissions that count as high-risk besides the built-in list.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     scuba: [{id: MS.AAD.5.2v1, coverage: full}]
#     nist_800_53: [{id: AC-6(10), coverage: part}, {id: CM-5, coverage: part}]
#     iso_27001: [{id: A.8.18, coverage: part}, {id: A.5.15, coverage: part}]
#     gdpr: [{id: 32(4), coverage: evidence}]
#   remediation:
#     summary: Allow users to consent to verified applications with low-risk permissions at most, and classify no high-risk permission as low.
#     action: restrict_user_consent
#     steps:
#       xdr-current:
#         - Turn the admin consent workflow on first (CONS1008), so that users have a way to ask.
#         - In the Microsoft Entra admin center open Entra ID > Enterprise apps > Consent and permissions > User consent settings, and choose "Do not allow user consent" or "Allow user consent for apps from verified publishers, for selected permissions".
#         - Under Permission classifications > Low, remove each permission that the finding names.
#         - A custom policy must demand a verified publisher, or this tenant, and the classification low or listed permissions in every include (`Update-MgPolicyPermissionGrantPolicyInclude`); replace one that does not.
#         - Review what users have consented to so far under Enterprise apps > the application > Permissions > User consent.
#       mtp-2020-b:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings (later Consent and permissions), and set user consent to "Do not allow" or to verified publishers with selected permissions.
#         - Under Permission classifications > Low, remove each permission that the finding names.
#       mtp-2020-a:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings, and set "Users can consent to apps accessing company data on their behalf" to No, or to verified publishers with selected permissions where offered.
#         - Under Permission classifications > Low, remove each permission that the finding names.
package domicile.consent.user_consent_restricted

import data.domicile.lib.consent_policies
import data.domicile.lib.permissions

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": concat(" ", array.slice(sort(_problems), 0, 4)),
	"expected": object.get(_expected, input.params.user_consent, _expected.low),
	"actual": _actual,
} if {
	count(_problems) > 0
}

unknown contains {"reason": "partial", "kind": "authorization_policy", "message": message} if {
	not _assigned
	message := "The authorization policy was read without permissionGrantPoliciesAssigned, so that what users may consent to isn't known; collect it again."
}

unknown contains {"reason": gap.reason, "kind": "permission_classifications", "message": message} if {
	_low_counts
	gap := input.gaps.permission_classifications
	message := "Users may consent to permissions classified low, and the classifications could not be read in full; grant Policy.Read.PermissionGrant and collect them again."
}

unknown contains {"reason": "partial", "kind": "permission_classifications", "message": message} if {
	_low_counts
	some classified in _low
	classified.name == ""
	message := sprintf("The permission '%s' is classified low and its name isn't known; collect resource_permissions as well.", [classified.id])
}

unknown contains {"reason": _policies_reason, "kind": "permission_grant_policies", "message": message} if {
	some name in _custom
	not name in object.keys(_policies)
	message := sprintf("The policy '%s' decides on user consent and its conditions could not be read; grant Policy.Read.PermissionGrant and collect permission_grant_policies again.", [substring(name, 0, 80)])
}

observed contains {"fact": "setting", "service": "", "value": value, "tier": "", "kind": "authorization_policy"} if {
	some name in _assigned
	value := concat("", [substring(name, 0, 80), object.get(_notes, name, "")])
}

observed contains {"fact": "setting", "service": "", "value": "users can't consent", "tier": "", "kind": "authorization_policy"} if {
	count(_assigned) == 0
}

# The consent policies assigned to users, without those on resources that users own.
# Null is not the empty list, and neither is a property that isn't there.
_assigned := consent_policies.own(input.evidence.authorization_policy)

_legacy := "microsoft-user-default-legacy"

_recommended := "microsoft-user-default-recommended"

_mail_clients := "microsoft-user-default-allow-consent-apps"

_classified_low := "microsoft-user-default-low"

_custom := _assigned - {_legacy, _recommended, _mail_clients, _classified_low}

_problems contains "Users may consent to any application (policy 'microsoft-user-default-legacy')." if {
	_legacy in _assigned
}

_problems contains "Users may consent to what Microsoft's managed policy allows, which is everything but a list and changes without the customer ('microsoft-user-default-recommended')." if {
	_recommended in _assigned
	input.params.user_consent != "microsoft_managed"
}

_problems contains message if {
	input.params.user_consent == "none"
	some name in (_assigned - {_legacy, _recommended})
	message := sprintf("No user consent is wanted, and the policy '%s' allows some.", [substring(name, 0, 80)])
}

_problems contains message if {
	_low_counts
	count(_risky) > 0
	names := array.slice(sort(_risky), 0, 3)
	message := sprintf("Users may consent to permissions classified low, and %d high-risk ones are: %s.", [count(_risky), concat(", ", names)])
}

_problems contains message if {
	some name in _custom
	some include in _policies[name]
	not _bounded(include)
	message := sprintf("The policy '%s' lets users consent beyond verified applications with low or listed permissions.", [substring(name, 0, 80)])
}

_problems contains message if {
	some name in _custom
	listed := {title | some include in _policies[name]; some title in _risky_listed(include)}
	count(listed) > 0
	message := sprintf("The policy '%s' lists high-risk permissions: %s.", [substring(name, 0, 80), concat(", ", array.slice(sort(listed), 0, 3))])
}

# Whether a permission counts only because it is classified low.
_low_counts if _classified_low in _assigned

_low_counts if {
	some name in _custom
	some include in _policies[name]
	_by_classification(include)
}

_low := {{"id": object.get(c, "permissionId", ""), "name": _name(c), "app": _app(c)} |
	some c in input.evidence.permission_classifications
	_is(c.classification, "low")
}

_risky := {sprintf("'%s' of '%s'", [classified.name, permissions.resource_name(classified.app)]) |
	some classified in _low
	permissions.high_risk(classified.app, classified.name, input.params)
}

_name(classified) := classified.permissionName if {
	is_string(classified.permissionName)
} else := _scopes[permissions.key(classified.resourceId, classified.permissionId)].value if {
	is_string(classified.resourceId)
	is_string(classified.permissionId)
} else := ""

_app(classified) := classified.appId if {
	is_string(classified.appId)
} else := _resources[classified.resourceId] if {
	is_string(classified.resourceId)
} else := ""

_scopes := permissions.by_id(input.evidence.resource_permissions, "Scope")

_resources := permissions.resources(input.evidence.resource_permissions)

# The includes of the policies that were read with them.
_policies := {lower(policy.id): policy.includes |
	some policy in input.evidence.permission_grant_policies
	is_string(policy.id)
	is_array(policy.includes)
}

default _policies_reason := "partial"

_policies_reason := input.gaps.permission_grant_policies.reason

_bounded(include) if {
	_trusted(include)
	_limited(include)
}

_trusted(include) if include.clientApplicationsFromVerifiedPublisherOnly in [true]

_trusted(include) if {
	{id | some id in consent_policies.texts(include.clientApplicationTenantIds)} == {lower(input.tenant.id)}
}

_limited(include) if _by_classification(include)

_limited(include) if {
	listed := consent_policies.texts(include.permissions)
	count(listed) > 0
	not "all" in listed
}

_by_classification(include) if _is(include.permissionClassification, "low")

_risky_listed(include) := {risky.title |
	listed := {id | some id in consent_policies.texts(include.permissions)}
	some risky in _risky_scopes
	risky.id in listed
	some resource in consent_policies.texts([include.resourceApplication])
	resource in {"any", risky.app}
}

_risky_scopes := {{"id": lower(scope.id), "app": lower(scope.appId), "title": title} |
	some scope in _scopes
	permissions.high_risk(scope.appId, scope.value, input.params)
	title := sprintf("'%s' of '%s'", [scope.value, permissions.resource_name(scope.appId)])
}

_is(text, word) if {
	is_string(text)
	lower(text) == word
}

_expected := {
	"none": "no user consent",
	"low": "no user consent, or to verified applications with low-risk permissions",
	"microsoft_managed": "no user consent, to verified applications with low-risk permissions, or as Microsoft manages it",
}

_actual := concat(", ", array.slice(sort(_assigned), 0, 5))

# What is said of a policy besides its name.
_notes[_recommended] := sprintf(" (as Microsoft manages it on %s)", [substring(input.now, 0, 10)])

_notes[_mail_clients] := " (mail clients that Microsoft names)"
