package simulator

import "slices"

// resource describes one Graph collection or singleton: which application permissions
// read it and how it pages.
type resource struct {
	path string
	// typ is the entity's name in Graph's schema.
	typ string
	// roles are the application permissions of which any one is enough.
	roles []string
	// top is the largest page; 0 where the service gives the collection whole.
	top int
	// defaults are the properties that come without $select; nil means all.
	defaults []string
	// directoryObject collections count only with the header ConsistencyLevel: eventual.
	directoryObject bool
	// unfiltered collections refuse $filter.
	unfiltered bool
	// premium collections need Entra ID P2 or Governance.
	premium bool
	// security endpoints refuse in a form of their own.
	security bool
	// expands are the members that come only with $expand.
	expands []string
	// absent are the properties that some clouds don't have and refuse to select.
	absent []string
}

// userDefaults are the properties of a user that Graph gives without $select.
var userDefaults = []string{
	"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
	"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
}

const rolesPath = "roleManagement/directory/"

// resources lists what is served, with the permissions of Microsoft's permissions
// reference, the least first.
func resources() []resource {
	return []resource{
		{path: "organization", typ: "organization", roles: []string{"Organization.Read.All", "Directory.Read.All"}, top: 100},
		{path: "subscribedSkus", typ: "subscribedSku", roles: []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"}, unfiltered: true},
		{path: "directory/subscriptions", typ: "companySubscription", roles: []string{"Organization.Read.All", "Directory.Read.All"}},
		{path: "users", typ: "user", roles: []string{"User.Read.All", "Directory.Read.All"}, top: 999, defaults: userDefaults, directoryObject: true},
		{path: "groups", typ: "group", roles: []string{"Group.Read.All", "Directory.Read.All"}, top: 999, directoryObject: true},
		{path: rolesPath + "roleAssignments", typ: "unifiedRoleAssignment", roles: []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"}, expands: []string{"principal"}, absent: []string{"principalOrganizationId"}},
		{path: rolesPath + "roleAssignmentScheduleInstances", typ: "unifiedRoleAssignmentScheduleInstance", roles: []string{"RoleAssignmentSchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}, premium: true, expands: []string{"principal"}},
		{path: rolesPath + "roleEligibilityScheduleInstances", typ: "unifiedRoleEligibilityScheduleInstance", roles: []string{"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}, premium: true, expands: []string{"principal"}},
		{path: "servicePrincipals", typ: "servicePrincipal", roles: []string{"Application.Read.All", "Directory.Read.All"}, top: 999, directoryObject: true, expands: []string{"delegatedPermissionClassifications"}, absent: []string{"verifiedPublisher"}},
		{path: "oauth2PermissionGrants", typ: "oAuth2PermissionGrant", roles: []string{"Directory.Read.All"}, top: 999},
		{path: "policies/authorizationPolicy", typ: "authorizationPolicy", roles: []string{"Policy.Read.All"}},
		{path: "policies/permissionGrantPolicies", typ: "permissionGrantPolicy", roles: []string{"Policy.Read.PermissionGrant", "Policy.Read.All"}, expands: []string{"includes", "excludes"}},
		{path: "policies/adminConsentRequestPolicy", typ: "adminConsentRequestPolicy", roles: []string{"Policy.Read.All"}},
		{path: "sites", typ: "site", roles: []string{"Sites.Read.All"}, top: 999},
		{path: "security/incidents", typ: "security.incident", roles: []string{"SecurityIncident.Read.All"}, top: 50, security: true},
		{path: "security/identities/sensors", typ: "security.sensor", roles: []string{"SecurityIdentitiesSensors.Read.All"}, top: 100, security: true, absent: []string{"serviceStatus"}},
		{path: "security/identities/healthIssues", typ: "security.healthIssue", roles: []string{"SecurityIdentitiesHealth.Read.All"}, top: 100, security: true},
	}
}

// The collections that hang on an object, and the hunting query.
var (
	membersResource = resource{
		path: "transitiveMembers", typ: "directoryObject", top: 999, directoryObject: true,
		roles:    []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		defaults: append(slices.Clone(userDefaults), "@odata.type", "appId"),
	}
	grantedResource = resource{
		path: "appRoleAssignedTo", typ: "appRoleAssignment", top: 999,
		roles: []string{"Application.Read.All", "Directory.Read.All"},
	}
	classificationsResource = resource{
		path: "delegatedPermissionClassifications", typ: "delegatedPermissionClassification",
		roles: []string{"Policy.Read.PermissionGrant", "Policy.Read.All"},
	}
	huntingResource = resource{
		path: "security/runHuntingQuery", typ: "security.huntingQueryResults",
		roles: []string{"ThreatHunting.Read.All"}, security: true,
	}
)
