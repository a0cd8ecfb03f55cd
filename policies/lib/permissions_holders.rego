# METADATA
# title: Holders of permissions
# description: >-
#   What rules on single grants share: which application holds one, how it stands to what
#   the organisation approves, and how messages say so.
# scope: package
package domicile.lib.permissions_holders

import data.domicile.lib.permissions

# holder is the application behind a service principal, as {app_id, name}, from the
# look-up of service principals; app_id is "" when it isn't among those read, and name is
# then the one given.
holder(principals, id, name) := {"app_id": principal.appId, "name": _title([object.get(principal, "displayName", null), name, id])} if {
	principal := principals[id]
	is_string(principal.appId)
} else := {"app_id": "", "name": _title([name, id])}

# grant_id is what a finding calls a grant or an assignment: its id, or that it has none, which
# makes it no smaller.
grant_id(grant) := grant.id if {
	is_string(grant.id)
	grant.id != ""
} else := "unnamed"

# judged says for each permission how an application stands to it: own (the scanner or
# the remediator), approved, unset (the organisation hasn't said what it approves),
# unresolved (nobody knows which application it is), lapsed or unapproved. approvals is
# permissions.approved, made once.
judged(inp, approvals, application, names) := {name: verdict |
	some name in names
	verdict := _verdict(inp, approvals, application, name)
}

# with_verdict is the sorted list of the permissions that were judged so.
with_verdict(judgement, verdicts) := sort({name | some name, verdict in judgement; verdict in verdicts})

# refusal is the message of a finding: what the application holds without approval, and
# where an approval ended.
refusal(inp, application, judgement, held) := concat(" ", array.concat([first], lapses)) if {
	refused := with_verdict(judgement, {"lapsed", "unapproved"})
	first := sprintf("'%s' (%s) holds %s %s without approval.", [application.name, _id(application), listed(refused), held])
	lapses := [sprintf("The approval of '%s' ended on '%s'.", [substring(name, 0, 60), max(ends)]) |
		some name in array.slice(with_verdict(judgement, {"lapsed"}), 0, 2)
		ends := permissions.lapsed(inp.params, application.app_id, name, inp.now)
	]
}

# shown is the set of the values to show for what isn't a finding.
shown(application, judgement, held) := {value |
	some verdict, text in _texts
	names := with_verdict(judgement, {verdict})
	count(names) > 0
	value := sprintf("'%s' (%s) holds %s %s: %s", [application.name, _id(application), listed(names), held, text])
}

# listed names the first four of a list, and says how many there are besides.
listed(names) := concat("", array.concat([concat(", ", first)], more)) if {
	first := [sprintf("'%s'", [substring(name, 0, 60)]) | some name in array.slice(names, 0, 4)]
	more := [sprintf(" and %d more", [count(names) - 4]) | count(names) > 4]
}

_verdict(inp, approvals, application, permission) := "own" if {
	permissions.own(inp.reader, inp.params, application.app_id)
} else := "unset" if {
	not permissions.configured(inp.params)
} else := "unresolved" if {
	application.app_id == ""
} else := _approval(inp, approvals, application.app_id, permission)

_approval(inp, approvals, app_id, permission) := "approved" if {
	permissions.approval_key(app_id, permission) in approvals
} else := "lapsed" if {
	count(permissions.lapsed(inp.params, app_id, permission, inp.now)) > 0
} else := "unapproved"

_texts := {
	"own": "this product's own",
	"approved": "approved",
	"unset": "to be approved or removed",
}

_title(names) := [substring(name, 0, 60) |
	some name in array.concat(names, ["unnamed"])
	is_string(name)
	name != ""
][0]

_id(application) := application.app_id if {
	application.app_id != ""
} else := "application unknown"
