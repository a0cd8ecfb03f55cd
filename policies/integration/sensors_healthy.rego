# METADATA
# title: Defender for Identity's sensors are healthy and up to date
# description: >-
#   A sensor that is stopped, unreachable or ill sees no logon of its domain controller, and one with old software
#   misses what newer detections need. Outdated means at least three versions behind; a sensor updates itself, so
#   that one which stays behind while others are newer has a fault.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/security-sensor
#   - ref: https://learn.microsoft.com/defender-for-identity/sensor-settings
# custom:
#   id: INT1003
#   severity: medium
#   scope: mdi_sensors
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [mdi_sensors]
#   lookup: {mdi_sensors: id}
#   licence: [ATA]
#   params:
#     sensor_outdated_days:
#       type: integer
#       description: Days after its installation within which a sensor may be outdated.
#       default: 14
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#   remediation:
#     summary: Repair each sensor that is not healthy, and update those that stay behind.
#     steps:
#       xdr-current:
#         - Defender portal > Settings > Identities > Sensors. Select the sensor and open its health issues.
#         - Start the service AATPSensor (or the updater) on the server, and check that the server reaches the tenant's sensor address on port 443.
#         - Outdated. Start the service AATPSensorUpdater. If the sensor doesn't update itself, install the newest package over it.
#         - A domain controller that is gone. Delete its sensor from the list.
#         - Run the scan again after an hour.
#       mtp-2020-b:
#         - Defender for Identity portal > Configuration > Sensors. Open the sensor and its health alerts, restart its services on the server, and install the newest package if it stays behind.
#       mtp-2020-a:
#         - Azure ATP portal > Configuration > Sensors. Open the sensor and its health alerts, restart its services on the server, and install the newest package if it stays behind.
package domicile.integration.sensors_healthy

import data.domicile.lib.attestations

deny contains {
	"resource": {"kind": "mdi_sensor", "id": _id(sensor), "name": _name(sensor)},
	"message": sprintf("The sensor '%s' of '%s' is not in order: %s.", [_name(sensor), _domain(sensor), concat(", ", faults)]),
	"expected": "healthy, and up to date",
	"actual": concat(", ", faults),
} if {
	some sensor in input.evidence.mdi_sensors
	faults := _faults(sensor)
	count(faults) > 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "Defender for Identity has no sensor, which INT1002 reports."} if {
	count(input.evidence.mdi_sensors) == 0
}

unknown contains {"reason": "partial", "kind": "mdi_sensors", "message": message} if {
	some sensor in input.evidence.mdi_sensors
	count(_faults(sensor)) == 0
	some doubt in _doubts(sensor)
	message := sprintf("Whether the sensor '%s' is in order can't be told: %s; look at Settings > Identities > Sensors in the Defender portal.", [_name(sensor), doubt])
}

observed contains {"fact": "setting", "service": "identity", "value": value, "tier": "api", "kind": "mdi_sensors"} if {
	some sensor in input.evidence.mdi_sensors
	sensor.deploymentStatus in {"outdated", "updating", "syncing"}
	value := sprintf("sensor '%s' is %s, version '%s'", [_name(sensor), sensor.deploymentStatus, _text(sensor, "version")])
}

# What is wrong for certain, sorted.
_faults(sensor) := sort((({fault |
	fault := {
		"notHealthyHigh": "health issues of severity high",
		"notHealthyMedium": "health issues of severity medium",
		"notHealthyLow": "health issues of severity low",
	}[sensor.healthStatus]
} | {fault |
	fault := {
		"updateFailed": "its update failed", "notConfigured": "it is not configured", "unreachable": "it is unreachable",
		"disconnected": "it is disconnected", "startFailure": "it doesn't start",
	}[sensor.deploymentStatus]
}) | {sprintf("version '%s' is outdated, others have '%s'", [substring(sensor.version, 0, 40), concat(".", [format_int(n, 10) | some n in _newest[_line(sensor)]])]) |
	sensor.deploymentStatus == "outdated"
	_settled(sensor)
	_behind(sensor)
}))

# What would have to be known to call it healthy.
_doubts(sensor) := ({"its health is not said" |
	not _text(sensor, "healthStatus") in {"healthy", "notHealthyHigh", "notHealthyMedium", "notHealthyLow"}
} | {"its state is not said" |
	not _text(sensor, "deploymentStatus") in _states
}) | {"it is outdated, and no sensor with a newer version shows by how much" |
	_text(sensor, "deploymentStatus") == "outdated"
	not _fresh(sensor)
	not _behind(sensor)
}

_states := {
	"upToDate", "updating", "syncing", "outdated",
	"updateFailed", "notConfigured", "unreachable", "disconnected", "startFailure",
}

# A sensor that was installed some time ago had the time to update itself. One whose installation
# isn't dated is taken for settled.
_settled(sensor) if not _fresh(sensor)

_fresh(sensor) if {
	age := attestations.time_ns(input.now) - attestations.time_ns(sensor.createdDateTime)
	age < ((input.params.sensor_outdated_days * 24) * 3600) * 1000000000
}

_behind(sensor) if _version(sensor) < _newest[_line(sensor)]

# The newest version of each line of sensors among all of the tenant's, by its first number: those
# of version 3 come with Windows and are not comparable with those of version 2.
_newest[line] := version if {
	some line in {_line(sensor) | some sensor in input.lookup.mdi_sensors}
	version := max({_version(sensor) | some sensor in input.lookup.mdi_sensors; _line(sensor) == line})
}

_line(sensor) := _version(sensor)[0]

_version(sensor) := [to_number(part) | some part in split(sensor.version, ".")] if {
	regex.match(`^[0-9]{1,9}(\.[0-9]{1,9}){1,3}$`, _text(sensor, "version"))
}

_domain(sensor) := _text(sensor, "domainName")

# A sensor that lacks its id or its name is judged all the same.
_id(sensor) := [text | some text in [_text(sensor, "id"), _text(sensor, "displayName"), "unnamed"]; text != ""][0]

_name(sensor) := [substring(text, 0, 60) | some text in [_text(sensor, "displayName"), _text(sensor, "id"), "unnamed"]; text != ""][0]

_text(sensor, member) := sensor[member] if {
	is_string(sensor[member])
} else := ""
