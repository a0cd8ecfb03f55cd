# METADATA
# title: The service's data rests in the Geo of Defender for Endpoint
# description: >-
#   Microsoft keeps Defender XDR's data where Defender for Endpoint's rests, where that is
#   provisioned. When Defender for Endpoint came later, or through Defender for Cloud, the two may
#   stand in different Geos, and the same events rest in both. One source can't confirm itself, so
#   two independent ones are asked for.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
# custom:
#   id: GEO1003
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [onboarding_package, portal_tenant_context, attestations]
#     optional: [hunting_probe, subscribed_skus]
#   params:
#     package_max_age_days:
#       type: integer
#       description: Days for which the onboarding package counts after its signer's certificate ended; the package itself bears no date.
#       default: 400
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.22, coverage: part}, {id: A.5.23, coverage: part}]
#     gdpr: [{id: 30(1)(e), coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#   remediation:
#     summary: Find out which of the two Geos is the decided one, and have Microsoft's support bring the other there, or document both.
#     steps:
#       xdr-current:
#         - Read Defender portal > Settings > Microsoft Defender XDR > Account (data storage location, organisation id) and a newly downloaded onboarding package; be sure that both are this tenant's and that the finding is true.
#         - Neither Geo can be changed by the tenant's administrators. Select Need help? and ask support which of the services was provisioned where and when; keep the ticket's number.
#         - Moving one of them means deprovisioning it, which deletes its data; for Defender for Endpoint every device must be onboarded again. Have the data's owner approve it, and export first.
#         - If both stay, allow and record both Geos (GEO1002, GEO1008), document the transfer (CONS1019) and write a waiver with an end date.
#       mtp-2020-a:
#         - Defender ATP's Geo was chosen at its first run and can't be changed; Microsoft Threat Protection follows it where it was provisioned first.
#         - Compare Settings > Microsoft Threat Protection > Opt-in / Opt-out with a newly downloaded onboarding package, and open a ticket with Microsoft's support where they differ.
package domicile.geo.xdr_geo_is_that_of_endpoint

import data.domicile.lib.geo
import data.domicile.lib.geo_endpoint

deny contains finding if {
	_differ
	_weaker.rank <= _portal
	finding := {
		"resource": geo.resource("xdr", "storage"),
		"message": sprintf(
			"The service's data rests in %s (%s), that of Defender for Endpoint in %s (%s).",
			[_xdr.geo, geo.said(_xdr.best), _endpoint.geo, geo.said(_endpoint.best)],
		),
		"expected": sprintf("%s, the Geo of Defender for Endpoint", [_endpoint.geo]),
		"actual": _xdr.geo,
	}
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	_provisioned.state == "no"
	message := "Defender for Endpoint isn't provisioned: no plan of it is held and the table DeviceInfo doesn't resolve (GEO1022 asks who chose the Geo)."
}

unknown contains {"reason": _provisioned.reason, "kind": _provisioned.kind, "message": message} if {
	_provisioned.state == "unknown"
	message := sprintf("Whether Defender for Endpoint is provisioned can't be told. %s", [_provisioned.message])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_provisioned.state == "yes"
	some message in _missing
}

unknown contains {"reason": side.reason, "kind": side.kind, "message": side.message} if {
	_provisioned.state == "yes"
	count(_missing) == 0
	some side in [_xdr, _endpoint]
	side.state in {"stale", "conflict", "partial"}
}

unknown contains {"reason": "conflict", "kind": _weaker.kind, "message": message} if {
	_differ
	_weaker.rank > _portal
	message := sprintf(
		"The service's Geo is said to be %s (%s) and Defender for Endpoint's %s (%s), but one of them only by an unsigned statement; import the portal's tenant context or have two people sign it.",
		[_xdr.geo, geo.said(_xdr.best), _endpoint.geo, geo.said(_endpoint.best)],
	)
}

observed contains seen if {
	some seen in geo.shown({seen | some seen in geo.observations(input); seen.what == "storage"})
}

# What confirms is known no better than the weaker of the two sources.
observed contains {"fact": "geo", "service": "xdr", "value": value, "tier": _weaker.tier, "kind": _weaker.kind} if {
	_comparable
	not _differ
	value := sprintf("%s, as Defender for Endpoint", [_xdr.geo])
}

# The lowest rank of a proof that is good enough to fail on: a portal's export.
_portal := 5

_comparable if {
	_provisioned.state == "yes"
	_xdr.state == "known"
	_endpoint.state == "known"
}

_differ if {
	_comparable
	_xdr.geo != _endpoint.geo
}

# _weaker is an observation of the weaker side; of equals, the service's own.
_weaker := [seen |
	some side in [_xdr, _endpoint]
	some seen in side.best
	seen.rank == max({_xdr.rank, _endpoint.rank})
][0]

_missing contains "What says where the service's data rests, other than the onboarding package, is missing, and one source can't confirm itself; import the portal's tenant context or attest xdr-geo." if {
	_xdr.state == "none"
}

_missing contains "What says where Defender for Endpoint's data rests is missing, and the page that shows the service's Geo can't confirm itself; collect or import the onboarding package." if {
	_endpoint.state == "none"
}

_xdr := _side("xdr", "the service's storage")

_endpoint := _side("defender_for_endpoint", "Defender for Endpoint's storage")

_side(name, subject) := geo.settle(input, _of(geo.observations(input), name), _of(geo.outdated(input), name), subject)

_of(observations, name) := {seen | some seen in observations; seen.service == name; seen.what == "storage"}

_provisioned := geo_endpoint.provisioned(input)
