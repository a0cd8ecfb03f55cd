package simulator_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	graphPrincipal = "50000000-0000-4000-8000-000000000001"
	travel         = "50000000-0000-4000-8000-000000000013"
	person         = "b0000000-0000-4000-8000-000000000014"
)

// ids are the ids of a collection's objects.
func (v *visitor) ids(path string) []string {
	v.t.Helper()
	var out []string
	for _, o := range v.get("/v1.0/" + path).values(v.t) {
		out = append(out, text(o["id"]))
	}
	return out
}

func TestDelegatedGrantsAreTakenAndGivenBack(t *testing.T) {
	v := remediate(t, "good")
	_, _, link := v.told("/v1.0/oauth2PermissionGrants/delta?$select=clientId,scope&$deltatoken=latest")
	const old = "oauth2PermissionGrants/grant-travel-profile"
	v.must(http.StatusNoContent, "DELETE", old, "")
	if got := v.get("/v1.0/" + old); got.status != http.StatusNotFound {
		t.Errorf("the deleted grant: %d %s", got.status, got.raw)
	}
	if got := v.write("DELETE", old, ""); got.status != http.StatusNotFound || got.code() != "Request_ResourceNotFound" {
		t.Errorf("deleting it again: %d %s", got.status, got.raw)
	}
	const body = `{"clientId": "` + travel + `", "consentType": "AllPrincipals", "principalId": null, "resourceId": "` + graphPrincipal + `", "scope": " openid profile email User.Read"}`
	made := v.must(http.StatusCreated, "POST", "oauth2PermissionGrants", body)
	id := text(made.body["id"])
	if len(id) != 43 || made.body["scope"] != " openid profile email User.Read" || made.body["principalId"] != nil {
		t.Errorf("the new grant is %s, want an id of its own", made.raw)
	}
	readSchema(t, "graph-v1.0.csdl.xml").compare(t, "POST oauth2PermissionGrants", "microsoft.graph.oAuth2PermissionGrant", made.body)
	got := v.get("/v1.0/oauth2PermissionGrants/" + id)
	delete(made.body, "@odata.context")
	delete(got.body, "@odata.context")
	if diff := cmp.Diff(made.body, got.body); diff != "" {
		t.Errorf("the grant is read otherwise:\n%s", diff)
	}
	if again := v.write("POST", "oauth2PermissionGrants", body); again.status != http.StatusConflict || again.code() != "Request_MultipleObjectsWithSameKeyValue" {
		t.Errorf("granting it again: %d %s", again.status, again.raw)
	}
	one := v.must(http.StatusCreated, "POST", "oauth2PermissionGrants", `{"clientId": "`+travel+`", "consentType": "Principal", "principalId": "`+person+`", "resourceId": "`+graphPrincipal+`", "scope": "User.Read"}`)
	if one.body["id"] == id {
		t.Errorf("the grant of a person has the id of that of all")
	}
	want := []map[string]any{
		{"id": "grant-travel-profile", "@removed": map[string]any{"reason": "changed"}},
		{"id": id, "clientId": travel, "scope": " openid profile email User.Read"},
		{"id": one.body["id"], "clientId": travel, "scope": "User.Read"},
	}
	if told, _, _ := v.told(link); !cmp.Equal(told, want) {
		t.Errorf("the delta query tells %v, want %v", told, want)
	}
}

func TestDelegatedGrantsAreRefused(t *testing.T) {
	v := remediate(t, "good")
	grant := func(name, client, consent, principal, resource, message string) refusedWrite {
		return refusedWrite{
			name, "POST", "oauth2PermissionGrants",
			`{"clientId": "` + client + `", "consentType": "` + consent + `", "principalId": ` + principal + `, "resourceId": "` + resource + `", "scope": "User.Read"}`,
			http.StatusBadRequest, "Request_BadRequest", message,
		}
	}
	const nobody = "00000000-0000-4000-8000-0000000000ff"
	tests := []refusedWrite{
		grant("no consent", travel, "Everybody", "null", graphPrincipal, "'consentType'"),
		grant("all with a person", travel, "AllPrincipals", `"`+person+`"`, graphPrincipal, "'principalId'"),
		grant("a person without one", travel, "Principal", "null", graphPrincipal, "'principalId'"),
		grant("no such client", nobody, "AllPrincipals", "null", graphPrincipal, "'clientId'"),
		grant("no such resource", travel, "AllPrincipals", "null", nobody, "'resourceId'"),
		{"no client", "POST", "oauth2PermissionGrants", `{"consentType": "AllPrincipals"}`, 400, "Request_BadRequest", "'clientId' is missing"},
		{"an id", "POST", "oauth2PermissionGrants", `{"id": "x"}`, 400, "Request_BadRequest", "read-only"},
	}
	gone := grant("no such person", travel, "Principal", `"`+nobody+`"`, graphPrincipal, nobody)
	gone.status, gone.code = http.StatusNotFound, "Request_ResourceNotFound"
	v.refuses("oauth2PermissionGrants", append(tests, gone))
}

