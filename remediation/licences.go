package remediation

import "slices"

// activationPlans are the service plans with which a person may activate a role: Entra ID P2 and
// Entra ID Governance.
var activationPlans = []string{"eec0eb4f-6444-4f95-aba0-50c24d67f998", "e866a266-3cff-43a3-acca-0c90a7e00c8b"}

// licensed is what the evidence says of a person's licences.
type licensed struct {
	Plans []struct {
		ID     string `json:"servicePlanId"`
		Status string `json:"capabilityStatus"`
	} `json:"assignedPlans"`
}

// has says whether one of some plans is in force, or in grace.
func (l licensed) has(plans []string) bool {
	for _, plan := range l.Plans {
		if containsFold(plans, plan.ID) && slices.Contains([]string{"Enabled", "Warning"}, plan.Status) {
			return true
		}
	}
	return false
}
