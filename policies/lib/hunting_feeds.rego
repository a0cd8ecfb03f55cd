# METADATA
# title: What feeds the hunting tables
# description: >-
#   Whether the table of a service holds rows within a window of days. Rows of the identity
#   tables count as Defender for Identity's only with the application Active Directory: the
#   other applications' rows are Defender for Cloud Apps'.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-identitylogonevents-table
package domicile.lib.hunting_feeds

import data.domicile.lib.hunting

# The tables that hold Defender for Identity's rows, those of Defender for Cloud Apps beside them.
identity_tables := ["IdentityLogonEvents", "IdentityDirectoryEvents"]

# feed is what a table holds of the last days, always defined: state is rows (with their number),
# none, absent (the table doesn't resolve) or unknown with its reason.
feed(scan, name, days) := _counted(scan, name, n) if {
	n := hunting.rows(_resolved(scan, name), scan.now, days)
} else := _uncounted(scan, name)

# directory is the same for Defender for Identity's rows of the two identity tables together:
# rows in either are enough, and none is certain only when every table that was asked is known.
directory(scan, days) := object.union(ranked[0], {"rows": sum([found.rows | some found in ranked])}) if {
	asked := [found |
		some name in identity_tables
		found := _directory(scan, name, days)
		not found.reason == "not_collected"
	]
	ranked := [found | some state in _ranks; some found in asked; found.state == state]
	count(ranked) > 0
} else := _directory(scan, identity_tables[0], days)

_ranks := ["rows", "unknown", "none", "absent"]

# last_directory_day is the newest day with Defender for Identity's rows; undefined when there is none.
last_directory_day(scan) := max({day |
	some name in identity_tables
	day := hunting.last_day(_resolved(scan, name), hunting.directory)
})

# microsoft_365 is the set of the applications of Cloud Apps' connector Microsoft 365, as
# CloudAppEvents names them; Microsoft Azure and others have connectors of their own.
microsoft_365 := {
	"Microsoft 365", "Microsoft Exchange Online", "Microsoft OneDrive for Business", "Microsoft SharePoint Online",
	"Microsoft Teams", "Office 365",
}

# last_connector_day is the newest day with rows of that connector; undefined when there is none.
last_connector_day(scan) := max({day |
	some application in microsoft_365
	day := hunting.last_day(_resolved(scan, "CloudAppEvents"), application)
})

_directory(scan, name, days) := _counted(scan, name, n) if {
	n := hunting.rows_of(_resolved(scan, name), hunting.directory, scan.now, days)
} else := _uncounted(scan, name)

_resolved(scan, name) := hunting.table(scan.evidence.hunting_probe, name) if {
	hunting.answer(scan, name).state == "resolves"
}

_counted(_, name, n) := {"state": "rows", "table": name, "rows": n, "reason": "", "message": ""} if {
	n > 0
} else := {"state": "none", "table": name, "rows": 0, "reason": "", "message": ""}

_uncounted(scan, name) := {
	"state": answer.state, "table": name, "rows": 0,
	"reason": answer.reason, "message": answer.message,
} if {
	answer := hunting.answer(scan, name)
	not answer.state == "resolves"
} else := {
	"state": "unknown", "table": name, "rows": 0, "reason": "partial",
	"message": sprintf("The daily counts of '%s' are missing; collect hunting_probe again.", [name]),
}
