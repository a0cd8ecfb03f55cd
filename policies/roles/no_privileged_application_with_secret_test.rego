package domicile.roles.no_privileged_application_with_secret_test

import data.domicile.lib.roles
import data.domicile.lib.roles_applications_fixtures_test as made
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.roles.no_privileged_application_with_secret as rule

_ga := roles.global_administrator

_live := made.secret("deploy", "2027-01-01T00:00:00Z")

_over := "2026-11-20T00:00:00Z"

_on_principal(passwords) := made.tenant(_ga, {"passwordCredentials": passwords})

_on_registration(passwords) := object.union(made.tenant(_ga, {}), {"lookup": {"applications": {"app-id": {"passwordCredentials": passwords}}}})

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

test_passes_when_no_application_has_a_password if {
	_passes(made.tenant(_ga, {}))
	_passes(fixtures.tenant("xdr-current", [fixtures.admin("ann")]))
}

test_fails_when_the_service_principal_has_a_password if {
	rule.deny == {{
		"resource": {"kind": "service_principal", "id": "app", "name": "app"},
		"message": "'app' can sign in with a password ('deploy') and holds Global Administrator (standing).",
		"expected": "a certificate, a federated credential or a managed identity, and no password",
		"actual": "passwords: 1",
	}} with input as _on_principal([_live])
}

test_fails_when_the_registration_has_a_password if _failed(_on_registration([_live])) == {"app"}

test_fails_when_a_password_never_ends_or_has_no_name if {
	_failed(_on_registration([made.secret("deploy", null)])) == {"app"}
	_failed(_on_registration([{"keyId": null}])) == {"app"}
}

test_passes_when_every_password_has_ended if {
	_passes(_on_principal([made.secret("old", _over)]))
	_passes(_on_registration([made.secret("old", _over)]))
}

test_passes_when_the_role_is_not_privileged if _passes(made.tenant(roles.security_reader, {"passwordCredentials": [_live]}))

test_pitfall_c_fails_when_the_role_comes_through_a_group if {
	doc := object.union(_on_principal([_live]), {"evidence": {
		"role_assignments": [fixtures.row(fixtures.group("g"), _ga)],
		"role_group_members": [fixtures.member("g", fixtures.application("app"))],
	}})
	_failed(doc) == {"app"}
}

test_passes_when_it_is_a_managed_identity_or_microsoft_s if {
	every over in [{"servicePrincipalType": "ManagedIdentity"}, {"appOwnerOrganizationId": made.microsoft_id}] {
		doc := made.unregistered(_ga, object.union(over, {"passwordCredentials": [_live]}))
		_passes(doc)
		{fact.fact | some fact in rule.observed} == {"exempt"} with input as doc
	}
}

test_fails_when_an_application_of_another_organisation_is_not_approved if {
	_failed(made.unregistered(_ga, {"appOwnerOrganizationId": made.other_id})) == {"app"}
}

test_unknown_when_an_application_of_another_organisation_is_approved_or_nothing_is_configured if {
	foreign := made.unregistered(_ga, {"appOwnerOrganizationId": made.other_id})
	_failed(made.approving(foreign, ["Global Administrator"])) == set()
	_reasons(made.approving(foreign, ["Global Administrator"])) == {["partial", "applications"]}
	_failed(made.unset(foreign, "approved_applications")) == set()
	_reasons(made.unset(foreign, "approved_applications")) == {["needs_configuration", ""]}
}

test_unknown_when_registrations_could_not_be_read_and_fails_stand if {
	doc := object.union(made.unregistered(_ga, {}), fixtures.gaps({"applications": "no_permission"}))
	_reasons(doc) == {["no_permission", "applications"]}
	secret := object.union(made.unregistered(_ga, {"passwordCredentials": [_live]}), fixtures.gaps({"applications": "no_permission"}))
	_failed(secret) == {"app"}
}

test_unknown_when_the_application_was_not_read if {
	_reasons(made.unread(_ga)) == {["partial", "service_principals"]}
	unsaid := object.union(object.remove(made.tenant(_ga, {}), ["lookup"]), {"lookup": {
		"service_principals": {"app": object.remove(made.principal, ["passwordCredentials"])},
		"applications": {"app-id": made.registration},
	}})
	_reasons(unsaid) == {["partial", "service_principals"]}
}

test_unknown_when_holders_may_be_hidden if {
	_reasons(object.union(made.tenant(_ga, {}), fixtures.gaps({"role_assignments": "partial"}))) == {["partial", "role_assignments"]}
}

test_unknown_when_an_application_with_a_password_holds_a_custom_role if {
	doc := made.tenant("d0000000-0000-4000-8000-000000000001", {"passwordCredentials": [_live]})
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_on_principal([_live]), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
