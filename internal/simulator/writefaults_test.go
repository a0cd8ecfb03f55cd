package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/simulator"
)

func (v *visitor) fault(f simulator.Fault) {
	v.t.Helper()
	if err := v.Fault(f); err != nil {
		v.t.Fatal(err)
	}
}

func TestWritesFailOnDemand(t *testing.T) {
	for _, status := range []int{403, 404, 409, 412, 429, 503} {
		v := remediate(t, "good")
		v.fault(simulator.Fault{Path: "/v1.0/" + authorization, Methods: []string{"PATCH"}, Status: status, Code: "Scripted", RetryAfter: 3, Times: 1})
		if got := v.get("/v1.0/" + authorization); got.status != http.StatusOK {
			t.Errorf("%d meets a read: %d %s", status, got.status, got.raw)
		}
		got := v.write("PATCH", authorization, `{"allowedToUseSSPR": false}`)
		if got.status != status || got.code() != "Scripted" || got.header.Get("Retry-After") != "3" {
			t.Errorf("%d: %d %s, Retry-After %q", status, got.status, got.raw, got.header.Get("Retry-After"))
		}
		if now := v.get("/v1.0/" + authorization); now.body["allowedToUseSSPR"] != true {
			t.Errorf("%d had an effect", status)
		}
		v.must(http.StatusNoContent, "PATCH", authorization, `{"allowedToUseSSPR": false}`)
	}
}

func TestConnectionsEndBeforeAndAfterTheEffect(t *testing.T) {
	for cut, want := range map[string]bool{"before": true, "after": false} {
		v := remediate(t, "good")
		v.fault(simulator.Fault{Path: "/v1.0/*", Methods: []string{"PATCH"}, Cut: cut, Skip: 1, Times: 1})
		v.must(http.StatusNoContent, "PATCH", authorization, `{"blockMsolPowerShell": false}`)
		if err := v.tryWrite("PATCH", authorization, `{"allowedToUseSSPR": false}`); err == nil {
			t.Errorf("cut %s: the second write was answered", cut)
		}
		if now := v.get("/v1.0/" + authorization); now.body["allowedToUseSSPR"] != want {
			t.Errorf("cut %s: allowedToUseSSPR is %v, want %v", cut, now.body["allowedToUseSSPR"], want)
		}
		if last := v.Writes()[1]; last.Done == want {
			t.Errorf("cut %s: the log has %+v", cut, last)
		}
		v.must(http.StatusNoContent, "PATCH", authorization, `{"allowedToUseSSPR": false}`)
	}
}

// tryWrite is write without an answer.
func (v *visitor) tryWrite(method, path, body string) error {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.URL()+"/v1.0/"+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+v.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := v.client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func TestAnotherAdministratorComesBetween(t *testing.T) {
	v := remediate(t, "good")
	drift := &simulator.Drift{Path: authorization, Members: map[string]any{"allowedToUseSSPR": false}}
	v.fault(simulator.Fault{Path: "/v1.0/" + authorization, Methods: []string{"GET"}, Drift: drift, Skip: 1, Times: 1})
	for i, want := range []bool{true, true, false} {
		if got := v.get("/v1.0/" + authorization); got.body["allowedToUseSSPR"] != want {
			t.Errorf("read %d: allowedToUseSSPR is %v, want %v", i+1, got.body["allowedToUseSSPR"], want)
		}
	}
	const grant = "oauth2PermissionGrants/grant-travel-profile"
	v.fault(simulator.Fault{Path: "/v1.0/" + grant, Methods: []string{"DELETE"}, Drift: &simulator.Drift{Path: "oauth2PermissionGrants", ID: "grant-travel-profile"}, Times: 1})
	if got := v.write("DELETE", grant, ""); got.status != http.StatusNotFound {
		t.Errorf("what somebody else deleted first: %d %s, want 404", got.status, got.raw)
	}
	if writes := v.Writes(); len(writes) != 1 {
		t.Errorf("Writes() = %v, want the deletion alone", writes)
	}
	v.fault(simulator.Fault{Path: "/v1.0/groups", Drift: &simulator.Drift{Path: "groups", ID: "none"}})
	if got := v.get("/v1.0/groups"); got.status != http.StatusInternalServerError || !strings.Contains(got.message(), "there is no none") {
		t.Errorf("a change of nothing: %d %s", got.status, got.raw)
	}
}

func TestFaultsAreChecked(t *testing.T) {
	v := visit(t, "good")
	for _, f := range []simulator.Fault{
		{Path: "v1.0/users", Status: 500},
		{Path: "/v1.0/users"},
		{Path: "/v1.0/users", Status: 200},
		{Path: "/v1.0/users", Status: 500, Truncate: true},
		{Path: "/v1.0/users", Cut: "between"},
	} {
		if err := v.Fault(f); err == nil {
			t.Errorf("Fault(%+v) = nil", f)
		}
	}
}
