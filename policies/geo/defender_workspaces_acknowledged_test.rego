package domicile.geo.defender_workspaces_acknowledged_test

import data.domicile.geo.defender_workspaces_acknowledged as rule
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.geo_fixtures_test as fixtures

_soc := lower(azured.workspace_id("soc"))

_assignment(principal) := {
	"id": "r1", "workspaceId": azured.workspace_id("soc"), "principalId": principal, "principalType": "ServicePrincipal", "scope": "/",
	"roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/AB8E14D6-4a74-4a29-9ba8-549422addade",
}

_principals := {
	"mtp": {"id": "mtp", "appId": "8EE8FDAD-f234-4243-8f3b-15c294843740"},
	"mde": {"id": "mde", "appId": "fc780465-2017-40d4-a0c5-307022471b92"},
	"soar": {"id": "soar", "appId": "11111111-0000-4000-8000-000000000001"},
	"nameless": {"id": "nameless", "appId": null},
}

_scan(assignments, statements) := object.union(
	azured.with_evidence({"log_workspaces": [azured.workspace("soc", "westeurope")], "arm_role_assignments": assignments, "attestations": statements}),
	{"lookup": {"service_principals": _principals}},
)

_known(geo) := fixtures.statement("known-copy", {"resourceId": azured.workspace_id("SOC"), "geo": geo, "reason": "one portal"})

_said(scan) := found if {
	found := azured.outcomes(rule.deny, rule.unknown, set()) with input as scan
}

_asking(reasons) := {"denied": set(), "unknown": reasons, "not_applicable": set()}

_passing := _asking(set())

test_passes_when_no_workspace_is_onboarded if {
	scan := _scan([_assignment("soar")], [])
	_said(scan) == _passing
	{seen.value | some seen in rule.observed} == {"no workspace is onboarded"} with input as scan
	_said(_scan([object.union(_assignment("mtp"), {"roleDefinitionId": "/roleDefinitions/reader"})], [])) == _passing
	_said(_scan([object.union(_assignment("mtp"), {"roleDefinitionId": null})], [])) == _passing
	_said(_scan([object.union(_assignment("someone"), {"principalType": "User"})], [])) == _passing
}

test_passes_when_it_is_acknowledged if {
	scan := _scan([_assignment("mtp")], [_known("EU")])
	_said(scan) == _passing
	{seen.value | some seen in rule.observed} == {"'soc' is onboarded to the Defender portal (acknowledged)"} with input as scan
}

test_fails_when_it_is_not_acknowledged if {
	every principal in ["mtp", "mde"] {
		found := rule.deny with input as _scan([_assignment(principal)], [])
		found == {{
			"resource": {"kind": "log_workspace", "id": _soc, "name": "soc"},
			"message": "The Sentinel workspace 'soc' is onboarded to the Defender portal, so that Defender XDR's storage terms apply to its incidents and alerts, and no statement acknowledges it.",
			"expected": "a valid statement 'known-copy' that names the workspace", "actual": "not acknowledged",
		}}
	}
	_said(_scan([_assignment("mtp"), _assignment("mde")], [_known("US")])).denied == {_soc}
	_said(_scan([_assignment("mtp")], [fixtures.expired(_known("EU"))])).denied == {_soc}
}

test_observed_when_it_is_not_acknowledged if {
	{seen.value | some seen in rule.observed} == {"'soc' is onboarded to the Defender portal"} with input as _scan([_assignment("mde")], [])
}

test_fails_for_a_workspace_that_is_not_listed if {
	hidden := object.union(_assignment("mtp"), {"workspaceId": azured.workspace_id("hidden")})
	_said(_scan([hidden], [])).denied == {lower(azured.workspace_id("hidden"))}
}

test_unknown_when_the_application_is_not_known if {
	every principal in ["stranger", "nameless", null] {
		_said(_scan([_assignment(principal)], [])) == _asking({"partial"})
	}
	_said(_scan([object.remove(_assignment("stranger"), ["principalType"])], [])) == _asking({"partial"})
}

test_unknown_when_the_coverage_is_not_proven if {
	_said(azured.without_root(_scan([], []))) == _asking({"partial"})
	count(rule.observed) == 0 with input as azured.without_root(_scan([], []))
}

test_passes_over_the_workspace_of_a_customer if {
	customers := object.union(_assignment("not-read"), {"workspaceId": azured.foreign_id("Microsoft.OperationalInsights/workspaces", "soc")})
	seen := object.union(_scan([customers], []), {"evidence": {"azure_coverage": [azured.root, azured.subscription, azured.foreign]}})
	_said(seen) == {"denied": set(), "unknown": set(), "not_applicable": set()}
}
