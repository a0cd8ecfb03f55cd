package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

var licenceShape = shape{
	"addLicenses":    listOf(complexOf("assignedLicense", shape{"skuId": guid, "disabledPlans": listOf(guid)})),
	"removeLicenses": listOf(guid),
}

// assignLicense adds and removes direct assignments of SKUs, from which the user's licences
// and plans follow, and counts them among what the tenant has used.
func assignLicense(w *writing) (outcome, error) {
	user, found := w.lists["users"].find(w.ids[0])
	if !found {
		return outcome{}, missing(w.ids[0])
	}
	if err := licenceShape.check(w.body); err != nil {
		return outcome{}, err
	}
	if err := need(w.body, "addLicenses", "removeLicenses"); err != nil {
		return outcome{}, err
	}
	var states []licenceState
	if err := json.Unmarshal(user.raw("licenseAssignmentStates"), &states); err != nil {
		return outcome{}, err
	}
	before := heldSKUs(states)
	removed, _ := w.body["removeLicenses"].([]any)
	for _, item := range removed {
		sku := textOf(item)
		at := slices.IndexFunc(states, func(s licenceState) bool { return s.SKU == sku && s.Group == nil })
		switch {
		case at >= 0:
			states = slices.Delete(states, at, at+1)
		case before[sku]:
			return outcome{}, badRequest("User license is inherited from a group membership and it cannot be removed directly from the user.")
		default:
			return outcome{}, badRequest("User does not have a corresponding license.")
		}
	}
	plans, err := w.call.server.tenant.skuPlans()
	if err != nil {
		return outcome{}, err
	}
	added, _ := w.body["addLicenses"].([]any)
	for _, item := range added {
		licence, _ := item.(map[string]any)
		state, err := w.licence(user, licence, plans)
		if err != nil {
			return outcome{}, err
		}
		states = slices.DeleteFunc(states, func(s licenceState) bool { return s.SKU == state.SKU && s.Group == nil })
		states = append(states, state)
	}
	if err := w.count(before, heldSKUs(states)); err != nil {
		return outcome{}, err
	}
	members, err := licenceMembers(states, plans)
	if err != nil {
		return outcome{}, err
	}
	w.set("users", user.text("id"), members)
	user, _ = w.lists["users"].find(user.text("id"))
	return outcome{http.StatusOK, "users", user.without("signInActivity")}, nil
}

// licence is the direct assignment that a body asks for.
func (w *writing) licence(user object, asked map[string]any, plans map[string][]servicePlan) (licenceState, error) {
	sku := textOf(asked["skuId"])
	of, held := plans[sku]
	switch {
	case !held:
		return licenceState{}, badRequest("License %s does not correspond to a valid company License.", sku)
	case user.text("usageLocation") == "":
		return licenceState{}, badRequest("License assignment cannot be done for user with invalid usage location.")
	}
	state := licenceState{SKU: sku, State: "Active", Error: "None", Disabled: []string{}, Updated: stamp(w.call.server.now)}
	disabled, _ := asked["disabledPlans"].([]any)
	for _, item := range disabled {
		plan := textOf(item)
		if !slices.ContainsFunc(of, func(p servicePlan) bool { return p.ID == plan }) {
			return licenceState{}, badRequest("License assignment failed because the service plan %s is not part of license %s.", plan, sku)
		}
		state.Disabled = append(state.Disabled, plan)
	}
	return state, nil
}

// heldSKUs are those that work.
func heldSKUs(states []licenceState) map[string]bool {
	held := map[string]bool{}
	for _, s := range states {
		if s.Error == "None" {
			held[s.SKU] = true
		}
	}
	return held
}

// count brings the units that are consumed up to date, and refuses what was never bought.
func (w *writing) count(before, after map[string]bool) error {
	for _, sku := range w.lists["subscribedSkus"].whole() {
		id := sku.text("skuId")
		if before[id] == after[id] {
			continue
		}
		used, _ := sku.lookup("consumedUnits").(float64)
		bought, _ := sku.lookup("prepaidUnits/enabled").(float64)
		grace, _ := sku.lookup("prepaidUnits/warning").(float64)
		switch {
		case !after[id]:
			used--
		case used >= bought+grace:
			return badRequest("Subscription with SKU %s does not have any available licenses.", id)
		default:
			used++
		}
		w.set("subscribedSkus", sku.text("id"), object{{"consumedUnits", json.RawMessage(fmt.Sprint(int(used)))}})
	}
	return nil
}
