# METADATA
# title: Owners of teams and chats can't grant applications more than Microsoft's managed set
# description: >-
#   An owner of a team, or a member of a chat, may let an application read it without an
#   administrator (resource-specific consent). Microsoft manages a set of permissions for that;
#   a policy of Microsoft's that allows more, or one of the organisation's own that isn't
#   bounded, opens every team. Group owners' consent to other data no longer exists.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoftteams/resource-specific-consent
#   - ref: https://learn.microsoft.com/microsoftteams/platform/graph-api/rsc/resource-specific-consent
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-app-consent-policies
# custom:
#   id: CONS1007
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [authorization_policy]
#     optional: [permission_grant_policies]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 5.1.5.1, coverage: part}]
#     nist_800_53: [{id: AC-6(10), coverage: part}]
#   remediation:
#     summary: Assign Microsoft's managed policies for teams and chats, those for pre-approved applications, or none.
#     steps:
#       xdr-current:
#         - Read the state with `Get-MgBetaTeamRscConfiguration` and `Get-MgBetaChatRscConfiguration` (or in the authorization policy's permissionGrantPoliciesAssigned).
#         - Set it with `Update-MgBetaTeamRscConfiguration` and `Update-MgBetaChatRscConfiguration` to ManagedByMicrosoft, EnabledForPreApprovedAppsOnly or DisabledForAllApps.
#         - Review what was granted so far, in the Teams admin center > Teams apps > Manage apps > the application > Permissions.
#       mtp-2020-b:
#         - Ask a Global Administrator to set the tenant's setting for resource-specific consent in the Azure portal, Azure Active Directory > Enterprise applications > Consent and permissions > Group owner consent, to "Do not allow" or to selected groups.
#       mtp-2020-a:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings, and set group owners' consent to No or to selected groups.
package domicile.consent.owners_grant_managed_set_only

import data.domicile.lib.consent_policies

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("Owners of teams or chats may grant applications more than Microsoft's managed set, by the policies %s.", [_quoted(_beyond)]),
	"expected": "Microsoft's managed policies for teams and chats, pre-approved applications, or none",
	"actual": _quoted(_beyond),
} if {
	count(_beyond) > 0
}

unknown contains {"reason": "partial", "kind": "authorization_policy", "message": "The authorization policy was read without permissionGrantPoliciesAssigned, so that what owners may grant isn't known; collect it again."} if {
	not _assigned
}

unknown contains {"reason": _policies_reason, "kind": "permission_grant_policies", "message": message} if {
	unread := _custom - object.keys(_includes)
	count(unread) > 0
	message := sprintf("The policies %s decide on what owners may grant, and their conditions could not be read; grant Policy.Read.PermissionGrant and collect permission_grant_policies again.", [_quoted(unread)])
}

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "authorization_policy"} if {
	some name in _assigned
	value := sprintf("owners may grant by '%s'", [substring(name, 0, 80)])
}

observed contains {"fact": "setting", "service": "", "value": "owners may grant nothing", "tier": "api", "kind": "authorization_policy"} if {
	count(_assigned) == 0
}

_assigned := consent_policies.owned(input.evidence.authorization_policy)

# Microsoft's policies: what it manages for teams and chats, and applications that an
# administrator approved before. Every other one of Microsoft's allows more.
_within := {name |
	some name in _assigned
	some prefix in ["microsoft-dynamically-managed-permissions-for-", "microsoft-pre-approval-apps-for-"]
	startswith(name, prefix)
}

_custom := {name | some name in _assigned; not startswith(name, "microsoft-")}

_beyond := ((_assigned - _within) - _custom) | {name |
	some name in _custom
	some include in _includes[name]
	not _bounded(include)
}

# The organisation's own policy is bounded where each include lists the permissions, or is
# for applications of verified publishers or of named ids or tenants.
_bounded(include) if {
	listed := consent_policies.texts(include.permissions)
	count(listed) > 0
	not "all" in listed
}

_bounded(include) if include.clientApplicationsFromVerifiedPublisherOnly in [true]

_bounded(include) if _listed(include.clientApplicationIds)

_bounded(include) if _listed(include.clientApplicationTenantIds)

_listed(list) if {
	texts := consent_policies.texts(list)
	count(texts) > 0
	not "all" in texts
}

_includes := {lower(policy.id): policy.includes |
	some policy in input.evidence.permission_grant_policies
	is_string(policy.id)
	is_array(policy.includes)
}

default _policies_reason := "partial"

_policies_reason := input.gaps.permission_grant_policies.reason

_quoted(names) := concat(", ", [sprintf("'%s'", [substring(name, 0, 80)]) | some name in array.slice(sort(names), 0, 3)])
