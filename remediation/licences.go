package remediation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// ActivationPlans are the service plans with which a person may activate a role, as the rules have
// them: Entra ID P2 and Entra ID Governance.
func ActivationPlans() []string {
	return []string{"eec0eb4f-6444-4f95-aba0-50c24d67f998", "e866a266-3cff-43a3-acca-0c90a7e00c8b"}
}

// DefenderPlans are the service plans that give a person a Defender service, as the rules have them.
func DefenderPlans() []string {
	return []string{
		"871d91ec-ec1a-452b-a83f-bd76c7d770ef", // Defender for Endpoint, Plan 2
		"292cc034-7b7c-4950-aaf5-943befd3f1d4", // Defender for Endpoint, Plan 1
		"bfc1bbd9-981b-4f71-9b82-17c35fd0e2a4", // Defender for Business
		"8e0c0a52-6a6c-4d40-8370-dd62790dcd70", // Defender for Office 365, Plan 2
		"900018f1-0cdb-4ecb-94d4-90281760fdc6", // the same for governments
		"2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2", // Defender for Cloud Apps
		"6ebdddb7-8e55-4af2-952b-69e77262f96c", // the same for defence
		"14ab5db5-e6c4-4b20-b4bc-13e36fd2227f", // Defender for Identity
		"bf28f719-7844-4079-9c78-c1307898e192", // Defender XDR
	}
}

// assignDefenderLicence gives a person whom no Defender plan covers a licence with one.
func assignDefenderLicence() Action {
	return assignLicence("assign_defender_licence", "Assign a licence with a Defender plan", DefenderPlans())
}

// assignActivationLicence gives a person a licence with which they may activate their roles.
func assignActivationLicence() Action {
	return assignLicence("assign_activation_licence", "Assign a licence for activating roles", ActivationPlans())
}

// assignLicence gives a person a licence that the tenant has to spare. Of several products it is
// the one with the fewest plans, of which those that aren't asked for are switched off: they might
// exclude what the person has, give an administrator a mailbox, or hold data when the licence is
// taken back. Nothing is ever bought.
func assignLicence(id, title string, plans []string) Action {
	return Action{
		ID: id, Title: title, Risk: Low,
		Permission: "LicenseAssignment.ReadWrite.All", Reads: []string{"User.Read.All"},
		Writes: []Pattern{{"POST", "users/*/assignLicense", []string{"addLicenses", "removeLicenses"}}},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			var person licensed
			if _, err := p.find("users", finding.Resource.ID, &person); err != nil {
				return nil, err
			}
			subject := findings.Resource{Kind: "user", ID: finding.Resource.ID, Name: person.DisplayName}
			if err := p.protected.account(subject); err != nil {
				return nil, err
			}
			switch {
			case person.Location == "":
				return nil, &unplannedError{"the account has no usage location, which a licence takes; set it first"}
			case person.Licences == nil:
				return nil, &unplannedError{"the evidence doesn't have the account's licences"}
			}
			product, err := p.spare(plans, subject.ID, person)
			if err != nil {
				return nil, err
			}
			off, held := product.besides(plans), []any{}
			for _, licence := range person.Licences {
				held = append(held, licence)
			}
			change := Change{
				Subject: subject, Read: Read{Path: "users/" + subject.ID + "?$select=id,assignedLicenses"},
				Why: "The account uses, or is to use, what it has no licence for.",
				Blast: Blast{
					What:  fmt.Sprintf("gets %s, of which the tenant has units to spare, with %d of its %d plans", product.name(), len(product.Plans)-len(off), len(product.Plans)),
					Count: 1, Names: []string{subject.Name},
				},
			}
			added := map[string]any{"skuId": product.ID, "disabledPlans": off}
			if change.Before, err = encode(map[string]any{"assignedLicenses": held}); err != nil {
				return nil, err
			}
			if change.After, err = encode(map[string]any{"assignedLicenses": append(held, added)}); err != nil {
				return nil, err
			}
			change.Request.Body, err = encode(map[string]any{"addLicenses": []any{added}, "removeLicenses": []any{}})
			if err != nil {
				return nil, err
			}
			body, err := encode(map[string]any{"addLicenses": []any{}, "removeLicenses": []any{product.ID}})
			change.Request.Method, change.Request.Path = "POST", "users/"+subject.ID+"/assignLicense"
			change.Undo = &Request{Method: "POST", Path: change.Request.Path, Body: body}
			return []Change{change}, err
		},
	}
}

