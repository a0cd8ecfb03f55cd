# METADATA
# title: No assigned licence has a Defender plan switched off
# description: |-
#   A licence that is assigned with single plans switched off looks like cover and isn't. Some
#   organisations do it on purpose, as Defender for Identity and Defender for Cloud Apps work
#   for the whole tenant; they name those plans. A plan that another licence of the same user
#   gives is on.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/assignedlicense
#   - ref: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
# custom:
#   id: LIC1008
#   severity: low
#   scope: users
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [users]
#     optional: [subscribed_skus]
#   params:
#     plans_that_may_be_off:
#       type: [string]
#       description: Defender plans that may be switched off in an assigned licence, by plan id or name (ATA).
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Switch the plan on where the licence is assigned, or name it as one that may be off.
#     steps:
#       xdr-current:
#         - Find where the licence comes from, in the Microsoft Entra admin center > the user > Licenses (direct, or the group).
#         - In the Microsoft 365 admin center > Billing > Licenses, or at the group, open the assignment's apps and switch the plan on.
#         - A plan that is off on purpose goes into plans_that_may_be_off.
package domicile.licences.defender_plans_switched_on

import data.domicile.lib.licences
import data.domicile.lib.licences_coverage as coverage

deny contains {
	"resource": {"kind": "user", "id": user.id, "name": coverage.label(user)},
	"message": sprintf("Licences of '%s' have Defender plans switched off: %s.", [coverage.label(user), licences.quoted(off)]),
	"expected": "every Defender plan on",
	"actual": licences.quoted(off),
} if {
	some user in _suspects
	off := _off(user)
	count(off) > 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No enabled user has a licence assigned."} if {
	not _some_licensed
	not _some_unread
}

unknown contains {"reason": "partial", "kind": "users", "message": "The assigned licences of some users are not in the evidence; collect users again."} if {
	_some_unread
}

_some_licensed if {
	some user in input.evidence.users
	is_array(user.assignedLicenses)
	user.assignedLicenses != []
	_enabled(user)
}

# The few of whom a plan is off, whatever their other licences give.
_suspects := {user |
	some user in input.evidence.users
	some license in user.assignedLicenses
	some id in license.disabledPlans
	_judged[id]
	_enabled(user)
}

_some_unread if {
	some user in input.evidence.users
	not is_array(object.get(user, "assignedLicenses", null))
	_enabled(user)
}

_enabled(user) if not object.get(user, "accountEnabled", null) in [false]

# The plans that count, by id: those with a service, without those that may be off.
_judged := {id: name |
	some name, id in licences.plans
	id in coverage.defender_plans
	not id in _may_be_off
	not name in _may_be_off
}

_may_be_off := {text | some text in input.params.plans_that_may_be_off}

_off(user) := {sprintf("%s in %s", [_judged[id], _sku(license)]) |
	on := _on(user)
	some license in user.assignedLicenses
	some id in license.disabledPlans
	_judged[id]
	not id in on
}

_on(user) := coverage.plans_on(user) if {
	coverage.plans_read(user)
} else := set()

_sku(license) := _skus[license.skuId] if {
	_skus[license.skuId]
} else := sprintf("%v", [license.skuId])

_skus := {sku.skuId: licences.sku_name(sku) | some sku in input.evidence.subscribed_skus; is_string(sku.skuId)}
