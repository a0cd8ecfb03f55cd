# METADATA
# title: The record of turning the service off
# description: >-
#   Which statement says who decided that the service is off and that its data is lost. A record
#   of an end that was followed by a recorded new start is history and speaks of nothing today.
# scope: package
package domicile.lib.service_off

import data.domicile.lib.attestations

# The fact that records it.
fact := "service-off"

# All statements of the fact, sound or not.
records(scan) := attestations.about(scan.evidence.attestations, fact)

# The newest valid statement that no recorded start came after; undefined when there is none.
record(scan) := statement if {
	statement := attestations.latest(scan.evidence.attestations, fact)
	not _started_again(scan, statement)
}

# When the record says that the service was turned off, or else when the statement was made.
ended_at(statement) := statement.value.date if {
	attestations.time_ns(statement.value.date)
} else := statement.observedAt

# What the record lacks of what it has to say, sorted, empty when it is whole.
lacks(scan, statement) := sort({text |
	some text, _ in {
		"who decided it": true,
		"the person's role": true,
		"a day that has come": true,
		"that the loss of the data is known": true,
	}
	not _says(scan, statement, text)
})

_says(_, statement, "who decided it") if is_string(attestations.decider(statement.value).upn)

_says(_, statement, "who decided it") if _text(statement.value.decidedBy)

_says(_, statement, "the person's role") if _text(statement.value.role)

_says(scan, statement, "a day that has come") if {
	attestations.time_ns(statement.value.date) <= attestations.time_ns(scan.now)
}

_says(_, statement, "that the loss of the data is known") if statement.value.dataLossAcknowledged in [true]

_text(value) if {
	is_string(value)
	trim_space(value) != ""
}

_started_again(scan, statement) if {
	start := attestations.latest(scan.evidence.attestations, attestations.record_fact(scan.profile))
	start.value.accepted in [true]
	started := attestations.time_ns(start.value.turnedOnAt)
	started <= attestations.time_ns(scan.now)
	started > attestations.end_ns(ended_at(statement))
}
