# METADATA
# title: Attestations
# description: >-
#   Statements of named people about facts that no interface of Microsoft's gives. A
#   statement counts only when every check of its own passed; one that failed a check is
#   kept and shown, and no rule takes it as evidence.
# scope: package
package domicile.lib.attestations

# record_fact is the fact that holds the acceptance or the decision under a profile:
# until late 2020 an administrator accepted terms; since then there is no such step, and
# what an organisation can show is its own decision to use the service.
record_fact("mtp-2020-a") := "terms-accepted"

record_fact("mtp-2020-b") := "service-decision"

record_fact("xdr-current") := "service-decision"

# about is the set of all statements of a fact, sound or not.
about(statements, fact) := {statement |
	some statement in statements
	statement.fact == fact
}

# valid is the set of the statements of a fact all of whose checks are ok.
valid(statements, fact) := {statement |
	some statement in about(statements, fact)
	sound(statement)
}

# invalid is the set of the statements with a failed check, or with no check at all.
invalid(statements) := {statement |
	some statement in statements
	not sound(statement)
}

# latest is the valid statement of a fact with the greatest observedAt; the file's name
# and the statement itself decide between equals. It is undefined when there is none.
latest(statements, fact) := ordered[count(ordered) - 1][2] if {
	ordered := sort([[_observed(statement), object.get(statement, "file", ""), statement] |
		some statement in valid(statements, fact)
	])
	count(ordered) > 0
}

# sound is true for a statement that was checked and passed every check.
sound(statement) if {
	is_array(statement.checks)
	count(statement.checks) > 0
	every check in statement.checks {
		_passed(check)
	}
}

# signed is true for a statement whose signature was verified.
signed(statement) if statement.signed in [true]

# failed_checks is the set of the names and messages of a statement's failed checks.
failed_checks(statement) := {{"name": object.get(check, "name", ""), "message": object.get(check, "message", "")} |
	some check in statement.checks
	is_object(check)
	not _passed(check)
}

# time_ns is the time of an RFC 3339 time or of a date (midnight UTC), in nanoseconds; it
# is undefined for anything else.
time_ns(text) := time.parse_rfc3339_ns(text) if {
	is_string(text)
	regex.match(sprintf(`^(%s)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`, [_date]), text)
}

time_ns(text) := time.parse_rfc3339_ns(concat("", [text, "T00:00:00Z"])) if {
	is_string(text)
	regex.match(sprintf(`^(%s)$`, [_date]), text)
}

# end_ns is the last moment of a date, and of a time the time itself: the latest that
# what is written may mean.
end_ns(text) := (time_ns(text) + 86400000000000) - 1 if {
	is_string(text)
	count(text) == 10
} else := time_ns(text)

# term_days is for how many whole days a statement holds; undefined without an end.
term_days(statement) := floor((time_ns(statement.validUntil) - time_ns(statement.observedAt)) / 86400000000000)

# decider is the person who accepted the terms or took the decision; undefined when the
# statement's value names neither an account nor its id.
decider(value) := [person |
	some member in ["decidedBy", "acceptedBy"]
	person := value[member]
	_names(person) != []
][0]

# decided_at is when that was, as the statement's value writes it.
decided_at(value) := [at |
	some member in ["decidedAt", "acceptedAt"]
	at := value[member]
	is_string(at)
][0]

# file is the name of the file that holds a statement, cut to what a message can bear.
file(statement) := substring(statement.file, 0, 60) if {
	is_string(statement.file)
} else := "unnamed file"

# name is how reports call a person: the account's name, or else its id, cut to what a
# message can bear.
name(person) := substring(_names(person)[0], 0, 60)

_names(person) := [text |
	some member in ["upn", "objectId"]
	text := person[member]
	is_string(text)
	text != ""
]

# deciders are the roles that may turn the service on under a profile, by template id:
# two in 2020, nine today, because a visit to the portal by any of them is enough.
deciders(profile) := {
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
} if {
	startswith(profile, "mtp-2020-")
} else := {
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
	"5f2222b1-57c3-48ba-8ad5-d4759f1fde6f": "Security Operator",
	"f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
	"5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
	"17315797-102d-40b4-93e0-432062caca18": "Compliance Administrator",
	"e6d1a23a-da11-4be4-9570-befc86d067a7": "Compliance Data Administrator",
	"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
	"158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
}

# _date matches the days that exist, from 1900 to 2199, so that a day that doesn't is
# undefined here and not an error of the parser.
_date := concat("|", [
	`(19|20|21)[0-9]{2}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])`,
	`(19|20|21)[0-9]{2}-(0[469]|11)-(0[1-9]|[12][0-9]|30)`,
	`(19|20|21)[0-9]{2}-02-(0[1-9]|1[0-9]|2[0-8])`,
	`((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29`,
])

# A check whose outcome is null says nothing, so that it didn't pass.
_passed(check) if check.ok in [true]

default _observed(_) := 0

_observed(statement) := time_ns(statement.observedAt)
