package domicile.lib.permissions_origin_test

import data.domicile.lib.permissions_origin as applications

_input := {"tenant": {"id": "T1"}, "params": {"first_party_tenants": ["f8cdef31-a31e-4b4a-93e4-5f571e91255a"]}}

_of(owner) := applications.origin(_input, {"servicePrincipalType": "Application", "appOwnerOrganizationId": owner})

test_origin_is_by_owner if {
	_of("t1") == "home"
	_of("F8CDEF31-a31e-4b4a-93e4-5f571e91255a") == "microsoft"
	_of("t2") == "foreign"
	_of(null) == "unsaid"
	applications.origin(_input, {}) == "unsaid"
}

test_a_managed_identity_is_at_home if {
	applications.origin(_input, {"servicePrincipalType": "ManagedIdentity", "appOwnerOrganizationId": null}) == "home"
}
