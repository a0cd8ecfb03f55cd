# METADATA
# title: Activation of Privileged Role Administrator takes approval by somebody who is named
# description: |-
#   A Privileged Role Administrator can give every role to everybody, Global Administrator
#   included, and change how roles are activated. Approval of each activation means that a
#   stolen eligible account alone doesn't get there. Without an enabled approver by name,
#   Microsoft lets any administrator of roles approve.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings
#   - ref: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
# custom:
#   id: ROLE1008
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [role_policies]
#     optional: [users]
#   lookup: {users: id}
#   licence: [AAD_PREMIUM_P2, Entra_Identity_Governance]
#   params:
#     activation_approvers:
#       type: [string]
#       description: Object ids of the people and groups who approve the activation of a role, for remediation.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "5.3.5", coverage: full}]
#     nist_800_53: [{id: AC-6(1), coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}]
#   remediation:
#     summary: Ask for approval to activate Privileged Role Administrator, by at least one enabled, named approver.
#     action: require_activation_approval
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Settings, as Privileged Role Administrator.
#         - Choose Privileged Role Administrator, Edit, and select Require approval to activate.
#         - Under Select approvers name at least two enabled people or a group; an emergency account is none, because it holds its role for good.
#         - Let an eligible administrator activate the role once, to see that the request reaches the approvers.
package domicile.roles.privileged_role_admin_activation_approved

import data.domicile.lib.roles
import data.domicile.lib.roles_policies as policies

deny contains finding if some finding in policies.approval_deny(input, roles.privileged_role_administrator)

unknown contains reason if some reason in policies.approval_unknown(input, roles.privileged_role_administrator)

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "role_policies"} if {
	some value in policies.approval_observed(input, roles.privileged_role_administrator)
}
