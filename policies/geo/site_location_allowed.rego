# METADATA
# title: Sites rest in an allowed Geo
# description: >-
#   In a multi-geo tenant each SharePoint site and OneDrive rests in a data location of its own,
#   which may lie outside the places that the organisation allows. Microsoft names the location
#   of a site in multi-geo tenants only: elsewhere all sites rest in the default location, which
#   GEO1007 judges.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
#   - ref: https://learn.microsoft.com/graph/api/resources/sitecollection
# custom:
#   id: GEO1011
#   severity: high
#   scope: sites
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [sites]
#     optional: [subscribed_skus]
#   params:
#     allowed_geos:
#       type: [string]
#       description: Where data may rest, as Geos (EU), countries (DEU) or Azure regions (westeurope); the default of every service. Unset, the rules on location can't judge; an empty list allows nothing.
#     allowed_geos_by_service:
#       type: object
#       description: The same for single services (xdr, defender_for_endpoint, defender_for_identity, cloud_apps, app_governance, exchange, microsoft_365, azure, security_copilot); a service's own list replaces allowed_geos.
#     geo_groups:
#       type: object
#       description: What a name in a list of places stands for, as a list of codes by name; unset, the built-in table alone says which place lies in which. The EU of that table never contains the UK, Switzerland or Norway.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.34, coverage: part}]
#     gdpr: [{id: "44", coverage: evidence}]
#   remediation:
#     summary: Move the site to an allowed data location, or allow the location.
#     steps:
#       xdr-current:
#         - Ask the data's owner whether the site may rest there; if so, add the code to microsoft_365 in allowed_geos_by_service.
#         - Otherwise move it from its present Geo location, a site with `Start-SPOSiteContentMove` and a OneDrive with `Start-SPOUserAndContentMove` in SharePoint Online PowerShell, after telling its users that it is read-only meanwhile.
#         - Check in the SharePoint admin center > Geo locations that it has moved, and set the owner's preferred data location so that it stays.
package domicile.geo.site_location_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_multi

deny contains finding if {
	count(_outside) > 0
	some site in _located
	code := site.siteCollection.dataLocationCode
	code in _outside
	finding := {
		"resource": {"kind": "site", "id": _id(site), "name": _name(site)},
		"message": sprintf("Site %s rests in the data location %s, which isn't an allowed one.", [geo.quoted(_name(site)), geo.quoted(code)]),
		"expected": sprintf("a place in %s", [concat(", ", _allowed)]),
		"actual": code,
	}
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	count(_located) == 0
	message := "No site names a data location, as in every tenant without SharePoint Multi-Geo."
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	count(_located) > 0
	not _allowed
	message := "No list of allowed places is set; set the parameter allowed_geos, or microsoft_365 in allowed_geos_by_service."
}

unknown contains {"reason": "partial", "kind": "sites", "message": message} if {
	some code in _codes
	not geo.geo(code)
	message := sprintf("The data location %s isn't a known place; look it up in Microsoft's list.", [geo.quoted(code)])
}

unknown contains {"reason": "partial", "kind": "sites", "message": message} if {
	_multi.state == "held"
	count(_unlocated) > 0
	message := "The tenant holds SharePoint Multi-Geo and sites without a data location were listed; read the sites again."
}

unknown contains {"reason": _multi.reason, "kind": "subscribed_skus", "message": _multi.message} if {
	_multi.state == "unknown"
	count(_unlocated) > 0
}

observed contains {"fact": "geo", "service": "microsoft_365", "value": value, "tier": "api", "kind": "sites"} if {
	some code in _codes
	value := sprintf("%s holds sites", [geo.quoted(code)])
}

_multi := geo_multi.licence(input, ["SHAREPOINTONLINE_MULTIGEO"])

_allowed := geo.allowed(input, "microsoft_365")

_located := [site | some site in input.evidence.sites; _has_location(site)]

_unlocated := [site | some site in input.evidence.sites; not _has_location(site)]

_codes := {site.siteCollection.dataLocationCode | some site in _located}

# The codes of known places that aren't allowed, each looked up once.
_outside := {code |
	_allowed
	some code in _codes
	geo.geo(code)
	not geo.inside(code, _allowed)
}

_has_location(site) if {
	is_string(site.siteCollection.dataLocationCode)
	site.siteCollection.dataLocationCode != ""
}

# A site that lacks some of these, as Microsoft Graph leaves them out, rests where it rests all the same.
_name(site) := _first(site, ["webUrl", "displayName", "id"])

_id(site) := _first(site, ["id", "webUrl", "displayName"])

default _first(_, _) := "unnamed"

_first(site, members) := [text |
	some member in members
	text := site[member]
	is_string(text)
	text != ""
][0]
