# METADATA
# title: Every domain controller has a sensor of Defender for Identity
# description: >-
#   A directory with one controller that no sensor watches is open through that controller: logons and changes there
#   are seen by nobody. Secure Score counts the controllers and those that are covered. Only its text is believed,
#   as its points can be had by marking the control as resolved elsewhere.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/securescore
#   - ref: https://learn.microsoft.com/defender-for-identity/deploy/deploy-defender-identity
# custom:
#   id: INT1009
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [secure_scores, mdi_sensors]
#   licence: [ATA]
#   params:
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#   remediation:
#     summary: Install a sensor on each domain controller.
#     steps:
#       xdr-current:
#         - Defender portal > Exposure management > Secure score > Recommended actions > Install Defender for Identity sensor on all domain controllers. It names the controllers.
#         - Defender portal > Settings > Identities > Sensors > Add sensor, or Activation for controllers that Defender for Endpoint covers.
#         - Secure Score follows within a day or two; run the scan again then.
#       mtp-2020-b:
#         - Defender for Identity portal > Configuration > Sensors. Compare the list with the domain controllers of each domain, and install the sensor on those that are missing.
#       mtp-2020-a:
#         - Azure ATP portal > Configuration > Sensors. Compare the list with the domain controllers of each domain, and install the sensor on those that are missing.
package domicile.integration.controllers_covered

import data.domicile.lib.secure_score

deny contains {
	"resource": {"kind": "service", "id": "identity", "name": "Microsoft Defender for Identity"},
	"message": sprintf("%d of %d domain controllers have a sensor, by the Secure Score of %s.", [_counted.covered, _counted.controllers, _day]),
	"expected": sprintf("%d domain controllers with a sensor", [_counted.controllers]),
	"actual": sprintf("%d", [_counted.covered]),
} if {
	not _no_sensors
	_counts
	_fresh
	_counted.covered < _counted.controllers
}

not_applicable contains {"reason": "nothing_to_judge", "message": "Defender for Identity has no sensor, which INT1002 reports."} if {
	_no_sensors
}

unknown contains {"reason": gap.reason, "kind": "secure_scores", "message": message} if {
	not _no_sensors
	not _counts
	gap := input.gaps.secure_scores
	message := sprintf("Secure Score could not be read (%s), which takes SecurityEvents.Read.All.", [gap.reason])
}

unknown contains {"reason": "stale", "kind": "secure_scores", "message": message} if {
	not _no_sensors
	_counts
	not _fresh
	message := sprintf("The newest Secure Score is of %s, which is no date or too long ago (max_evidence_age); scan again when Microsoft has calculated a new one.", [_day])
}

unknown contains {"reason": "partial", "kind": "secure_scores", "message": message} if {
	not _no_sensors
	not _counts
	not input.gaps.secure_scores
	message := sprintf("%s; compare the sensors with the domain controllers by hand.", [_silence])
}

observed contains {"fact": "count", "service": "identity", "value": value, "tier": "proxy", "kind": "secure_scores"} if {
	_counts
	value := sprintf("%d of %d domain controllers have a sensor, by the Secure Score of %s", [_counted.covered, _counted.controllers, _day])
}

observed contains {"fact": "count", "service": "identity", "value": value, "tier": "api", "kind": "mdi_sensors"} if {
	count(input.evidence.mdi_sensors) > 0
	value := sprintf("%d sensors on domain controllers are listed", [count(_on_controllers)])
}

_control := secure_score.control(input, "AATP_Sensor")

_counted := secure_score.sensors(_control)

# A text that counts no controller at all isn't one of a directory.
_counts if _counted.controllers > 0

_fresh if secure_score.fresh(input, secure_score.latest(input))

_silence := "Secure Score doesn't count the domain controllers in the text of 'AATP_Sensor', as where the control was marked as resolved elsewhere" if {
	_control
} else := "Secure Score doesn't have the control 'AATP_Sensor'"

_day := substring(score.createdDateTime, 0, 10) if {
	score := secure_score.latest(input)
	is_string(score.createdDateTime)
} else := "an unnamed day"

_on_controllers := [sensor |
	some sensor in input.evidence.mdi_sensors
	sensor.sensorType in {"domainControllerIntegrated", "domainControllerStandalone"}
]

_no_sensors if {
	count(input.evidence.mdi_sensors) == 0
	not input.gaps.mdi_sensors
}

# Without a licence or a workspace there are no sensors to be read either.
_no_sensors if {
	count(input.evidence.mdi_sensors) == 0
	input.gaps.mdi_sensors.reason in {"not_licensed", "not_provisioned"}
}
