package remediation

import (
	"fmt"

	"github.com/domicile-audit/domicile/findings"
)

// setUserDataLocation moves a user's data to the one location that is allowed.
func setUserDataLocation() Action {
	return dataLocation("user", "User.ReadWrite.All", "User.Read.All")
}

// setGroupDataLocation moves a group's data to the one location that is allowed.
func setGroupDataLocation() Action {
	return dataLocation("group", "Group-PreferredDataLocation.ReadWrite.All", "Group.Read.All")
}

// dataLocation sets the preferred data location of one kind of object. Which location is meant
// is clear only where the parameter preferred_data_locations names one.
func dataLocation(kind, permission, reads string) Action {
	path := kind + "s/"
	return Action{
		ID: "set_" + kind + "_data_location", Title: "Set the " + kind + "'s preferred data location", Risk: High,
		Permission: permission, Reads: []string{reads},
		Writes: []Pattern{{"PATCH", path + "*", []string{"preferredDataLocation"}}},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			var found struct {
				DisplayName string  `json:"displayName"`
				Location    *string `json:"preferredDataLocation"`
				Synced      *bool   `json:"onPremisesSyncEnabled"`
			}
			if _, err := p.find(kind+"s", finding.Resource.ID, &found); err != nil {
				return nil, err
			}
			allowed := texts(p.Result.Params["preferred_data_locations"])
			switch {
			case len(allowed) != 1:
				return nil, &unplannedError{fmt.Sprintf("preferred_data_locations names %d locations, so that a person has to choose", len(allowed))}
			case found.Synced != nil && *found.Synced:
				return nil, &unplannedError{"it is synchronised, so that its location is set in the directory that it comes from"}
			}
			subject := findings.Resource{Kind: kind, ID: finding.Resource.ID, Name: found.DisplayName}
			if err := p.protected.account(subject); err != nil {
				return nil, err
			}
			change := Change{
				Subject: subject, Read: Read{Path: path + subject.ID + "?$select=id,preferredDataLocation"},
				Why:   "Where the data rests follows the preferred location, which isn't an allowed one.",
				Blast: Blast{What: "mailbox, files and sites move to " + allowed[0] + ", which takes days; moving back moves them again", Count: 1, Names: []string{subject.Name}},
			}
			return replace(change, "PATCH", path+subject.ID,
				map[string]any{"preferredDataLocation": found.Location}, map[string]any{"preferredDataLocation": allowed[0]})
		},
	}
}
