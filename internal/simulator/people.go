package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// person says how a user signs in.
type person struct {
	// SignedIn is the time of the last sign-in; never when empty.
	SignedIn string `yaml:"signedIn"`
	// Methods are the registered authentication methods, as userRegistrationDetails names
	// them.
	Methods []string `yaml:"methods"`
}

// licencing is the assignment of one SKU to users: directly, or by a group.
type licencing struct {
	Users []string `yaml:"users"`
	Group string   `yaml:"group"`
	// Disabled are the service plans that the assignment switches off.
	Disabled []string `yaml:"disabled"`
	// Error is why the assignment fails, such as CountViolation; it works when empty.
	Error string `yaml:"error"`
}

const registrationPath = "reports/authenticationMethods/userRegistrationDetails"

// addPeople gives the users of the tenant's file their licences and sign-ins, and makes
// the report on their authentication methods.
func (d *directory) addPeople(t *Tenant) error {
	if err := d.checkPeople(t); err != nil {
		return err
	}
	plans, err := t.skuPlans()
	if err != nil {
		return err
	}
	users := d.lists["users"]
	details := collection{}
	for i, user := range users.fixed {
		members, err := licenceMembers(t.licencesOf(user.text("id")), plans)
		if err != nil {
			return err
		}
		signIn, err := t.personOf(user.text("id")).signIn()
		if err != nil {
			return err
		}
		users.fixed[i] = append(append(user, members...), signIn)
		details.fixed = append(details.fixed, t.registration(user))
	}
	if run := users.more; run.count > 0 {
		details.more = run
		details.more.make = func(i int) object { return t.registration(run.make(i)) }
	}
	d.lists["users"], d.lists[registrationPath] = users, details
	return nil
}

// checkPeople finds names of users and groups that don't exist.
func (d *directory) checkPeople(t *Tenant) error {
	ids := slices.Sorted(maps.Keys(t.doc.People))
	for _, sku := range slices.Sorted(maps.Keys(t.doc.Licences)) {
		for _, assigned := range t.doc.Licences[sku] {
			ids = append(ids, assigned.Users...)
			if _, found := d.lists["groups"].find(assigned.Group); assigned.Group != "" && !found {
				return fmt.Errorf("licences of %s: there is no group %s", sku, assigned.Group)
			}
		}
	}
	for _, id := range ids {
		if _, found := d.lists["users"].find(id); id != "*" && !found {
			return fmt.Errorf("people and licences: there is no user %s", id)
		}
	}
	return nil
}

// personOf is what the file says of a user, or else of everybody.
func (t *Tenant) personOf(id string) person {
	if own, found := t.doc.People[id]; found {
		return own
	}
	return t.doc.People["*"]
}

// signIn is the member signInActivity, which is null for who never signed in.
func (p person) signIn() (member, error) {
	if p.SignedIn == "" {
		return member{"signInActivity", null}, nil
	}
	raw, err := json.Marshal(map[string]any{
		"lastSignInDateTime": p.SignedIn, "lastSignInRequestId": uuidOf("signIn", p.SignedIn),
		"lastNonInteractiveSignInDateTime": p.SignedIn, "lastNonInteractiveSignInRequestId": uuidOf("nonInteractive", p.SignedIn),
		"lastSuccessfulSignInDateTime": p.SignedIn, "lastSuccessfulSignInRequestId": uuidOf("successful", p.SignedIn),
	})
	return member{"signInActivity", raw}, err
}

// passwordless are the methods that need no password, as Microsoft's report counts them.
var passwordless = []string{"passKeyDeviceBound", "fido2SecurityKey", "windowsHelloForBusiness", "microsoftAuthenticatorPasswordless"}

