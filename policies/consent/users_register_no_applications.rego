# METADATA
# title: Users can't register applications
# description: >-
#   An application that any user may register can ask other users for consent in the
#   organisation's own name, and keep access with credentials that nobody looks after. Who needs
#   to register applications gets a role for it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/delegate-app-roles
#   - ref: https://learn.microsoft.com/graph/api/resources/defaultuserrolepermissions
# custom:
#   id: CONS1014
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [authorization_policy]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 5.1.2.2, coverage: full}]
#     scuba: [{id: MS.AAD.5.1v1, coverage: full}]
#     nist_800_53: [{id: AC-6(10), coverage: part}, {id: CM-5, coverage: part}]
#     iso_27001: [{id: A.8.18, coverage: part}]
#   remediation:
#     summary: Let only those register applications who hold a role for it.
#     steps:
#       xdr-current:
#         - Give those who register applications the role Application Developer, eligible where PIM is licensed.
#         - In the Microsoft Entra admin center open Entra ID > Users > User settings, and set "Users can register applications" to No.
#       mtp-2020-b:
#         - In the Azure portal open Azure Active Directory > User settings, and set "Users can register applications" to No.
#       mtp-2020-a:
#         - In the Azure portal open Azure Active Directory > User settings, and set "Users can register applications" to No.
package domicile.consent.users_register_no_applications

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": "Every user may register applications (allowedToCreateApps is true).",
	"expected": "allowedToCreateApps false",
	"actual": "allowedToCreateApps true",
} if {
	_allowed in [true]
}

unknown contains {"reason": "partial", "kind": "authorization_policy", "message": "The authorization policy was read without allowedToCreateApps; collect it again."} if {
	not _said
}

_allowed := input.evidence.authorization_policy[0].defaultUserRolePermissions.allowedToCreateApps

_said if is_boolean(_allowed)
