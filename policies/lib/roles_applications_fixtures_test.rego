# The tenant with an application in a privileged role that tests are made of.
package domicile.lib.roles_applications_fixtures_test

import data.domicile.lib.roles_fixtures_test as made

tenant_id := "3f0c1d7e-0000-4000-8000-000000000001"

other_id := "3f0c1d7e-0000-4000-8000-000000000002"

microsoft_id := "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

# principal is the service principal app as the list of them has it, at home in this tenant
# and without a secret.
principal := {
	"id": "app",
	"appId": "app-id",
	"displayName": "app",
	"appOwnerOrganizationId": tenant_id,
	"servicePrincipalType": "Application",
	"passwordCredentials": [],
}

# registration is the application behind it.
registration := {"id": "app-object", "appId": "app-id", "displayName": "app", "passwordCredentials": []}

# secret is a password that ends then.
secret(name, end) := {"keyId": name, "displayName": name, "endDateTime": end}

# tenant is the input of a rule for a tenant in which app holds a role; over is laid over
# its service principal.
tenant(role, over) := object.union(made.tenant("xdr-current", [object.union(made.row(made.application("app"), role), {"principalOrganizationId": tenant_id})]), {
	"params": {"approved_applications": [], "first_party_tenants": [microsoft_id], "role_exceptions": []},
	"lookup": {
		"service_principals": {"app": object.union(principal, over)},
		"applications": {"app-id": registration},
	},
})

# unregistered is the tenant without the registration.
unregistered(role, over) := object.union(object.remove(doc, ["lookup"]), {"lookup": object.remove(doc.lookup, ["applications"])}) if {
	doc := tenant(role, over)
}

# approving is the tenant with an approval of app for these roles.
approving(doc, permissions) := object.union(doc, {"params": {"approved_applications": [{"app_id": "APP-ID", "permissions": permissions, "reason": "r"}]}})

# unset is the tenant whose configuration says nothing of a parameter.
unset(doc, name) := object.union(object.remove(doc, ["params"]), {"params": object.remove(doc.params, [name])})

# unread is the tenant of which no application was read.
unread(role) := object.union(object.remove(tenant(role, {}), ["lookup"]), {"lookup": {}})