// registration is a user's line in the report on authentication methods.
func (t *Tenant) registration(user object) object {
	id := user.text("id")
	methods := t.personOf(id).Methods
	raw, err := json.Marshal(append([]string{}, methods...))
	if err != nil {
		panic(err) // strings always encode
	}
	capable := flag(len(methods) > 0)
	guest := json.RawMessage(`"member"`)
	if user.text("userType") == "Guest" {
		guest = json.RawMessage(`"guest"`)
	}
	return object{
		{"id", quoted(id)},
		{"userPrincipalName", quoted(user.text("userPrincipalName"))},
		{"userDisplayName", quoted(user.text("displayName"))},
		{"userType", guest},
		{"isAdmin", flag(slices.ContainsFunc(t.doc.Roles, func(h roleHolding) bool { return h.Principal == id && h.How != "eligible" }))},
		{"isMfaCapable", capable},
		{"isMfaRegistered", capable},
		{"isPasswordlessCapable", flag(slices.ContainsFunc(methods, func(m string) bool { return slices.Contains(passwordless, m) }))},
		{"isSsprCapable", capable},
		{"methodsRegistered", raw},
	}
}

// flag is a bool, encoded.
func flag(on bool) json.RawMessage {
	if on {
		return yes
	}
	return json.RawMessage("false")
}

// servicePlan is a plan of a SKU that users get.
type servicePlan struct {
	ID       string `json:"servicePlanId"`
	Name     string `json:"servicePlanName"`
	Status   string `json:"provisioningStatus"`
	Audience string `json:"appliesTo"`
}

// skuPlans are the service plans of each SKU by its id.
func (t *Tenant) skuPlans() (map[string][]servicePlan, error) {
	skus := map[string][]servicePlan{}
	raw, err := json.Marshal(t.doc.Graph["subscribedSkus"])
	if err != nil {
		return nil, err
	}
	var list []struct {
		ID    string        `json:"skuId"`
		Plans []servicePlan `json:"servicePlans"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("graph subscribedSkus: %w", err)
	}
	for _, sku := range list {
		skus[sku.ID] = sku.Plans
	}
	for _, id := range slices.Sorted(maps.Keys(t.doc.Licences)) {
		if _, held := skus[id]; !held {
			return nil, fmt.Errorf("licences: the tenant has no SKU %s", id)
		}
	}
	return skus, nil
}

// licenceState is one of the states of a user's licences.
type licenceState struct {
	SKU      string   `json:"skuId"`
	State    string   `json:"state"`
	Error    string   `json:"error"`
	Group    *string  `json:"assignedByGroup"`
	Disabled []string `json:"disabledPlans"`
	Updated  string   `json:"lastUpdatedDateTime"`
}

// licencesOf are the states of a user's licences in the tenant's file.
func (t *Tenant) licencesOf(id string) []licenceState {
	states := []licenceState{}
	for _, sku := range slices.Sorted(maps.Keys(t.doc.Licences)) {
		for _, l := range t.doc.Licences[sku] {
			if !slices.Contains(l.Users, id) {
				continue
			}
			state := licenceState{
				SKU: sku, State: "Active", Error: "None", Disabled: append([]string{}, l.Disabled...),
				Updated: stamp(midnight(t.now).AddDate(0, 0, -30)),
			}
			if l.Group != "" {
				state.Group = &l.Group
			}
			if l.Error != "" {
				state.State, state.Error = "Error", l.Error
			}
			states = append(states, state)
		}
	}
	return states
}

// licenceMembers are the members of a user that the states of its licences make.
func licenceMembers(states []licenceState, plans map[string][]servicePlan) (object, error) {
	licences, assigned := []any{}, []any{}
	for _, s := range states {
		if s.Error != "None" {
			continue
		}
		licences = append(licences, map[string]any{"skuId": s.SKU, "disabledPlans": s.Disabled})
		for _, plan := range plans[s.SKU] {
			if plan.Audience == "User" && plan.Status != "Disabled" && !slices.Contains(s.Disabled, plan.ID) {
				assigned = append(assigned, map[string]any{
					"servicePlanId": plan.ID, "service": strings.ToLower(plan.Name), "capabilityStatus": "Enabled",
					"assignedDateTime": s.Updated,
				})
			}
		}
	}
	return newObject(map[string]any{"assignedLicenses": licences, "assignedPlans": assigned, "licenseAssignmentStates": states})
}
