package simulator_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// remediate starts a built-in tenant, or good with changes, and signs in as the application
// that may write.
func remediate(t *testing.T, name string, changes ...string) *visitor {
	t.Helper()
	v := visitTenant(t, load(t, changed(t, name, strings.Join(changes, "")), "changed"))
	v.token = v.remediator()
	return v
}

func (v *visitor) remediator() string {
	v.t.Helper()
	id, secret := v.tenant.Remediator()
	got := v.post("/"+v.tenant.ID+"/oauth2/v2.0/token", form(id, secret, v.URL()+"/.default"))
	token := text(got.body["access_token"])
	if token == "" {
		v.t.Fatalf("signing in as the remediator: %d %s", got.status, got.raw)
	}
	return token
}

// write sends a JSON body.
func (v *visitor) write(method, path, body string) answer {
	v.t.Helper()
	return v.send(method, "/v1.0/"+path, body, "Content-Type", "application/json")
}

// must is write that fails the test unless the status is the one.
func (v *visitor) must(status int, method, path, body string) answer {
	v.t.Helper()
	got := v.write(method, path, body)
	if got.status != status {
		v.t.Fatalf("%s %s: %d %s, want %d", method, path, got.status, got.raw, status)
	}
	return got
}

// at follows members and returns what is there.
func at(value any, path ...string) any {
	for _, name := range path {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	return value
}

// refusedWrite is a write and how it is refused.
type refusedWrite struct {
	name, method, path, body string
	status                   int
	code, message            string
}

// refuses sends writes that must be refused, and reads a path before and after.
func (v *visitor) refuses(unchanged string, tests []refusedWrite) {
	v.t.Helper()
	before := v.get("/v1.0/" + unchanged)
	if before.status != http.StatusOK {
		v.t.Fatalf("GET %s: %d %s", unchanged, before.status, before.raw)
	}
	for _, tt := range tests {
		got := v.write(tt.method, tt.path, tt.body)
		if got.status != tt.status || got.code() != tt.code || !strings.Contains(got.message(), tt.message) {
			v.t.Errorf("%s: %d %s, want %d %s with %q", tt.name, got.status, got.raw, tt.status, tt.code, tt.message)
		}
	}
	if after := v.get("/v1.0/" + unchanged); !bytes.Equal(after.raw, before.raw) {
		v.t.Errorf("%s has changed:\n%s", unchanged, after.raw)
	}
	for _, w := range v.Writes() {
		if w.Done {
			v.t.Errorf("%s %s is said to be done", w.Method, w.Path)
		}
	}
}

const authorization = "policies/authorizationPolicy"

func TestEachWriteNeedsItsPermission(t *testing.T) {
	without := remediate(t, "good", "remediator: {permissions: [Application.Read.All, Directory.Read.All, User.Read.All, Group.ReadWrite.All]}\n")
	for _, tt := range []struct {
		method, path string
		roles        string
	}{
		{"PATCH", authorization, "Policy.ReadWrite.Authorization"},
		{"PUT", "policies/adminConsentRequestPolicy", "Policy.ReadWrite.ConsentRequest"},
		{"PATCH", "policies/adminConsentRequestPolicy", "Policy.ReadWrite.ConsentRequest"},
		{"PATCH", "policies/defaultAppManagementPolicy", "Policy.ReadWrite.ApplicationConfiguration"},
		{"PATCH", "policies/roleManagementPolicies/x/rules/y", "RoleManagementPolicy.ReadWrite.Directory"},
		{"POST", "oauth2PermissionGrants", "DelegatedPermissionGrant.ReadWrite.All"},
		{"DELETE", "oauth2PermissionGrants/x", "DelegatedPermissionGrant.ReadWrite.All"},
		{"POST", "servicePrincipals/x/appRoleAssignedTo", "AppRoleAssignment.ReadWrite.All, Application.Read.All"},
		{"DELETE", "servicePrincipals/x/appRoleAssignedTo/y", "AppRoleAssignment.ReadWrite.All, Application.Read.All"},
		{"POST", "roleManagement/directory/roleAssignments", "RoleManagement.ReadWrite.Directory"},
		{"DELETE", "roleManagement/directory/roleAssignments/x", "RoleManagement.ReadWrite.Directory"},
		{"POST", "roleManagement/directory/roleAssignmentScheduleRequests", "RoleAssignmentSchedule.ReadWrite.Directory"},
		{"POST", "roleManagement/directory/roleEligibilityScheduleRequests", "RoleEligibilitySchedule.ReadWrite.Directory"},
		{"PATCH", "users/x", "User.ReadWrite.All"},
		{"PATCH", "groups/x", "Group-PreferredDataLocation.ReadWrite.All"},
		{"POST", "users/x/assignLicense", "LicenseAssignment.ReadWrite.All"},
		{"PATCH", "security/identities/healthIssues/x", "SecurityIdentitiesHealth.ReadWrite.All"},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			with := remediate(t, "good", "remediator: {permissions: ["+tt.roles+"]}\n")
			if got := with.write(tt.method, tt.path, `{"none": 1}`); got.status != http.StatusBadRequest && got.status != http.StatusNotFound {
				t.Errorf("with %s: %d %s, want the body or the object to be refused", tt.roles, got.status, got.raw)
			}
			got := without.write(tt.method, tt.path, `{"none": 1}`)
			want := "Authorization_RequestDenied"
			if strings.HasPrefix(tt.path, "security/") {
				want = "UnknownError"
			}
			if got.status != http.StatusForbidden || got.code() != want {
				t.Errorf("without: %d %s, want 403 %s", got.status, got.raw, want)
			}
		})
	}
}

