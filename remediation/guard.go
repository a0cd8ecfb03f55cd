package remediation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// guardError is why a change must not be made, whatever a plan says.
type guardError struct{ why string }

func (e *guardError) Error() string { return e.why }

// protected is what no change may touch. It is known from the result's parameters and from
// who reads and who writes.
type protected struct {
	// Own are the ids of the applications that run domicile.
	Own []string `json:"own"`
	// Microsoft are the organisations whose applications are Microsoft's own.
	Microsoft []string `json:"microsoft"`
	// Emergency are the accounts that are kept for emergencies; nil where nobody has said.
	Emergency []string `json:"emergency"`
}

// microsoftTenants are the organisations in which Microsoft's own applications are at home,
// where the parameter first_party_tenants doesn't name others.
var microsoftTenants = []string{"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}

// protectedBy is what a result says is protected, besides the applications given.
func protectedBy(result *findings.Result, applications ...string) protected {
	p := protected{
		Own: []string{}, Microsoft: texts(result.Params["first_party_tenants"]), Emergency: texts(result.Params["break_glass_accounts"]),
	}
	if p.Microsoft == nil {
		p.Microsoft = microsoftTenants
	}
	remediator, _ := result.Params["remediator_app_id"].(string)
	for _, id := range append(applications, result.Reader.AppID, remediator) {
		if id != "" {
			p.Own = append(p.Own, id)
		}
	}
	return p
}

// principal is what a guard must know of the service principal that loses by a change.
type principal struct {
	ID           string  `json:"id"`
	AppID        string  `json:"appId"`
	DisplayName  string  `json:"displayName"`
	Organisation *string `json:"appOwnerOrganizationId"`
}

// principalPath is where the target tells it of a service principal.
func principalPath(id string) string {
	return "servicePrincipals/" + id + "?$select=id,appId,displayName,appOwnerOrganizationId"
}

// application guards the applications that run domicile and Microsoft's own. One of which
// nobody can tell whose it is stays untouched as well.
func (p protected) application(data json.RawMessage) (principal, error) {
	var found principal
	if err := json.Unmarshal(data, &found); err != nil {
		return found, &guardError{"the application can't be read: " + err.Error()}
	}
	switch {
	case found.AppID == "":
		return found, &guardError{"it isn't known which application this is, and so not whose"}
	case containsFold(p.Own, found.AppID):
		return found, &guardError{fmt.Sprintf("%s is the application that runs domicile, which changes nothing of its own", found.AppID)}
	case found.Organisation != nil && containsFold(p.Microsoft, *found.Organisation):
		return found, &guardError{fmt.Sprintf("%s is Microsoft's own application, which the service may need", found.AppID)}
	}
	return found, nil
}

// containsFold says whether an id is in a list, in any letter case.
func containsFold(list []string, id string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(id, other) })
}

// texts are the strings of a parameter that is a list; nil where it isn't set.
func texts(value any) []string {
	list, ok := value.([]any)
	if !ok {
		return nil
	}
	out := []string{}
	for _, item := range list {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
