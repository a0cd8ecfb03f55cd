# METADATA
# title: Activation of Security Administrator takes MFA and a justification, and ends in time
# description: |-
#   Security Administrator is the second role that could turn Microsoft Threat Protection on in
#   2020, and can change nearly all settings of the service today. Whoever activates it must
#   prove who they are by a second factor or an authentication context, say why, and lose it
#   within some hours. Approval is asked for where the configuration says so.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings
#   - ref: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-permissions
# custom:
#   id: ROLE1021
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
#     activation_max_hours:
#       type: integer
#       description: For how many hours Security Administrator may be activated at the most.
#       default: 8
#     approve_security_admin:
#       type: boolean
#       description: Whether activation of Security Administrator must be approved.
#       default: false
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-6(1), coverage: part}, {id: IA-2(1), coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}]
#   remediation:
#     summary: Ask for MFA and a justification to activate Security Administrator, and shorten the activation.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Settings, as Privileged Role Administrator.
#         - Choose Security Administrator, Edit > Activation, and set the maximum duration to activation_max_hours or less.
#         - Select Azure MFA, or an authentication context that a Conditional Access policy enforces, and Require justification on activation.
#         - Where approve_security_admin is set, select Require approval to activate and name enabled approvers.
package domicile.roles.security_admin_activation_guarded

import data.domicile.lib.roles
import data.domicile.lib.roles_policies as policies

_role := roles.security_administrator

_settings := policies.settings(input, _role)

_limit := input.params.activation_max_hours

# _wrong are the sentences on what a setting leaves out, each with what was found.
_wrong contains ["It takes neither MFA nor an authentication context.", "no MFA"] if {
	is_array(_settings.Enablement_EndUser_Assignment.enabledRules)
	not _mfa
	not _context_unsaid
}

_wrong contains ["It takes no justification.", "no justification"] if {
	is_array(_settings.Enablement_EndUser_Assignment.enabledRules)
	not "Justification" in _settings.Enablement_EndUser_Assignment.enabledRules
}

_wrong contains [sprintf("It lasts up to %v hours.", [_hours]), sprintf("%v hours", [_hours])] if _hours > _limit

_wrong contains ["It takes no approval by somebody who is named and enabled.", "no approval"] if {
	input.params.approve_security_admin
	policies.approval(input, _role) in {"off", "nobody"}
}

_mfa if "MultiFactorAuthentication" in _settings.Enablement_EndUser_Assignment.enabledRules

_mfa if _settings.AuthenticationContext_EndUser_Assignment.isEnabled == true

_context_unsaid if not _context_said

_context_said if is_boolean(_settings.AuthenticationContext_EndUser_Assignment.isEnabled)

_hours := policies.hours(_settings.Expiration_EndUser_Assignment.maximumDuration)

deny contains {
	"resource": {"kind": "role", "id": _role, "name": roles.role_name(_role)},
	"message": sprintf("Activation of Security Administrator is not guarded. %s", [concat(" ", sort({wrong[0] | some wrong in _wrong}))]),
	"expected": _expected,
	"actual": concat(", ", sort({wrong[1] | some wrong in _wrong})),
} if {
	count(_wrong) > 0
}

_expected := concat(", ", array.concat(["MFA", "justification", sprintf("at most %d hours", [_limit])], ["approval" | input.params.approve_security_admin]))

# _unsaid are the settings that the evidence doesn't have.
_unsaid contains "Enablement_EndUser_Assignment" if not _enablement_said

_unsaid contains "AuthenticationContext_EndUser_Assignment" if {
	not _mfa
	_context_unsaid
}

_unsaid contains "Expiration_EndUser_Assignment" if not _hours

_enablement_said if is_array(_settings.Enablement_EndUser_Assignment.enabledRules)

unknown contains reason if {
	count(_unsaid) > 0
	reason := {
		"reason": object.get(input.gaps, ["role_policies", "reason"], "partial"),
		"kind": "role_policies",
		"message": sprintf("The evidence does not have settings of Security Administrator: %s.", [concat(", ", sort(_unsaid))]),
	}
}

unknown contains reason if {
	input.params.approve_security_admin
	some reason in policies.approval_unknown(input, _role)
}

observed contains _setting(sprintf("activation lasts up to %v hours", [_hours]))

observed contains _setting(sprintf("activation takes the authentication context '%s'", [substring(context.claimValue, 0, 40)])) if {
	context := _settings.AuthenticationContext_EndUser_Assignment
	context.isEnabled == true
	is_string(context.claimValue)
}

_setting(value) := {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "role_policies"}
