package domicile.lib.roles_foreign_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.lib.roles_foreign as foreign

_tenant(over) := made.tenant("xdr-current", [object.union(object.union(made.admin("ann"), {"principal": null}), over)])

_other := "3f0c1d7e-0000-4000-8000-000000000002"

_unsaid(doc) := {reason.reason | some reason in foreign.unsaid_reason(doc, roles.accounts(doc))}

test_a_principal_of_another_organisation_is_foreign if {
	doc := _tenant({"principalOrganizationId": _other})
	foreign.foreign(doc) == {"ann": _other}
	foreign.local(doc) == set()
	_unsaid(doc) == set()
}

test_a_principal_of_this_tenant_or_of_none_is_local if {
	every organisation in [null, "", "3F0C1D7E-0000-4000-8000-000000000001"] {
		doc := _tenant({"principalOrganizationId": organisation})
		foreign.foreign(doc) == {}
		foreign.local(doc) == {"ann"}
		_unsaid(doc) == set()
	}
}

test_without_the_property_it_is_not_said if {
	foreign.local(_tenant({})) == set()
	_unsaid(_tenant({})) == {"partial"}
	_unsaid(made.tenant("xdr-current", [made.admin("ann")])) == set()
}

test_how_many_people_a_group_of_another_organisation_is_is_not_known if {
	doc := _tenant({"principalOrganizationId": _other})
	{reason.message | some reason in foreign.uncounted(doc, roles.accounts(doc))} == {"Principals of other organisations hold the role, such as groups of service providers: 1. How many people these are only those organisations know."}
	foreign.uncounted(_tenant({}), roles.accounts(_tenant({}))) == set()
}

test_an_organisation_is_called_by_its_name_and_id if {
	doc := {"params": {"approved_tenants": [{"id": "x", "name": "Else"}, {"id": upper(_other)}, {"id": _other, "name": ""}, {"id": upper(_other), "name": "Fabrikam"}]}}
	foreign.called(_other, foreign.names(doc, _other)) == "'Fabrikam' (3f0c1d7e-0000-4000-8000-000000000002)"
	foreign.called(_other, foreign.names({"params": {}}, _other)) == "'3f0c1d7e-0000-4000-8000-000000000002'"
}
