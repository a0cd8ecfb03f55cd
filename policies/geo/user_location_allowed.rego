# METADATA
# title: Users' usage location is in an allowed country
# description: >-
#   The usage location is the country in which a user uses the services, given by the organisation
#   for licensing. It says nothing of where data rests, but a user in a country that nobody
#   expected is a place from which data is read. It is judged only where the organisation has said
#   which countries it expects.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/user
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/o365-data-locations
# custom:
#   id: GEO1012
#   severity: low
#   scope: users
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [users]
#   params:
#     allowed_countries:
#       type: [string]
#       description: The countries in which users may be located, by the codes of usage locations (DE); with an empty list none is judged.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   remediation:
#     summary: Correct the user's usage location, or add the country to allowed_countries.
#     steps:
#       xdr-current:
#         - Ask the user's manager in which country the user works.
#         - If the country is right and expected, add its code to allowed_countries.
#         - Otherwise correct it in Microsoft Entra admin center > Users > the user > Properties > Usage location, or in the directory that masters the account.
#       mtp-2020-a:
#         - Ask the user's manager in which country the user works.
#         - If the country is right and expected, add its code to allowed_countries.
#         - Otherwise correct it in Azure portal > Azure Active Directory > Users > the user > Profile > Usage location, or in the directory that masters the account.
package domicile.geo.user_location_allowed

import data.domicile.lib.geo

deny contains finding if {
	count(_outside) > 0
	some user in input.evidence.users
	user.usageLocation in _outside
	finding := {
		"resource": {"kind": "user", "id": user.id, "name": _name(user)},
		"message": sprintf("The usage location of user %s is %s, which isn't an allowed country.", [geo.quoted(_name(user)), geo.quoted(user.usageLocation)]),
		"expected": sprintf("one of %s", [concat(", ", input.params.allowed_countries)]),
		"actual": user.usageLocation,
	}
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	count(input.params.allowed_countries) == 0
	message := "The configuration names no countries (allowed_countries), so that usage locations aren't judged."
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No user has a usage location."} if count(_codes) == 0

observed contains {"fact": "setting", "service": "microsoft_365", "value": value, "tier": "api", "kind": "users"} if {
	count(input.params.allowed_countries) > 0
	some code in _codes
	value := sprintf("users in %s", [geo.quoted(code)])
}

_codes := {code |
	some code in {user.usageLocation | some user in input.evidence.users}
	is_string(code)
	code != ""
}

# The countries that aren't allowed, each looked up once. A country that the table of places
# doesn't know is compared by its code.
_outside := {code |
	count(input.params.allowed_countries) > 0
	some code in _codes
	not upper(code) in _allowed
	not geo.inside(code, input.params.allowed_countries)
}

_allowed := {upper(country) | some country in input.params.allowed_countries}

_name(user) := user.userPrincipalName if {
	is_string(user.userPrincipalName)
} else := user.id
