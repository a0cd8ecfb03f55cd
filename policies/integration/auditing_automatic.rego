# METADATA
# title: Defender for Identity's automatic auditing configuration is on
# description: >-
#   Domain controllers write the events that Defender for Identity reads only under a certain audit policy. The
#   automatic configuration keeps that policy in place; without it a change of group policy blinds a sensor without
#   a word. The setting exists in the worldwide cloud alone.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/security-autoauditingconfiguration-get
#   - ref: https://learn.microsoft.com/defender-for-identity/deploy/configure-windows-event-collection
# custom:
#   id: INT1005
#   severity: low
#   scope: tenant
#   clouds: {mtp-2020-a: [global], mtp-2020-b: [global], xdr-current: [global]}
#   monotone: false
#   evidence:
#     any: [mdi_settings, mdi_sensors]
#   licence: [ATA]
#   profiles: [xdr-current]
#   frameworks:
#     nist_800_53: [{id: AU-12, coverage: part}]
#     iso_27001: [{id: A.8.15, coverage: part}]
#   remediation:
#     summary: Turn the automatic auditing configuration on.
#     steps:
#       xdr-current:
#         - Defender portal > Settings > Identities > Advanced features > Automatic Windows auditing configuration > On.
#         - Check under Identities > Health issues that no auditing issue stays open.
#         - If a group policy must set the auditing itself, keep it and let this finding stand with a reason.
package domicile.integration.auditing_automatic

deny contains {
	"resource": {"kind": "service", "id": "identity", "name": "Microsoft Defender for Identity"},
	"message": "Defender for Identity's automatic auditing configuration is off, so that nothing keeps the audit policy of the domain controllers in place.",
	"expected": "isAutomatic true",
	"actual": "isAutomatic false",
} if {
	not _no_sensors
	_automatic == false
}

not_applicable contains {"reason": "nothing_to_judge", "message": "Defender for Identity has no sensor, which INT1002 reports."} if {
	_no_sensors
}

unknown contains {"reason": gap.reason, "kind": "mdi_settings", "message": message} if {
	not _no_sensors
	gap := input.gaps.mdi_settings
	message := sprintf("The automatic auditing configuration could not be read (%s), which takes SecurityIdentitiesAutoConfig.Read.All.", [gap.reason])
}

unknown contains {"reason": "partial", "kind": "mdi_settings", "message": message} if {
	not _no_sensors
	not input.gaps.mdi_settings
	not is_boolean(_automatic)
	message := "The automatic auditing configuration doesn't say whether it is on; look at Settings > Identities > Advanced features in the Defender portal."
}

observed contains {"fact": "setting", "service": "identity", "value": value, "tier": "api", "kind": "mdi_settings"} if {
	is_boolean(_automatic)
	value := sprintf("isAutomatic %v", [_automatic])
}

default _automatic := null

_automatic := input.evidence.mdi_settings[0].isAutomatic

_no_sensors if {
	count(input.evidence.mdi_sensors) == 0
	not input.gaps.mdi_sensors
}

# Without a licence or a workspace there are no sensors to be read either.
_no_sensors if {
	count(input.evidence.mdi_sensors) == 0
	input.gaps.mdi_sensors.reason in {"not_licensed", "not_provisioned"}
}
