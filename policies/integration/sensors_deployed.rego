# METADATA
# title: Defender for Identity has sensors
# description: >-
#   Without a sensor on a domain controller Defender for Identity sees no logon and no change of the directory, and
#   nothing of Active Directory reaches the service, whatever is licensed and switched on. Its health issues are then
#   empty as well, which looks like health.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/security-identitycontainer-list-sensors
#   - ref: https://learn.microsoft.com/defender-for-identity/deploy/deploy-defender-identity
# custom:
#   id: INT1002
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [mdi_sensors, subscribed_skus]
#   licence: [ATA]
#   params:
#     services_not_used:
#       type: [string]
#       description: Services (endpoint, office, cloud_apps, identity) that are licensed and not deployed on purpose.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#   remediation:
#     summary: Install a Defender for Identity sensor on every domain controller, or say in services_not_used that identity isn't used on purpose.
#     steps:
#       xdr-current:
#         - Defender portal > Settings > Identities > Sensors > Add sensor. Domain controllers with Windows Server 2019 or later that are onboarded to Defender for Endpoint can be activated under Settings > Identities > Activation instead.
#         - Install the sensor with the access key on every domain controller, AD FS, AD CS and Entra Connect server.
#         - Check that each sensor shows Running and Healthy, then run the scan again.
#         - No Active Directory, or not meant to be covered? Add identity to services_not_used.
#       mtp-2020-b:
#         - Defender for Identity portal > Configuration > Sensors. Download the sensor setup and the access key.
#         - Install it on every domain controller and AD FS server, check that each is running, then run the scan again.
#       mtp-2020-a:
#         - Azure ATP portal > Configuration > Sensors. Download the sensor setup and the access key.
#         - Install it on every domain controller, check that each is running, then run the scan again.
package domicile.integration.sensors_deployed

import data.domicile.lib.licences

deny contains {
	"resource": {"kind": "service", "id": "identity", "name": "Microsoft Defender for Identity"},
	"message": "Defender for Identity is licensed (plan 'ATA') and has no sensor.",
	"expected": "at least one sensor",
	"actual": "0 sensors",
} if {
	_none
	_licensed
	not _unused
}

not_applicable contains {"reason": "not_licensed", "message": "The tenant holds no plan of Defender for Identity (ATA), and has no sensor."} if {
	not _deployed
	not _licensed
	count(_unsure) == 0
}

not_applicable contains {"reason": "not_licensed", "message": "The service refuses its sensors for want of a licence of Defender for Identity."} if {
	not _deployed
	not _licensed
	input.gaps.mdi_sensors.reason == "not_licensed"
}

not_applicable contains {"reason": "nothing_to_judge", "message": "Defender for Identity is not used on purpose (services_not_used)."} if {
	not _deployed
	_licensed
	_unused
}

unknown contains {"reason": gap.reason, "kind": "mdi_sensors", "message": message} if {
	not _deployed
	_licensed
	not _unused
	gap := input.gaps.mdi_sensors
	message := sprintf("Defender for Identity is licensed, and its sensors could not be read (%s), which takes SecurityIdentitiesSensors.Read.All.", [gap.reason])
}

unknown contains gap if {
	not _deployed
	not _licensed
	not input.gaps.mdi_sensors.reason == "not_licensed"
	some gap in _unsure
}

observed contains {"fact": "count", "service": "identity", "value": value, "tier": "api", "kind": "mdi_sensors"} if {
	_deployed
	value := sprintf("%s%d sensors, of them %d healthy, on %d domains", [_at_least, count(input.evidence.mdi_sensors), count(_healthy), count(_domains)])
}

_deployed if count(input.evidence.mdi_sensors) > 0

_none if {
	not _deployed
	not input.gaps.mdi_sensors
}

_licensed if licences.service_licensed(input.evidence.subscribed_skus, "identity")

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_unused if "identity" in input.params.services_not_used

default _at_least := ""

_at_least := "at least " if input.gaps.mdi_sensors

_healthy := [sensor | some sensor in input.evidence.mdi_sensors; sensor.healthStatus == "healthy"]

_domains := {sensor.domainName | some sensor in input.evidence.mdi_sensors; is_string(sensor.domainName)}
