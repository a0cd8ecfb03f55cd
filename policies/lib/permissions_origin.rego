# METADATA
# title: Origin of applications
# description: >-
#   At home in which organisation an application is, told by the owner that its service
#   principal names. Microsoft's own applications are those of the tenants in the parameter
#   first_party_tenants.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/serviceprincipal
package domicile.lib.permissions_origin

import data.domicile.lib.permissions

# origin is where an application is at home, by its service principal: home (this tenant, or
# a managed identity, which no other organisation can use), microsoft, foreign, or unsaid where
# no owner is named, as for old applications. It takes the whole input besides.
origin(inp, principal) := "home" if {
	principal.servicePrincipalType == "ManagedIdentity"
} else := "unsaid" if {
	not is_string(object.get(principal, "appOwnerOrganizationId", null))
} else := "home" if {
	lower(principal.appOwnerOrganizationId) == lower(inp.tenant.id)
} else := "microsoft" if {
	permissions.first_party(inp.params, principal.appOwnerOrganizationId)
} else := "foreign"
