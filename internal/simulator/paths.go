package simulator

import "slices"

const (
	rolesPath                 = "roleManagement/directory/"
	assignmentsPath           = rolesPath + "roleAssignments"
	assignmentInstancesPath   = rolesPath + "roleAssignmentScheduleInstances"
	eligibleInstancesPath     = rolesPath + "roleEligibilityScheduleInstances"
	rolePoliciesPath          = "policies/roleManagementPolicies"
	rolePolicyAssignmentsPath = "policies/roleManagementPolicyAssignments"
)

// The clouds that have parts of Graph: the security namespace is absent from China's
// schema, audit searches, Defender for Identity's settings and multi-tenant
// organisations are in the global one alone, which GCC shares.
var (
	securityClouds = []string{"global", "gcc", "gcchigh", "dod"}
	globalClouds   = []string{"global", "gcc"}
)

// resources lists what is served, with the permissions of Microsoft's permissions
// reference, the least first.
func resources() []resource {
	return slices.Concat(directoryResources(), roleResources(), applicationResources(), policyResources(), securityResources())
}

// directoryResources are licences, people, groups, sites, and the records of what was done.
func directoryResources() []resource {
	signIns := map[string]guard{"signInActivity": {"AuditLog.Read.All", premium1}}
	return []resource{
		{path: "organization", typ: "organization", roles: []string{"Organization.Read.All", "Directory.Read.All"}, top: 100},
		{path: "subscribedSkus", typ: "subscribedSku", roles: []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"}, unfiltered: true},
		{path: "directory/subscriptions", typ: "companySubscription", roles: []string{"Organization.Read.All", "Directory.Read.All"}},
		{path: "users", typ: "user", roles: []string{"User.Read.All", "Directory.Read.All"}, top: 999, defaults: userDefaults, directoryObject: true, guarded: signIns},
		{path: "groups", typ: "group", roles: []string{"Group.Read.All", "Directory.Read.All"}, top: 999, directoryObject: true},
		{path: "groupSettings", typ: "groupSetting", roles: []string{"GroupSettings.Read.All", "Directory.Read.All"}},
		{path: "sites", typ: "site", roles: []string{"Sites.Read.All"}, top: 999},
		{path: "auditLogs/directoryAudits", typ: "directoryAudit", roles: []string{"AuditLog.Read.All"}, top: 999, reporting: true},
		{path: "reports/authenticationMethods/userRegistrationDetails", typ: "userRegistrationDetails", roles: []string{"AuditLog.Read.All"}, top: 999, licence: premium1, reporting: true},
		{path: "tenantRelationships/multiTenantOrganization/tenants", typ: "multiTenantOrganizationMember", roles: []string{"MultiTenantOrganization.Read.All"}, clouds: globalClouds},
	}
}

// roleResources are the holdings of directory roles and what guards them.
func roleResources() []resource {
	principal := []string{"principal"}
	return []resource{
		{path: assignmentsPath, typ: "unifiedRoleAssignment", roles: []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"}, expands: principal, absent: []string{"principalOrganizationId"}},
		{path: assignmentInstancesPath, typ: "unifiedRoleAssignmentScheduleInstance", roles: []string{"RoleAssignmentSchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}, licence: premium2, expands: principal},
		{path: eligibleInstancesPath, typ: "unifiedRoleEligibilityScheduleInstance", roles: []string{"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}, licence: premium2, expands: principal},
		{path: "roleManagement/defender/roleAssignments", typ: "unifiedRoleAssignmentMultiple", roles: []string{"RoleManagement.Read.Defender", "RoleManagement.Read.All"}, beta: true, clouds: []string{"global"}},
		{
			path: rolePolicyAssignmentsPath, typ: "unifiedRoleManagementPolicyAssignment", roles: rolePolicyReaders, licence: premium2,
			expands: []string{"policy"}, nested: map[string][]string{"policy": {"rules"}}, wants: []string{"scopeId", "scopeType"},
		},
		{path: rolePoliciesPath, typ: "unifiedRoleManagementPolicy", roles: rolePolicyReaders, licence: premium2, expands: []string{"rules"}, wants: []string{"scopeId", "scopeType"}},
		{path: "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances", typ: "privilegedAccessGroupEligibilityScheduleInstance", roles: []string{"PrivilegedEligibilitySchedule.Read.AzureADGroup"}, licence: premium2, wants: []string{"groupId"}},
		{path: "identityGovernance/accessReviews/definitions", typ: "accessReviewScheduleDefinition", roles: []string{"AccessReview.Read.All"}, top: 100, licence: premium2},
	}
}

// applicationResources are applications, their grants, and requests and terms of consent.
func applicationResources() []resource {
	return []resource{
		{path: "applications", typ: "application", roles: []string{"Application.Read.All", "Directory.Read.All"}, top: 999, directoryObject: true, expands: []string{"owners"}},
		{path: "servicePrincipals", typ: "servicePrincipal", roles: []string{"Application.Read.All", "Directory.Read.All"}, top: 999, directoryObject: true, expands: []string{"delegatedPermissionClassifications", "owners"}, absent: []string{"verifiedPublisher"}},
		{path: "oauth2PermissionGrants", typ: "oAuth2PermissionGrant", roles: []string{"Directory.Read.All"}, top: 999},
		{path: "identityGovernance/appConsent/appConsentRequests", typ: "appConsentRequest", roles: []string{"ConsentRequest.Read.All"}, top: 999, expands: []string{"userConsentRequests"}},
		{path: "identityGovernance/termsOfUse/agreements", typ: "agreement", delegated: true, expands: []string{"acceptances"}},
	}
}

// policyResources are the policies of the tenant.
func policyResources() []resource {
	all := []string{"Policy.Read.All"}
	const access = "policies/crossTenantAccessPolicy/"
	return []resource{
		{path: "policies/authorizationPolicy", typ: "authorizationPolicy", roles: all},
		{path: "policies/permissionGrantPolicies", typ: "permissionGrantPolicy", roles: []string{"Policy.Read.PermissionGrant", "Policy.Read.All"}, expands: []string{"includes", "excludes"}},
		{path: "policies/adminConsentRequestPolicy", typ: "adminConsentRequestPolicy", roles: all},
		{path: "policies/identitySecurityDefaultsEnforcementPolicy", typ: "identitySecurityDefaultsEnforcementPolicy", roles: all},
		{path: "policies/defaultAppManagementPolicy", typ: "tenantAppManagementPolicy", roles: all},
		{path: "policies/appManagementPolicies", typ: "appManagementPolicy", roles: all, expands: []string{"appliesTo"}},
		{path: access + "default", typ: "crossTenantAccessPolicyConfigurationDefault", roles: all},
		{path: access + "partners", typ: "crossTenantAccessPolicyConfigurationPartner", roles: all, key: "tenantId", expands: []string{"identitySynchronization"}, absent: []string{"isInMultiTenantOrganization"}},
		{path: "identity/conditionalAccess/policies", typ: "conditionalAccessPolicy", roles: all},
	}
}

// securityResources are Microsoft Graph's security namespace.
func securityResources() []resource {
	var out []resource
	for _, r := range []resource{
		{path: "security/incidents", typ: "security.incident", roles: []string{"SecurityIncident.Read.All"}, top: 50},
		{path: "security/identities/sensors", typ: "security.sensor", roles: []string{"SecurityIdentitiesSensors.Read.All"}, top: 100, absent: []string{"serviceStatus"}},
		{path: "security/identities/healthIssues", typ: "security.healthIssue", roles: []string{"SecurityIdentitiesHealth.Read.All"}, top: 100},
		{path: "security/identities/settings/autoAuditingConfiguration", typ: "security.autoAuditingConfiguration", roles: []string{"SecurityIdentitiesAutoConfig.Read.All"}, clouds: globalClouds},
		{path: "security/auditLog/queries", typ: "security.auditLogQuery", roles: []string{"AuditLogsQuery.Read.All"}, top: 999, clouds: globalClouds, expands: []string{"records"}},
		{path: "security/secureScores", typ: "secureScore", roles: []string{"SecurityEvents.Read.All"}, top: 999},
	} {
		r.security = true
		if r.clouds == nil {
			r.clouds = securityClouds
		}
		out = append(out, r)
	}
	return out
}

// The hunting query, and the collections that hang on an object.
var (
	huntingResource = resource{
		path: "security/runHuntingQuery", typ: "security.huntingQueryResults",
		roles: []string{"ThreatHunting.Read.All"}, security: true, clouds: securityClouds,
	}
	rolePolicyReaders = []string{"RoleManagementPolicy.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}
	principalDefaults = append(slices.Clone(userDefaults), "@odata.type", "appId")
	membersResource   = resource{
		path: "transitiveMembers", typ: "directoryObject", top: 999, directoryObject: true,
		roles:    []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		defaults: principalDefaults,
	}
	grantedResource = resource{
		path: "appRoleAssignedTo", typ: "appRoleAssignment", top: 999, items: true,
		roles: []string{"Application.Read.All", "Directory.Read.All"},
	}
)

// below lists the collections that hang on an object, by the path of its own and the name
// of the collection. Their objects are made by directory.hanging.
func below() map[string]resource {
	applications := []string{"Application.Read.All", "Directory.Read.All"}
	owners := resource{path: "owners", typ: "directoryObject", top: 999, directoryObject: true, defaults: principalDefaults, roles: applications}
	groupOwners := owners
	groupOwners.roles = []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}
	return map[string]resource{
		"groups/transitiveMembers":             membersResource,
		"groups/owners":                        groupOwners,
		"applications/owners":                  owners,
		"servicePrincipals/owners":             owners,
		"servicePrincipals/appRoleAssignedTo":  grantedResource,
		"servicePrincipals/appRoleAssignments": grantedResource,
		"servicePrincipals/delegatedPermissionClassifications": {
			path: "delegatedPermissionClassifications", typ: "delegatedPermissionClassification",
			roles: []string{"Policy.Read.PermissionGrant", "Policy.Read.All"},
		},
		rolePoliciesPath + "/rules":                            {path: "rules", typ: "unifiedRoleManagementPolicyRule", roles: rolePolicyReaders, licence: premium2, items: true},
		"policies/appManagementPolicies/appliesTo":             {path: "appliesTo", typ: "directoryObject", roles: []string{"Policy.Read.All"}},
		"identityGovernance/termsOfUse/agreements/acceptances": {path: "acceptances", typ: "agreementAcceptance", delegated: true},
		"security/auditLog/queries/records": {
			path: "records", typ: "security.auditLogRecord", top: 999, security: true, clouds: globalClouds,
			roles: []string{"AuditLogsQuery.Read.All"},
		},
	}
}
