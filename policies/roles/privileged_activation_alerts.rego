# METADATA
# title: Activation of privileged roles other than Global Administrator raises an alert
# description: |-
#   The other privileged roles lead to Global Administrator or to the security settings, so that
#   an activation that nobody expected is worth a look. ROLE1010 judges Global Administrator.
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
#   id: ROLE1011
#   severity: low
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
#     scuba: [{id: MS.AAD.7.9v1, coverage: full}]
#     nist_800_53: [{id: AC-6(9), coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#   remediation:
#     summary: Give the notification the default recipients, or a mailbox that is read.
#     action: alert_on_role_activation
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Settings, as Privileged Role Administrator.
#         - Choose the role, Edit > Notification, and under eligible members activating the role turn the default recipients of the role activation alert on, or name a mailbox that is read.
#         - Leave Critical emails only off, because then mails go out only where somebody must act.
package domicile.roles.privileged_activation_alerts

import data.domicile.lib.roles
import data.domicile.lib.roles_policies as policies
import data.domicile.lib.roles_privileged as privileged

_roles := privileged.ids(input) - {roles.global_administrator}

_alerts := {"Notification_Admin_EndUser_Assignment"}

deny contains finding if some finding in policies.quiet_deny(input, _roles, _alerts, "is activated")

not_applicable contains {"reason": "nothing_to_judge", "message": "The parameter privileged_roles names no role that this rule judges."} if {
	count(_roles) == 0
}

unknown contains reason if some reason in policies.quiet_unknown(input, _roles, _alerts)

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "role_policies"} if {
	some value in policies.remarks(input, _roles, _alerts)
}
