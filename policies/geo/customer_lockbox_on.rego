# METADATA
# title: Customer Lockbox is on
# description: >-
#   Microsoft's engineers may need to reach a customer's content for support, from outside its Geo.
#   With Customer Lockbox they must ask for the customer's approval first. It covers Exchange,
#   SharePoint, OneDrive and Teams; it doesn't cover what Defender itself stores.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/purview/customer-lockbox-requests
#   - ref: https://learn.microsoft.com/powershell/module/exchangepowershell/set-organizationconfig
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1023
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [exchange_organization, secure_scores, attestations]
#     optional: [subscribed_skus]
#   params:
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "1.3.6", coverage: full}]
#     nist_800_53: [{id: AC-6(6), coverage: part}, {id: MA-4, coverage: part}]
#     iso_27001: [{id: A.5.19, coverage: part}]
#     gdpr: [{id: 28(3)(a), coverage: evidence}, {id: "32", coverage: evidence}]
#   remediation:
#     summary: Turn Customer Lockbox on, and name who approves.
#     steps:
#       xdr-current:
#         - Open Microsoft 365 admin center > Settings > Org settings > Security & privacy > Customer Lockbox, and select Require approval (or run `Set-OrganizationConfig -CustomerLockBoxEnabled $true` in Exchange Online PowerShell).
#         - Give the role Customer Lockbox Access Approver to the people who decide, and make sure that they read the requests.
#         - Save the answer of `Get-OrganizationConfig` and import it, so that the next scan sees it.
#       mtp-2020-a:
#         - Open Microsoft 365 admin center > Settings > Security & privacy > Customer Lockbox, and require approval for all data access requests.
#         - Give the role Customer Lockbox access approver to the people who decide.
package domicile.geo.customer_lockbox_on

import data.domicile.lib.geo_portal
import data.domicile.lib.licences
import data.domicile.lib.lockbox
import data.domicile.lib.secure_score

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("Customer Lockbox is off (%s), so that Microsoft's engineers need no approval to reach content of Exchange, SharePoint, OneDrive and Teams.", [concat(", ", _tiers)]),
	"expected": "on",
	"actual": "off",
} if {
	_answers == {false}
	_licensed
}

not_applicable contains {"reason": "not_licensed", "message": "The tenant holds no plan of Customer Lockbox, and nothing says that it is on."} if {
	_unlicensed
	not true in _answers
}

unknown contains {"reason": "conflict", "kind": "", "message": message} if {
	count(_answers) > 1
	message := "Equally strong sources disagree on whether Customer Lockbox is on; find out which is right."
}

unknown contains _open if {
	count(_answers) == 0
	not _unlicensed
}

# It can't be turned on without a plan, so that it is no failure where none may be held.
unknown contains question if {
	_answers == {false}
	not _licensed
	some question in _unsure
}

observed contains {"fact": "setting", "service": "exchange", "value": sprintf("Customer Lockbox %s", [_words[reading.on]]), "tier": reading.tier, "kind": reading.kind} if {
	some reading in _readings
}

_words := {true: "on", false: "off"}

_open := {"reason": "stale", "kind": "exchange_organization", "message": message} if {
	some export in input.evidence.exchange_organization
	not geo_portal.fresh(input, export)
	message := "The answer of Get-OrganizationConfig is older than its limit of age or has no date; save and import it again."
} else := {"reason": "stale", "kind": "secure_scores", "message": message} if {
	secure_score.control(input, "CustomerLockBoxEnabled")
	not secure_score.fresh(input, secure_score.latest(input))
	message := "The newest Secure Score is older than its limit of age or has no date; scan again when Microsoft has calculated a new one."
} else := {"reason": "needs_attestation", "kind": "exchange_organization", "message": message} if {
	message := "No evidence says whether Customer Lockbox is on; import the answer of Get-OrganizationConfig, let the scanner read secure scores, or attest lockbox."
}

# What the strongest sources say, and how it is known.
_answers := {reading.on | some reading in _strongest}

_tiers := {reading.tier | some reading in _strongest}

_strongest := {reading |
	some reading in _readings
	reading.rank == min({other.rank | some other in _readings})
}

_readings := lockbox.readings(input)

_licensed if {
	some name in ["LOCKBOX_ENTERPRISE", "LOCKBOX_ENTERPRISE_GOV", "CustomerLockboxA_Enterprise"]
	licences.plans[name] in licences.held(input.evidence.subscribed_skus)
}

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_unlicensed if {
	not _licensed
	count(_unsure) == 0
}
