package limits

import "time"

// The documents that the table is taken from.
const (
	graphLimits = "https://learn.microsoft.com/graph/throttling-limits"
	sharePoint  = "https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online"
	hunting     = "https://learn.microsoft.com/defender-xdr/api-advanced-hunting"
	incidents   = "https://learn.microsoft.com/defender-xdr/api-list-incidents"
	machines    = "https://learn.microsoft.com/defender-endpoint/api/get-machineactions-collection"
	manager     = "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling"
)

// table lists the workloads, the narrower before the wider. Where a limit grows with the
// tenant the smallest is taken: the size isn't known before the tenant is read, and six
// collections whose pages follow one another don't come near it.
var table = []Workload{ //nolint:gochecknoglobals // a constant list
	{
		Name: "identity and access reports", API: "graph", Paths: []string{"auditLogs/", "reports/"},
		Limits: []Limit{{5, 10 * time.Second}}, Source: graphLimits + "#identity-and-access-reports-service-limits",
	},
	{
		Name: "identity protection and conditional access", API: "graph", Paths: []string{"identity/conditionalAccess/", "identityProtection/"},
		Limits: []Limit{{1, time.Second}}, Silent: true,
		Source: graphLimits + "#identity-protection-and-conditional-access-service-limits",
	},
	{
		Name: "advanced hunting", API: "graph", Paths: []string{"security/runHuntingQuery", "security/microsoft.graph.security.runHuntingQuery"},
		Limits: []Limit{{45, time.Minute}}, Source: hunting,
	},
	{
		// The four concurrent requests are documented of secure scores alone.
		Name: "security", API: "graph", Paths: []string{"security/"},
		Limits: []Limit{{150, time.Minute}}, Concurrent: 4, Source: graphLimits + "#security-detections-and-incidents-service-limits",
	},
	{
		Name: "service communications", API: "graph", Paths: []string{"admin/serviceAnnouncement/"},
		Limits: []Limit{{240, time.Minute}, {800, time.Hour}}, Source: graphLimits + "#service-communications-service-limits",
	},
	{
		// A list costs two units; tenants of up to 1,000 licences have 1,200 a minute.
		Name: "sites", API: "graph", Paths: []string{"sites"},
		Limits: []Limit{{1200, time.Minute}}, Costs: []Cost{{"sites", 2}, {"sites/getAllSites*", 2}}, Source: sharePoint,
	},
	{
		// Tenants of fewer than 50 users have 3,500 units, of up to 500 5,000, others 8,000.
		Name: "identity", API: "graph",
		Paths: []string{
			"applications", "contracts", "directory", "domains", "groups", "groupSettings", "oauth2PermissionGrants",
			"organization", "policies/", "servicePrincipals", "subscribedSkus", "users",
		},
		Limits: []Limit{{3500, 10 * time.Second}}, Options: true,
		Costs: []Cost{
			{"applications", 2},
			{"applications/*/extensionProperties", 2},
			{"contracts", 3},
			{"domains/*/domainNameReferences", 4},
			{"groups/*/members", 3},
			{"groups/*/transitiveMembers", 5},
			{"oauth2PermissionGrants", 2},
			{"oauth2PermissionGrants/*", 2},
			{"servicePrincipals/*/appRoleAssignments", 2},
			{"subscribedSkus", 3},
			{"users", 2},
			{"users/*/licenseDetails", 2},
			{"users/*/memberOf", 2},
			{"users/*/ownedObjects", 2},
			{"users/*/transitiveMemberOf", 2},
		},
		Source: graphLimits + "#identity-and-access-service-limits",
	},
	{
		// What has no limit of its own stands under that of an application across tenants.
		Name: "graph", API: "graph",
		Limits: []Limit{{130_000, 10 * time.Second}}, Source: graphLimits,
	},
	{
		Name: "incidents", API: "xdr", Paths: []string{"api/incidents"},
		Limits: []Limit{{50, time.Minute}, {1500, time.Hour}}, Source: incidents,
	},
	{
		Name: "defender for endpoint", API: "mde",
		Limits: []Limit{{100, time.Minute}, {1500, time.Hour}}, Source: machines,
	},
	{
		// A bucket of 250 reads that 25 a second fill, for each subscription; here for all.
		Name: "azure resource manager", API: "arm",
		Limits: []Limit{{250, 10 * time.Second}}, Source: manager,
	},
}

// unknown is the workload of requests that no document speaks of.
var unknown = Workload{Name: "unknown"} //nolint:gochecknoglobals // a constant
