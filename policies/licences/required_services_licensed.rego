# METADATA
# title: Every service that is required to feed the service is licensed and provisioned
# description: |-
#   The service brings together Defender for Endpoint, Office 365, Cloud Apps and Identity.
#   Which of them an organisation relies on is its own decision; one that it requires and has no
#   working plan for leaves a blind spot. In the first form of 2020 all four belonged to it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
#   - ref: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
# custom:
#   id: LIC1004
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [subscribed_skus]
#     any: []
#     optional: []
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     required_services:
#       type: [string]
#       description: The services that must be licensed, out of endpoint, office, cloud_apps and identity. Unset it is all four in the profile mtp-2020-a and none in the others.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: License the service and let its plan be provisioned, or take it out of required_services.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Your products, as Billing Administrator or Global Reader, and look for the service's plan.
#         - Buy a licence that holds the plan, or ask the reseller or Microsoft's support to enable a disabled one.
#         - If the plan waits for provisioning, open the service's portal once as Security Administrator and wait up to 24 hours.
#         - If the organisation does not rely on the service, take it out of the parameter required_services.
package domicile.licences.required_services_licensed

import data.domicile.lib.licences

_skus := input.evidence.subscribed_skus

_titles := {
	"endpoint": "Defender for Endpoint",
	"office": "Defender for Office 365",
	"cloud_apps": "Defender for Cloud Apps",
	"identity": "Defender for Identity",
}

_required := {service | some service in object.get(input.params, "required_services", _by_profile)}

default _by_profile := []

_by_profile := ["endpoint", "office", "cloud_apps", "identity"] if input.profile == "mtp-2020-a"

deny contains finding if {
	licences.judgeable(input)
	some service in _required
	_titles[service]
	not _provisioned(service)
	count(licences.unclear(_skus)) == 0
	finding := {
		"resource": {"kind": "service", "id": service, "name": _titles[service]},
		"message": _message(service),
		"expected": "a plan of the service, provisioned",
		"actual": _actual(service),
	}
}

not_applicable contains reason if some reason in licences.not_offered(input)

not_applicable contains reason if {
	licences.judgeable(input)
	count(_required) == 0
	reason := {"reason": "nothing_to_judge", "message": "No service is required by the configuration."}
}

unknown contains reason if some reason in licences.unread(input)

unknown contains reason if {
	licences.judgeable(input)
	some service in _required
	not _provisioned(service)
	some reason in licences.unclear(_skus)
}

unknown contains reason if {
	licences.judgeable(input)
	some service in _required
	not _titles[service]
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": sprintf("The parameter required_services names '%s', which is none of endpoint, office, cloud_apps and identity.", [substring(service, 0, 50)]),
	}
}

observed contains {"fact": "licence", "service": service, "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	some service in _required
	some [sku, status] in _offers(service)
	value := sprintf("'%s' (%s): plan %s", [licences.sku_name(sku), sku.capabilityStatus, status])
}

# _usable are the SKUs that a required service may rest on: those in good standing. Where
# the tenant's eligibility itself isn't, that is LIC1002's finding, and not one more for
# every service.
_usable := licences.standing(_skus) if licences.in_good_standing(input)

_usable := _skus if not licences.in_good_standing(input)

_provisioned(service) if {
	some [_, status] in _usable_offers(service)
	status == "Success"
}

_usable_offers(service) := [offer | some offer in _offers(service); offer[0] in _usable]

# _offers are the SKUs that hold a plan of the service, each with the plan's state.
_offers(service) := [[sku, plan.provisioningStatus] |
	some sku in _skus
	some plan in sku.servicePlans
	plan.servicePlanId in licences.held([sku])
	plan.servicePlanId in licences.service_plans[service]
]

_message(service) := sprintf("%s is required and no licence of the tenant holds a plan of it.", [_titles[service]]) if {
	count(_offers(service)) == 0
}

_message(service) := sprintf("%s is required and its plan is held by %s, but not provisioned in a licence that is in good standing.", [_titles[service], licences.quoted(names)]) if {
	names := {licences.sku_name(offer[0]) | some offer in _offers(service)}
	count(names) > 0
}

_actual(service) := "no plan" if count(_offers(service)) == 0

_actual(service) := concat(", ", sort(states)) if {
	states := {sprintf("%s in a licence that is %s", [status, sku.capabilityStatus]) |
		some [sku, status] in _offers(service)
	}
	count(states) > 0
}
