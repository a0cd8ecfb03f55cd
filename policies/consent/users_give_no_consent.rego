# METADATA
# title: Users can't consent to applications at all
# description: >-
#   The strict form of CONS1005, for organisations that want every application looked at by an
#   administrator. It is judged only where the configuration asks for it, with user_consent set
#   to none; CONS1008 says how users may then ask.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-user-consent
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-app-consent-policies
# custom:
#   id: CONS1022
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [authorization_policy]
#   params:
#     user_consent:
#       type: string
#       values: [none, low, microsoft_managed]
#       description: What users may consent to, none, low (verified applications with low-risk permissions) or microsoft_managed.
#       default: low
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 5.1.5.1, coverage: full}]
#     nist_800_53: [{id: AC-6(10), coverage: part}]
#   remediation:
#     summary: Take every policy for users' own consent away, and turn the admin consent workflow on first.
#     action: restrict_user_consent
#     steps:
#       xdr-current:
#         - Turn the admin consent workflow on (CONS1008), so that users have a way to ask.
#         - In the Microsoft Entra admin center open Entra ID > Enterprise apps > Consent and permissions > User consent settings, and choose "Do not allow user consent".
#         - Where mail clients still work by "microsoft-user-default-allow-consent-apps", grant them for the organisation first, then take that policy away (`Update-MgPolicyAuthorizationPolicy`).
#       mtp-2020-b:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings (later Consent and permissions), and set user consent to "Do not allow".
#       mtp-2020-a:
#         - In the Azure portal open Azure Active Directory > Enterprise applications > User settings, and set "Users can consent to apps accessing company data on their behalf" to No.
package domicile.consent.users_give_no_consent

import data.domicile.lib.consent_policies

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("No user consent is wanted, and the policies %s allow some.", [_named]),
	"expected": "no policy for users' own consent",
	"actual": _named,
} if {
	_wanted
	count(_assigned) > 0
}

not_applicable contains {"reason": "switched_off", "message": "The configuration lets users consent to some applications (user_consent); CONS1005 judges which."} if {
	not _wanted
}

unknown contains {"reason": "partial", "kind": "authorization_policy", "message": "The authorization policy was read without permissionGrantPoliciesAssigned, so that what users may consent to isn't known; collect it again."} if {
	_wanted
	not _assigned
}

_wanted if input.params.user_consent == "none"

_assigned := consent_policies.own(input.evidence.authorization_policy)

_named := concat(", ", [sprintf("'%s'", [substring(name, 0, 60)]) | some name in array.slice(sort(_assigned), 0, 4)])