func TestAppRolesTakeTwoPermissions(t *testing.T) {
	v := remediate(t, "good", "remediator: {permissions: [AppRoleAssignment.ReadWrite.All]}\n")
	if got := v.write("POST", "servicePrincipals/x/appRoleAssignedTo", "{}"); got.status != http.StatusForbidden {
		t.Errorf("with one of them: %d %s, want 403", got.status, got.raw)
	}
}

func TestTheReaderMayNotWrite(t *testing.T) {
	v := visit(t, "good")
	if got := v.write("PATCH", authorization, `{"allowedToUseSSPR": false}`); got.status != http.StatusForbidden {
		t.Errorf("the reader: %d %s, want 403", got.status, got.raw)
	}
	got := v.Writes()
	reader, _ := v.tenant.Secret()
	want := []simulator.Write{{Method: "PATCH", Path: "/v1.0/" + authorization, Client: reader, Body: []byte(`{"allowedToUseSSPR": false}`), Status: http.StatusForbidden}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log of writes differs:\n%s", diff)
	}
}

func TestRequestsThatAreNoDocumentedWritesAreRefused(t *testing.T) {
	v := remediate(t, "good")
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"DELETE", "/v1.0/" + authorization, http.StatusMethodNotAllowed},
		{"PUT", "/v1.0/" + authorization, http.StatusMethodNotAllowed},
		{"POST", "/v1.0/users", http.StatusMethodNotAllowed},
		{"DELETE", "/v1.0/users/b0000000-0000-4000-8000-000000000009", http.StatusMethodNotAllowed},
		{"PATCH", "/v1.0/oauth2PermissionGrants/grant-travel-profile", http.StatusMethodNotAllowed},
		{"PUT", "/arm/subscriptions", http.StatusMethodNotAllowed},
		{"POST", "/mde/api/machineactions", http.StatusMethodNotAllowed},
		{"DELETE", "/v1.0/groups/delta", http.StatusMethodNotAllowed},
		{"POST", "/v1.0/nothing", http.StatusBadRequest},
	} {
		if got := v.send(tt.method, tt.path, "{}"); got.status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.path, got.status, got.raw, tt.status)
		}
	}
	var logged []string
	for _, w := range v.Writes() {
		if w.Done {
			t.Errorf("%s %s is said to be done", w.Method, w.Path)
		}
		logged = append(logged, w.Method+" "+w.Path)
	}
	if len(logged) != 8 {
		t.Errorf("logged are %v, want all but what leads nowhere", logged)
	}
}

