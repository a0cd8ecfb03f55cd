# The access reviews that tests are made of.
package domicile.lib.reviews_fixtures_test

# query is a query of Microsoft Graph, as scopes hold them.
query(text) := {"@odata.type": "#microsoft.graph.accessReviewQueryScope", "query": text, "queryType": "MicrosoftGraph"}

# review is a sound monthly review of all active and eligible people with a role.
review(role) := {
	"id": concat("-", ["review", role]),
	"displayName": "Monthly",
	"status": "InProgress",
	"scope": {
		"@odata.type": "#microsoft.graph.principalResourceMembershipsScope",
		"principalScopes": [query("/users"), query("/groups")],
		"resourceScopes": [query(concat("/", ["/beta/roleManagement/directory/roleDefinitions", role]))],
	},
	"reviewers": [query("/users/boss")],
	"fallbackReviewers": [],
	"settings": recurring("absoluteMonthly", 1, {"type": "noEnd", "startDate": "2026-01-01"}),
}

# recurring are the settings of a review that recurs.
recurring(type, interval, range) := {"instanceDurationInDays": 14, "recurrence": {"pattern": {"type": type, "interval": interval}, "range": range}}

# instances is a scope that queries the instances of assignments (Assignment) or of
# eligibility (Eligibility) of a role.
instances(what, principal, role) := query(sprintf("/roleManagement/directory/role%sScheduleInstances?$expand=principal&$filter=(isof(principal,'microsoft.graph.%s') and roleDefinitionId eq '%s')", [what, principal, role]))
