package domicile.lib.roles_applications_test

import data.domicile.lib.roles
import data.domicile.lib.roles_applications as applications
import data.domicile.lib.roles_applications_fixtures_test as made
import data.domicile.lib.roles_fixtures_test as fixtures

_ga := roles.global_administrator

_found(doc) := applications.applications(doc, roles.accounts(doc))

_app(doc) := _found(doc).app

_foreign := made.unregistered(_ga, {"appOwnerOrganizationId": made.other_id})

_home(over) := _app(made.unregistered(_ga, over)).home

_unjudged(doc) := {[reason.reason, reason.kind] | some reason in applications.unjudged(doc, _found(doc), "secrets")}

test_applications_are_found_among_holders if {
	_app(made.tenant(_ga, {})).home == "own"
	_app(made.tenant(_ga, {})).app_id == "app-id"
	_found(fixtures.tenant("xdr-current", [fixtures.admin("ann")])) == {}
	bare := object.union(made.tenant(_ga, {}), {"evidence": {"role_assignments": [fixtures.bare("app")]}})
	_app(bare).id == "app"
}

test_homes_are_told if {
	_home({}) == "own"
	_home({"appOwnerOrganizationId": made.other_id}) == "foreign"
	_home({"appOwnerOrganizationId": made.microsoft_id}) == "microsoft"
	_home({"appOwnerOrganizationId": null}) == "unclear"
	_home({"appOwnerOrganizationId": null, "servicePrincipalType": "ManagedIdentity"}) == "managed"
	_app(made.tenant(_ga, {"appOwnerOrganizationId": null})).home == "own"
	unread := made.unread(_ga)
	_app(unread).home == "unread"
	_app(unread).app_id == "app"
}

test_approval_is_for_all_roles_by_name_or_id if {
	doc := made.tenant(_ga, {})
	applications.approval(doc, _app(doc)) == "unapproved"
	every permission in ["Global Administrator", _ga] {
		applications.approval(made.approving(doc, [permission]), _app(doc)) == "approved"
	}
	applications.approval(made.approving(doc, ["SecurityIncident.Read.All"]), _app(doc)) == "unapproved"
	applications.approval(made.unset(doc, "approved_applications"), _app(doc)) == "unset"
}

test_unapproved_applications_of_others_are_findings if {
	{finding.message | some finding in applications.foreign_deny(_foreign, _found(_foreign), "secrets")} == {"'app' is an application of the organisation '3f0c1d7e-0000-4000-8000-000000000002', whose secrets cannot be seen from here, is not approved, and holds Global Administrator (standing)."}
	approved := made.approving(_foreign, [_ga])
	applications.foreign_deny(approved, _found(approved), "secrets") == set()
	own := made.tenant(_ga, {})
	applications.foreign_deny(own, _found(own), "secrets") == set()
}

test_what_is_not_judged_has_its_reason if {
	_unjudged(made.tenant(_ga, {})) == set()
	_unjudged(made.unset(_foreign, "approved_applications")) == {["needs_configuration", ""]}
	_unjudged(made.approving(_foreign, [_ga])) == {["partial", "applications"]}
	_unjudged(_foreign) == set()
	_unjudged(made.unread(_ga)) == {["partial", "service_principals"]}
	_unjudged(made.unregistered(_ga, {"appOwnerOrganizationId": null})) == {["partial", "applications"]}
	_unjudged(object.union(made.unregistered(_ga, {}), fixtures.gaps({"applications": "timeout"}))) == {["timeout", "applications"]}
	_unjudged(made.unregistered(_ga, {})) == set()
}

test_what_is_set_aside_is_shown if {
	doc := made.unregistered(_ga, {"appOwnerOrganizationId": made.microsoft_id})
	applications.set_aside(_found(doc)) == {"'app' holds Global Administrator (standing) and is Microsoft's own"}
	own := made.tenant(_ga, {})
	applications.set_aside(_found(own)) == set()
}

test_an_agent_s_identity_is_an_application if {
	agent := object.union(fixtures.application("app"), {"@odata.type": "#microsoft.graph.agentIdentity"})
	doc := object.union(made.tenant(_ga, {}), {"evidence": {"role_assignments": [fixtures.row(agent, _ga)]}})
	_app(doc).home == "own"
}
