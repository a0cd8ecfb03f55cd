# METADATA
# title: Assignment of a privileged role raises an alert
# description: |-
#   Whoever takes over an administrator's account first gives a role to an account of their own.
#   A mail at every assignment, active or eligible, is how somebody gets to know within minutes.
#   Judged is whether the notification has recipients, not whether a mail arrived or was read.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings
#   - ref: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-email-notifications
# custom:
#   id: ROLE1009
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [role_policies]
#   licence: [AAD_PREMIUM_P2, Entra_Identity_Governance]
#   params:
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     scuba: [{id: MS.AAD.7.7v1, coverage: full}]
#     nist_800_53: [{id: AC-2(1), coverage: part}]
#     iso_27001: [{id: A.8.15, coverage: part}, {id: A.8.16, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#   remediation:
#     summary: Give the notification the default recipients, or a mailbox that is read.
#     action: alert_on_role_assignment
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Settings, as Privileged Role Administrator.
#         - Choose the role, Edit > Notification, and under members assigned as eligible and members assigned as active turn the default recipients of the role assignment alert on, or name a mailbox that is read.
#         - Leave Critical emails only off, because then mails go out only where somebody must act.
package domicile.roles.privileged_assignment_alerts

import data.domicile.lib.roles_policies as policies
import data.domicile.lib.roles_privileged as privileged

_roles := privileged.ids(input)

_alerts := {"Notification_Admin_Admin_Assignment", "Notification_Admin_Admin_Eligibility"}

deny contains finding if some finding in policies.quiet_deny(input, _roles, _alerts, "is assigned")

not_applicable contains {"reason": "nothing_to_judge", "message": "The parameter privileged_roles names no role that this rule judges."} if {
	count(_roles) == 0
}

unknown contains reason if some reason in policies.quiet_unknown(input, _roles, _alerts)

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "role_policies"} if {
	some value in policies.remarks(input, _roles, _alerts)
}
