# METADATA
# title: Audit records are kept for as long as is asked for
# description: >-
#   Proof of a consent, an opt-in or a change of settings is a record of the audit log, and it is gone when its
#   retention ends. By default records of Entra ID, Exchange and SharePoint are kept for a year with Audit (Premium)
#   and everything else for 180 days; a retention policy may shorten that as well as lengthen it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/purview/audit-log-retention-policies
#   - ref: https://learn.microsoft.com/powershell/module/exchange/get-unifiedauditlogretentionpolicy
# custom:
#   id: XDR1011
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [exchange_audit_config]
#     optional: [subscribed_skus]
#   licence: []
#   params:
#     audit_retention_days:
#       type: integer
#       description: Days for which records of the unified audit log must be kept.
#       default: 365
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     scuba: [{id: MS.SECURITYSUITE.5.2v1, coverage: part}]
#     nist_800_53: [{id: AU-11, coverage: part}]
#     iso_27001: [{id: A.8.15, coverage: part}]
#   remediation:
#     summary: Keep the records of the audit log for as long as audit_retention_days asks.
#     steps:
#       xdr-current:
#         - Microsoft Purview portal > Audit > Policies. Lengthen or delete each policy that is shorter.
#         - Create a policy for the record type AzureActiveDirectory with the duration that is asked for, and a priority before the others.
#         - More than a year takes the add-on for ten years of retention. Otherwise export the records to an archive of your own.
#         - Save Get-UnifiedAuditLogRetentionPolicy | ConvertTo-Json in Security & Compliance PowerShell and import it with Get-AdminAuditLogConfig.
#       mtp-2020-b:
#         - Microsoft 365 compliance center > Audit > Audit retention policies. Lengthen or delete each policy that is shorter.
#         - Create a policy for the record type AzureActiveDirectory with the duration that is asked for.
#       mtp-2020-a:
#         - Microsoft 365 compliance center > Audit > Audit retention policies. Lengthen or delete each policy that is shorter.
#         - Create a policy for the record type AzureActiveDirectory with the duration that is asked for.
package domicile.xdr.audit_records_kept

import data.domicile.lib.licences
import data.domicile.lib.service_exports as exports

deny contains {
	"resource": {"kind": "exchange_audit_config", "id": name, "name": name},
	"message": sprintf("The audit retention policy '%s' keeps records for %d days, and %d are asked for.", [name, days, input.params.audit_retention_days]),
	"expected": sprintf("at least %d days", [input.params.audit_retention_days]),
	"actual": sprintf("%d days", [days]),
} if {
	_told
	some name, days in _shorter
}

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": message,
	"expected": sprintf("at least %d days", [input.params.audit_retention_days]),
	"actual": sprintf("%d days by default", [_premium_days]),
} if {
	_told
	_uncovered
	_premium
	_premium_days < input.params.audit_retention_days
	message := sprintf("No retention policy covers the records of Entra ID, which Audit (Premium) then keeps for %d days.", [_premium_days])
}

not_applicable contains {"reason": "not_licensed", "message": message} if {
	_told
	count(_shorter) == 0
	_uncovered
	not _premium
	count(_unsure) == 0
	_standard_days < input.params.audit_retention_days
	message := sprintf("The tenant has neither a retention policy for the records of Entra ID nor Audit (Premium), without which it can't have one: records are kept for %d days.", [_standard_days])
}

unknown contains {"reason": "not_collected", "kind": "exchange_audit_config", "message": message} if {
	count(_configs) > 0
	not _told
	message := "The import has the audit log's switch only; save Get-UnifiedAuditLogRetentionPolicy | ConvertTo-Json in Security & Compliance PowerShell and import it too."
}

unknown contains {"reason": "stale", "kind": "exchange_audit_config", "message": message} if {
	count(_configs) == 0
	message := "The audit configuration bears no date or was saved too long ago (max_evidence_age); save and import it again."
}

unknown contains {"reason": "partial", "kind": "exchange_audit_config", "message": message} if {
	_told
	names := {_name(policy) | some policy in _enabled; not _days(policy)}
	count(names) > 0
	message := sprintf("The duration of the retention policies %s isn't a known one; look it up in the Microsoft Purview portal.", [licences.quoted(names)])
}

unknown contains gap if {
	_told
	_uncovered
	not _premium
	_standard_days < input.params.audit_retention_days
	some gap in _unsure
}

observed contains {"fact": "retention", "service": "exchange", "value": value, "tier": exports.tier(_configs[0]), "kind": "exchange_audit_config"} if {
	some policy in _enabled
	value := sprintf("policy '%s': %d days", [_name(policy), _days(policy)])
}

observed contains {"fact": "retention", "service": "exchange", "value": value, "tier": "", "kind": ""} if {
	_told
	_uncovered
	_premium
	value := sprintf("Audit (Premium) by default: %d days for Entra ID, Exchange and SharePoint, %d for the rest", [_premium_days, _standard_days])
}

# What is kept where no policy says otherwise.
# Source: learn.microsoft.com/purview/audit-log-retention-policies.
_premium_days := 365

_standard_days := 180

# M365_ADVANCED_AUDITING, by Microsoft's licensing service plan reference.
_premium_plan := "2f442157-a11c-46b9-ae5b-6e39ff4e5849"

_durations := {
	"SevenDays": 7, "OneMonth": 30, "ThreeMonths": 90, "SixMonths": 180, "NineMonths": 270, "TwelveMonths": 365,
	"ThreeYears": 1095, "FiveYears": 1825, "SevenYears": 2555, "TenYears": 3650,
}

_configs := exports.fresh(input, input.evidence.exchange_audit_config)

# Whether the policies were exported at all; an export without them is not one of no policies.
_told if {
	some config in _configs
	is_array(config.retentionPolicies)
}

_enabled := [policy |
	some config in _configs
	some policy in config.retentionPolicies
	is_object(policy)
	not _switched_off(policy)
]

_switched_off(policy) if policy.Enabled == false

_shorter[_name(policy)] := days if {
	some policy in _enabled
	days := _shortest[_name(policy)]
	days < input.params.audit_retention_days
}

# Names are unique in a tenant; of two that an import makes equal the shorter one counts.
_shortest[_name(policy)] := min({_days(other) | some other in _enabled; _name(other) == _name(policy)}) if {
	some policy in _enabled
	_days(policy)
}

# No policy speaks for the records of Entra ID, in which consents and changes of roles are.
_uncovered if count([policy | some policy in _enabled; _covers(policy)]) == 0

# A policy for some operations or some users leaves out the rest.
_covers(policy) if {
	"AzureActiveDirectory" in policy.RecordTypes
	not _limited(policy)
}

_limited(policy) if {
	is_array(policy.Operations)
	count(policy.Operations) > 0
}

_limited(policy) if policy.limitedToUsers == true

_days(policy) := _durations[policy.RetentionDuration]

_name(policy) := policy.Name if {
	is_string(policy.Name)
} else := "unnamed"

_premium if _premium_plan in licences.held(input.evidence.subscribed_skus)

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)
