# METADATA
# title: Groups' preferred data location is allowed
# description: >-
#   With Multi-Geo, a group's preferred data location decides where its mailbox and its SharePoint
#   site rest, and what Defender for Office 365 keeps of them follows. It is what somebody asked
#   for: without a Multi-Geo licence it does nothing (GEO1013). Groups without one rest where their
#   creator's or the tenant's data does, which GEO1007 judges.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/multi-geo-add-group-with-pdl
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
#   - ref: https://learn.microsoft.com/graph/api/resources/group
# custom:
#   id: GEO1010
#   severity: high
#   scope: groups
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [groups]
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
#     summary: Set the group's preferred data location to an allowed one, and know that this moves data.
#     action: set_group_data_location
#     steps:
#       xdr-current:
#         - Ask the data's owner whether the group's data may rest there; if so, add the code to preferred_data_locations.
#         - Otherwise set the preferred data location to an allowed code with `Set-UnifiedGroup -MailboxRegion` in Exchange Online PowerShell, in the directory that masters the group where it is synchronised, and move its site with `Start-SPOUnifiedGroupMove`.
#         - Check in the SharePoint admin center > Geo locations that the data has moved, which takes days.
package domicile.geo.group_preferred_location_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_multi
import data.domicile.lib.geo_preferred as preferred

deny contains finding if {
	_multi.state == "held"
	count(_outside) > 0
	some group in _asking
	group.preferredDataLocation in _outside
	finding := {
		"resource": {"kind": "group", "id": group.id, "name": _name(group)},
		"message": sprintf("Group %s asks for the data location %s, which isn't an allowed one.", [geo.quoted(_name(group)), geo.quoted(group.preferredDataLocation)]),
		"expected": sprintf("a place in %s", [concat(", ", preferred.allowed(input))]),
		"actual": group.preferredDataLocation,
	}
}

not_applicable contains preferred.unlicensed(_asking, _multi, "group")

unknown contains question if some question in preferred.questions(input, _judged, _multi, "groups")

observed contains {"fact": "geo", "service": "microsoft_365", "value": value, "tier": "api", "kind": "groups"} if {
	some code in _judged
	value := sprintf("%s preferred by groups", [geo.quoted(code)])
}

_multi := geo_multi.licence(input, preferred.plans)

_asking := preferred.asking(input.evidence.groups)

_judged := preferred.codes(_asking, _multi)

_outside := preferred.outside(input, _judged)

_name(group) := group.displayName if {
	is_string(group.displayName)
} else := group.id