func TestApplicationPermissionsAreTakenAndGivenBack(t *testing.T) {
	v := remediate(t, "good")
	const path = "servicePrincipals/" + graphPrincipal + "/appRoleAssignedTo"
	const holder = "50000000-0000-4000-8000-000000000012"
	var old map[string]any
	for _, g := range v.get("/v1.0/" + path).values(t) {
		if g["principalId"] == holder {
			old = g
		}
	}
	id := text(old["id"])
	if got := v.get("/v1.0/" + path + "/" + id); got.body["id"] != id {
		t.Fatalf("the grant %v alone: %d %s", old, got.status, got.raw)
	}
	v.must(http.StatusNoContent, "DELETE", "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo/"+id, "")
	if got := v.ids("servicePrincipals/" + holder + "/appRoleAssignments"); len(got) != 0 {
		t.Errorf("the holder still has %v", got)
	}
	if got := v.write("DELETE", path+"/"+id, ""); got.status != http.StatusNotFound {
		t.Errorf("deleting it again: %d %s", got.status, got.raw)
	}
	body := `{"principalId": "` + holder + `", "resourceId": "` + graphPrincipal + `", "appRoleId": "` + text(old["appRoleId"]) + `"}`
	made := v.must(http.StatusCreated, "POST", path, body)
	renewed := map[string]any{}
	for name, value := range made.body {
		if name != "@odata.context" {
			renewed[name] = value
		}
	}
	if renewed["id"] == id || len(text(renewed["id"])) != 43 {
		t.Errorf("the new grant has the id %v, the old one had %v", renewed["id"], id)
	}
	readSchema(t, "graph-v1.0.csdl.xml").compare(t, "POST appRoleAssignedTo", "microsoft.graph.appRoleAssignment", renewed)
	for _, name := range []string{"id", "createdDateTime"} {
		old[name] = renewed[name]
	}
	if diff := cmp.Diff(old, renewed); diff != "" {
		t.Errorf("what was given back differs:\n%s", diff)
	}
	if got := v.ids("servicePrincipals/" + holder + "/appRoleAssignments"); !cmp.Equal(got, []string{text(renewed["id"])}) {
		t.Errorf("the holder has %v", got)
	}
	if again := v.write("POST", path, body); again.status != http.StatusBadRequest || again.message() != "Permission being assigned already exists on the object" {
		t.Errorf("granting it again: %d %s", again.status, again.raw)
	}
	v.must(http.StatusNoContent, "DELETE", path+"/"+text(renewed["id"]), "")
	if next := v.must(http.StatusCreated, "POST", path, body); next.body["id"] == renewed["id"] {
		t.Errorf("a third grant has the id of the second")
	}
}

func TestApplicationPermissionsAreRefused(t *testing.T) {
	v := remediate(t, "good")
	const path = "servicePrincipals/" + graphPrincipal + "/appRoleAssignedTo"
	const role, nobody = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "00000000-0000-4000-8000-0000000000ff"
	grant := func(name, at, principal, resource, role string, status int, code, message string) refusedWrite {
		return refusedWrite{name, "POST", at, `{"principalId": "` + principal + `", "resourceId": "` + resource + `", "appRoleId": "` + role + `"}`, status, code, message}
	}
	v.refuses(path, []refusedWrite{
		grant("of another resource", path, travel, travel, role, 400, "Request_BadRequest", "Not a valid reference update."),
		grant("a role that isn't there", path, travel, graphPrincipal, nobody, 400, "Request_BadRequest", "Permission being assigned was not found"),
		grant("to nobody", path, nobody, graphPrincipal, role, 404, "Request_ResourceNotFound", nobody),
		grant("by nobody", "servicePrincipals/"+nobody+"/appRoleAssignedTo", travel, nobody, role, 404, "Request_ResourceNotFound", nobody),
		{"no role", "POST", path, `{"principalId": "` + travel + `"}`, 400, "Request_BadRequest", "'resourceId' is missing"},
		{"a name", "POST", path, `{"principalDisplayName": "x"}`, 400, "Request_BadRequest", "read-only"},
	})
}
