# METADATA
# title: Consent policies
# description: >-
#   The policies on granting permissions that the authorization policy assigns to users, told
#   apart by what they are about: users' own consent, and resources (teams, chats) that users
#   own. Both stand in one list, permissionGrantPoliciesAssigned.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/defaultuserrolepermissions
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-app-consent-policies
package domicile.lib.consent_policies

# own is the set of the policies for users' own consent, by id in lower case; it takes the
# authorization policies that were read, and is undefined where none gives the list. Null is
# not the empty list, and neither is a property that isn't there; a policy without a name may be
# any.
own(policies) := {trim_prefix(name, "managepermissiongrantsforself.") |
	some name in listed
	not startswith(name, _owned_prefix)
} if {
	listed := _listed(policies)
}

# owned is the same for resources that users own.
owned(policies) := {trim_prefix(name, _owned_prefix) |
	some name in listed
	startswith(name, _owned_prefix)
} if {
	listed := _listed(policies)
}

# texts are the texts of a list that may be null or hold null, in lower case.
texts(list) := [lower(text) | some text in list; is_string(text)]

_owned_prefix := "managepermissiongrantsforownedresource."

_listed(policies) := texts(entries) if {
	entries := policies[0].defaultUserRolePermissions.permissionGrantPoliciesAssigned
	is_array(entries)
	every entry in entries {
		is_string(entry)
	}
}