func TestReadsByPostAreNoWrites(t *testing.T) {
	v := visit(t, "good")
	v.post("/v1.0/security/runHuntingQuery", `{"Query":"print Probe = 1"}`)
	v.post("/v1.0/$batch", `{"requests":[{"id":"a","method":"GET","url":"/users?$top=1"}]}`)
	if got := v.Writes(); len(got) != 0 {
		t.Errorf("Writes() = %v, want none", got)
	}
}

func TestBodiesMustBeJSONThatSaysSo(t *testing.T) {
	v := remediate(t, "good")
	for _, tt := range []struct{ body, media, want string }{
		{`{"allowedToUseSSPR": false}`, "", "Content-Type"},
		{`{"allowedToUseSSPR": false}`, "text/plain", "Content-Type"},
		{`{"allowedToUseSSPR": fal`, "application/json", "Unable to read JSON"},
		{`[]`, "application/json", "Unable to read JSON"},
		{``, "application/json", "Unable to read JSON"},
		{`null`, "application/json", "Unable to read JSON"},
	} {
		if got := v.send("PATCH", "/v1.0/"+authorization, tt.body, "Content-Type", tt.media); got.status != http.StatusBadRequest || !strings.Contains(got.message(), tt.want) {
			t.Errorf("%q as %q: %d %s, want 400 with %q", tt.body, tt.media, got.status, got.raw, tt.want)
		}
	}
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	_, _ = zw.Write([]byte(`{"allowedToUseSSPR": false}`))
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	got := v.send("PATCH", "/v1.0/"+authorization, zipped.String(), "Content-Type", "application/json; charset=utf-8", "Content-Encoding", "gzip")
	if now := v.get("/v1.0/" + authorization); got.status != http.StatusNoContent || len(got.raw) != 0 || now.body["allowedToUseSSPR"] != false {
		t.Errorf("a compressed body: %d %s; then %s", got.status, got.raw, now.raw)
	}
	if last := v.Writes()[len(v.Writes())-1]; string(last.Body) != `{"allowedToUseSSPR": false}` || !last.Done {
		t.Errorf("the log has %+v, want the body as it was meant", last)
	}
}

func TestWhatIsWrittenIsGoneWithTheServer(t *testing.T) {
	tenant := load(t, domicile.Tenants(), "good")
	for range 2 {
		v := visitTenant(t, tenant)
		v.token = v.remediator()
		if got := v.get("/v1.0/" + authorization); got.body["allowedToUseSSPR"] != true {
			t.Fatalf("a new server knows of an older one's writes: %s", got.raw)
		}
		v.must(http.StatusNoContent, "PATCH", authorization, `{"allowedToUseSSPR": false}`)
	}
}

func TestBatchesWrite(t *testing.T) {
	v := remediate(t, "good")
	got := v.post("/v1.0/$batch", `{"requests":[
		{"id":"a","method":"PATCH","url":"/policies/authorizationPolicy","headers":{"Content-Type":"application/json"},"body":{"allowedToUseSSPR":false}},
		{"id":"b","method":"DELETE","url":"/oauth2PermissionGrants/grant-travel-profile"},
		{"id":"c","method":"DELETE","url":"/oauth2PermissionGrants/grant-travel-profile"}]}`)
	var steps struct {
		Responses []struct{ Status int }
	}
	if err := json.Unmarshal(got.raw, &steps); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	for _, s := range steps.Responses {
		statuses = append(statuses, s.Status)
	}
	if want := []int{204, 204, 404}; !slices.Equal(statuses, want) {
		t.Errorf("steps = %v, want %v: %s", statuses, want, got.raw)
	}
}
