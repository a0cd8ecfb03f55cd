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
		Writes: []Pattern{
			{"DELETE", path + "/*", nil},
			{"POST", path, []string{"clientId", "consentType", "principalId", "resourceId", "scope"}},
		},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			var held grant
			if _, err := p.find("oauth2_permission_grants", finding.Resource.ID, &held); err != nil {
				return nil, err
			}
			if held.ConsentType != "AllPrincipals" {
				return nil, &unplannedError{"it is not a grant for all users"}
			}
			client, subject, err := p.application(held.ClientID)
			if err != nil {
				return nil, err
			}
			count, all := p.users()
			change := Change{
				Subject: subject,
				Read:    Read{Path: fmt.Sprintf("%s?$filter=clientId eq '%s'", path, held.ClientID), ID: held.ID},
				Why:     "The application acts with high-risk scopes on behalf of every user, and nobody has approved it.",
				Blast: Blast{
					What:  fmt.Sprintf("%s lose what the application does for them with these scopes, until they or an administrator consent again", all),
					Count: count, Names: []string{client.DisplayName},
				},
			}
			id := held.ID
			held.ID = "" // given again, it may get another
			return remove(change, path+"/"+id, path, held)
		},
	}
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
			{"DELETE", "servicePrincipals/*/appRoleAssignedTo/*", nil},
			{"POST", "servicePrincipals/*/appRoleAssignedTo", []string{"principalId", "resourceId", "appRoleId"}},
		},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			var held assignment
			if _, err := p.find("app_role_assignments", finding.Resource.ID, &held); err != nil {
				return nil, err
			}
			client, subject, err := p.application(held.PrincipalID)
			if err != nil {
				return nil, err
			}
			path := "servicePrincipals/" + held.ResourceID + "/appRoleAssignedTo"
			change := Change{
				Subject: subject, Read: Read{Path: path + "?$top=999", ID: held.ID},
				Why: "The application holds the permission at any time and without a user, and nobody has approved it.",
				Blast: Blast{
					What:  "the application fails in what it does with the permission, from its next token on",
					Count: 1, Names: []string{client.DisplayName},
				},
			}
			id := held.ID
			held.ID = "" // given again, it may get another
			return remove(change, path+"/"+id, path, held)
		},
	}
}

// remove completes a change that deletes the object at path, and that is undone by adding it
// to its collection again.
func remove(change Change, path, collection string, before any) ([]Change, error) {
	var err error
	if change.Before, err = encode(before); err != nil {
		return nil, err
	}
	change.After = null
	change.Request = Request{Method: "DELETE", Path: path}
	change.Undo = &Request{Method: "POST", Path: collection, Body: change.Before}
	return []Change{change}, nil
}
