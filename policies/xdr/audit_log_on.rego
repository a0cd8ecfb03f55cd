# METADATA
# title: The unified audit log is on
# description: >-
#   Who turned the service on or off, who consented to what and who changed a setting is in the unified audit log or
#   nowhere. Its search answers with an empty list when the log is off, so an empty answer proves nothing. The
#   switch is seen in Exchange Online PowerShell; a record younger than 48 hours shows the log at work.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/purview/audit-log-enable-disable
#   - ref: https://learn.microsoft.com/powershell/module/exchange/get-adminauditlogconfig
#   - ref: https://learn.microsoft.com/graph/api/resources/security-auditlogquery
# custom:
#   id: XDR1008
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [exchange_audit_config, audit_probe]
#   licence: []
#   params:
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 3.1.1, coverage: full}]
#     scuba: [{id: MS.SECURITYSUITE.5.1v1, coverage: full}]
#     nist_800_53: [{id: AU-12, coverage: part}]
#     iso_27001: [{id: A.8.15, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#   remediation:
#     summary: Turn the unified audit log on; it records nothing of the time before.
#     steps:
#       xdr-current:
#         - Microsoft Purview portal > Audit > Start recording user and admin activity. Or in Exchange Online PowerShell run Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true. It takes up to 60 minutes.
#         - Check with Get-AdminAuditLogConfig in Exchange Online PowerShell. The same cmdlet in Security & Compliance PowerShell always shows False.
#         - Save Get-AdminAuditLogConfig | ConvertTo-Json and import it.
#       mtp-2020-b:
#         - Security & Compliance Center (https://protection.office.com) > Search > Audit log search > Turn on auditing.
#         - Check with Get-AdminAuditLogConfig in Exchange Online PowerShell, save it with ConvertTo-Json and import it.
#       mtp-2020-a:
#         - Security & Compliance Center (https://protection.office.com) > Search > Audit log search > Turn on auditing.
#         - Check with Get-AdminAuditLogConfig in Exchange Online PowerShell, save it with ConvertTo-Json and import it.
package domicile.xdr.audit_log_on

import data.domicile.lib.attestations
import data.domicile.lib.service_exports as exports

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": message,
	"expected": "UnifiedAuditLogIngestionEnabled True",
	"actual": "UnifiedAuditLogIngestionEnabled False",
} if {
	_configured == "off"
	message := sprintf("The unified audit log is off by the configuration saved on %s, and no record came later.", [exports.day(_config)])
}

unknown contains {"reason": "stale", "kind": "exchange_audit_config", "message": message} if {
	_configured == "stale"
	not _recorded
	message := sprintf("The audit configuration was saved on %s, which is no date or too long ago (max_evidence_age), and no record is younger than %d hours; save and import it again.", [exports.day(_config), _hours])
}

unknown contains {"reason": "partial", "kind": "exchange_audit_config", "message": message} if {
	_configured == "unsaid"
	not _recorded
	message := "The import doesn't say whether the audit log is on; import Get-AdminAuditLogConfig | ConvertTo-Json of Exchange Online PowerShell."
}

# An empty answer of the search is no sign of a log that is off.
unknown contains {"reason": reason, "kind": "audit_probe", "message": message} if {
	_configured == "unread"
	not _recorded
	reason := _silence[0]
	message := sprintf("%s Import Get-AdminAuditLogConfig | ConvertTo-Json of Exchange Online PowerShell.", [_silence[1]])
}

observed contains {"fact": "setting", "service": "exchange", "value": value, "tier": exports.tier(_config), "kind": "exchange_audit_config"} if {
	is_boolean(_config.UnifiedAuditLogIngestionEnabled)
	value := sprintf("UnifiedAuditLogIngestionEnabled %v, saved on %s", [_config.UnifiedAuditLogIngestionEnabled, exports.day(_config)])
}

observed contains {"fact": "setting", "service": "exchange", "value": value, "tier": "proxy", "kind": "audit_probe"} if {
	newest := _newest
	value := sprintf("newest record seen: %s%s", [newest, _hint])
}

_hours := 48

# The export that says whether the log is on: the newest fresh one that does, or else any.
_config := dated[count(dated) - 1][2] if {
	dated := sort([[_rank(config), object.get(config, "savedAt", null), config] | some config in input.evidence.exchange_audit_config])
}

_rank(config) := count([1 |
	is_boolean(config.UnifiedAuditLogIngestionEnabled)
	some checks in [[config], exports.fresh(input, [config])]
	count(checks) > 0
])

# What the export says: on, off, stale (too old or undated), unsaid; unread when there is none.
_configured := "unread" if {
	not _config
} else := "unsaid" if {
	not _said
} else := "stale" if {
	count(exports.fresh(input, [_config])) == 0
} else := "on" if {
	_config.UnifiedAuditLogIngestionEnabled
} else := "refuted" if {
	_recorded_later
} else := "off"

_said if is_boolean(_config.UnifiedAuditLogIngestionEnabled)

# A record that is young enough shows the log at work.
_recorded if {
	age := attestations.time_ns(input.now) - attestations.time_ns(_newest)
	age >= 0
	age <= (_hours * 3600) * 1000000000
}

_recorded_later if {
	_recorded
	attestations.time_ns(_newest) > attestations.time_ns(_config.savedAt)
}

_newest := newest if {
	newest := input.evidence.audit_probe[0].newest
	attestations.time_ns(newest)
}

default _hint := ""

_hint := "; the configuration says False, as Security & Compliance PowerShell always does" if _configured == "refuted"

_silence := ["no_permission", "The token may not search the audit log (AuditLogsQuery.Read.All)."] if {
	input.evidence.audit_probe[0].status in {401, 403}
} else := ["not_collected", sprintf("No record younger than %d hours was found, which proves nothing.", [_hours])]
