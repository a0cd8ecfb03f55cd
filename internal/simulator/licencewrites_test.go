package simulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	e5, p2   = "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "84a661c4-e949-4bd2-a560-ed7766fcaf2b"
	licensee = "users/b0000000-0000-4000-8000-000000000001"
	licences = "?$select=assignedLicenses,assignedPlans,licenseAssignmentStates"
)

// consumed are the units of p2 that users hold.
func (v *visitor) consumed() any {
	v.t.Helper()
	for _, o := range v.get("/v1.0/subscribedSkus").values(v.t) {
		if o["skuId"] == p2 {
			return o["consumedUnits"]
		}
	}
	return nil
}

func TestLicencesAreAssignedAndTakenBack(t *testing.T) {
	v := remediate(t, "good")
	before := v.get("/v1.0/" + licensee + licences)
	used := v.consumed().(float64) //nolint:forcetypeassert // a panic fails the test
	const plan, disabled = "eec0eb4f-6444-4f95-aba0-50c24d67f998", "8a256a2b-b617-496d-b51b-e76466e88db0"
	got := v.must(http.StatusOK, "POST", licensee+"/assignLicense", `{"addLicenses": [{"skuId": "`+p2+`", "disabledPlans": ["`+disabled+`"]}], "removeLicenses": []}`)
	readSchema(t, "graph-v1.0.csdl.xml").compare(t, "POST assignLicense", "microsoft.graph.user", got.body)
	now := v.get("/v1.0/" + licensee + licences)
	want := []any{map[string]any{"skuId": p2, "disabledPlans": []any{disabled}}}
	if diff := cmp.Diff(want, now.body["assignedLicenses"]); diff != "" || !cmp.Equal(got.body["assignedLicenses"], now.body["assignedLicenses"]) {
		t.Errorf("licences differ:\n%s", diff)
	}
	var plans []string
	list, _ := now.body["assignedPlans"].([]any)
	for _, item := range list {
		plans = append(plans, text(at(item, "servicePlanId")))
	}
	if !slices.Contains(plans, plan) || slices.Contains(plans, disabled) {
		t.Errorf("plans are %v", plans)
	}
	if count := v.consumed(); count != used+1 {
		t.Errorf("consumed are %v of %v before", count, used)
	}
	v.must(http.StatusOK, "POST", licensee+"/assignLicense", `{"addLicenses": [], "removeLicenses": ["`+p2+`"]}`)
	if after := v.get("/v1.0/" + licensee + licences); !cmp.Equal(after.body, before.body) || v.consumed() != used {
		t.Errorf("after the removal: %s, %v consumed", after.raw, v.consumed())
	}
}

func TestLicencesAreRefused(t *testing.T) {
	v := remediate(t, "good")
	assign := func(name, path, body string, status int, code, message string) refusedWrite {
		return refusedWrite{name, "POST", path + "/assignLicense", body, status, code, message}
	}
	add := func(sku string) string { return `{"addLicenses": [{"skuId": "` + sku + `"}], "removeLicenses": []}` }
	const grouped, guest = "users/b0000000-0000-4000-8000-000000000009", "users/b0000000-0000-4000-8000-000000000025"
	v.refuses("subscribedSkus", []refusedWrite{
		assign("nothing to remove", licensee, `{"addLicenses": []}`, 400, "Request_BadRequest", "'removeLicenses' is missing"),
		assign("a SKU that isn't held", licensee, add("c7df2760-2c81-4ef7-b578-5b5392b571df"), 400, "Request_BadRequest", "c7df2760"),
		assign("a SKU by name", licensee, add("SPE_E5"), 400, "Request_BadRequest", "'Edm.Guid'"),
		assign("a plan of another SKU", licensee, `{"addLicenses": [{"skuId": "`+p2+`", "disabledPlans": ["bf28f719-7844-4079-9c78-c1307898e192"]}], "removeLicenses": []}`, 400, "Request_BadRequest", "bf28f719"),
		assign("nowhere", guest, add(p2), 400, "Request_BadRequest", "usage location"),
		assign("removing what isn't held", licensee, `{"addLicenses": [], "removeLicenses": ["`+p2+`"]}`, 400, "Request_BadRequest", "does not have a corresponding license"),
		assign("removing what a group gives", grouped, `{"addLicenses": [], "removeLicenses": ["`+e5+`"]}`, 400, "Request_BadRequest", "inherited from a group"),
		assign("nobody", "users/none", add(p2), 404, "Request_ResourceNotFound", "'none'"),
	})
	full := remediate(t, "good", "graph: {subscribedSkus~: {$tenant_"+p2+": {consumedUnits: 10}}}\n")
	if got := full.write("POST", licensee+"/assignLicense", add(p2)); got.status != http.StatusBadRequest || !strings.Contains(got.message(), "does not have any available licenses") {
		t.Errorf("more than were bought: %d %s", got.status, got.raw)
	}
}
