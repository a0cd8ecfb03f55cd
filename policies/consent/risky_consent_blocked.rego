# METADATA
# title: Consent to applications that Microsoft holds to be risky is blocked
# description: >-
#   Microsoft Entra ID recognises some requests for consent as risky and then asks for an
#   administrator's. Two switches can turn that off, one in the authorization policy and one in
#   the directory's consent settings; a directory without such settings has Microsoft's default,
#   which blocks.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-risk-based-step-up-consent
#   - ref: https://learn.microsoft.com/graph/api/resources/authorizationpolicy
#   - ref: https://learn.microsoft.com/graph/api/resources/groupsetting
# custom:
#   id: CONS1006
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     any: [authorization_policy, directory_settings]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: CM-5, coverage: part}]
#     iso_27001: [{id: A.8.18, coverage: part}]
#   remediation:
#     summary: Set both switches back to Microsoft's default, so that risky consent needs an administrator.
#     steps:
#       xdr-current:
#         - Set allowUserConsentForRiskyApps of the authorization policy to false (`Update-MgPolicyAuthorizationPolicy`, with Privileged Role Administrator).
#         - Set BlockUserConsentForRiskyApps of the directory setting "Consent Policy Settings" to true (`Update-MgGroupSetting`, template dffd5d46-495d-40a9-8e21-954ff55e198a).
#         - Turn the admin consent workflow on (CONS1008), so that users who are stopped can ask.
#       mtp-2020-b:
#         - Set BlockUserConsentForRiskyApps of the directory setting "Consent Policy Settings" to true with AzureADPreview's `Set-AzureADDirectorySetting`.
#       mtp-2020-a:
#         - Set BlockUserConsentForRiskyApps of the directory setting "Consent Policy Settings" to true with AzureADPreview's `Set-AzureADDirectorySetting`.
package domicile.consent.risky_consent_blocked

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": concat(" ", sort({problem.message | some problem in _problems})),
	"expected": "allowUserConsentForRiskyApps false, BlockUserConsentForRiskyApps true",
	"actual": concat(", ", sort({problem.actual | some problem in _problems})),
} if {
	count(_problems) > 0
}

unknown contains {"reason": gap.reason, "kind": kind, "message": message} if {
	some kind, gap in input.gaps
	message := sprintf("One of the two switches for risky consent could not be read; collect %s again.", [kind])
}

unknown contains {"reason": "partial", "kind": "authorization_policy", "message": "The authorization policy was read without allowUserConsentForRiskyApps; collect it again."} if {
	not input.gaps.authorization_policy
	not _policy_says
}

unknown contains {"reason": "partial", "kind": "directory_settings", "message": message} if {
	some said in _settings
	not said in {"", "true", "false"}
	message := sprintf("BlockUserConsentForRiskyApps is '%s', which is neither true nor false.", [substring(said, 0, 60)])
}

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "authorization_policy"} if {
	value := sprintf("allowUserConsentForRiskyApps: %s", [_policy_says])
}

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "directory_settings"} if {
	not input.gaps.directory_settings
	value := sprintf("BlockUserConsentForRiskyApps: %s", [_settings_say])
}

_problems contains {"message": "The authorization policy lets users consent to risky applications.", "actual": "allowUserConsentForRiskyApps true"} if {
	_flag in [true]
}

_problems contains {"message": "The consent settings of the directory don't block users' consent to risky applications.", "actual": "BlockUserConsentForRiskyApps false"} if {
	"false" in _settings
}

_flag := input.evidence.authorization_policy[0].allowUserConsentForRiskyApps

_policy_says := sprintf("%v", [_flag]) if is_boolean(_flag)

_policy_says := "not set, which blocks by default" if is_null(_flag)

# What the settings made from the template "Consent Policy Settings" say, "" where they
# hold no value.
_settings := {lower(_value(setting)) |
	some setting in input.evidence.directory_settings
	_is(setting.templateId, "dffd5d46-495d-40a9-8e21-954ff55e198a")
}

default _value(_) := ""

_value(setting) := [value.value |
	some value in setting.values
	_is(value.name, "blockuserconsentforriskyapps")
	is_string(value.value)
][0]

_settings_say := concat(", ", sort({substring(said, 0, 60) | some said in _settings})) if {
	count(_settings - {""}) > 0
} else := "not set, which blocks by default"

_is(text, word) if {
	is_string(text)
	lower(text) == word
}
