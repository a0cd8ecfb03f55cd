package simulator

import (
	"net/http"
)

// The writes of people, groups and health issues.
func objectWrites() []operation {
	return []operation{
		{
			method: http.MethodPatch, path: "users/*", roles: oneOf("User.ReadWrite.All", "Directory.ReadWrite.All"),
			run: func(w *writing) (outcome, error) { return w.patchSynced("users", userShape) },
		},
		{
			// Group.ReadWrite.All isn't enough for a preferred data location.
			method: http.MethodPatch, path: "groups/*", roles: oneOf("Group-PreferredDataLocation.ReadWrite.All", "Directory.ReadWrite.All"),
			run: func(w *writing) (outcome, error) { return w.patchSynced("groups", groupShape) },
		},
		{
			method: http.MethodPost, path: "users/*/assignLicense", run: assignLicense,
			roles: oneOf("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"),
		},
		{
			method: http.MethodPatch, path: healthIssuesPath + "/*", security: true, clouds: securityClouds,
			roles: oneOf("SecurityIdentitiesHealth.ReadWrite.All"), run: patchHealthIssue,
		},
	}
}

const healthIssuesPath = "security/identities/healthIssues"

// What of users and groups is written, and what Graph refuses to write. The other properties
// that it takes aren't simulated.
var (
	userShape = shape{
		"id": readOnly, "deletedDateTime": readOnly, "createdDateTime": readOnly, "assignedLicenses": readOnly, "assignedPlans": readOnly,
		"licenseAssignmentStates": readOnly, "onPremisesSyncEnabled": readOnly, "provisionedPlans": readOnly, "signInActivity": readOnly,
		"preferredDataLocation": optional(text), "usageLocation": text,
	}
	groupShape = shape{
		"id": readOnly, "deletedDateTime": readOnly, "createdDateTime": readOnly, "onPremisesSyncEnabled": readOnly, "isAssignableToRole": readOnly,
		"preferredDataLocation": optional(text),
	}
	healthIssueShape = shape{
		"id": readOnly, "additionalInformation": readOnly, "createdDateTime": readOnly, "description": readOnly, "displayName": readOnly, "domainNames": readOnly,
		"healthIssueType": readOnly, "issueTypeId": readOnly, "lastModifiedDateTime": readOnly, "recommendations": readOnly,
		"recommendedActionCommands": readOnly, "sensorDNSNames": readOnly, "severity": readOnly,
		"status": enum("security.healthIssueStatus", "open", "closed", "suppressed"),
	}
)

// patchSynced changes an object that an organisation's own directory may master.
func (w *writing) patchSynced(path string, s shape) (outcome, error) {
	old, found := w.lists[path].find(w.ids[0])
	if !found {
		return outcome{}, missing(w.ids[0])
	}
	for name := range w.body {
		if _, known := s[name]; !known && old.raw(name) != nil {
			return outcome{}, badRequest("The simulated tenant takes no change of the property '%s'.", name)
		}
	}
	if err := s.check(w.body); err != nil {
		return outcome{}, err
	}
	if _, located := w.body["preferredDataLocation"]; located && old.lookup("onPremisesSyncEnabled") == true {
		return outcome{}, badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	}
	more, err := old.patched(w.body)
	w.set(path, old.text("id"), more)
	return noContent, err
}

func patchHealthIssue(w *writing) (outcome, error) {
	old, found := w.lists[healthIssuesPath].find(w.ids[0])
	if !found {
		return outcome{}, &rejection{http.StatusNotFound, "NotFound", "The requested resource was not found."}
	}
	if err := healthIssueShape.check(w.body); err != nil {
		return outcome{}, err
	}
	more, err := old.patched(w.body)
	if err != nil {
		return outcome{}, err
	}
	w.set(healthIssuesPath, old.text("id"), more.with("lastModifiedDateTime", quoted(stamp(w.call.server.now))))
	now, _ := w.lists[healthIssuesPath].find(old.text("id"))
	return outcome{http.StatusOK, healthIssuesPath, append(object{{"@odata.type", quoted("#microsoft.graph.security.healthIssue")}}, now...)}, nil
}
