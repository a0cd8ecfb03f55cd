# METADATA
# title: Activation of Global Administrator raises an alert
# description: |-
#   Activation of Global Administrator is rare where people have finer roles, so that each one
#   is worth a look. A mail to those who watch is how a stolen eligible account is noticed.
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
#   id: ROLE1010
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [role_policies]
#   licence: [AAD_PREMIUM_P2, Entra_Identity_Governance]
#   params: {}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     scuba: [{id: MS.AAD.7.8v1, coverage: full}]
#     nist_800_53: [{id: AC-6(9), coverage: part}]
#     iso_27001: [{id: A.8.15, coverage: part}, {id: A.8.16, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#   remediation:
#     summary: Give the notification the default recipients, or a mailbox that is read.
#     action: alert_on_role_activation
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Settings, as Privileged Role Administrator.
#         - Choose Global Administrator, Edit > Notification, and under eligible members activating the role turn the default recipients of the role activation alert on, or name a mailbox that is read.
#         - Leave Critical emails only off, because then mails go out only where somebody must act.
package domicile.roles.global_admin_activation_alerts

import data.domicile.lib.roles
import data.domicile.lib.roles_policies as policies

_roles := {roles.global_administrator}

_alerts := {"Notification_Admin_EndUser_Assignment"}

deny contains finding if some finding in policies.quiet_deny(input, _roles, _alerts, "is activated")

unknown contains reason if some reason in policies.quiet_unknown(input, _roles, _alerts)

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "role_policies"} if {
	some value in policies.remarks(input, _roles, _alerts)
}
