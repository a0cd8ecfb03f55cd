# METADATA
# title: Users' preferred data location is allowed
# description: >-
#   With Multi-Geo, a user's preferred data location decides where the mailbox and OneDrive rest,
#   and what Defender for Office 365 keeps of them follows. It is what somebody asked for: a move
#   takes time, and without a Multi-Geo licence it does nothing (GEO1013). Users without one rest
#   in the tenant's default location, which GEO1007 judges.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/m365-dr-overview
#   - ref: https://learn.microsoft.com/graph/api/resources/user
# custom:
#   id: GEO1009
#   severity: high
#   scope: users
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [users]
#     optional: [subscribed_skus]
#   params:
#     allowed_geos:
#       type: [string]
#       description: Where data may rest, as Geos (EU), countries (DEU) or Azure regions (westeurope); the default of every service. Unset, the rules on location can't judge; an empty list allows nothing.
#     geo_groups:
#       type: object
#       description: What a name in a list of places stands for, as a list of codes by name; unset, the built-in table alone says which place lies in which. The EU of that table never contains the UK, Switzerland or Norway.
#     preferred_data_locations:
#       type: [string]
#       description: The data locations that a user or group may prefer, in the codes of Exchange and SharePoint (EUR, DEU); unset, allowed_geos holds.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.34, coverage: part}]
#     gdpr: [{id: "44", coverage: evidence}]
#   remediation:
#     summary: Set the user's preferred data location to an allowed one, or clear it, and know that this moves data.
#     action: set_user_data_location
#     steps:
#       xdr-current:
#         - Ask the data's owner whether the user's data may rest there; if so, add the code to preferred_data_locations.
#         - Otherwise set the preferred data location to an allowed code, in the directory that masters the account (Active Directory's msDS-preferredDataLocation for synchronised users, Microsoft Graph or PowerShell for others). Mailbox and OneDrive then move, which takes days.
#         - Check in the SharePoint admin center > Geo locations and with `Get-Mailbox | fl MailboxRegion` that the data has moved.
package domicile.geo.user_preferred_location_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_multi
import data.domicile.lib.geo_preferred as preferred

deny contains finding if {
	_multi.state == "held"
	count(_outside) > 0
	some user in _asking
	user.preferredDataLocation in _outside
	finding := {
		"resource": {"kind": "user", "id": _id(user), "name": _name(user)},
		"message": sprintf("User %s asks for the data location %s, which isn't an allowed one.", [geo.quoted(_name(user)), geo.quoted(user.preferredDataLocation)]),
		"expected": sprintf("a place in %s", [concat(", ", preferred.allowed(input))]),
		"actual": user.preferredDataLocation,
	}
}

not_applicable contains preferred.unlicensed(_asking, _multi, "user")

unknown contains question if some question in preferred.questions(input, _judged, _multi, "users")

observed contains {"fact": "geo", "service": "microsoft_365", "value": value, "tier": "api", "kind": "users"} if {
	some code in _judged
	value := sprintf("%s preferred by users", [geo.quoted(code)])
}

_multi := geo_multi.licence(input, preferred.plans)

_asking := preferred.asking(input.evidence.users)

_judged := preferred.codes(_asking, _multi)

_outside := preferred.outside(input, _judged)

_name(user) := user.userPrincipalName if {
	is_string(user.userPrincipalName)
} else := _id(user)

# A user that came without an id asks all the same.
_id(user) := user.id if {
	is_string(user.id)
	user.id != ""
} else := "unnamed"
