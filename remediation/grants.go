package remediation

import (
	"fmt"

	"github.com/domicile-audit/domicile/findings"
)

// grant is a delegated permission that is granted to an application.
type grant struct {
	ID          string  `json:"id,omitempty"`
	ClientID    string  `json:"clientId"`
	ConsentType string  `json:"consentType"`
	PrincipalID *string `json:"principalId,omitempty"`
	ResourceID  string  `json:"resourceId"`
	Scope       string  `json:"scope"`
}

// removeTenantWideGrant takes back what an administrator granted an application for all users.
func removeTenantWideGrant() Action {
	const path = "oauth2PermissionGrants"
	return Action{
		ID: "remove_tenant_wide_grant", Title: "Remove a grant for all users", Risk: High,
		Permission: "DelegatedPermissionGrant.ReadWrite.All", Reads: []string{"Directory.Read.All", "Application.Read.All"},
		Writes: []Pattern{{"DELETE", path + "/*"}, {"POST", path}},
		change: func(p *planner, finding findings.Finding) (Change, error) {
			var held grant
			if _, err := p.find("oauth2_permission_grants", finding.Resource.ID, &held); err != nil {
				return Change{}, err
			}
			if held.ConsentType != "AllPrincipals" {
				return Change{}, &unplannedError{"it is not a grant for all users"}
			}
			client, subject, err := p.application(held.ClientID)
			if err != nil {
				return Change{}, err
			}
			count, all := p.users()
			change := Change{
				Subject: subject,
				Read:    Read{Path: fmt.Sprintf("%s?$filter=clientId eq '%s'", path, held.ClientID)},
				Why:     "The application acts with high-risk scopes on behalf of every user, and nobody has approved it.",
				Blast: Blast{
					What:  fmt.Sprintf("%s lose what the application does for them with these scopes, until they or an administrator consent again", all),
					Count: count, Names: []string{client.DisplayName},
				},
			}
			among := map[string]any{"clientId": held.ClientID, "consentType": held.ConsentType, "principalId": held.PrincipalID, "resourceId": held.ResourceID}
			return remove(change, path+"/"+held.ID, path, grantWithoutID(held), among)
		},
	}
}

// grantWithoutID is a grant as it is given again, by a new id.
func grantWithoutID(g grant) grant {
	g.ID = ""
	return g
}

// assignment is a permission of its own that an application holds.
type assignment struct {
	ID          string `json:"id,omitempty"`
	PrincipalID string `json:"principalId"`
	ResourceID  string `json:"resourceId"`
	AppRoleID   string `json:"appRoleId"`
}

// removeApplicationPermission takes back a permission that an application holds by itself.
func removeApplicationPermission() Action {
	return Action{
		ID: "remove_application_permission", Title: "Remove an application's permission", Risk: High,
		Permission: "AppRoleAssignment.ReadWrite.All", Reads: []string{"Application.Read.All"},
		Writes: []Pattern{
			{"DELETE", "servicePrincipals/*/appRoleAssignedTo/*"},
			{"POST", "servicePrincipals/*/appRoleAssignedTo"},
		},
		change: func(p *planner, finding findings.Finding) (Change, error) {
			var held assignment
			if _, err := p.find("app_role_assignments", finding.Resource.ID, &held); err != nil {
				return Change{}, err
			}
			client, subject, err := p.application(held.PrincipalID)
			if err != nil {
				return Change{}, err
			}
			path := "servicePrincipals/" + held.ResourceID + "/appRoleAssignedTo"
			change := Change{
				Subject: subject, Read: Read{Path: path + "?$top=999"},
				Why: "The application holds the permission at any time and without a user, and nobody has approved it.",
				Blast: Blast{
					What:  "the application fails in what it does with the permission, from its next token on",
					Count: 1, Names: []string{client.DisplayName},
				},
			}
			given := held
			given.ID = ""
			return remove(change, path+"/"+held.ID, path, given, given)
		},
	}
}

// remove completes a change that deletes the object at path, one of a collection in which it
// is known by among, and that is undone by adding it to the collection again.
func remove(change Change, path, collection string, before, among any) (Change, error) {
	var err error
	if change.Before, err = encode(before); err != nil {
		return change, err
	}
	if change.Read.Among, err = encode(among); err != nil {
		return change, err
	}
	change.After = null
	change.Request = Request{Method: "DELETE", Path: path}
	change.Undo = &Request{Method: "POST", Path: collection, Body: change.Before}
	return change, nil
}