// licensed is what the evidence says of a person's licences.
type licensed struct {
	DisplayName string           `json:"displayName"`
	Location    string           `json:"usageLocation"`
	Licences    []map[string]any `json:"assignedLicenses"`
	Plans       []struct {
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

// holds says whether a product is assigned, whatever of it is switched on.
func (l licensed) holds(product string) bool {
	return slices.ContainsFunc(l.Licences, func(licence map[string]any) bool {
		id, _ := licence["skuId"].(string)
		return strings.EqualFold(id, product)
	})
}

// product is a licence that the tenant has.
type product struct {
	ID        string `json:"skuId"`
	Name      string `json:"skuPartNumber"`
	AppliesTo string `json:"appliesTo"`
	Status    string `json:"capabilityStatus"`
	Consumed  *int   `json:"consumedUnits"`
	Prepaid   struct {
		Enabled int `json:"enabled"`
	} `json:"prepaidUnits"`
	Plans []struct {
		ID        string `json:"servicePlanId"`
		Status    string `json:"provisioningStatus"`
		AppliesTo string `json:"appliesTo"`
	} `json:"servicePlans"`
}

func (s product) name() string { return cmp.Or(s.Name, s.ID) }

// gives says whether a person who is assigned the product gets one of some plans.
func (s product) gives(plans []string) bool {
	for _, plan := range s.Plans {
		if containsFold(plans, plan.ID) && plan.Status == "Success" {
			return s.AppliesTo == "User" && s.Status == "Enabled"
		}
	}
	return false
}

// besides are the other plans that the product has for users than some.
func (s product) besides(plans []string) []string {
	others := []string{}
	for _, plan := range s.Plans {
		if plan.AppliesTo == "User" && !containsFold(plans, plan.ID) {
			others = append(others, plan.ID)
		}
	}
	slices.Sort(others)
	return others
}

// spare is the product with the fewest plans that gives one of some plans, that the person doesn't
// hold, and of which there are units beyond those that are assigned or that this plan assigns.
func (p *planner) spare(plans []string, id string, person licensed) (product, error) {
	var products []product
	for line, err := range p.Bundle.Objects("subscribed_skus") {
		if err != nil {
			return product{}, err
		}
		var s product
		if err := json.Unmarshal(line, &s); err != nil {
			return product{}, err
		}
		if s.gives(plans) {
			products = append(products, s)
		}
	}
	if len(products) == 0 {
		return product{}, &unplannedError{"the tenant has no licence in good standing with such a plan; buying one is for a person"}
	}
	assigned := p.assigned()
	if assigned[id] != "" {
		return product{}, &unplannedError{"another change gives the account a licence; make another plan when this one is applied"}
	}
	units := map[string]int{}
	for _, given := range assigned {
		units[given]++
	}
	products = slices.DeleteFunc(products, func(s product) bool { return person.holds(s.ID) })
	if len(products) == 0 {
		return product{}, &unplannedError{"such a licence is assigned to the account already, so that its plan is switched off there, or failing"}
	}
	products = slices.DeleteFunc(products, func(s product) bool {
		return s.Consumed == nil || *s.Consumed+units[s.ID] >= s.Prepaid.Enabled
	})
	if len(products) == 0 {
		return product{}, &unplannedError{"no unit of such a licence is free; buying or freeing one is for a person"}
	}
	return slices.MinFunc(products, func(a, b product) int {
		return cmp.Or(cmp.Compare(len(a.Plans), len(b.Plans)), cmp.Compare(a.ID, b.ID))
	}), nil
}

// assigned are the products that the plan assigns so far, by person.
func (p *planner) assigned() map[string]string {
	products := map[string]string{}
	for _, change := range p.plan.Changes {
		var body struct {
			Add []struct {
				ID string `json:"skuId"`
			} `json:"addLicenses"`
		}
		if json.Unmarshal(change.Request.Body, &body) == nil && len(body.Add) == 1 {
			products[change.Subject.ID] = body.Add[0].ID
		}
	}
	return products
}
